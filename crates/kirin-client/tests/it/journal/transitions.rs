//! What a write makes of an entry, case by case: the pure function that every journal uses.

use kirin_client::{
    Intent, JournalChange, JournalEntry, JournalState, JournalWrite, KeyFingerprint, MemoryJournal,
    OperationId, TakenBack,
    machine::{Cause, Knowledge, KnownCreate, Outcome, SendReason, Withheld},
};
use kirin_types::{GenerationRequest, Task, TaskId};

use super::{COMPLETED, client, intent, write};
use crate::scripted::Scripted;

const A: OperationId = OperationId::new(1, 1);
const B: OperationId = OperationId::new(2, 1);

/// What comes of writes one after another; the last one's refusal, if it is one.
struct Writes {
    intent: Intent,
    entry: Option<JournalEntry>,
}

impl Writes {
    /// Intended by `A`, and sent if `is_sent`.
    fn begun(is_sent: bool) -> Self {
        let client = client(
            &Scripted::new([]),
            std::sync::Arc::new(MemoryJournal::default()),
        );
        let mut writes = Self {
            intent: intent(&client),
            entry: None,
        };
        writes.intent.operation = None;
        writes.intend(A).unwrap();
        if is_sent {
            writes.send(A, 1, SendReason::Unsent).unwrap();
        }
        writes
    }

    fn write(&mut self, operation: OperationId, change: JournalChange) -> Result<(), Withheld> {
        let write = write(&self.intent, operation, change);
        let before = self.entry.clone();
        let entry = JournalEntry::apply(before.as_ref(), &write)?;
        self.entry = Some(entry);
        Ok(())
    }

    fn intend(&mut self, operation: OperationId) -> Result<(), Withheld> {
        let intend = JournalChange::Intend(Box::new(self.intent.clone()));
        self.write(operation, intend)
    }

    fn take_over(&mut self, operation: OperationId, from: OperationId) -> Result<(), Withheld> {
        let mut intent = self.intent.clone();
        intent.operation = Some(from);
        self.write(operation, JournalChange::TakeOver(Box::new(intent)))
    }

    fn send(
        &mut self,
        operation: OperationId,
        attempt: u32,
        reason: SendReason,
    ) -> Result<(), Withheld> {
        self.write(operation, JournalChange::Send { attempt, reason })
    }

    fn take_back(
        &mut self,
        operation: OperationId,
        attempt: u32,
        reason: SendReason,
    ) -> Result<(), Withheld> {
        self.write(
            operation,
            JournalChange::TakeBack {
                attempt,
                why: TakenBack::NotSent,
                reason,
            },
        )
    }

    fn accept(&mut self, operation: OperationId, task: &str) -> Result<(), Withheld> {
        self.write(operation, JournalChange::Accept(task.parse().unwrap()))
    }

    fn end(&mut self, operation: OperationId, outcome: Outcome) -> Result<(), Withheld> {
        self.write(operation, JournalChange::End(Box::new(outcome)))
    }

    fn entry(&self) -> &JournalEntry {
        self.entry.as_ref().unwrap()
    }
}

fn not_created() -> Outcome {
    Outcome::NotCreated {
        cause: Cause::Withheld(Withheld::Deadline),
    }
}

fn unresolved() -> Outcome {
    Outcome::Unresolved {
        external_task_id: "order-42".parse().unwrap(),
        knowledge: Knowledge::MayExist,
        cause: Cause::Withheld(Withheld::Deadline),
    }
}

fn completed() -> Outcome {
    Outcome::Completed(Task::from_json(COMPLETED.as_bytes()).unwrap())
}

fn known(state: KnownCreate) -> Result<(), Withheld> {
    Err(Withheld::Known { state })
}

/// Of a completed task that does not say what it cost.
fn ended(id: TaskId) -> KnownCreate {
    KnownCreate::Ended {
        id,
        has_failed: false,
        cost: None,
    }
}

fn is_failure(written: &Result<(), Withheld>) -> bool {
    matches!(written, Err(Withheld::Journal { .. }))
}

#[test]
fn whoever_was_overtaken_sends_takes_back_and_ends_nothing() {
    let mut intended = Writes::begun(false);
    intended.intend(B).unwrap();
    let mut sent = Writes::begun(true);
    sent.take_over(B, A).unwrap();
    for mut writes in [intended, sent] {
        let before = writes.entry.clone();
        let under_way = Err(Withheld::UnderWay);
        assert_eq!(writes.send(A, 1, SendReason::Person), under_way);
        assert_eq!(writes.send(A, 2, SendReason::Person), under_way);
        assert_eq!(writes.take_back(A, 1, SendReason::Unsent), under_way);
        assert_eq!(writes.end(A, not_created()), under_way);
        assert_eq!(writes.end(A, unresolved()), under_way);
        assert_eq!(writes.entry, before);
        writes.send(B, 1, SendReason::RefusesDuplicates).unwrap();
    }
}

#[test]
fn only_who_names_the_operation_that_is_at_it_takes_it_over() {
    let mut writes = Writes::begun(true);
    assert_eq!(writes.take_over(B, B), Err(Withheld::UnderWay));
    writes.take_over(B, A).unwrap();
    assert_eq!(writes.take_over(A, A), Err(Withheld::UnderWay));
    assert_eq!(writes.entry().intent.operation, Some(B));
    // Its attempts are counted again; those that were made stay.
    assert_eq!(
        (writes.entry().attempts, writes.entry().latest_attempt),
        (1, 0)
    );
    writes.send(B, 1, SendReason::RefusesDuplicates).unwrap();
    assert_eq!(
        (writes.entry().attempts, writes.entry().latest_attempt),
        (2, 1)
    );
    writes.end(B, completed()).unwrap();
    let id = "task-1".parse().unwrap();
    assert_eq!(writes.take_over(A, B), known(ended(id)));
}

#[test]
fn what_nobody_knows_is_taken_over_as_sent() {
    let mut writes = Writes::begun(true);
    writes.entry = None;
    writes.take_over(B, A).unwrap();
    assert_eq!(writes.entry().state, JournalState::Sent);
    assert_eq!(writes.entry().attempts, 1);
    assert_eq!(
        writes.send(B, 1, SendReason::Unsent),
        known(KnownCreate::InDoubt)
    );
}

#[test]
fn an_id_is_intended_again_only_where_nothing_can_be_charged() {
    let mut in_doubt = Writes::begun(true);
    assert_eq!(in_doubt.intend(B), known(KnownCreate::InDoubt));
    in_doubt.end(A, unresolved()).unwrap();
    assert_eq!(in_doubt.intend(A), known(KnownCreate::InDoubt));

    let mut accepted = Writes::begun(true);
    accepted.accept(A, "task-1").unwrap();
    let id = "task-1".parse().unwrap();
    assert_eq!(accepted.intend(B), known(KnownCreate::Accepted { id }));
    accepted.end(A, completed()).unwrap();
    let id = "task-1".parse().unwrap();
    assert_eq!(accepted.intend(B), known(ended(id)));

    let other = GenerationRequest::builder("a hare").external_task_id("order-42");
    accepted.intent.request = other.build().unwrap();
    assert_eq!(accepted.intend(B), Err(Withheld::OtherRequest));
    assert_eq!(accepted.take_over(B, A), Err(Withheld::OtherRequest));

    let mut free = Writes::begun(true);
    free.end(A, not_created()).unwrap();
    free.intend(B).unwrap();
    assert_eq!(free.entry().state, JournalState::Intended);
    assert_eq!(free.entry().attempts, 0);
}

#[test]
fn a_first_attempt_is_sent_once_and_attempts_come_in_turn() {
    let mut writes = Writes::begun(false);
    for attempt in [0, 2, 9] {
        assert!(is_failure(&writes.send(A, attempt, SendReason::Unsent)));
    }
    writes.send(A, 1, SendReason::Unsent).unwrap();
    assert_eq!(
        writes.send(A, 2, SendReason::Unsent),
        known(KnownCreate::InDoubt)
    );
    assert!(is_failure(&writes.send(
        A,
        1,
        SendReason::RefusesDuplicates
    )));
    writes.send(A, 2, SendReason::RefusesDuplicates).unwrap();
    writes.accept(A, "task-1").unwrap();
    let id = "task-1".parse().unwrap();
    let sent = writes.send(A, 3, SendReason::RefusesDuplicates);
    assert_eq!(sent, known(KnownCreate::Accepted { id }));
}

/// It takes back itself and nothing else.
#[test]
fn an_attempt_that_was_not_sent_leaves_the_entry_as_it_was_before_it() {
    let mut first = Writes::begun(true);
    first.take_back(A, 1, SendReason::Unsent).unwrap();
    assert_eq!(first.entry().state, JournalState::Intended);
    assert!(is_failure(&first.take_back(A, 1, SendReason::Unsent)));
    first.send(A, 2, SendReason::Unsent).unwrap();

    let mut second = Writes::begun(true);
    second.send(A, 2, SendReason::RefusesDuplicates).unwrap();
    assert!(is_failure(&second.take_back(A, 1, SendReason::Unsent)));
    let reason = SendReason::RefusesDuplicates;
    second.take_back(A, 2, reason).unwrap();
    assert_eq!(second.entry().state, JournalState::Sent);
    assert_eq!(second.entry().attempts, 1);
    assert!(is_failure(&second.take_back(A, 2, reason)));

    let mut ended = Writes::begun(true);
    ended.end(A, unresolved()).unwrap();
    assert!(is_failure(&ended.take_back(A, 1, SendReason::Unsent)));
}

#[test]
fn one_repetition_follows_from_absence_over_every_entry_of_the_id() {
    let absence = SendReason::Absence;
    let mut writes = Writes::begun(true);
    writes.send(A, 2, absence).unwrap();
    writes.take_back(A, 2, absence).unwrap();
    assert_eq!(writes.entry().intent.repetitions_after_absence, 0);
    writes.send(A, 3, absence).unwrap();
    assert_eq!(writes.entry().intent.repetitions_after_absence, 1);
    assert_eq!(writes.send(A, 4, absence), Err(Withheld::RepetitionUsed));
    writes.take_over(B, A).unwrap();
    assert_eq!(writes.send(B, 1, absence), Err(Withheld::RepetitionUsed));
    // A person may.
    writes.send(B, 1, SendReason::Person).unwrap();
    writes.end(B, not_created()).unwrap();
    // A batch that runs again would replace the entry, and send once more because of the same proofs.
    assert_eq!(writes.intend(A), Err(Withheld::RepetitionUsed));
    // Nor under another key: the host may take both for one user.
    writes.intent.key = "0123456789abcdef".parse().unwrap();
    assert_eq!(writes.intend(A), Err(Withheld::RepetitionUsed));
}

/// What was proved to be absent, and ended so, is sent again by the next entry: that counts.
#[test]
fn the_entry_that_follows_a_proof_of_absence_is_its_repetition() {
    let mut writes = Writes::begun(true);
    writes.end(A, not_created()).unwrap();
    writes.intend(B).unwrap();
    assert_eq!(writes.entry().intent.repetitions_after_absence, 1);
    writes.send(B, 1, SendReason::Unsent).unwrap();
    let absence = SendReason::Absence;
    assert_eq!(writes.send(B, 2, absence), Err(Withheld::RepetitionUsed));
    writes.end(B, not_created()).unwrap();
    assert_eq!(writes.intend(A), Err(Withheld::RepetitionUsed));

    // What was taken back was proved by nobody, and needs no proof.
    let mut unsent = Writes::begun(true);
    unsent.take_back(A, 1, SendReason::Unsent).unwrap();
    unsent.end(A, not_created()).unwrap();
    unsent.intend(B).unwrap();
    assert_eq!(unsent.entry().intent.repetitions_after_absence, 0);
}

/// Something on the way may have sent it twice: it is looked up once more at the next start.
#[test]
fn what_ended_as_refused_is_to_be_looked_up_once_more() {
    let refused = super::refused_outcome;
    let mut writes = Writes::begun(true);
    writes.end(A, refused()).unwrap();
    assert!(writes.entry().is_refusal_open);
    writes.accept(B, "task-1").unwrap();
    assert_eq!(
        writes.entry().state,
        JournalState::Accepted("task-1".parse().unwrap())
    );

    let mut writes = Writes::begun(true);
    writes.end(A, refused()).unwrap();
    writes.end(B, refused()).unwrap();
    assert!(!writes.entry().is_refusal_open);
    // The id is free, and the next one is not said to be refused.
    writes.intend(B).unwrap();
    assert!(!writes.entry().is_refusal_open);
}

/// A second refusal does not take back what the first has left to be looked up.
#[test]
fn a_refusal_is_open_however_often_it_was_refused() {
    let mut writes = Writes::begun(true);
    for attempt in 1..=3 {
        if attempt > 1 {
            writes.send(A, attempt, SendReason::Unsent).unwrap();
        }
        let why = TakenBack::Refused;
        let reason = SendReason::Unsent;
        let take_back = JournalChange::TakeBack {
            attempt,
            why,
            reason,
        };
        writes.write(A, take_back).unwrap();
        assert!(writes.entry().is_refusal_open, "{attempt}");
    }
}

/// Who repeats a refused create names the operation that was refused, and pays with the same key: of two who
/// do, the second is late. What ends as unresolved is still to be looked up.
#[test]
fn a_refused_create_is_repeated_only_by_who_knows_of_the_refusal() {
    let refused = || {
        let mut writes = Writes::begun(true);
        let take_back = JournalChange::TakeBack {
            attempt: 1,
            why: TakenBack::Refused,
            reason: SendReason::Unsent,
        };
        writes.write(A, take_back).unwrap();
        writes.intent.operation = Some(A);
        writes
    };
    let mut knows = refused();
    knows.intend(B).unwrap();
    assert!(knows.entry().is_refusal_open);
    assert_eq!(knows.intend(A), Err(Withheld::UnderWay));
    let mut of_another = refused();
    of_another.intent.operation = Some(B);
    assert_eq!(of_another.intend(B), Err(Withheld::UnderWay));
    let mut with_another_key = refused();
    with_another_key.intent.key = "0123456789abcdef".parse().unwrap();
    assert_eq!(with_another_key.intend(B), Err(Withheld::UnderWay));

    let mut unresolved_now = refused();
    unresolved_now.end(A, unresolved()).unwrap();
    assert!(unresolved_now.entry().is_refusal_open);
}

/// The one repetition is not a person's: what was proved to be absent is in doubt again, until that is
/// proved again.
#[test]
fn a_person_may_take_over_what_was_proved_to_be_absent() {
    let mut writes = Writes::begun(true);
    writes.send(A, 2, SendReason::Absence).unwrap();
    writes.end(A, not_created()).unwrap();
    assert!(writes.entry().is_proved_absent());
    assert_eq!(writes.intend(B), Err(Withheld::RepetitionUsed));
    writes.take_over(B, A).unwrap();
    assert_eq!(writes.entry().state, JournalState::Sent);
    writes.send(B, 1, SendReason::Person).unwrap();
    assert_eq!(writes.entry().attempts, 3);
    assert_eq!(
        writes.send(B, 2, SendReason::Absence),
        Err(Withheld::RepetitionUsed)
    );
    writes.accept(B, "task-1").unwrap();

    // What was never sent is free, and needs nobody's decision.
    let mut unsent = Writes::begun(true);
    unsent.take_back(A, 1, SendReason::Unsent).unwrap();
    unsent.end(A, not_created()).unwrap();
    assert!(!unsent.entry().is_proved_absent());
    let state = KnownCreate::NotCreated;
    assert_eq!(unsent.take_over(B, A), Err(Withheld::Known { state }));
}

/// Another key may not see what the first one has paid for, so taking over names the key that was read. What is
/// sent after it is paid with the key of the write.
#[test]
fn who_takes_over_knows_the_key_of_the_entry_and_pays_with_its_own() {
    let absent = || {
        let mut writes = Writes::begun(true);
        writes.send(A, 2, SendReason::Absence).unwrap();
        writes.end(A, not_created()).unwrap();
        writes
    };
    let other: KeyFingerprint = "0123456789abcdef".parse().unwrap();
    let take_over = |writes: &Writes, key: &KeyFingerprint| {
        let mut read = writes.intent.clone();
        (read.operation, read.key) = (Some(A), key.clone());
        let mut create = read.create_id().unwrap();
        create.key = other.clone();
        let change = JournalChange::TakeOver(Box::new(read));
        let write = JournalWrite::new(create, B, change);
        JournalEntry::apply(writes.entry.as_ref(), &write).map_err(Withheld::from)
    };
    let writes = absent();
    assert_eq!(take_over(&writes, &other), Err(Withheld::UnderWay));
    let taken = take_over(&writes, &writes.intent.key).unwrap();
    assert_eq!(taken.state, JournalState::Sent);
    assert_eq!(taken.intent.key, other);

    // Nobody pays while it is only looked up.
    let in_doubt = Writes::begun(true);
    let taken = take_over(&in_doubt, &in_doubt.intent.key).unwrap();
    assert_eq!(taken.intent.key, in_doubt.intent.key);
}

/// That another key does not see a task says nothing of what happened.
#[test]
fn an_end_for_want_of_the_right_key_changes_nothing() {
    let mut writes = Writes::begun(true);
    let before = writes.entry().clone();
    let outcome = Outcome::Unresolved {
        external_task_id: "order-42".parse().unwrap(),
        knowledge: Knowledge::MayExist,
        cause: Cause::Withheld(Withheld::OtherKey),
    };
    writes.end(A, outcome).unwrap();
    assert_eq!(writes.entry().intent, before.intent);
    assert_eq!(writes.entry().state, before.state);
}

#[test]
fn that_the_service_has_a_task_is_true_whoever_tells_it() {
    let mut writes = Writes::begun(true);
    writes.accept(B, "task-1").unwrap();
    writes.accept(A, "task-1").unwrap();
    assert!(is_failure(&writes.accept(A, "task-2")));
    let id = "task-1".parse().unwrap();
    assert_eq!(
        writes.end(A, not_created()),
        known(KnownCreate::Accepted { id })
    );
    let other = Outcome::Lost {
        id: "task-2".parse().unwrap(),
    };
    assert!(is_failure(&writes.end(A, other)));
    writes.end(B, completed()).unwrap();
    // The first final end stays, and whoever ended without the task hears of it.
    for outcome in [not_created(), unresolved()] {
        let id = "task-1".parse().unwrap();
        assert_eq!(writes.end(A, outcome), known(ended(id)));
        let end = JournalState::Ended(Box::new(completed()));
        assert_eq!(writes.entry().state, end);
    }
    let mut absent = Writes::begun(true);
    absent.end(A, not_created()).unwrap();
    // A proof can be wrong, and the task is paid for.
    absent.accept(A, "task-1").unwrap();
}

#[test]
fn nothing_is_written_of_what_was_not_intended() {
    let mut writes = Writes::begun(true);
    for write in [
        Writes::accept as fn(&mut Writes, OperationId, &str) -> Result<(), Withheld>,
        |it, operation, _| it.send(operation, 1, SendReason::Person),
        |it, operation, _| it.take_back(operation, 1, SendReason::Unsent),
        |it, operation, _| it.end(operation, completed()),
    ] {
        writes.entry = None;
        assert!(is_failure(&write(&mut writes, A, "task-1")));
        assert_eq!(writes.entry, None);
    }
}

/// It is known how it stands, and not how it ends: a later word of the service takes its place, a failed
/// question does not, and nothing is sent for it.
#[test]
fn an_end_in_other_words_stays_open_until_the_service_says_another() {
    let other_end = || {
        let cancelled = br#"{"id":"task-1","status":"cancelled"}"#;
        Outcome::OtherEnd(Task::from_json(cancelled).unwrap())
    };
    let mut writes = Writes::begun(true);
    writes.end(A, other_end()).unwrap();
    let is_open = |writes: &Writes| {
        let entry = writes.entry.as_ref().unwrap();
        assert!(!entry.state.is_final());
        assert_eq!(entry.state.task_id().unwrap().as_str(), "task-1");
    };
    is_open(&writes);
    let accepted = KnownCreate::Accepted {
        id: "task-1".parse().unwrap(),
    };
    assert_eq!(writes.intend(B), known(accepted.clone()));
    let again = writes.send(A, 2, SendReason::RefusesDuplicates);
    assert_eq!(again, known(accepted));

    let cannot_query = Outcome::CannotQuery {
        id: "task-1".parse().unwrap(),
        cause: Cause::Withheld(Withheld::OtherKey),
        task: None,
    };
    writes.end(B, cannot_query).unwrap();
    is_open(&writes);
    let state = || JournalState::Ended(Box::new(other_end()));
    assert_eq!(writes.entry.as_ref().unwrap().state, state());

    writes.end(B, completed()).unwrap();
    assert!(writes.entry.as_ref().unwrap().state.is_final());
}
