//! An id that the journal knows already: the error says so, and what to do about it. Nothing is asked and
//! nothing is sent.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use kirin_client::{
    Billing, Budget, Client, Control, CreateId, Error, ErrorKind, HostCapabilities, Intent,
    Journal, JournalChange, JournalError, JournalState, JournalWrite, Lookup, MemoryJournal,
    Recalled, TakenBack,
    machine::{Cause, Outcome, SendReason, Withheld},
};
use kirin_transport::Sent;
use kirin_types::{GenerationRequest, Task};

use super::{COMPLETED, client, intend, intent, request, stranger, write};
use crate::scripted::{Answer, Scripted, json, not_found, proved_absent, shown};

/// Another process is at the create of these tests, this far; then it is wanted here.
async fn wanted(changes: Vec<JournalChange>, request: GenerationRequest) -> (Error, Intent) {
    let transport = Scripted::new([]);
    let journal = Arc::new(MemoryJournal::default());
    let client = client(&transport, journal.clone());
    let intent = intent(&client);
    intend(&*journal, &intent, true).await;
    for change in changes {
        let write = write(&intent, stranger(), change);
        journal.write(&write).await.unwrap();
    }
    let before = journal.entries();
    let error = client.generate(request).await.unwrap_err();
    shown(&error);
    assert_eq!(transport.calls(), [""; 0]);
    assert_eq!(journal.entries(), before);
    (error, intent)
}

#[tokio::test(start_paused = true)]
async fn an_id_in_doubt_is_known_and_is_to_be_reconciled() {
    let (error, intent) = wanted(Vec::new(), request()).await;
    assert_eq!(error.kind(), ErrorKind::Known);
    assert_eq!(error.billing(), Billing::Unknown);
    assert_eq!(error.external_task_id(), intent.request.external_task_id());
    assert_eq!(
        error.next_step(),
        "Do not generate it again: reconcile the journal's intent of order-42"
    );

    let unresolved = Outcome::Unresolved {
        external_task_id: "order-42".parse().unwrap(),
        knowledge: kirin_client::machine::Knowledge::MayExist,
        cause: Cause::Withheld(Withheld::Deadline),
    };
    let changes = vec![JournalChange::End(Box::new(unresolved))];
    let (error, _) = wanted(changes, request()).await;
    assert_eq!(error.kind(), ErrorKind::Known);
}

#[tokio::test(start_paused = true)]
async fn an_id_that_was_accepted_or_has_ended_is_known_with_its_task() {
    let accept = || JournalChange::Accept("task-1".parse().unwrap());
    let completed = Outcome::Completed(Task::from_json(COMPLETED.as_bytes()).unwrap());
    let end = JournalChange::End(Box::new(completed));
    for changes in [vec![accept()], vec![accept(), end]] {
        let (error, _) = wanted(changes, request()).await;
        assert_eq!(error.kind(), ErrorKind::Known);
        assert_eq!(error.billing(), Billing::Unknown);
        assert_eq!(error.task_id().unwrap().as_str(), "task-1");
        assert_eq!(
            error.next_step(),
            "Do not generate it again: wait for task task-1"
        );
    }
}

/// The same id, for something else.
fn other_request() -> GenerationRequest {
    GenerationRequest::builder("a hare")
        .external_task_id("order-42")
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_known_for_another_request_says_so() {
    let accept = JournalChange::Accept("task-1".parse().unwrap());
    // It is looked up once more, for something on the way may have sent it twice.
    let refused = JournalChange::TakeBack {
        attempt: 1,
        why: TakenBack::Refused,
        reason: SendReason::Unsent,
    };
    for changes in [Vec::new(), vec![accept], vec![refused]] {
        let (error, _) = wanted(changes, other_request()).await;
        assert_eq!(error.kind(), ErrorKind::OtherRequest);
        assert_eq!(error.billing(), Billing::None);
        assert!(
            error.money().contains("the task that has the id may have"),
            "{error}"
        );
        assert!(error.next_step().contains("another external id"), "{error}");
    }
}

/// What was not created leaves its id free, for any request.
#[tokio::test(start_paused = true)]
async fn an_id_of_which_nothing_was_created_is_free() {
    let transport = Scripted::new([json(200, COMPLETED)]);
    let journal = Arc::new(MemoryJournal::default());
    let client = client(&transport, journal.clone());
    let intent = intent(&client);
    intend(&*journal, &intent, true).await;
    let outcome = Outcome::NotCreated {
        cause: Cause::Withheld(Withheld::Deadline),
    };
    let end = JournalChange::End(Box::new(outcome));
    let write = write(&intent, stranger(), end);
    journal.write(&write).await.unwrap();
    let other = other_request();
    client.generate(other.clone()).await.unwrap();
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    assert_eq!(entry.intent.request, other);
    assert!(matches!(entry.state, JournalState::Ended(_)));
}

/// What the journal has under the id by now may be anything, and buying what was wanted before is a surprise.
#[tokio::test(start_paused = true)]
async fn an_intent_whose_id_has_been_used_for_another_request_is_not_sent() {
    let transport = Scripted::new([]);
    let journal = Arc::new(MemoryJournal::default());
    let client = client(&transport, journal.clone());
    let mut by_now = intent(&client);
    by_now.request = other_request();
    intend(&*journal, &by_now, false).await;
    let before = journal.entries();
    let read_before = || intent(&client);
    for ended in [
        client.reconcile(read_before()).await,
        client.send_again(read_before()).await,
    ] {
        let error = ended.unwrap_err();
        // What became of the earlier one, the journal does not say any more.
        assert_eq!(error.billing(), Billing::Unknown);
        assert!(error.to_string().contains("for another request"), "{error}");
    }
    assert_eq!(transport.calls(), [""; 0]);
    assert_eq!(journal.entries(), before);
}

/// One repetition follows from proofs of absence; after that a person decides, and it is looked up once
/// more before that is sent.
#[tokio::test(start_paused = true)]
async fn an_id_that_was_repeated_is_sent_again_only_by_a_person() {
    for is_there_now in [false, true] {
        let found = || json(200, COMPLETED);
        let answers = match is_there_now {
            false => vec![not_found(), found()],
            true => vec![found()],
        };
        let transport = Scripted::new(answers);
        let journal = Arc::new(MemoryJournal::default());
        let client = client(&transport, journal.clone());
        let intent = intent(&client);
        intend(&*journal, &intent, true).await;
        let repeat = JournalChange::Send {
            attempt: 2,
            reason: SendReason::Absence,
        };
        let outcome = Outcome::NotCreated {
            cause: Cause::Withheld(Withheld::Deadline),
        };
        for change in [repeat, JournalChange::End(Box::new(outcome))] {
            let write = write(&intent, stranger(), change);
            journal.write(&write).await.unwrap();
        }

        let error = client.generate(request()).await.unwrap_err();
        shown(&error);
        assert_eq!(error.kind(), ErrorKind::Repeated);
        assert_eq!(transport.calls(), [""; 0]);

        let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
        let task = client.send_again(entry.intent).await.unwrap();
        assert_eq!(task.id().as_str(), "task-1");
        let calls = transport.calls();
        let posts = calls.iter().filter(|call| call.starts_with("POST"));
        assert_eq!(posts.count(), usize::from(!is_there_now), "{calls:?}");
        assert!(calls[0].starts_with("GET"), "{calls:?}");
        let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
        assert_eq!(entry.state.task_id(), Some(task.id()));
    }
}

/// A refused create is looked up once more at the next start: something on the way may have sent it twice.
#[tokio::test(start_paused = true)]
async fn a_create_that_was_refused_is_looked_up_before_it_is_made_again() {
    let journal = Arc::new(MemoryJournal::default());
    let transport = Scripted::new(super::refused());
    let first = client(&transport, journal.clone());
    first.generate(request()).await.unwrap_err();

    let transport = Scripted::new([json(200, COMPLETED)]);
    let next = client(&transport, journal.clone());
    let task = next.generate(request()).await.unwrap();
    assert_eq!(task.id().as_str(), "task-1");
    assert!(transport.calls()[0].starts_with("GET"));
    assert_eq!(transport.calls().len(), 1);

    // Where it is not found, it is made.
    let journal = Arc::new(MemoryJournal::default());
    let transport = Scripted::new(super::refused());
    let first = client(&transport, journal.clone());
    first.generate(request()).await.unwrap_err();
    let transport = Scripted::new([not_found(), json(200, COMPLETED)]);
    let next = client(&transport, journal.clone());
    next.generate(request()).await.unwrap();
    let calls: Vec<_> = transport.calls();
    assert!(calls[0].starts_with("GET") && calls[1].starts_with("POST"));
}

/// Two processes that go on with one create: the second is late, and sends nothing.
#[tokio::test(start_paused = true)]
async fn a_create_is_taken_over_once() {
    let journal = Arc::new(MemoryJournal::default());
    let transport = Scripted::new([Answer::Never]);
    let first = client(&transport, journal.clone());
    let intent = intent(&first);
    intend(&*journal, &intent, true).await;
    let mut taking = first.reconcile(intent.clone()).start();
    super::polled(taking.notices().next(), 3).await;
    assert_eq!(transport.calls().len(), 1);

    let idle = Scripted::new([]);
    let second = client(&idle, journal.clone());
    let error = second.reconcile(intent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnderWay);
    assert_eq!(idle.calls(), [""; 0]);
}

/// A client without a journal forgets what has ended, but not what still counts for the next create of the
/// same id: a refusal is looked up once more, and what was proved to be absent was repeated.
#[tokio::test(start_paused = true)]
async fn a_client_without_a_journal_remembers_what_was_refused_and_what_was_repeated() {
    let client = |transport: &Scripted| {
        let host = HostCapabilities::default()
            .with_lookup(Lookup::Proven)
            .with_lookup_lag(Duration::from_secs(1));
        Client::builder(kirin_tests::canary::key().parse().unwrap())
            .transport(transport.clone())
            .capabilities(host)
            .control(Control::new(
                "order-1".parse().unwrap(),
                "task-0".parse().unwrap(),
            ))
            .build()
            .unwrap()
    };
    let refusal = json(402, r#"{"message":"insufficient balance"}"#);
    let transport = Scripted::new([refusal, not_found(), not_found(), json(200, COMPLETED)]);
    let forgetful = client(&transport);
    forgetful.generate(request()).await.unwrap_err();
    forgetful.generate(request()).await.unwrap();
    assert_eq!(posts(&transport), 1, "{:?}", transport.calls());

    let transport = Scripted::new((0..2).flat_map(|_| lost_and_proved_absent()));
    let forgetful = client(&transport);
    forgetful.generate(request()).await.unwrap_err();
    assert_eq!(posts(&transport), 2, "{:?}", transport.calls());
    let error = forgetful.generate(request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Repeated);
    assert_eq!(posts(&transport), 2, "{:?}", transport.calls());
}

/// A create whose answer is lost, and the look-ups that prove that it created nothing.
fn lost_and_proved_absent() -> Vec<Answer> {
    [Answer::Fail(Sent::Maybe)]
        .into_iter()
        .chain(proved_absent())
        .collect()
}

fn posts(transport: &Scripted) -> usize {
    let calls = transport.calls();
    calls.iter().filter(|call| call.starts_with("POST")).count()
}

/// A journal to which another process writes once this one has asked what is known of a create.
struct Overtaken {
    kept: MemoryJournal,
    writes: Mutex<Vec<JournalWrite>>,
}

#[async_trait]
impl Journal for Overtaken {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        let recalled = self.kept.recall(create).await;
        let writes = std::mem::take(&mut *self.writes.lock().unwrap());
        for write in writes {
            self.kept.write(&write).await?;
        }
        recalled
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        self.kept.write(write).await
    }
}

/// Who has sent nothing says nothing of a create that somebody else has begun meanwhile.
#[tokio::test(start_paused = true)]
async fn that_nothing_was_created_is_not_said_of_what_another_process_has_begun() {
    for is_sent in [true, false] {
        let transport = Scripted::new([]);
        let journal = Arc::new(Overtaken {
            kept: MemoryJournal::default(),
            writes: Mutex::default(),
        });
        let client = Client::builder(kirin_tests::canary::key().parse().unwrap())
            .transport(transport.clone())
            .journal(journal.clone())
            .budget(Arc::new(Budget::new("0".parse().unwrap())))
            .build()
            .unwrap();
        let intent = intent(&client);
        let intend = JournalChange::Intend(Box::new(intent.clone()));
        let send = JournalChange::Send {
            attempt: 1,
            reason: SendReason::Unsent,
        };
        let mut changes = vec![intend, send];
        changes.truncate(if is_sent { 2 } else { 1 });
        let writes = changes
            .into_iter()
            .map(|change| write(&intent, stranger(), change));
        *journal.writes.lock().unwrap() = writes.collect();

        let error = client.generate(request()).await.unwrap_err();
        shown(&error);
        let expected = match is_sent {
            true => (ErrorKind::Known, Billing::Unknown),
            false => (ErrorKind::Budget, Billing::None),
        };
        assert_eq!((error.kind(), error.billing()), expected);
        assert_eq!(transport.calls(), [""; 0]);
    }
}

/// The same where this process has looked for the task, and its key was refused.
#[tokio::test(start_paused = true)]
async fn a_refused_look_up_says_nothing_of_what_another_process_has_begun() {
    let transport = Scripted::new(super::refused());
    let kept = MemoryJournal::default();
    let journal = Arc::new(Overtaken {
        kept,
        writes: Mutex::default(),
    });
    let client = client(&transport, journal.clone());
    client.generate(request()).await.unwrap_err();
    assert!(transport.is_used_up());

    let intent = intent(&client);
    let intend = JournalChange::Intend(Box::new(intent.clone()));
    let send = JournalChange::Send {
        attempt: 1,
        reason: SendReason::Unsent,
    };
    let writes = [intend, send].map(|change| write(&intent, stranger(), change));
    *journal.writes.lock().unwrap() = writes.to_vec();
    let transport = Scripted::new([json(401, r#"{"message":"Invalid API key"}"#)]);
    let next = super::client(&transport, journal);
    let error = next.generate(request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Known);
    assert_eq!(error.billing(), Billing::Unknown);
    assert_eq!(posts(&transport), 0);
}

/// A journal whose disk says that it failed, once it has written.
#[derive(Default)]
struct WritesAndFails {
    kept: MemoryJournal,
    has_failed: Mutex<bool>,
}

#[async_trait]
impl Journal for WritesAndFails {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        self.kept.recall(create).await
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        self.kept.write(write).await?;
        let is_send = matches!(write.change, JournalChange::Send { .. });
        match is_send && !std::mem::replace(&mut *self.has_failed.lock().unwrap(), true) {
            true => Err(JournalError::new("what was written cannot be read back")),
            false => Ok(()),
        }
    }
}

/// Nothing was sent, so nothing is left in doubt, whatever the journal has written.
#[tokio::test(start_paused = true)]
async fn what_was_written_by_a_journal_that_failed_is_taken_back() {
    for id in [Some("order-42"), None] {
        let transport = Scripted::new([]);
        let journal = Arc::new(WritesAndFails::default());
        let client = client(&transport, journal.clone());
        let mut wanted = GenerationRequest::builder("a fox");
        if let Some(id) = id {
            wanted = wanted.external_task_id(id);
        }
        let error = client.generate(wanted.build().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Journal);
        assert_eq!(error.billing(), Billing::None);
        assert_eq!(transport.calls(), [""; 0]);
        let [entry] = <[_; 1]>::try_from(journal.kept.entries()).unwrap();
        assert!(
            entry.state.is_nothing() && entry.state.is_final(),
            "{entry:?}"
        );
        assert_eq!(entry.attempts, 0);
    }
}

/// A budget of the day, or a count, keeps nobody from writing down what is paid for.
#[tokio::test(start_paused = true)]
async fn a_task_that_is_found_is_written_down_also_where_its_intent_is_refused() {
    let transport = Scripted::new([json(200, COMPLETED)]);
    let journal = Arc::new(MemoryJournal::default());
    let intent = intent(&client(&transport, journal.clone()));
    intend(&*journal, &intent, true).await;
    let repeat = JournalChange::Send {
        attempt: 2,
        reason: SendReason::Absence,
    };
    let refused = super::refused_outcome();
    for change in [repeat, JournalChange::End(Box::new(refused))] {
        let write = write(&intent, stranger(), change);
        journal.write(&write).await.unwrap();
    }
    let client = client(&transport, journal.clone());
    let task = client.generate(request()).await.unwrap();
    assert_eq!(task.id().as_str(), "task-1");
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    assert_eq!(entry.state.task_id(), Some(task.id()));
    assert!(entry.state.is_final());
}

/// Nothing was sent in the end, and what was proved stays proved.
#[tokio::test(start_paused = true)]
async fn what_a_person_could_not_send_again_is_as_absent_as_before() {
    for fails in [false, true] {
        let answers: Vec<Answer> = match fails {
            // The look-up before it tells nothing.
            true => (0..4).map(|_| Answer::Fail(Sent::No)).collect(),
            // There is no balance.
            false => {
                let refusal = json(402, r#"{"message":"insufficient balance"}"#);
                let looked_up = (0..4).map(|_| not_found());
                [not_found(), refusal]
                    .into_iter()
                    .chain(looked_up)
                    .collect()
            }
        };
        let transport = Scripted::new(answers);
        let journal = Arc::new(MemoryJournal::default());
        let client = client(&transport, journal.clone());
        let mut intent = intent(&client);
        // Nothing could be proved again.
        intent.intended_at = None;
        intend(&*journal, &intent, true).await;
        let outcome = Outcome::NotCreated {
            cause: Cause::Withheld(Withheld::Deadline),
        };
        let end = JournalChange::End(Box::new(outcome));
        journal
            .write(&write(&intent, stranger(), end))
            .await
            .unwrap();
        let known = journal.entries().remove(0).intent;
        let error = client.send_again(known).await.unwrap_err();
        shown(&error);
        assert_eq!(error.billing(), Billing::None, "{error}");
        let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
        assert!(entry.is_proved_absent(), "{entry:?}");
    }
}
