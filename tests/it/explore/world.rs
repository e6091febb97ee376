//! All together: the possible next steps, and their results.

use std::time::Duration;

use kirin_client::machine::Action;

use super::{
    answers::{Got, Heard},
    cell::Cell,
    driver::{Driver, clocks},
    operations::fresh_client,
    rules,
    service::{self, Broken},
    state::{At, Client, Journal, NEVER, Reason, State},
    step::{Get, How, Post, Step},
    store::NONE,
    table::Cannot,
};

const HOUR: u64 = 60 * 60 * 1000;

/// Longer than a row, or than a proof holds.
const SLOW: u64 = 11_000;

/// A cell, and what is found out about it.
pub(super) struct World {
    pub(super) driver: Driver,
    /// What the states that were taken one after the other do not tell any more of the time.
    pub(super) elapsed: u64,
    pub(super) posts: Vec<Post>,
    pub(super) gets: Vec<Get>,
}

impl World {
    pub(super) fn new(cell: Cell) -> Self {
        Self {
            driver: Driver::new(cell),
            elapsed: 0,
            posts: Vec::new(),
            gets: Vec::new(),
        }
    }

    pub(super) fn cell(&self) -> Cell {
        self.driver.cell
    }

    /// Whether a step counts; one that lets time pass over what another client has to do counts, too.
    pub(super) fn counts(&self, state: &State, step: Step) -> bool {
        match step {
            Step::WaitEnds(it) => {
                let due = self.due(state, it);
                let others = (0..state.clients.len()).filter(|other| *other != it);
                others
                    .filter(|other| !state.clients[*other].is_idle())
                    .any(|other| due > state.now && self.due(state, other) < due)
            }
            step => step.counts(state),
        }
    }

    /// When a client continues without a step.
    fn due(&self, state: &State, it: usize) -> u64 {
        let client = &state.clients[it];
        match (
            client.at,
            self.driver.store.machine(client.machine).action(),
        ) {
            (At::Acting, Action::Wait { until }) => client.began_at + milliseconds(until),
            (At::Leaving, _) if self.cell().allows(Cannot::TakesOverTheLiving) => NEVER,
            _ => state.now,
        }
    }

    /// The result of a step.
    pub(super) fn take(&mut self, mut state: State, step: Step) -> Result<State, Broken> {
        let cell = self.cell();
        match step {
            Step::Accepts => {
                state.journal = Journal::Accepted;
                state.entry = self.driver.store.accept(state.entry);
                state
                    .clients
                    .iter_mut()
                    .for_each(|it| it.is_cut_off = false);
                service::settle(&cell, &mut state)?;
            }
            Step::Arrives(number) => service::arrive_late(&cell, &mut state, number)?,
            Step::Backup => state.backup = state.entry,
            Step::Begins(it, how) => {
                state.left.persons -= u8::from(how == How::SendAgain);
                self.driver.begin(&mut state, it, how);
            }
            Step::ClockSteps(by) => {
                state.left.clock_steps -= 1;
                state.clock += by;
            }
            Step::Crashes(it) => self.crash(&mut state, it),
            Step::DayPasses => {
                state.left.days -= 1;
                service::pass_a_day(&cell, &mut state)?;
            }
            Step::Drops(it) => {
                state.left.drops -= 1;
                state.clients[it].rest();
            }
            Step::Gets(it, get) => self.get(&mut state, it, get)?,
            Step::NoTurn(it) => {
                let withheld = kirin_client::machine::Withheld::Deadline;
                let heard = Heard::Withheld(self.driver.store.withheld(withheld));
                self.driver.hear(&mut state, it, heard, None);
            }
            Step::Posts(it, post) => self.post(&mut state, it, post)?,
            Step::Restored => self.restore(&mut state),
            Step::SendDelayed(it) => {
                let now = state.now + SLOW;
                service::advance(&cell, &mut state, now)?;
                self.driver.delay(&mut state, it);
            }
            Step::Sleeps(it) => {
                state.left.days -= 1;
                service::pass_a_day(&cell, &mut state)?;
                if state.clients[it].at == At::Acting {
                    self.wait_ends(&mut state, it)?;
                }
            }
            Step::WaitEnds(it) => self.wait_ends(&mut state, it)?,
            Step::Wakes(it) => {
                state.left.wakes -= 1;
                self.driver.hear(&mut state, it, Heard::Woken, None);
            }
            Step::Writes(it) => self.write(&mut state, it, false)?,
            Step::WriteFails(it) => {
                state.left.write_failures -= 1;
                self.write(&mut state, it, true)?;
            }
        }
        settle(&mut state);
        self.elapsed += state.rebase();
        rules::check(&self.driver, &state)?;
        Ok(state)
    }

    fn wait_ends(&mut self, state: &mut State, it: usize) -> Result<(), Broken> {
        let client = state.clients[it];
        let Action::Wait { until } = self.driver.action(&client) else {
            unreachable!("it waits");
        };
        let until = client.began_at + milliseconds(until);
        service::advance(&self.cell(), state, until)?;
        self.driver.hear(state, it, Heard::WaitEnded, None);
        Ok(())
    }

    fn write(&mut self, state: &mut State, it: usize, fails: bool) -> Result<(), Broken> {
        match state.clients[it].at {
            At::Accepting(_) => self.driver.accept(state, it, fails),
            At::Answered(_) => self.driver.take_back(state, it, fails),
            At::TakingOver { .. } => self.driver.take_over(state, it, fails),
            At::Acting => match self.driver.action(&state.clients[it]) {
                Action::Create(_) => self.driver.write_before_sending(state, it, fails),
                _ => {
                    if self.driver.end(state, it, fails) {
                        rules::deny(state)?;
                    }
                }
            },
            At::Idle | At::Leaving => unreachable!("nothing is to be written"),
        }
        Ok(())
    }

    fn post(&mut self, state: &mut State, it: usize, post: Post) -> Result<(), Broken> {
        state.seen.by_person += u8::from(state.clients[it].open == Some(Reason::Person));
        let is_by_proof = state.clients[it].open == Some(Reason::Absence);
        let heard = service::post(&self.cell(), state, post)?;
        state.seen.by_proof += u8::from(is_by_proof && !heard.is_taken_back());
        if state.seen.by_proof > 1 {
            return Err("a create was repeated twice because of proofs of absence".into());
        }
        state.clients[it].at = At::Answered(heard);
        if heard.has_date() {
            let (ours, service) = clocks(&self.cell(), state);
            state.clients[it].difference = Some(service - ours);
        }
        Ok(())
    }

    fn get(&mut self, state: &mut State, it: usize, get: Get) -> Result<(), Broken> {
        let cell = self.cell();
        if get == Get::Slow {
            service::advance(&cell, state, state.now + SLOW)?;
        }
        let machine = self.driver.store.machine(state.clients[it].machine);
        let is_probe = matches!(machine.action(), Action::Probe(_));
        if is_probe || matches!(machine.action(), Action::LookUp(_)) {
            service::see(state, it, get);
        }
        let got = service::heard(get);
        let created_at = service::created_at(&cell, state, got);
        let clocks = clocks(&cell, state);
        let heard = match is_probe {
            true => Heard::Probe {
                got,
                created_at,
                is_from_cache: get == Get::Cached,
                date: Some(clocks.1 - if get == Get::Stale { 60_000 } else { 0 }),
            },
            false => Heard::Query { got, created_at },
        };
        // Where our clock is wrong by a day, each answer has to say so.
        let is_wrong = state.clock.unsigned_abs() > HOUR;
        let has_date = match cell.allows(Cannot::ClockWithoutDate) {
            true => false,
            false => got != Got::Trouble || is_wrong,
        };
        self.driver
            .hear(state, it, heard, has_date.then_some(clocks));
        Ok(())
    }

    fn crash(&mut self, state: &mut State, it: usize) {
        state.left.crashes -= 1;
        let all = 0..usize::from(self.cell().clients);
        for other in all.filter(|other| *other == it || self.cell().shares_process) {
            state.clients[other].at = At::Idle;
            state.clients[other].rest();
            state.clients[other] = Client::new(0);
            // It has looked at the control before.
            state.clients[other].difference = self.cell().knows_clock().then_some(0);
            state.clients[other].number = fresh_client(&self.driver.store, state);
        }
        if self.cell().allows(Cannot::NoJournal) {
            state.entry = NONE;
        }
    }

    /// A client that has the journal open no longer writes to it.
    fn restore(&self, state: &mut State) {
        state.left.restores -= 1;
        state.entry = state.backup;
        state.journal = Journal::Restored;
        for client in &mut state.clients {
            client.is_cut_off = !client.is_idle();
        }
        for charge in state.charges.iter_mut().flatten() {
            charge.is_excused = true;
        }
    }
}

/// Rounded up: a wait does not end too early.
fn milliseconds(until: Duration) -> u64 {
    u64::try_from(until.as_nanos().div_ceil(1_000_000)).expect("a short time")
}

/// What is past is the same, however long ago.
fn settle(state: &mut State) {
    let now = state.now;
    for charge in state.charges.iter_mut().flatten() {
        if charge.found_by <= now {
            charge.found_by = 0;
        }
    }
}
