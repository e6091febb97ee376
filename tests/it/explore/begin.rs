//! How an operation begins: what `driver/prepare.rs` and `driver/plan.rs` of the client make of what the
//! journal knows.

use std::time::Duration;

use kirin_client::{
    Control, DuplicateIds, JournalChange, JournalEntry, JournalState, Lookup, OperationId,
    machine::{ClockDifference, Machine, Settings, Withheld},
};
use kirin_types::KIRIN_V2_5_TURBO_T2V;

use super::{
    answers::{CONTROL, Named},
    driver::{Driver, not_created, ours, was_refused},
    operations::fresh_operation,
    state::{At, Client, Journal, Stage, State, TakeOver},
    step::How,
};

/// How an operation continues: `Start` of `driver/plan.rs`.
enum Start {
    Generate,
    /// What another key may have sent is looked for.
    Look(u32),
    LookAgain(u32),
    Resume(Named),
    TakeOver(TakeOver, u32),
}

/// `Known` of `driver/plan.rs`.
#[derive(Default)]
struct Known {
    is_minted: bool,
    repetitions_after_absence: u32,
    looks_up_first: bool,
    is_of_another_key: bool,
}

impl Driver {
    /// `Prepared::new`, as far as the recall.
    pub(super) fn begin(&mut self, state: &mut State, it: usize, how: How) {
        state.clients[it].operation = fresh_operation(&self.store, state, it);
        match self.decide(state, it, how) {
            Some((Start::TakeOver(to, intent), _)) => {
                state.clients[it].at = At::TakingOver { to, intent };
            }
            Some((start, known)) => {
                let stage = Stage::Unwritten {
                    may_be_found: known.looks_up_first,
                };
                self.act(state, it, start, known, stage);
            }
            // Known, and said so.
            None => state.clients[it].rest(),
        }
    }

    /// `Known::learn` of `driver/prepare.rs`.
    fn decide(&self, state: &State, it: usize, how: How) -> Option<(Start, Known)> {
        let may_have_forgotten = state.journal == Journal::Accepted;
        let mut known = Known {
            is_minted: self.cell.is_minted,
            ..Known::default()
        };
        let Some(entry) = self.store.entry(state.entry) else {
            known.looks_up_first = may_have_forgotten;
            known.repetitions_after_absence = u32::from(may_have_forgotten);
            return Some((Start::Generate, known));
        };
        known.repetitions_after_absence = entry.intent.repetitions_after_absence;
        known.is_minted |= entry.intent.is_minted;
        let is_of_another_key = entry.intent.key != self.key(it);
        let may_hide = entry.is_refusal_open && entry.state == JournalState::Intended;
        if is_of_another_key && (!entry.state.is_nothing() || may_hide) {
            known.is_of_another_key = true;
            let start = match entry.state.task_id() {
                Some(id) => Start::Resume(Named::of_task_id(id.as_str())),
                None => Start::Look(state.entry),
            };
            return Some((start, known));
        }
        let go_on = || match entry.state.task_id() {
            Some(id) => Start::Resume(Named::of_task_id(id.as_str())),
            None => Start::TakeOver(TakeOver::Reconcile, state.entry),
        };
        let start = match (&entry.state, how) {
            (JournalState::Intended, How::Generate) if entry.is_refusal_open => {
                Start::TakeOver(TakeOver::Repeat, state.entry)
            }
            (JournalState::Intended, How::Reconcile) if entry.is_refusal_open => {
                Start::TakeOver(TakeOver::Reconcile, state.entry)
            }
            (found, How::Reconcile)
                if entry.is_refusal_open
                    && not_created(found).is_some()
                    && self.cell.capabilities().lookup != Lookup::Missing =>
            {
                known.is_of_another_key = is_of_another_key;
                Start::LookAgain(state.entry)
            }
            (found, How::Generate) if found.is_nothing() => {
                known.looks_up_first =
                    may_have_forgotten || was_refused(found) || entry.is_refusal_open;
                Start::Generate
            }
            (JournalState::Intended, How::Reconcile | How::SendAgain) if !entry.is_refusal_open => {
                known.looks_up_first = may_have_forgotten;
                Start::Generate
            }
            (_, How::SendAgain) if entry.is_proved_absent() => {
                Start::TakeOver(TakeOver::SendAgain, state.entry)
            }
            _ if entry.state.is_final() => return None,
            (_, How::Generate) if is_own(&state.clients[it], entry) => go_on(),
            (_, How::Generate) => return None,
            (_, How::Reconcile) => go_on(),
            (_, How::SendAgain) => Start::TakeOver(TakeOver::SendAgain, state.entry),
        };
        Some((start, known))
    }

    /// The write of `Record::take_over`, and what `Prepared::new` makes of it.
    pub(super) fn take_over(&mut self, state: &mut State, it: usize, fails: bool) {
        let At::TakingOver { to, intent } = state.clients[it].at else {
            unreachable!("it takes over");
        };
        let written = self.write(state, it, self.taking_over(to, intent), fails);
        let stage = match written {
            Ok(()) => Stage::Written,
            Err(why)
                if matches!(self.store.why(why), Withheld::Journal { .. })
                    && to != TakeOver::Repeat =>
            {
                Stage::NotTakenOver
            }
            Err(_) => return state.clients[it].rest(),
        };
        let entry = self.store.entry(intent).expect("an entry");
        let intent_of = &entry.intent;
        let known = Known {
            is_minted: self.cell.is_minted | intent_of.is_minted,
            repetitions_after_absence: intent_of.repetitions_after_absence,
            looks_up_first: entry.is_proved_absent(),
            is_of_another_key: false,
        };
        self.act(state, it, Start::TakeOver(to, intent), known, stage);
    }

    fn taking_over(&self, to: TakeOver, intent: u32) -> JournalChange {
        let entry = self.store.entry(intent).expect("an entry");
        let intent = Box::new(entry.intent.clone());
        match to {
            TakeOver::Repeat => JournalChange::Intend(intent),
            _ => JournalChange::TakeOver(intent),
        }
    }

    /// `Plan::settings` and `Plan::machine`.
    fn act(&mut self, state: &mut State, it: usize, start: Start, known: Known, stage: Stage) {
        let client = &state.clients[it];
        let mut settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V, Some(ours(state)));
        settings.deadline = Some(Duration::from_secs(self.cell.deadline));
        settings.capabilities = self.cell.capabilities();
        if client.learned_refusal {
            settings.capabilities.duplicate_ids = DuplicateIds::Refused;
        }
        if client.learned_lookup {
            settings.capabilities.lookup = Lookup::Proven;
        }
        settings.clock_difference = client.difference.map(ClockDifference::from_milliseconds);
        settings.external_task_id_is_minted = known.is_minted;
        settings.repetitions_after_absence = known.repetitions_after_absence;
        settings.looks_up_first = known.looks_up_first;
        settings.was_sent_with_another_key = known.is_of_another_key;
        if self.cell.has_control {
            let (external, task) = CONTROL;
            let mut control = Control::new(
                external.parse().expect("an id"),
                task.parse().expect("an id"),
            );
            // As `Known::add_controls` does.
            control.accepted_before_intent = matches!(start, Start::Generate);
            settings.controls = vec![control];
        }
        settings.follows_refusal = matches!(start, Start::TakeOver(TakeOver::Repeat, _));
        if let Start::LookAgain(entry) = start {
            let entry = self.store.entry(entry).expect("an entry");
            settings.ended = not_created(&entry.state).cloned();
        }
        if let Start::TakeOver(_, intent) | Start::LookAgain(intent) | Start::Look(intent) = start {
            let intent = &self.store.entry(intent).expect("an entry").intent;
            settings.intended_at = intent.intended_at;
            settings.clock_difference = intent.clock_difference;
            settings.doubt.clone_from(&intent.doubt);
        }
        let request = self.request.clone();
        let machine = match start {
            Start::Generate | Start::LookAgain(_) | Start::TakeOver(TakeOver::Repeat, _) => {
                Machine::generate(request, settings)
            }
            Start::TakeOver(TakeOver::Reconcile, _) | Start::Look(_) => {
                Machine::reconcile(request, settings)
            }
            Start::TakeOver(TakeOver::SendAgain, _) => Machine::send_again(request, settings),
            Start::Resume(task) => {
                let id = task.task_id().parse().expect("a task id");
                Ok(Machine::wait(id, settings))
            }
        };
        let machine = self
            .store
            .add_machine(machine.expect("an external task id"));
        let client = &mut state.clients[it];
        client.machine = machine;
        client.began_at = state.now;
        client.stage = match start {
            // It stays as it is, unless a task is found.
            Start::Look(_) | Start::LookAgain(_) if known.is_of_another_key => {
                Stage::Unwritten { may_be_found: true }
            }
            Start::Resume(_) if known.is_of_another_key => Stage::OnlyAsked,
            Start::LookAgain(_) | Start::Resume(_) => Stage::Written,
            _ => stage,
        };
        client.at = At::Acting;
    }
}

/// `Client::is_own`.
fn is_own(client: &Client, entry: &JournalEntry) -> bool {
    let own = OperationId::new(client.number.into(), 0);
    let operation = entry.intent.operation;
    operation.is_some_and(|operation| operation.is_of_same_client(&own))
}
