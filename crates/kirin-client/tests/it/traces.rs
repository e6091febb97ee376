//! What a client writes to a trace.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, LazyLock, Mutex},
};

use kirin_client::{Client, HostCapabilities, JournalState, Lookup, MemoryJournal};
use kirin_tests::canary::{self, Shown};
use kirin_transport::Sent;
use kirin_types::GenerationRequest;
use tracing::{Dispatch, subscriber::NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;

use crate::scripted::{Answer, Scripted, json};

const CREATED: &str = r#"{"id":"task-1","status":"in_progress"}"#;

/// A trace in memory.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<u8>>>);

impl io::Write for Trace {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Trace {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A second subscriber, which listens to nothing, for as long as the process runs.
///
/// As long as there is one only, tracing asks the thread that first comes to a place in the code
/// whether anybody listens there, and keeps its answer for all threads. A test beside this one
/// listens nowhere: where it comes first, nothing is ever traced. Where there are two subscribers,
/// tracing asks both.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));

/// The lines that a generation with these answers writes, without a secret in them.
fn traced(answers: impl IntoIterator<Item = Answer>) -> Vec<String> {
    LazyLock::force(&SECOND);
    let trace = Trace::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(trace.clone())
        .with_max_level(tracing::Level::TRACE)
        .without_time()
        .with_ansi(false)
        .finish();
    let transport = Scripted::new(answers);
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .capabilities(HostCapabilities::default().with_lookup(Lookup::Proven))
        .build()
        .unwrap();
    let hook = format!("https://example.com/{}", canary::signature());
    let request = GenerationRequest::builder("a fox")
        .external_task_id("order-42")
        .callback_url(hook)
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    tracing::subscriber::with_default(subscriber, || {
        // Its end is in the trace.
        let _ = runtime.block_on(client.generate(request).tag("trailer").into_future());
    });
    assert!(transport.is_used_up());
    let text = String::from_utf8(trace.0.lock().unwrap().clone()).unwrap();
    canary::shown(Shown::Trace, &text);
    text.lines().map(str::to_owned).collect()
}

#[track_caller]
fn assert_parts(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "{part} is not in {line}");
    }
}

#[test]
fn a_generation_is_a_span_with_a_span_for_each_call() {
    let signed = format!(
        "https://example.com/a.mp4?signature={}",
        canary::signature()
    );
    let completed = format!(
        r#"{{"id":"task-1","status":"completed","output":[{{"content":[{{"url":"{signed}"}}]}}]}}"#
    );
    let lines = traced([
        Answer::Fail(Sent::No),
        json(200, CREATED),
        json(200, completed.clone()),
    ]);
    let [failed, created, accepted, queried, ended] = &lines[..] else {
        panic!("{lines:#?}");
    };
    let create = r#"kirin.call="create" kirin.id="order-42""#;
    let generation = r#"INFO kirin_generation{kirin.model="kirin_v2_5_turbo_t2v" kirin.external_task_id="order-42""#;
    assert_parts(
        failed,
        &[
            create,
            "kirin.attempt=1",
            r#"error.type="Closed""#,
            r#"sent="No""#,
            "failed",
        ],
    );
    let length = format!("http.response.body.size={}", CREATED.len());
    assert_parts(
        created,
        &[
            "DEBUG kirin_generation{",
            create,
            "kirin.attempt=2",
            "http.request.body.size=",
            "http.response.status_code=200",
            &length,
            "answered",
        ],
    );
    let length = format!("http.response.body.size={}", completed.len());
    assert_parts(
        accepted,
        &[
            generation,
            r#"kirin.task_id="task-1""#,
            r#"kirin.tags="trailer""#,
            "accepted",
        ],
    );
    assert_parts(
        queried,
        &[
            r#"kirin.call="query" kirin.id="task-1" kirin.attempt=1"#,
            &length,
        ],
    );
    assert_parts(
        ended,
        &[generation, "kirin.creates=2", "kirin.queries=1", "ended"],
    );
    assert!(!ended.contains("error.type"), "{ended}");
}

/// Panics when it is given a line with this word in it.
struct Faulty(&'static str);

impl io::Write for Faulty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        assert!(!line.contains(self.0), "a subscriber's own fault");
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Somebody else's code may panic, or never come back: what was paid for is written down before.
#[test]
fn a_subscriber_that_panics_at_an_acceptance_finds_it_in_the_journal() {
    LazyLock::force(&SECOND);
    let subscriber = tracing_subscriber::fmt()
        .with_writer(|| Faulty("accepted"))
        .with_ansi(false)
        .finish();
    let journal = Arc::new(MemoryJournal::default());
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(Scripted::new([json(200, CREATED)]))
        .journal(journal.clone())
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let request = GenerationRequest::builder("a fox").build().unwrap();
    let generated = tracing::subscriber::with_default(subscriber, || {
        let generation = client.generate(request).into_future();
        catch_unwind(AssertUnwindSafe(|| runtime.block_on(generation)))
    });
    assert!(generated.is_err(), "it panics");
    let entry = journal.entries().pop().unwrap();
    let id = "task-1".parse().unwrap();
    assert_eq!(entry.state, JournalState::Accepted(id));
}

#[test]
fn an_end_without_a_video_says_its_kind_and_what_it_means_for_the_money() {
    // A service that repeats the key.
    let refusal = format!(r#"{{"message":"the key {} is wrong"}}"#, canary::key());
    let refused = || json(401, refusal.clone());
    let lines = traced([refused(), refused()]);
    let ended = lines.last().unwrap();
    assert_parts(
        ended,
        &[
            r#"error.type="Authentication""#,
            r#"kirin.billing="None""#,
            "ended",
        ],
    );
}
