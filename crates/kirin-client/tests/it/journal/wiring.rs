//! What the driver hands from the journal to the machine: each of these lines, left out, would pay twice or
//! lose a task.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use kirin_client::{
    Client, ClientBuilder, Control, CreateId, DuplicateIds, ErrorKind, HostCapabilities, Intent,
    Journal, JournalChange, JournalError, JournalWrite, Lookup, MemoryJournal, Recalled,
    machine::{Cause, ClockDifference, Notice, Outcome, SendReason},
};
use kirin_tests::canary;
use kirin_transport::{Body, Sent, Transport, TransportError, TransportErrorKind};
use kirin_types::{GenerationRequest, Timestamp};

use super::{COMPLETED, CREATED, intend, intent, request};
use crate::scripted::{Answer, Scripted, json, not_found};

const HOUR: i64 = 3_600_000;

/// A host that loses what was sent, finds the control, and makes what is sent again, or loses that too.
#[derive(Default)]
pub(super) struct Absent {
    pub(super) asked: Scripted,
    loses_creates: bool,
}

#[async_trait]
impl Transport for Absent {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let path = request.uri().path().to_owned();
        let is_post = *request.method() == Method::POST;
        let task = |id: &str| {
            let body = format!(r#"{{"id":"{id}","status":"completed"}}"#);
            Response::new(Body::from(body))
        };
        // What was asked is remembered.
        let answer = match (is_post, path.ends_with("/order-1")) {
            (true, _) => Response::new(Body::from(COMPLETED)),
            (_, true) => task("task-0"),
            _ => {
                let mut missing = Response::new(Body::from("{}"));
                *missing.status_mut() = http::StatusCode::NOT_FOUND;
                missing
            }
        };
        self.asked.answer_next(answer);
        let answered = self.asked.send(request).await;
        match is_post && self.loses_creates {
            true => Err(TransportError::new(TransportErrorKind::Closed, Sent::Maybe)),
            false => answered,
        }
    }
}

/// A client on a host whose look-up is proven, with one control that is named.
pub(super) fn on_a_proven_host(transport: impl Transport + 'static) -> ClientBuilder {
    let control = Control::new("order-1".parse().unwrap(), "task-0".parse().unwrap());
    Client::builder(canary::key().parse().unwrap())
        .transport(transport)
        .capabilities(
            HostCapabilities::default()
                .with_lookup(Lookup::Proven)
                .with_lookup_lag(Duration::from_secs(1)),
        )
        .control(control.before_intent())
}

pub(super) fn posts(calls: &[String]) -> usize {
    calls.iter().filter(|call| call.starts_with("POST")).count()
}

/// The same intent, so many hours older.
fn older(mut intent: Intent, hours: i64) -> Intent {
    let intended_at = intent.intended_at.unwrap().milliseconds() - hours * HOUR;
    intent.intended_at = Some(Timestamp::from_milliseconds(intended_at));
    intent
}

/// The journal's control is older than the intent; a declared one is not known to be.
pub(super) async fn with_earlier_task(journal: &MemoryJournal, client: &Client) {
    let earlier = Intent::new(
        GenerationRequest::builder("a hare")
            .external_task_id("order-1")
            .build()
            .unwrap(),
        client.base_url().clone(),
        intent(client).key,
        None,
    )
    .unwrap();
    intend(journal, &earlier, true).await;
    let accept = JournalChange::Accept("task-0".parse().unwrap());
    let write = super::write(&earlier, super::stranger(), accept);
    journal.write(&write).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_intent_25_h_old_on_a_proven_host_with_a_lag_is_not_sent_again() {
    for (hours, sends) in [(23, 1), (25, 0)] {
        for has_entry in [true, false] {
            let host = Arc::new(Absent::default());
            let journal = Arc::new(MemoryJournal::default());
            let client = on_a_proven_host(host.clone());
            let client = client.journal(journal.clone()).build().unwrap();
            with_earlier_task(&journal, &client).await;
            let intent = older(intent(&client), hours);
            if has_entry {
                intend(&*journal, &intent, true).await;
            }
            let ended = client.reconcile(intent).await;
            assert_eq!(posts(&host.asked.calls()), sends, "{hours} h: {ended:?}");
            match ended {
                Ok(_) => assert_eq!(sends, 1),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Unresolved),
            }
        }
    }
}

/// The row goes past every cache, by addresses that were never used before.
#[tokio::test(start_paused = true)]
async fn a_row_goes_past_every_cache() {
    let host = Arc::new(Absent::default());
    let journal = Arc::new(MemoryJournal::default());
    let client = on_a_proven_host(host.clone());
    let client = client.journal(journal.clone()).build().unwrap();
    with_earlier_task(&journal, &client).await;
    let intent = intent(&client);
    intend(&*journal, &intent, true).await;
    client.reconcile(intent).await.unwrap();
    let asked = host.asked.requests();
    let row: Vec<_> = asked
        .iter()
        .filter(|asked| asked.headers.get("cache-control").is_some())
        .collect();
    assert_eq!(row.len(), 6);
    let mut addresses: Vec<_> = row.iter().map(|asked| asked.call.clone()).collect();
    assert!(addresses.iter().all(|it| it.contains("?no_cache=")));
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 6);
    assert!(
        row.iter()
            .all(|it| it.headers["cache-control"] == "no-cache")
    );
}

/// A journal whose first write of a repetition takes longer than a proof holds.
struct Slow {
    journal: Arc<MemoryJournal>,
    was_slow: AtomicBool,
}

#[async_trait]
impl Journal for Slow {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        self.journal.recall(create).await
    }

    #[expect(clippy::disallowed_methods, reason = "tokio's paused clock")]
    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        let is_repetition = matches!(
            write.change,
            JournalChange::Send {
                reason: SendReason::Absence,
                ..
            }
        );
        if is_repetition && !self.was_slow.swap(true, Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_secs(11)).await;
        }
        self.journal.write(write).await
    }
}

/// A proof is good for ten seconds: what is not sent by then is taken back, and takes another row.
#[tokio::test(start_paused = true)]
async fn a_proof_that_is_too_old_when_the_journal_is_written_is_not_used() {
    let host = Arc::new(Absent::default());
    let journal = Arc::new(MemoryJournal::default());
    let slow = Slow {
        journal: journal.clone(),
        was_slow: AtomicBool::new(false),
    };
    let client = on_a_proven_host(host.clone());
    let client = client.journal(Arc::new(slow)).build().unwrap();
    with_earlier_task(&journal, &client).await;
    let intent = intent(&client);
    intend(&*journal, &intent, true).await;
    client.reconcile(intent).await.unwrap();
    let calls = host.asked.calls();
    let is_probe = |call: &&String| call.contains("no_cache=");
    assert_eq!(calls.iter().filter(is_probe).count(), 12, "{calls:?}");
    assert!(is_probe(&&calls[calls.len() - 2]), "{calls:?}");
    assert_eq!(posts(&calls), 1);
    let entry = journal.entries().pop().unwrap();
    assert_eq!((entry.attempts, entry.latest_attempt), (2, 2));
    assert_eq!(entry.intent.repetitions_after_absence, 1);
}

/// The count outlives the entry's operation: what was repeated once is not repeated here.
#[tokio::test(start_paused = true)]
async fn a_repetition_of_an_earlier_process_reaches_the_machine() {
    for repetitions in [0, 1] {
        let host = Arc::new(Absent::default());
        let journal = Arc::new(MemoryJournal::default());
        let client = on_a_proven_host(host.clone());
        let client = client.journal(journal.clone()).build().unwrap();
        with_earlier_task(&journal, &client).await;
        let mut intent = intent(&client);
        intent.repetitions_after_absence = repetitions;
        intend(&*journal, &intent, true).await;
        // Whoever read the intent knows nothing of the count.
        intent.repetitions_after_absence = 0;
        let ended = client.reconcile(intent).await;
        assert_eq!(posts(&host.asked.calls()), 1 - repetitions as usize);
        match ended {
            Ok(_) => assert_eq!(repetitions, 0),
            // The machine asks for no other; the journal need not refuse it.
            Err(error) => assert!(
                matches!(
                    error.outcome(),
                    Outcome::NotCreated {
                        cause: Cause::Trouble(_)
                    }
                ),
                "{error}"
            ),
        }
        let entries = journal.entries();
        assert_eq!(entries[1].intent.repetitions_after_absence, 1);
    }
}

/// A journal that was restored, and does not know what happened since.
struct Restored {
    journal: MemoryJournal,
    may_have_been_repeated: bool,
}

#[async_trait]
impl Journal for Restored {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        let mut recalled = self.journal.recall(create).await?;
        recalled.may_have_forgotten = true;
        recalled.may_have_been_repeated = self.may_have_been_repeated;
        Ok(recalled)
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        self.journal.write(write).await
    }
}

/// Nor do those who come after it, or find out of it in the journal.
#[tokio::test(start_paused = true)]
async fn what_a_journal_may_have_forgotten_is_not_repeated_by_itself() {
    for (may_have_been_repeated, is_minted, sends) in [
        (false, false, 2),
        (true, false, 1),
        // Nobody has used it before.
        (true, true, 2),
    ] {
        let host = Arc::new(Absent {
            loses_creates: true,
            ..Absent::default()
        });
        let journal = Arc::new(Restored {
            journal: MemoryJournal::default(),
            may_have_been_repeated,
        });
        let client = on_a_proven_host(host.clone());
        let client = client.journal(journal.clone()).build().unwrap();
        let generation = client.generate(request());
        let generation = match is_minted {
            true => generation.with_minted_id(),
            false => generation,
        };
        generation.await.unwrap_err();
        let sent = posts(&host.asked.calls());
        assert_eq!(sent, sends, "{may_have_been_repeated} {is_minted}");
        let entry = journal.journal.entries().remove(0);
        assert_eq!(entry.intent.repetitions_after_absence, 1);
        client.reconcile(entry.intent).await.unwrap_err();
        assert_eq!(posts(&host.asked.calls()), sends);
    }
}

/// A task that was made an hour after the intent, and looked for a day later: it is older than the machine,
/// and not older than the intent.
#[tokio::test(start_paused = true)]
async fn the_time_of_the_intent_reaches_the_machine() {
    let transport = |created_at: i64| {
        let fields =
            r#""status":"completed","output":[{"content":[{"url":"https://a.example/b"}]}]"#;
        Scripted::new([json(
            200,
            format!(r#"{{"id":"task-1",{fields},"created_at":{created_at}}}"#),
        )])
    };
    for (hours, adopted) in [(-1, false), (1, true)] {
        let client = super::client(&Scripted::new([]), Arc::new(MemoryJournal::default()));
        let mut intent = older(intent(&client), 24);
        intent.clock_difference = Some(ClockDifference::from_milliseconds(0));
        let created_at = intent.intended_at.unwrap().milliseconds() + hours * HOUR;
        let journal = Arc::new(MemoryJournal::default());
        intend(&*journal, &intent, true).await;
        let client = super::client(&transport(created_at), journal);
        let ended = client.reconcile(intent).await;
        assert_eq!(ended.is_ok(), adopted, "{hours} h: {ended:?}");
    }
}

/// The clock was six minutes ahead at the intent, and is put right since.
#[tokio::test(start_paused = true)]
async fn the_clock_difference_of_the_intent_reaches_the_machine() {
    for (difference, adopted) in [(Some(-6), true), (Some(0), false), (None, true)] {
        let client = super::client(&Scripted::new([]), Arc::new(MemoryJournal::default()));
        let mut intent = intent(&client);
        let created_at = intent.intended_at.unwrap().milliseconds() - 6 * 60_000 + 1000;
        intent.clock_difference =
            difference.map(|minutes| ClockDifference::from_milliseconds(minutes * 60_000));
        let journal = Arc::new(MemoryJournal::default());
        intend(&*journal, &intent, true).await;
        let task = format!(r#"{{"id":"task-1","status":"failed","created_at":{created_at}}}"#);
        let client = super::client(&Scripted::new([json(200, task)]), journal);
        let error = client.reconcile(intent).await.unwrap_err();
        let kind = match adopted {
            true => ErrorKind::TaskFailed,
            false => ErrorKind::Unresolved,
        };
        assert_eq!(error.kind(), kind, "{difference:?}");
    }
}

/// A client whose clock is right, and one whose clock is six minutes ahead of the service's.
fn with_clock(transport: &Scripted, journal: Arc<dyn Journal>) -> Client {
    let ours = || Some(Timestamp::from_milliseconds(1_769_757_744_000 + 6 * 60_000));
    Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .journal(journal)
        .wall_clock(ours)
        .build()
        .unwrap()
}

/// What the answers' `Date` has told is written down with the next intent.
#[tokio::test(start_paused = true)]
async fn the_difference_of_the_clocks_is_written_down_with_the_intent() {
    let dated = |body: &'static str| {
        crate::scripted::with_headers(200, &[("date", "Fri, 30 Jan 2026 07:22:24 GMT")], body)
    };
    let transport = Scripted::new([dated(COMPLETED), dated(COMPLETED)]);
    let journal = Arc::new(MemoryJournal::default());
    let client = with_clock(&transport, journal.clone());
    for prompt in ["a fox", "a hare"] {
        let request = GenerationRequest::builder(prompt).build();
        client.generate(request.unwrap()).await.unwrap();
    }
    let entries = journal.entries();
    assert_eq!(entries[0].intent.clock_difference, None);
    let expected = ClockDifference::from_milliseconds(-6 * 60_000);
    assert_eq!(entries[1].intent.clock_difference, Some(expected));
    assert!(entries.iter().all(|entry| entry.intent.is_minted));
}

/// A minted id needs no age: the client's own, one that a program minted, and that of an intent.
#[tokio::test(start_paused = true)]
async fn whether_the_id_was_minted_reaches_the_machine_and_the_journal() {
    let old =
        r#"{"id":"task-1","status":"failed","model":"kirin_v3_t2v","created_at":1600000000000}"#;
    for is_minted in [true, false] {
        let transport = Scripted::new([Answer::Fail(Sent::Maybe), json(200, old)]);
        let journal = Arc::new(MemoryJournal::default());
        let client = super::client(&transport, journal.clone());
        let mut generation = client.generate(request());
        if is_minted {
            generation = generation.with_minted_id();
        }
        let error = generation.await.unwrap_err();
        let kind = match is_minted {
            true => ErrorKind::TaskFailed,
            false => ErrorKind::Unresolved,
        };
        assert_eq!(error.kind(), kind);
        assert_eq!(journal.entries()[0].intent.is_minted, is_minted);

        // And of an intent that is gone on with, also where only the journal knows it.
        let transport = Scripted::new([json(200, old)]);
        let journal = Arc::new(MemoryJournal::default());
        let client = super::client(&transport, journal.clone());
        let mut intent = intent(&client);
        intent.is_minted = is_minted;
        intend(&*journal, &intent, true).await;
        intent.is_minted = false;
        let error = client.reconcile(intent).await.unwrap_err();
        assert_eq!(error.kind(), kind);
    }
}

/// What was found out about the first attempt stays the cause.
#[tokio::test(start_paused = true)]
async fn the_true_cause_of_a_doubt_is_kept_over_a_restart() {
    let answers = std::iter::once(json(503, r#"{"message":"upstream is away"}"#))
        .chain((0..6).map(|_| not_found()));
    let journal = Arc::new(MemoryJournal::default());
    let first = super::client(&Scripted::new(answers), journal.clone());
    let error = first.generate(request()).await.unwrap_err();
    assert!(error.to_string().contains("upstream is away"), "{error}");
    let intent = journal.entries()[0].intent.clone();

    let misses = Scripted::new((0..7).map(|_| not_found()));
    let next = super::client(&misses, journal);
    let error = next.reconcile(intent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unresolved);
    assert!(error.to_string().contains("upstream is away"), "{error}");
}

/// An adoption at a first attempt is told as one.
#[tokio::test(start_paused = true)]
async fn a_create_that_a_proxy_sent_twice_is_told_as_found() {
    let duplicate = r#"{"message":"external_task_id already exists"}"#;
    for refusal in [json(400, duplicate), json(402, "{}"), json(429, "{}")] {
        let transport = Scripted::new([refusal, json(200, COMPLETED)]);
        let journal = Arc::new(MemoryJournal::default());
        let client = super::client(&transport, journal.clone());
        let mut generation = client.generate(request()).start();
        let mut notices = generation.notices();
        let mut adopted = 0;
        while let Some(notice) = notices.next().await {
            adopted += usize::from(matches!(notice, Notice::Accepted { adopted: true, .. }));
        }
        generation.await.unwrap();
        assert_eq!(adopted, 1);
        assert_eq!(posts(&transport.calls()), 1);
        assert_eq!(
            journal.entries()[0].state.task_id().unwrap().as_str(),
            "task-1"
        );
    }
}

/// One generation finds its task by its external id while another waits to repeat its create.
#[tokio::test(start_paused = true)]
async fn what_one_generation_learns_of_the_host_reaches_another_that_is_under_way() {
    let transport = Scripted::new([
        json(200, CREATED),
        json(429, r#"{"message":"slow down"}"#),
        json(200, COMPLETED),
        json(400, r#"{"message":"bad request"}"#),
        not_found(),
        json(200, COMPLETED.replace("task-1", "task-2")),
    ]);
    let client = super::client(&transport, Arc::new(MemoryJournal::default()));
    let other = GenerationRequest::builder("a hare")
        .external_task_id("order-43")
        .build()
        .unwrap();
    let (first, second) = tokio::join!(
        client.generate(request()).into_future(),
        client.generate(other).into_future()
    );
    assert_eq!(first.unwrap().id().as_str(), "task-1");
    assert_eq!(second.unwrap().id().as_str(), "task-2");
    let calls = transport.calls();
    let methods: Vec<_> = calls
        .iter()
        .filter_map(|call| call.split(' ').next())
        .collect();
    assert_eq!(
        methods[..6],
        ["POST", "POST", "GET", "GET", "GET", "POST"],
        "{calls:?}"
    );
}

/// The computer sleeps while the task is looked for, and no answer has a date.
#[tokio::test(start_paused = true)]
async fn what_our_own_clock_shows_reaches_the_machine() {
    for hours in [23, 25] {
        let mut answers = vec![Answer::Fail(Sent::Maybe), not_found()];
        match hours {
            23 => answers.push(json(200, COMPLETED)),
            _ => answers.extend((0..12).map(|_| not_found())),
        }
        let transport = Scripted::new(answers);
        let asked = transport.clone();
        let ours = move || {
            let slept = if asked.calls().is_empty() { 0 } else { hours };
            Some(Timestamp::from_milliseconds(
                1_795_608_000_000 + slept * HOUR,
            ))
        };
        let host = HostCapabilities::default().with_duplicate_ids(DuplicateIds::Refused);
        let client = Client::builder(canary::key().parse().unwrap())
            .transport(transport.clone())
            .capabilities(host)
            .wall_clock(ours)
            .build()
            .unwrap();
        let ended = client.generate(request()).await;
        let calls = transport.calls();
        let posts = calls.iter().filter(|call| call.starts_with("POST")).count();
        match hours {
            23 => assert_eq!((ended.is_ok(), posts), (true, 2), "{calls:?}"),
            _ => {
                assert_eq!(ended.unwrap_err().kind(), ErrorKind::Unresolved);
                assert_eq!(posts, 1, "{calls:?}");
            }
        }
    }
}
