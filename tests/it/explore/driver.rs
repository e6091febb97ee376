//! A client as one pure step after the other: what `driver/{prepare,plan,record,run}.rs` of the client do
//! around the machine and the journal, and nothing else.

use std::time::Duration;

use kirin_client::{
    BaseUrl, Control, DuplicateIds, Intent, JournalChange, JournalEntry, JournalState,
    JournalWrite, Lookup, OperationId, TakenBack,
    machine::{
        Action, Cause, ClockDifference, KnownCreate, Machine, Outcome, SendReason, Settings,
        Withheld,
    },
};
use kirin_types::{GenerationRequest, KIRIN_V2_5_TURBO_T2V, Timestamp};

use super::{
    answers::{CONTROL, CreateHeard, Heard, ID, Named},
    cell::Cell,
    state::{At, Client, Journal, Reason, Stage, State, TakeOver},
    step::How,
    store::{NONE, Said, Store, Told},
};

/// How an operation goes on: `Start` of `driver/plan.rs`.
enum Start {
    Generate,
    Resume(Named),
    TakeOver(TakeOver, u32),
}

/// `Known` of `driver/plan.rs`.
#[derive(Default)]
struct Known {
    is_minted: bool,
    repetitions_after_absence: u32,
    looks_up_first: bool,
}

/// The clients of one cell, over what they store.
pub(super) struct Driver {
    pub(super) cell: Cell,
    pub(super) store: Store,
    request: GenerationRequest,
}

impl Driver {
    pub(super) fn new(cell: Cell) -> Self {
        let request = GenerationRequest::builder("a fox").external_task_id(ID);
        Self {
            cell,
            store: Store::new(),
            request: request.build().expect("a legal request"),
        }
    }

    pub(super) fn action(&self, client: &Client) -> Action<'_> {
        self.store.machine(client.machine).action()
    }

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
            return Some((Start::Generate, known));
        };
        known.repetitions_after_absence = entry.intent.repetitions_after_absence;
        known.is_minted |= entry.intent.is_minted;
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
            (found, How::Generate) if found.is_nothing() => {
                known.looks_up_first = may_have_forgotten || was_refused(found);
                Start::Generate
            }
            (JournalState::Intended, How::Reconcile) => {
                known.looks_up_first = may_have_forgotten;
                Start::Generate
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
        let intent_of = &self.store.entry(intent).expect("an entry").intent;
        let known = Known {
            is_minted: self.cell.is_minted | intent_of.is_minted,
            repetitions_after_absence: intent_of.repetitions_after_absence,
            looks_up_first: false,
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
        let mut settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V);
        settings.deadline = Some(Duration::from_secs(self.cell.deadline));
        settings.capabilities = self.cell.capabilities();
        if client.learned_refusal {
            settings.capabilities.duplicate_ids = DuplicateIds::Refused;
        }
        if client.learned_lookup {
            settings.capabilities.lookup = Lookup::Proven;
        }
        settings.started_at = Some(ours(state));
        settings.clock_difference = client.difference.map(ClockDifference::from_milliseconds);
        settings.external_task_id_is_minted = known.is_minted;
        settings.repetitions_after_absence = known.repetitions_after_absence;
        settings.looks_up_first = known.looks_up_first;
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
        if let Start::TakeOver(_, intent) = start {
            let intent = &self.store.entry(intent).expect("an entry").intent;
            settings.intended_at = intent.intended_at;
            settings.clock_difference = intent.clock_difference;
            settings.doubt.clone_from(&intent.doubt);
        }
        let request = self.request.clone();
        let machine = match start {
            Start::Generate | Start::TakeOver(TakeOver::Repeat, _) => {
                Machine::generate(request, settings)
            }
            Start::TakeOver(TakeOver::Reconcile, _) => Machine::reconcile(request, settings),
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
            Start::Resume(_) => Stage::Written,
            _ => stage,
        };
        client.at = At::Acting;
    }

    /// The next write of an operation that is to send: `Record::sending`. The last of them lets it leave.
    pub(super) fn write_before_sending(&mut self, state: &mut State, it: usize, fails: bool) {
        let client = state.clients[it];
        let reason = self.reason(&client);
        let change = match client.stage {
            Stage::NotTakenOver => {
                let description = "it was not taken over".to_owned();
                let why = self.store.withheld(Withheld::Journal { description });
                return self.hear(state, it, Heard::Withheld(why), None);
            }
            Stage::Unwritten { .. } => JournalChange::Intend(Box::new(self.intent(state, it))),
            Stage::Written => JournalChange::Send {
                attempt: u32::from(client.attempt) + 1,
                reason: reason.into(),
            },
        };
        let written = self.write(state, it, change, fails);
        let now = &mut state.clients[it];
        match (written, client.stage) {
            (Err(why), _) => self.hear(state, it, Heard::Withheld(why), None),
            (Ok(()), Stage::Written) => {
                now.attempt += 1;
                now.open = Some(reason);
                now.at = At::Leaving;
            }
            (Ok(()), _) => now.stage = Stage::Written,
        }
    }

    fn intent(&self, state: &State, it: usize) -> Intent {
        let (base_url, key) = (
            BaseUrl::default(),
            "0123456789abcdef".parse().expect("a key"),
        );
        let intent = Intent::new(self.request.clone(), base_url, key, Some(ours(state)));
        let mut intent = intent.expect("an external task id");
        let difference = state.clients[it].difference;
        intent.clock_difference = difference.map(ClockDifference::from_milliseconds);
        let known = self
            .store
            .entry(state.entry)
            .map(|entry| entry.intent.is_minted);
        intent.is_minted = self.cell.is_minted || known == Some(true);
        intent
    }

    pub(super) fn reason(&self, client: &Client) -> Reason {
        let reason = self.store.machine(client.machine).send_reason();
        match reason.expect("a create") {
            SendReason::Absence => Reason::Absence,
            SendReason::Person => Reason::Person,
            SendReason::RefusesDuplicates => Reason::RefusesDuplicates,
            SendReason::Unsent => Reason::Unsent,
            _ => unreachable!("a reason without a name"),
        }
    }

    /// `Record::answered`, and the machine after it.
    pub(super) fn take_back(&mut self, state: &mut State, it: usize, fails: bool) {
        let At::Answered(heard) = state.clients[it].at else {
            unreachable!("it was answered");
        };
        if heard.is_taken_back() {
            // Where it cannot be written, what is done is done.
            let why = match heard {
                CreateHeard::NotSent => TakenBack::NotSent,
                _ => TakenBack::Refused,
            };
            let _ = self.write_taking_back(state, it, why, fails);
        }
        state.clients[it].open = None;
        state.clients[it].at = At::Acting;
        let clocks = heard.has_date().then(|| clocks(&self.cell, state));
        self.hear(state, it, Heard::Create(heard), clocks);
    }

    fn write_taking_back(
        &mut self,
        state: &mut State,
        it: usize,
        why: TakenBack,
        fails: bool,
    ) -> Result<(), u8> {
        let client = state.clients[it];
        let reason = client.open.expect("an open attempt").into();
        let attempt = u32::from(client.attempt);
        let change = JournalChange::TakeBack {
            attempt,
            why,
            reason,
        };
        self.write(state, it, change, fails)
    }

    /// The driver finds that the time to send is over.
    pub(super) fn delay(&mut self, state: &mut State, it: usize) {
        // As above.
        let _ = self.write_taking_back(state, it, TakenBack::NotSent, false);
        state.clients[it].open = None;
        state.clients[it].at = At::Acting;
        self.hear(state, it, Heard::SendDelayed, None);
    }

    /// `Record::accepted`: one that was found before it was sent is not written down yet.
    pub(super) fn accept(&mut self, state: &mut State, it: usize, fails: bool) {
        let At::Accepting(task) = state.clients[it].at else {
            unreachable!("it was accepted");
        };
        state.clients[it].at = At::Acting;
        if let Stage::Unwritten { may_be_found: true } = state.clients[it].stage {
            let intend = JournalChange::Intend(Box::new(self.intent(state, it)));
            if self.write(state, it, intend, fails).is_err() {
                return;
            }
            state.clients[it].stage = Stage::Written;
        }
        let id = task.task_id().parse().expect("a task id");
        // Where it cannot be written, what is done is done.
        let _ = self.write(state, it, JournalChange::Accept(id), fails);
    }

    /// The end is written down and said: whether it says that nothing was created.
    pub(super) fn end(&mut self, state: &mut State, it: usize, fails: bool) -> bool {
        let Action::Finished(outcome) = self.action(&state.clients[it]) else {
            unreachable!("it is finished");
        };
        let outcome = outcome.clone();
        // Who could not write down that it sends, while somebody else is at it, says only that.
        let is_at_it = self.is_at_it(state, it);
        let is_denied = match &outcome {
            Outcome::NotCreated {
                cause: Cause::Withheld(Withheld::Deadline | Withheld::Journal { .. }),
            } => is_at_it,
            Outcome::NotCreated { .. } => true,
            _ => false,
        };
        let mut is_overtaken = false;
        if state.clients[it].stage == Stage::Written {
            let end = JournalChange::End(Box::new(outcome));
            let written = self.write(state, it, end, fails);
            // `Run::overtaken`.
            is_overtaken = match written.map_err(|why| self.store.why(why)) {
                Err(Withheld::Journal { .. }) => !is_at_it,
                Err(Withheld::UnderWay) => true,
                Err(Withheld::Known { state }) => *state != KnownCreate::NotCreated,
                _ => false,
            };
        }
        state.clients[it].rest();
        is_denied && !is_overtaken
    }

    fn is_at_it(&self, state: &State, it: usize) -> bool {
        let client = &state.clients[it];
        let own = OperationId::new(client.number.into(), client.operation.into());
        let entry = self.store.entry(state.entry);
        entry.is_some_and(|entry| entry.intent.operation == Some(own))
    }

    /// Tells the machine, and learns what it learned.
    pub(super) fn hear(
        &mut self,
        state: &mut State,
        it: usize,
        heard: Heard,
        clocks: Option<(i64, i64)>,
    ) {
        let client = &mut state.clients[it];
        if let Some((ours, service)) = clocks {
            client.difference = Some(service - ours);
        }
        let told = Told {
            elapsed: state.now - client.began_at,
            heard,
            clocks,
        };
        let (machine, said) = self.store.tell(client.machine, told);
        client.machine = machine;
        let capabilities = self.store.machine(machine).capabilities();
        client.learned_refusal |= capabilities.duplicate_ids == DuplicateIds::Refused;
        client.learned_lookup |= capabilities.lookup == Lookup::Proven;
        if let Said::Accepted(task) = said {
            client.at = At::Accepting(task);
        }
    }

    fn write(
        &mut self,
        state: &mut State,
        it: usize,
        change: JournalChange,
        fails: bool,
    ) -> Result<(), u8> {
        let client = state.clients[it];
        if fails || client.is_cut_off {
            let description = "the disk is full".to_owned();
            return Err(self.store.withheld(Withheld::Journal { description }));
        }
        let key = "0123456789abcdef".parse().expect("a key");
        let id = super::answers::external_task_id();
        let create = kirin_client::CreateId::new(BaseUrl::default(), key, id);
        let operation = OperationId::new(client.number.into(), client.operation.into());
        let write = JournalWrite::new(create, operation, change);
        state.entry = self.store.write(state.entry, &write)?;
        // A client without a journal forgets what is over, as `MemoryJournal::of_open_creates` does.
        let is_over = |entry: &JournalEntry| {
            let found = &entry.state;
            let may_follow = found.is_nothing() && (entry.attempts > 0 || was_refused(found));
            found.is_final() && entry.intent.repetitions_after_absence == 0 && !may_follow
        };
        if !self.cell.has_journal && self.store.entry(state.entry).is_some_and(is_over) {
            state.entry = NONE;
        }
        Ok(())
    }
}

impl From<Reason> for SendReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Absence => Self::Absence,
            Reason::Person => Self::Person,
            Reason::RefusesDuplicates => Self::RefusesDuplicates,
            Reason::Unsent => Self::Unsent,
        }
    }
}

pub(super) fn ours(state: &State) -> Timestamp {
    Timestamp::from_milliseconds(state.true_time() + state.clock)
}

/// What both clocks show; the service's in seconds, as `Date` does.
pub(super) fn clocks(cell: &Cell, state: &State) -> (i64, i64) {
    let service = state.true_time() + cell.service_ahead * 1000;
    (ours(state).milliseconds(), service / 1000 * 1000)
}

/// `Client::is_own`.
fn is_own(client: &Client, entry: &JournalEntry) -> bool {
    let own = OperationId::new(client.number.into(), 0);
    let operation = entry.intent.operation;
    operation.is_some_and(|operation| operation.is_of_same_client(&own))
}

/// `JournalState::was_refused`.
fn was_refused(state: &JournalState) -> bool {
    let JournalState::Ended(outcome) = state else {
        return false;
    };
    let outcome = &**outcome;
    matches!(
        outcome,
        Outcome::NotCreated {
            cause: Cause::Refused(_)
        }
    )
}

/// A number that no operation has that anybody still knows of.
fn fresh_operation(store: &Store, state: &State, it: usize) -> u8 {
    let number = state.clients[it].number;
    let is_known = |operation: u8| {
        let id = OperationId::new(number.into(), operation.into());
        known_operations(store, state).any(|known| known == id)
    };
    (1..).find(|operation| !is_known(*operation)).expect("one")
}

/// The number of a client that begins where another one has ended.
pub(super) fn fresh_client(store: &Store, state: &State) -> u8 {
    let is_known = |number: u8| {
        let id = OperationId::new(number.into(), 0);
        known_operations(store, state).any(|known| known.is_of_same_client(&id))
            || state.clients.iter().any(|client| client.number == number)
    };
    (1..).find(|number| !is_known(*number)).expect("one")
}

/// Those that stand in the journal, in a backup, or in what a client has read.
fn known_operations(store: &Store, state: &State) -> impl Iterator<Item = OperationId> {
    let read = state.clients.iter().flat_map(|client| {
        let taking_over = match client.at {
            At::TakingOver { intent, .. } => intent,
            _ => NONE,
        };
        [taking_over]
    });
    let entries = [state.entry, state.backup].into_iter().chain(read);
    let operations = entries.filter_map(|number| store.entry(number)?.intent.operation);
    operations.collect::<Vec<_>>().into_iter()
}
