//! What is known of a create before it begins: in the client, and in the journal.

use std::sync::Arc;

use kirin_types::TaskId;

use super::{
    Client,
    claims::Claim,
    plan::{IdOrigin, Known, Plan, Start},
    record::{Operation, Record, in_time},
    spending::Spending,
};
use crate::{
    Control, GenerationHandle, Intent, JournalEntry, JournalState, Recalled,
    clock::{Clock, SHORTEST_CALL, within_or_ever},
    machine::{Outcome, Settings, Withheld},
};

/// Most controls that one machine is given.
const MOST_CONTROLS: usize = 6;

/// All that an operation begins with.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    pub(super) settings: Settings,
    pub(super) record: Record,
    /// Held to the end, where it is about a create.
    pub(super) claim: Option<Claim>,
}

impl Prepared {
    /// Finds out what `plan` continues from.
    ///
    /// # Errors
    ///
    /// It may not begin; see [`claim`](Start::claim). Or the journal knows the create, and someone else
    /// is at it, or has to decide about it.
    pub(super) async fn new(
        client: &Client,
        operation: &Arc<Operation>,
        clock: &Clock,
        mut plan: Plan,
    ) -> Result<Self, Box<Refused>> {
        let claim = match plan.start.claim(client) {
            Ok(claim) => claim,
            Err(withheld) => return Err(Refused::of(client, &plan.start, withheld)),
        };
        if let Some(id) = plan.start.external_task_id().filter(|_| claim.is_some()) {
            // What the one before has still to report of it comes first.
            let limit = clock.left_at_least(SHORTEST_CALL);
            let _ = within_or_ever(limit, client.0.reports.are_free_of(id)).await;
        }
        let mut known = Known {
            origin: plan.id_origin,
            is_of_another_key: plan.start.is_of_another_key(client),
            ..Known::default()
        };
        let recalled = known.recall(client, clock, &plan.start).await;
        let is_recalled = recalled.is_ok();
        match recalled {
            Ok(Some(recalled)) => {
                plan.start = known.learn(client, plan.start, recalled)?;
            }
            Ok(None) => {}
            // What may have been sent is looked up all the same.
            Err(_) if !matches!(plan.start, Start::Generate(_)) => {}
            Err(withheld) => return Err(Refused::of(client, &plan.start, withheld)),
        }
        plan.start = known.as_of_another_key(plan.start);
        known.add_controls(client, &plan.start);
        let (origin, looks_only) = (known.origin, known.is_of_another_key);
        let settings = plan.settings(client, clock, known);
        let spending = Spending::new(client, plan.budget.clone());
        let mut record = Record::new(
            client,
            operation,
            clock,
            &plan.start,
            &settings,
            origin,
            spending,
        );
        if looks_only && let Start::Reconcile(intent) = &plan.start {
            record.looks_only(&intent.request);
        }
        // What could not be read is not taken over, and so nothing is sent.
        if is_recalled && let Err(error) = record.take_over().await {
            let withheld = Withheld::from(error);
            // A journal that cannot be written keeps nobody from looking the task up; but what was
            // refused, nobody else may repeat meanwhile.
            let is_repeated = matches!(plan.start, Start::Repeat(_));
            if is_repeated || !matches!(withheld, Withheld::Journal { .. }) {
                return Err(Refused::of(client, &plan.start, withheld));
            }
        }
        Ok(Self {
            plan,
            settings,
            record,
            claim,
        })
    }
}

/// Why an operation does not begin.
pub(super) struct Refused {
    pub(super) outcome: Outcome,
    pub(super) handle: Option<GenerationHandle>,
}

impl Refused {
    fn of(client: &Client, start: &Start, withheld: Withheld) -> Box<Self> {
        let outcome = start.withheld(withheld);
        let known = || Some(handle(client, outcome.task_id()?, start));
        Box::new(Self {
            handle: start.handle().cloned().or_else(known),
            outcome,
        })
    }
}

impl Known {
    /// What the journal knows of a create. Of an id that was made up a moment ago it knows nothing, and it
    /// is asked for controls only as long as the client has seen none itself.
    async fn recall(
        &self,
        client: &Client,
        clock: &Clock,
        start: &Start,
    ) -> Result<Option<Recalled>, Withheld> {
        let creates = !matches!(start, Start::Resume(_) | Start::Wait(_));
        let is_told = self.origin.may_be_known() || client.controls().is_empty();
        match start.create_id(client).filter(|_| creates && is_told) {
            Some(create) => Ok(Some(
                in_time(clock, client.0.journal.recall(&create)).await?,
            )),
            None => Ok(None),
        }
    }

    /// Decides how a create continues, from what the journal knows of it.
    fn learn(
        &mut self,
        client: &Client,
        start: Start,
        recalled: Recalled,
    ) -> Result<Start, Box<Refused>> {
        self.controls = recalled.controls;
        let Some(entry) = recalled.entry else {
            self.looks_up_first = self.origin.may_be_known() && recalled.may_have_forgotten;
            let may_be_repeated = self.origin.may_be_known() && recalled.may_have_been_repeated;
            self.repetitions_after_absence = u32::from(may_be_repeated);
            self.learn_from_intent(&start);
            return Ok(start);
        };
        let is_free = matches!(start, Start::Generate(_))
            && entry.state.is_nothing()
            && !entry.may_hide_a_task();
        if *start.request() != entry.intent.request && !is_free {
            return Err(Refused::of(client, &start, Withheld::OtherRequest));
        }
        self.repetitions_after_absence = entry.intent.repetitions_after_absence;
        self.learn_origin(&entry.intent);
        self.learn_from_intent(&start);
        // Whatever was read before, what stands in the journal counts.
        let is_of_another_key = entry.intent.key != client.0.fingerprint;
        let may_exist = entry.may_be_charged();
        self.is_of_another_key = is_of_another_key && may_exist;
        if self.is_of_another_key {
            return Ok(go_on(entry));
        }
        match (&entry.state, start) {
            (_, Start::Generate(_)) if entry.may_hide_a_task() => {
                Ok(Start::Repeat(Box::new(entry.intent)))
            }
            // Nobody asked for another one: what was refused is looked for.
            (_, Start::Reconcile(intent)) if entry.may_hide_a_task() => {
                Ok(Start::Reconcile(merged(&intent, entry)))
            }
            (state, Start::Reconcile(intent))
                if entry.is_refusal_open && client.capabilities().can_look_up() =>
            {
                self.is_of_another_key = is_of_another_key;
                self.ended = state.not_created().cloned();
                Ok(Start::Reconcile(merged(&intent, entry)))
            }
            (state, Start::Generate(request)) if state.is_nothing() => {
                let was_refused = state.was_refused() || entry.is_refusal_open;
                self.looks_up_first =
                    self.origin.may_be_known() && (recalled.may_have_forgotten || was_refused);
                Ok(Start::Generate(request))
            }
            // Nothing was sent, as far as the journal remembers.
            (JournalState::Intended, Start::Reconcile(intent) | Start::SendAgain(intent))
                if !entry.may_hide_a_task() =>
            {
                self.looks_up_first = recalled.may_have_forgotten;
                Ok(Start::Generate(intent.request))
            }
            // A person wants more than the one repetition; what was proved may be long ago.
            (_, Start::SendAgain(intent)) if entry.is_proved_absent() => {
                self.looks_up_first = true;
                Ok(Start::SendAgain(merged(&intent, entry)))
            }
            (_, start) if entry.state.is_final() => {
                let state = entry.state.known();
                Err(Refused::of(client, &start, Withheld::Known { state }))
            }
            (_, Start::Generate(_)) if is_own(client, &entry) => Ok(go_on(entry)),
            (_, start @ Start::Generate(_)) => {
                let state = entry.state.known();
                Err(Refused::of(client, &start, Withheld::Known { state }))
            }
            (_, Start::Reconcile(_)) if entry.state.task_id().is_some() => Ok(go_on(entry)),
            (_, Start::Reconcile(intent)) => Ok(Start::Reconcile(merged(&intent, entry))),
            (_, Start::SendAgain(intent)) => Ok(Start::SendAgain(merged(&intent, entry))),
            (_, start) => Ok(start),
        }
    }

    /// With another key of the same user, what is found is ours. What is not found may be there all the same, so
    /// nothing is sent, whoever wants it.
    fn as_of_another_key(&self, start: Start) -> Start {
        match start {
            Start::SendAgain(intent) if self.is_of_another_key => Start::Reconcile(intent),
            start => start,
        }
    }

    /// What an earlier process made up is ours, and it may be known by now.
    fn learn_origin(&mut self, intent: &Intent) {
        if intent.is_minted && self.origin == IdOrigin::Chosen {
            self.origin = IdOrigin::Derived;
        }
    }

    fn learn_from_intent(&mut self, start: &Start) {
        if let Start::Reconcile(intent) | Start::SendAgain(intent) = start {
            self.learn_origin(intent);
            self.repetitions_after_absence = self
                .repetitions_after_absence
                .max(intent.repetitions_after_absence);
        }
    }

    /// Adds what the client has seen and what was declared. What exists until now was accepted before an
    /// intent that is made now; whether before an earlier one, the service's answer tells.
    fn add_controls(&mut self, client: &Client, start: &Start) {
        let is_new = matches!(start, Start::Generate(_));
        for control in client.controls() {
            let is_known = |it: &Control| it.external_task_id == control.external_task_id;
            if !self.controls.iter().any(is_known) {
                self.controls.push(Control {
                    accepted_before_intent: is_new,
                    ..control
                });
            }
        }
        if let Some(own) = start.external_task_id() {
            self.controls.retain(|it| it.external_task_id != *own);
        }
        // Those that count most come first.
        self.controls.sort_by_key(|it| !it.accepted_before_intent);
        self.controls.truncate(MOST_CONTROLS);
    }
}

/// Whether an operation of this client was at the create; it is over, for the client holds the claim.
fn is_own(client: &Client, entry: &JournalEntry) -> bool {
    entry
        .intent
        .operation
        .is_some_and(|operation| client.is_own(&operation))
}

/// Continues from what the journal knows.
fn go_on(entry: JournalEntry) -> Start {
    match entry.handle() {
        Some(handle) => Start::Resume(handle),
        None => Start::Reconcile(Box::new(entry.intent)),
    }
}

fn handle(client: &Client, id: &TaskId, start: &Start) -> GenerationHandle {
    let mut handle = client.handle_of_id(id.clone());
    handle.model = start.model_id();
    handle.external_task_id = start.external_task_id().cloned();
    handle
}

/// What the journal knows of an intent, which is more than what was read from it before; but whoever
/// names an operation takes over from that one only.
fn merged(intent: &Intent, entry: JournalEntry) -> Box<Intent> {
    let operation = intent.operation.or(entry.intent.operation);
    Box::new(Intent {
        operation,
        ..entry.intent
    })
}
