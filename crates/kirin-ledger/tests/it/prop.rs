//! What holds for every sequence of writes.

use std::collections::BTreeSet;

use kirin_client::{
    Intent, Journal, JournalChange, JournalEntry, JournalError, JournalState, JournalWrite,
    MemoryJournal, OperationId, TakenBack,
    machine::{ClockDifference, Outcome, SendReason},
};
use kirin_ledger::{Ledger, LedgerJournal};
use kirin_tests::proptest::prelude::*;
use kirin_types::GenerationRequest;

use crate::support::{
    Desk, base_url, completed, create, id, intent, new_operation, not_created, still_running,
    unresolved,
};

/// Creates that are written about.
const CREATES: usize = 2;

/// Operations that are about each of them; every other one is of the other opening of the ledger.
const OPERATIONS: usize = 3;

/// One write of an operation, or its end.
#[derive(Clone, Copy, Debug)]
enum Write {
    Accept,
    Dropped,
    End(End),
    Intend {
        of_another_request: bool,
    },
    Send {
        reason: SendReason,
        is_in_turn: bool,
    },
    TakeBack {
        why: TakenBack,
        reason: SendReason,
    },
    /// Names the operation of what is known, or another one.
    TakeOver {
        is_known: bool,
    },
}

#[derive(Clone, Copy, Debug)]
enum End {
    Completed,
    Lost,
    NotCreated,
    StillRunning,
    Unresolved,
}

/// Who writes, about which create, and what.
#[derive(Clone, Copy, Debug)]
struct Step {
    create: usize,
    operation: usize,
    write: Write,
}

fn why() -> impl Strategy<Value = TakenBack> {
    prop_oneof![Just(TakenBack::NotSent), Just(TakenBack::Refused)]
}

fn reason() -> impl Strategy<Value = SendReason> {
    prop_oneof![
        1 => Just(SendReason::Absence),
        1 => Just(SendReason::Person),
        1 => Just(SendReason::RefusesDuplicates),
        3 => Just(SendReason::Unsent),
    ]
}

fn seldom() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.15)
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![
        1 => Just(End::Completed),
        1 => Just(End::Lost),
        1 => Just(End::NotCreated),
        1 => Just(End::StillRunning),
        2 => Just(End::Unresolved),
    ];
    let write = prop_oneof![
        1 => Just(Write::Accept),
        2 => Just(Write::Dropped),
        2 => end.prop_map(Write::End),
        3 => seldom().prop_map(|of_another_request| Write::Intend { of_another_request }),
        4 => (reason(), seldom()).prop_map(|(reason, is_out)| Write::Send {
            reason,
            is_in_turn: !is_out,
        }),
        2 => (reason(), why()).prop_map(|(reason, why)| Write::TakeBack { reason, why }),
        3 => seldom().prop_map(|is_other| Write::TakeOver { is_known: !is_other }),
    ];
    let step = |(create, operation, write)| Step {
        create,
        operation,
        write,
    };
    (0..CREATES, 0..OPERATIONS, write).prop_map(step)
}

/// The journal in memory, which does what [`JournalEntry::apply`] says and nothing else, and who is kept
/// from what by the ledger: as long as an operation is at a create, no other one is.
#[derive(Default)]
struct Model {
    memory: MemoryJournal,
    /// In which opening.
    at_work: BTreeSet<(usize, OperationId)>,
    /// Of each create, the opening that has it.
    holders: [Option<usize>; CREATES],
}

impl Model {
    async fn entry(&self, number: usize) -> Option<JournalEntry> {
        let create = create(&id(&name(number)));
        self.memory.recall(&create).await.unwrap().entry
    }

    async fn write(
        &mut self,
        step: Step,
        opening: usize,
        write: &JournalWrite,
    ) -> Result<(), JournalError> {
        if let JournalChange::Intend(_) | JournalChange::TakeOver(_) = write.change {
            self.at_work.insert((opening, write.operation));
        }
        if self.is_held(step, opening, write).await {
            return Err(JournalError::under_way());
        }
        self.memory.write(write).await?;
        let holder = &mut self.holders[step.create];
        let is_end = matches!(write.change, JournalChange::End(_));
        let entry = self.memory.recall(&write.create).await.unwrap().entry;
        let entered = entry.unwrap().intent.operation;
        let is_idle = !entered.is_some_and(|it| self.at_work.contains(&(opening, it)));
        if entered == Some(write.operation) || *holder == Some(opening) && is_idle {
            *holder = (!is_end).then_some(opening);
        }
        if is_end {
            self.at_work.remove(&(opening, write.operation));
        }
        Ok(())
    }

    async fn is_held(&self, step: Step, opening: usize, write: &JournalWrite) -> bool {
        let Some(entry) = self.entry(step.create).await else {
            return false;
        };
        match &write.change {
            JournalChange::Accept(_) => return false,
            JournalChange::End(outcome) if outcome.task_id().is_some() => return false,
            JournalChange::End(_) if entry.state.is_final() => return false,
            _ => {}
        }
        let holder = self.holders[step.create];
        let other = entry.intent.operation.filter(|it| *it != write.operation);
        holder.is_some_and(|it| it != opening)
            || other.is_some_and(|it| self.at_work.contains(&(opening, it)))
    }

    async fn drop_operation(&mut self, step: Step, opening: usize, operation: OperationId) {
        let entry = self.entry(step.create).await;
        let is_own = entry.is_some_and(|entry| entry.intent.operation == Some(operation));
        let holder = &mut self.holders[step.create];
        if self.at_work.remove(&(opening, operation)) && is_own && *holder == Some(opening) {
            *holder = None;
        }
    }
}

fn name(create: usize) -> String {
    format!("order-{create}")
}

/// What this operation would intend.
fn intent_of(step: Step, of_another_request: bool) -> Intent {
    let mut intent = intent(&name(step.create));
    intent.is_minted = step.operation == 1;
    let ahead = i64::try_from(step.operation).unwrap();
    intent.clock_difference = (ahead > 0).then(|| ClockDifference::from_milliseconds(-ahead));
    if of_another_request {
        let request = GenerationRequest::builder("a dog").external_task_id(name(step.create));
        intent.request = request.build().unwrap();
    }
    intent
}

/// What there is to write, `None` if the operation is dropped.
fn change(step: Step, entry: Option<&JournalEntry>) -> Option<JournalChange> {
    let task = format!("task-{}", step.create);
    let latest = entry.map_or(0, |entry| entry.latest_attempt);
    Some(match step.write {
        Write::Accept => JournalChange::Accept(task.parse().unwrap()),
        Write::Dropped => return None,
        Write::End(end) => JournalChange::End(Box::new(match end {
            End::Completed => completed(&task),
            End::Lost => Outcome::Lost {
                id: task.parse().unwrap(),
            },
            End::NotCreated => not_created(),
            End::StillRunning => still_running(&task),
            End::Unresolved => unresolved(&name(step.create)),
        })),
        Write::Intend { of_another_request } => {
            JournalChange::Intend(Box::new(intent_of(step, of_another_request)))
        }
        Write::Send { reason, is_in_turn } => JournalChange::Send {
            attempt: latest + if is_in_turn { 1 } else { 2 },
            reason,
        },
        Write::TakeBack { reason, why } => JournalChange::TakeBack {
            attempt: latest,
            why,
            reason,
        },
        Write::TakeOver { is_known } => {
            let known = entry.map(|entry| entry.intent.clone());
            let mut intent = known.unwrap_or_else(|| intent_of(step, false));
            if !is_known {
                intent.operation = Some(new_operation());
            }
            JournalChange::TakeOver(Box::new(intent))
        }
    })
}

/// The ledger, opened twice.
struct Openings {
    ledgers: [Ledger; 2],
    journals: [LedgerJournal; 2],
    operations: Vec<OperationId>,
}

impl Openings {
    fn of(desk: &Desk) -> Self {
        let ledgers = [desk.ledger.clone(), desk.another()];
        let operations = (0..CREATES * OPERATIONS).map(|_| new_operation());
        Self {
            journals: ledgers.each_ref().map(|it| it.journal(base_url())),
            operations: operations.collect(),
            ledgers,
        }
    }

    async fn check(&self, model: &mut Model, step: Step) -> Result<(), TestCaseError> {
        let opening = step.operation % self.ledgers.len();
        let operation = self.operations[step.create * OPERATIONS + step.operation];
        let create = create(&id(&name(step.create)));
        let Some(change) = change(step, model.entry(step.create).await.as_ref()) else {
            model.drop_operation(step, opening, operation).await;
            self.journals[opening].operation_ended(&operation);
            // The jobs of a ledger are done in order: after this it is written.
            self.ledgers[opening].entries().await.unwrap();
            return Ok(());
        };
        let write = JournalWrite::new(create.clone(), operation, change);
        let expected = model.write(step, opening, &write).await;
        let found = self.journals[opening].write(&write).await;
        prop_assert_eq!(found, expected, "{:?}", step);
        let known = model.entry(step.create).await;
        for journal in &self.journals {
            let recalled = journal.recall(&create).await.unwrap();
            prop_assert_eq!(&recalled.entry, &known, "{:?}", step);
        }
        Ok(())
    }
}

/// The journal in memory says what every journal has to do; this one does the same, also for another
/// opening, and survives.
#[test]
fn it_takes_and_refuses_what_the_journal_in_memory_does() {
    let steps = prop::collection::vec(step(), 0..30);
    kirin_tests::property!(steps, |steps| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let desk = Desk::new();
            let openings = Openings::of(&desk);
            let mut model = Model::default();
            for step in steps {
                openings.check(&mut model, step).await?;
            }
            drop(openings);
            for entry in desk.another().entries().await.unwrap() {
                let create = create(&entry.external_task_id);
                let known = model.memory.recall(&create).await.unwrap().entry.unwrap();
                prop_assert_eq!(
                    matches!(entry.state, JournalState::Ended(_)),
                    entry.ended_at.is_some()
                );
                prop_assert_eq!(entry.state, known.state);
                prop_assert_eq!(entry.attempts, known.attempts);
            }
            Ok(())
        })?;
        Ok(())
    });
}
