//! What may come next: all that the table allows.

use kirin_client::machine::Action;

use super::{
    answers::{CONTROL, Named},
    driver::not_created,
    service::{self, Target},
    state::{At, Client, Journal, Stage, State},
    step::{Get, How, Step},
    store::NONE,
    table::Cannot,
    world::World,
};

/// How far our clock steps, in milliseconds.
const CLOCK_STEPS: [i64; 4] = [-360_000, 360_000, -90_000_000, 90_000_000];

impl World {
    /// All that the table allows now.
    pub(super) fn steps(&mut self, state: &State, out: &mut Vec<Step>) {
        let cell = self.cell();
        // Both are the same until one has begun.
        let is_first = state.entry == NONE && state.clients.iter().all(Client::is_idle);
        if cell.clients > 1 && is_first {
            return out.push(Step::Begins(0, How::Generate));
        }
        for it in 0..usize::from(cell.clients) {
            match state.clients[it].at {
                At::Idle => self.beginnings(state, it, out),
                _ => self.going_on(state, it, out),
            }
        }
        self.around(state, out);
        if state.left.write_failures == 0 {
            out.retain(|step| !matches!(step, Step::WriteFails(_)));
        }
    }

    fn beginnings(&self, state: &State, it: usize, out: &mut Vec<Step>) {
        let client = &state.clients[it];
        if state.journal == Journal::Restored || client.is_cut_off {
            return;
        }
        // Without a journal, the same id again after its end is another create.
        let is_over = !self.cell().has_journal && state.entry == NONE;
        if is_over && state.charged().next().is_some() {
            return;
        }
        out.push(Step::Begins(it, How::Generate));
        let Some(entry) = self.driver.store.entry(state.entry) else {
            return;
        };
        if self.is_about_to_send(state) {
            return;
        }
        let looks_again = entry.is_refusal_open && not_created(&entry.state).is_some();
        if !entry.state.is_final() || looks_again {
            out.push(Step::Begins(it, How::Reconcile));
        }
        let may_send = !entry.state.is_final() && entry.state.task_id().is_none();
        if state.left.persons > 0 && (may_send || entry.is_proved_absent()) {
            out.push(Step::Begins(it, How::SendAgain));
        }
    }

    /// Whether the operation that the journal names has written that it sends, and has not sent.
    fn is_about_to_send(&self, state: &State) -> bool {
        let is_leaving = |client: &Client| client.at == At::Leaving;
        !self.cell().allows(Cannot::TakesOverTheLiving) && state.clients.iter().any(is_leaving)
    }

    fn going_on(&mut self, state: &State, it: usize, out: &mut Vec<Step>) {
        let cell = self.cell();
        let client = &state.clients[it];
        match client.at {
            At::Idle => {}
            // A journal keeps others from what a living operation is at.
            At::TakingOver { .. } if self.is_about_to_send(state) => {}
            At::TakingOver { .. } | At::Accepting(_) => {
                out.extend([Step::Writes(it), Step::WriteFails(it)]);
            }
            At::Answered(heard) => {
                out.push(Step::Writes(it));
                if heard.is_taken_back() {
                    out.push(Step::WriteFails(it));
                }
            }
            At::Leaving => {
                self.posts.clear();
                service::posts(&cell, state, &mut self.posts);
                out.extend(self.posts.iter().map(|post| Step::Posts(it, *post)));
                let machine = self.driver.store.machine(client.machine);
                if machine.send_by().is_some() {
                    out.push(Step::SendDelayed(it));
                }
                if cell.allows(Cannot::SleepsBeforeSending) && state.left.days > 0 {
                    out.push(Step::Sleeps(it));
                }
            }
            At::Acting => self.acting(state, it, out),
        }
        if state.left.crashes > 0 {
            out.push(Step::Crashes(it));
        }
        out.extend((state.left.drops > 0).then_some(Step::Drops(it)));
    }

    fn acting(&mut self, state: &State, it: usize, out: &mut Vec<Step>) {
        let cell = self.cell();
        let client = &state.clients[it];
        let machine = self.driver.store.machine(client.machine);
        let target = match machine.action() {
            Action::Create(_) => {
                out.extend([Step::Writes(it), Step::WriteFails(it)]);
                if matches!(client.stage, Stage::Unwritten { .. }) {
                    out.push(Step::NoTurn(it));
                }
                return;
            }
            Action::Finished(_) => {
                out.push(Step::Writes(it));
                if client.stage == Stage::Written {
                    out.push(Step::WriteFails(it));
                }
                return;
            }
            Action::Wait { .. } => {
                out.push(Step::WaitEnds(it));
                if machine.external_task_id().is_some() {
                    out.extend((state.left.wakes > 0).then_some(Step::Wakes(it)));
                    out.extend((state.left.days > 0).then_some(Step::Sleeps(it)));
                }
                return;
            }
            Action::Query(id) => {
                let task = Named::of_task_id(id.as_str());
                let is_hint = machine.external_task_id().is_some();
                out.extend(queries(state, task, is_hint).map(|get| Step::Gets(it, get)));
                return;
            }
            Action::LookUp(_) if machine.external_task_id().is_none() => {
                // The first query of an accepted task.
                let task = self.accepted(client);
                out.extend([Get::Completed(task), Get::Missed].map(|get| Step::Gets(it, get)));
                return;
            }
            Action::LookUp(_) => Target::Plain,
            Action::Probe(id) if id.as_str() == CONTROL.0 => Target::Control,
            Action::Probe(_) => Target::Probed,
        };
        self.gets.clear();
        service::look_ups(&cell, state, it, target, &mut self.gets);
        out.extend(self.gets.iter().map(|get| Step::Gets(it, *get)));
    }

    fn accepted(&self, client: &Client) -> Named {
        let machine = self.driver.store.machine(client.machine);
        let task = machine.task().expect("a task that is waited for");
        Named::of_task_id(task.id().as_str())
    }

    fn around(&self, state: &State, out: &mut Vec<Step>) {
        let late = state.late.iter().enumerate();
        out.extend(late.filter_map(|(number, late)| late.map(|_| Step::Arrives(number))));
        if state.left.clock_steps > 0 {
            out.extend(CLOCK_STEPS.map(Step::ClockSteps));
        }
        let is_idle = state.clients.iter().all(Client::is_idle);
        if is_idle && state.left.days > 0 {
            out.push(Step::DayPasses);
        }
        if state.journal == Journal::Restored && is_idle {
            out.push(Step::Accepts);
        }
        if state.left.restores > 0 {
            out.push(Step::Restored);
            if state.backup != state.entry {
                out.push(Step::Backup);
            }
        }
    }
}

/// A query by task id, of a hint or of the task that was accepted.
fn queries(state: &State, task: Named, is_hint: bool) -> impl Iterator<Item = Get> {
    let exists = match task {
        Named::Charged(number) => state.charges[usize::from(number)].is_some(),
        Named::Older => true,
        Named::Another | Named::Control | Named::NoTask => false,
    };
    let found = match is_hint {
        true => Get::Found(task),
        false => Get::Completed(task),
    };
    let other = if is_hint { Get::Trouble } else { Get::Key };
    let missed = (is_hint || !exists).then_some(Get::Missed);
    [exists.then_some(found), Some(other), missed]
        .into_iter()
        .flatten()
}
