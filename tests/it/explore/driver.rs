//! A client as one pure step after the other: what `driver/{prepare,plan,record,run}.rs` of the client do
//! around the machine and the journal, and nothing else.

use kirin_client::{
    BaseUrl, DuplicateIds, Intent, JournalChange, JournalEntry, JournalState, JournalWrite,
    KeyFingerprint, Lookup, OperationId, TakenBack,
    machine::{Action, Cause, ClockDifference, KnownCreate, Outcome, SendReason, Withheld},
};
use kirin_types::{GenerationRequest, Timestamp};

use super::{
    answers::{CreateHeard, Heard, ID},
    cell::Cell,
    state::{At, Client, Journal, Reason, Stage, State},
    store::{NONE, Received, Said, Store},
};

/// The clients of one cell, over what they store.
pub(super) struct Driver {
    pub(super) cell: Cell,
    pub(super) store: Store,
    pub(super) request: GenerationRequest,
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
            Stage::OnlyAsked => unreachable!("nothing is sent"),
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
        let (base_url, key) = (BaseUrl::default(), self.key(it));
        let intent = Intent::new(self.request.clone(), base_url, key, Some(ours(state)));
        let mut intent = intent.expect("an external task id");
        let difference = state.clients[it].difference;
        intent.clock_difference = difference.map(ClockDifference::from_milliseconds);
        let known = self
            .store
            .entry(state.entry)
            .map(|entry| entry.intent.is_minted);
        intent.is_minted = self.cell.is_minted || known == Some(true);
        let has_forgotten = known.is_none() && state.journal == Journal::Accepted;
        intent.repetitions_after_absence = has_forgotten.into();
        intent
    }

    /// The key of a client.
    pub(super) fn key(&self, it: usize) -> KeyFingerprint {
        let key = match self.cell.has_two_keys && it == 1 {
            true => "fedcba9876543210",
            false => "0123456789abcdef",
        };
        key.parse().expect("a key")
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
            let intent = Box::new(self.intent(state, it));
            let intended = self.write(state, it, JournalChange::Intend(intent.clone()), fails);
            if intended.is_err() && fails {
                return;
            }
            if intended.is_err() {
                let _ = self.write(state, it, JournalChange::TakeOver(intent), fails);
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
        // A client that could not write that it sends, because another one is sending, says only that.
        let is_at_it = self.is_at_it(state, it);
        let is_denied = match &outcome {
            Outcome::NotCreated {
                cause: Cause::Withheld(Withheld::Deadline | Withheld::Journal { .. }),
            } => is_at_it,
            Outcome::NotCreated { .. } => true,
            _ => false,
        };
        // `Run::overtaken`.
        let is_overtaken = match state.clients[it].stage {
            Stage::OnlyAsked if outcome.task().is_none() => false,
            Stage::OnlyAsked | Stage::Written => {
                let end = JournalChange::End(Box::new(outcome));
                let written = self.write(state, it, end, fails);
                match written.map_err(|why| self.store.why(why)) {
                    Err(Withheld::Journal { .. }) => !is_at_it && self.may_be_charged(state),
                    Err(Withheld::UnderWay) => true,
                    Err(Withheld::Known { state }) => *state != KnownCreate::NotCreated,
                    _ => false,
                }
            }
            Stage::Unwritten { .. } if fails || state.clients[it].is_cut_off => !is_at_it,
            // `Record::ended_unwritten`.
            Stage::Unwritten { .. } => self.may_be_charged(state),
            // `Record::open_create_of_another`.
            Stage::NotTakenOver => {
                fails || state.clients[it].is_cut_off || self.may_be_charged(state)
            }
        };
        state.clients[it].rest();
        is_denied && !is_overtaken
    }

    /// `JournalEntry::may_be_charged`.
    fn may_be_charged(&self, state: &State) -> bool {
        self.store.entry(state.entry).is_some_and(|entry| {
            let is_intended = entry.state == JournalState::Intended;
            !entry.state.is_nothing() || entry.is_refusal_open && is_intended
        })
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
        let received = Received {
            elapsed: state.now - client.began_at,
            heard,
            clocks,
        };
        let (machine, said) = self.store.tell(client.machine, received);
        client.machine = machine;
        let capabilities = self.store.machine(machine).capabilities();
        client.learned_refusal |= capabilities.duplicate_ids == DuplicateIds::Refused;
        client.learned_lookup |= capabilities.lookup == Lookup::Proven;
        if let Said::Accepted(task) = said {
            client.at = At::Accepting(task);
        }
    }

    pub(super) fn write(
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
        let id = super::answers::external_task_id();
        let create = kirin_client::CreateId::new(BaseUrl::default(), self.key(it), id);
        let operation = OperationId::new(client.number.into(), client.operation.into());
        let write = JournalWrite::new(create, operation, change);
        state.entry = self.store.write(state.entry, &write)?;
        // A client without a journal forgets what is over, as `MemoryJournal::of_open_creates` does.
        let is_over = |entry: &JournalEntry| {
            let found = &entry.state;
            let was_refused = was_refused(found) || entry.is_refusal_open;
            let may_follow = found.is_nothing() && (entry.attempts > 0 || was_refused);
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

/// `JournalState::was_refused`.
pub(super) fn was_refused(state: &JournalState) -> bool {
    matches!(not_created(state), Some(Cause::Refused(_)))
}

/// `JournalState::not_created`.
pub(super) fn not_created(state: &JournalState) -> Option<&Cause> {
    let JournalState::Ended(outcome) = state else {
        return None;
    };
    match &**outcome {
        Outcome::NotCreated { cause } => Some(cause),
        _ => None,
    }
}
