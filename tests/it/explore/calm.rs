//! Where nothing goes wrong any more, everything comes to an end.

use std::collections::HashSet;

use super::{
    answers::Named,
    rules,
    service::Broken,
    state::State,
    step::{How, Step},
    store::fingerprint,
    world::World,
};

/// Steps that are enough for any way to an end.
const MOST: usize = 500;

/// States that are known to come to a right end. Ways without a fault soon meet, so that each state costs
/// little more than a step.
#[derive(Default)]
pub(super) struct Calm {
    checked: HashSet<u128>,
}

impl Calm {
    /// Continues without a fault, and reconciles what is open, until nothing is left to do. What breaks comes
    /// with the steps to it.
    pub(super) fn check(
        &mut self,
        world: &mut World,
        state: State,
    ) -> Result<(), (Broken, Vec<Step>)> {
        let mut taken = Vec::new();
        let came_to_an_end = self.follow(world, state, &mut taken);
        came_to_an_end.map_err(|broken| (broken, taken))
    }

    fn follow(
        &mut self,
        world: &mut World,
        mut state: State,
        taken: &mut Vec<Step>,
    ) -> Result<(), Broken> {
        let mut reconciled = 0;
        let mut steps = Vec::new();
        let mut way = Vec::new();
        for _ in 0..MOST {
            let here = fingerprint(&(&state, reconciled));
            if self.checked.contains(&here) {
                self.checked.extend(way);
                return Ok(());
            }
            way.push(here);
            steps.clear();
            world.steps(&state, &mut steps);
            match next(world, &state, &steps, &mut reconciled) {
                Some(step) => {
                    taken.push(step);
                    state = world.take(state, step)?;
                }
                None => {
                    end(world, &state)?;
                    self.checked.extend(way);
                    return Ok(());
                }
            }
        }
        Err("it does not come to an end".into())
    }
}

fn next(world: &World, state: &State, steps: &[Step], reconciled: &mut u32) -> Option<Step> {
    let arrives = steps.iter().find(|step| matches!(step, Step::Arrives(_)));
    let accepts = steps.iter().find(|step| matches!(step, Step::Accepts));
    let answer = || steps.iter().find(|step| matches!(step, Step::Gets(..)));
    let found = arrives
        .or(accepts)
        .copied()
        .or_else(|| by_itself(world, state, steps))
        .or_else(|| answer().copied());
    if found.is_some() || *reconciled == 2 {
        return found;
    }
    *reconciled += 1;
    let begins = |how| {
        let is_it = |step: &&Step| matches!(step, Step::Begins(_, it) if *it == how);
        steps.iter().find(is_it).copied()
    };
    begins(How::Reconcile).or_else(|| begins(How::Generate).filter(|_| *reconciled == 1))
}

/// The steps without a fault. Time advances last, when no one has anything else to do.
pub(super) fn by_itself(world: &World, state: &State, steps: &[Step]) -> Option<Step> {
    let free = steps.iter().copied();
    let free = free.filter(|step| !world.counts(state, *step));
    let is_wait = |step: &Step| matches!(step, Step::WaitEnds(_));
    let (waits, others): (Vec<Step>, Vec<Step>) = free.partition(is_wait);
    others.into_iter().chain(waits).next()
}

/// What was charged and can be found is found.
fn end(world: &World, state: &State) -> Result<(), Broken> {
    let is_lost = |charge: &super::state::Charge| charge.is_forgotten || charge.is_excused;
    let cell = world.driver.cell;
    let has_to_be_found = cell.finds && state.charged().any(|(_, charge)| !is_lost(charge));
    let has_journal = cell.has_journal && !cell.has_older_task;
    if !has_to_be_found || !has_journal {
        return rules::check(&world.driver, state);
    }
    let entry = world.driver.store.entry(state.entry);
    let task = entry.and_then(|entry| entry.state.task_id());
    match task.map(|id| Named::of_task_id(id.as_str())) {
        Some(Named::Charged(_)) => Ok(()),
        _ => Err("a task that could be found is not found".into()),
    }
}
