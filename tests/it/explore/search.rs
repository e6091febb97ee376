//! Breadth first: every state that can be reached within a number of steps, each once.

use std::collections::{BTreeMap, HashSet};

use super::{
    calm::Calm, cell::Cell, state::State, step::Step, store::fingerprint, table::Can, world::World,
};

/// What a search found.
pub(super) struct Found {
    pub(super) cell: Cell,
    pub(super) states: usize,
    /// Faults and choices of the way to a state at most; what an honest service does counts none.
    pub(super) depth: usize,
    /// Steps of all kinds, on the longest of the ways.
    pub(super) longest: u16,
    pub(super) is_complete: bool,
    pub(super) rows: BTreeMap<Can, u64>,
    pub(super) counter_example: Option<CounterExample>,
}

/// The shortest way to a state that breaks a rule.
pub(super) struct CounterExample {
    pub(super) broken: String,
    pub(super) steps: Vec<(u64, Step)>,
}

/// How a state was reached.
struct Reached {
    from: u32,
    by: Step,
    steps: u16,
}

struct Search {
    world: World,
    seen: HashSet<u128>,
    reached: Vec<Reached>,
    rows: BTreeMap<Can, u64>,
    longest: u16,
    calm: Calm,
    /// Of so many states, one is followed to its end.
    sample: u128,
}

const ROOT: u32 = u32::MAX;

/// Searches until the depth, or until this many states.
pub(super) fn search(cell: Cell, depth: usize, most: usize, sample: u128) -> Found {
    let first = State::first(&cell);
    let mut search = Search {
        world: World::new(cell),
        seen: HashSet::from([fingerprint(&first)]),
        reached: Vec::new(),
        rows: BTreeMap::new(),
        longest: 0,
        calm: Calm::default(),
        sample,
    };
    let mut frontier = vec![(first, ROOT)];
    let mut at_depth = 0;
    let mut counter_example = None;
    let mut is_complete = true;
    while at_depth < depth && !frontier.is_empty() {
        match search.level(frontier, most, at_depth + 1 == depth) {
            Ok(Some(next)) => frontier = next,
            Ok(None) => {
                is_complete = false;
                break;
            }
            Err(broken) => {
                counter_example = Some(broken);
                break;
            }
        }
        at_depth += 1;
    }
    Found {
        cell,
        states: search.seen.len(),
        depth: at_depth,
        longest: search.longest,
        is_complete,
        rows: search.rows,
        counter_example,
    }
}

impl Search {
    /// All states one step further, unless this level is the last; none where there are too many.
    fn level(
        &mut self,
        frontier: Vec<(State, u32)>,
        most: usize,
        is_last: bool,
    ) -> Result<Option<Vec<(State, u32)>>, CounterExample> {
        let mut next = Vec::new();
        let mut now = frontier;
        let mut steps = Vec::new();
        // What costs no step belongs to the same level.
        while let Some((state, number)) = now.pop() {
            if self.seen.len() > most {
                return Ok(None);
            }
            steps.clear();
            self.world.steps(&state, &mut steps);
            for step in &steps {
                let Some((reached, at)) = self.go(state, number, *step)? else {
                    continue;
                };
                match self.world.counts(&state, *step) {
                    true if is_last => {}
                    true => next.push((reached, at)),
                    false => now.push((reached, at)),
                }
            }
        }
        Ok(Some(next))
    }

    fn go(
        &mut self,
        state: State,
        number: u32,
        step: Step,
    ) -> Result<Option<(State, u32)>, CounterExample> {
        if let Some(row) = step.row() {
            *self.rows.entry(row).or_default() += 1;
        }
        let reached = match self.world.take(state, step) {
            Ok(reached) => reached,
            Err(broken) => {
                return Err(self.counter_example(broken, number, vec![step]));
            }
        };
        let fingerprint = fingerprint(&reached);
        if !self.seen.insert(fingerprint) {
            return Ok(None);
        }
        if fingerprint.is_multiple_of(self.sample)
            && let Err((broken, mut calm)) = self.calm.check(&mut self.world, reached)
        {
            calm.insert(0, step);
            return Err(self.counter_example(broken, number, calm));
        }
        let at = u32::try_from(self.reached.len()).expect("fewer than that");
        let steps = match self.reached.get(number as usize) {
            Some(before) => before.steps + 1,
            None => 1,
        };
        self.longest = self.longest.max(steps);
        self.reached.push(Reached {
            from: number,
            by: step,
            steps,
        });
        Ok(Some((reached, at)))
    }

    /// The steps of the way to `from`, and the last ones after it.
    fn counter_example(&mut self, broken: String, from: u32, last: Vec<Step>) -> CounterExample {
        let mut steps = last;
        steps.reverse();
        let mut at = from;
        while let Some(reached) = self.reached.get(at as usize) {
            steps.push(reached.by);
            at = reached.from;
        }
        steps.reverse();
        let mut state = State::first(&self.world.driver.cell);
        let mut timed = Vec::new();
        self.world.elapsed = 0;
        for step in steps {
            timed.push((self.world.elapsed + state.now, step));
            if let Ok(next) = self.world.take(state, step) {
                state = next;
            }
        }
        CounterExample {
            broken,
            steps: timed,
        }
    }
}
