//! A service that signs URLs, wherever they stand in its answers: what signs them is kept nowhere, and shown
//! in no error, notice, handle or machine.

use std::{sync::Arc, time::Duration};

use kirin_client::{Client, ErrorKind, Generation, MemoryJournal, PollSchedule};
use kirin_tests::canary::{self, Shown};
use kirin_types::{GenerationRequest, Task};

use crate::scripted::{Answer, Scripted, json, refused, shown, with_headers};

const CREATED: &str = r#"{"id":"task-1","status":"in_progress"}"#;

fn url() -> String {
    let signature = canary::signature();
    format!("https://{signature}:b@cdn.example.com/a.mp4?n=''v&s={signature}#{signature}")
}

/// The same as it stands in JSON, however it is escaped.
fn in_json() -> [String; 4] {
    let url = url();
    [
        url.clone(),
        url.replace('/', r"\/").replace('&', r"\u0026"),
        url.replace('?', r"\u003f").replace('h', r"\u0068"),
        format!("{url} <\\\"{}>", canary::signature()),
    ]
}

fn completed(url: &str) -> String {
    let content = format!(
        r#"[{{"type":"video","url":"{url}","watermark_url":"{url}","cover":"see {}"}}]"#,
        url.split(' ').next().unwrap()
    );
    format!(
        r#"{{"id":"task-1","status":"completed","metadata":{{"first":"{url}"}},"output":[{{"content":{content}}}]}}"#
    )
}

struct Watched {
    generation: Generation,
    journal: Arc<MemoryJournal>,
    transport: Scripted,
}

impl Watched {
    /// Runs a generation to its end, and looks at all that it shows and keeps on its way.
    async fn run(answers: Vec<Answer>) -> Self {
        let transport = Scripted::new(answers);
        let journal = Arc::new(MemoryJournal::default());
        let client = Client::builder(canary::key().parse().unwrap())
            .transport(transport.clone())
            .schedule(PollSchedule::Fixed(Duration::from_secs(5)))
            .journal(journal.clone())
            .build()
            .unwrap();
        let request = GenerationRequest::builder("a fox").external_task_id("order-42");
        let mut generation = client.generate(request.build().unwrap()).start();
        let mut notices = generation.notices();
        let watched = Self {
            generation,
            journal,
            transport,
        };
        while let Some(notice) = notices.next().await {
            canary::shown(Shown::Debug, &format!("{notice:?}"));
            watched.look();
        }
        watched.look();
        assert!(watched.transport.is_used_up());
        watched
    }

    fn look(&self) {
        let machine = self.generation.machine();
        canary::shown(Shown::Output, &serde_json::to_string(&machine).unwrap());
        canary::shown(Shown::Debug, &format!("{machine:?} {:?}", self.generation));
        if let Some(handle) = self.generation.handle() {
            canary::shown(Shown::Output, &serde_json::to_string(&handle).unwrap());
        }
        let entries = self.journal.entries();
        canary::shown(Shown::Debug, &format!("{entries:?}"));
        canary::shown(Shown::Output, &serde_json::to_string(&entries).unwrap());
    }
}

async fn fails(answers: Vec<Answer>, kind: ErrorKind) {
    let watched = Watched::run(answers).await;
    let error = watched.generation.await.unwrap_err();
    assert_eq!(error.kind(), kind);
    shown(&error);
    let written = serde_json::to_string(error.outcome()).unwrap();
    canary::shown(Shown::Output, &written);
    assert!(written.contains("cdn.example.com"), "{written}");
}

#[tokio::test(start_paused = true)]
async fn a_signed_url_of_a_completed_task_is_in_the_result_and_neither_in_the_journal_nor_the_machine()
 {
    for url in in_json() {
        let watched = Watched::run(vec![json(200, CREATED), json(200, completed(&url))]).await;
        let entries = serde_json::to_string(&watched.journal.entries()).unwrap();
        assert!(entries.contains("a.mp4?"), "{entries}");
        let task = watched.generation.await.unwrap();
        assert!(task.raw().as_str().contains(canary::signature()));
        canary::shown(Shown::Debug, &format!("{task:?}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_signed_url_in_a_refusal_or_a_failure_is_neither_kept_nor_shown() {
    let url = url();
    let page = format!("<a href='{url}'>a</a> <a href=\"{url}\">b</a>\n{url}");
    for body in in_json() {
        let body = format!(
            r#"{{"message":"cannot read {}"}}"#,
            body.split(' ').next().unwrap()
        );
        fails(refused(json(400, body.clone())), ErrorKind::InvalidRequest).await;
        let queried = vec![json(200, CREATED), json(503, body.clone()), json(403, body)];
        fails(queried, ErrorKind::Authentication).await;
    }
    fails(
        refused(with_headers(400, &[], page)),
        ErrorKind::InvalidRequest,
    )
    .await;
    let failed = format!(
        r#"{{"id":"task-1","status":"failed","error":{{"message":"no answer from {url}"}}}}"#
    );
    fails(
        vec![json(200, CREATED), json(200, failed)],
        ErrorKind::TaskFailed,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_signed_url_in_an_answer_that_cannot_be_read_is_neither_kept_nor_shown() {
    let unreadable = || json(200, format!(r#"{{"id":[7],"hint":"{}"}}"#, url()));
    let forbidden = || json(401, format!(r#"{{"message":"not for {}"}}"#, url()));
    let bad = || json(502, format!("{} is gone", url()));
    let lost = vec![unreadable(), bad(), bad(), forbidden()];
    fails(lost, ErrorKind::Unresolved).await;
    let queried = vec![json(200, CREATED), unreadable(), forbidden()];
    fails(queried, ErrorKind::Authentication).await;
}

/// What came out of a journal is of no use any more, so it is not tried.
#[tokio::test(start_paused = true)]
async fn a_task_out_of_a_journal_is_asked_for_again_before_it_is_downloaded() {
    let signed = format!("https://cdn.example.com/a.mp4?s={}", canary::signature());
    let watched = Watched::run(vec![json(200, CREATED), json(200, completed(&signed))]).await;
    let entry = watched.journal.entries().remove(0);
    let outcome = serde_json::to_value(&entry.state).unwrap()["Ended"]["Completed"].clone();
    let kept = Task::from_json(outcome.to_string().as_bytes()).unwrap();
    let video = [
        &b"\0\0\0\x10ftypisom\0\0\0\0"[..],
        b"\0\0\0\x08moov",
        b"\0\0\0\x08mdat",
    ]
    .concat();
    let transport = Scripted::new([
        json(200, completed(&signed)),
        with_headers(200, &[("content-length", "32")], video),
    ]);
    let client = Client::builder(canary::key().parse().unwrap()).transport(transport.clone());
    let client = client.build().unwrap();
    let mut stream = client.download_stream(&kept).on_event(|event| {
        canary::shown(Shown::Debug, &format!("{event:?}"));
        assert_ne!(format!("{event:?}"), "RefreshedUrl", "none has expired");
    });
    while let Some(data) = stream.next().await {
        data.unwrap();
    }
    let calls = transport.calls();
    assert_eq!(calls.len(), 2);
    assert!(calls[0].ends_with("/task/task-1"), "{}", calls[0]);
    assert_eq!(calls[1], format!("GET {signed}"));
}

#[tokio::test(start_paused = true)]
async fn a_signed_url_of_a_task_that_was_last_heard_of_is_neither_kept_nor_shown() {
    let task = |status: &str| {
        let body = format!(
            r#"{{"id":"task-1","status":"{status}","preview":"{}","error":{{"message":"see {}"}}}}"#,
            url(),
            url()
        );
        json(200, body)
    };
    let refused = json(401, r#"{"error":"Missing Token"}"#);
    let queried = vec![json(200, CREATED), task("queued"), refused];
    fails(queried, ErrorKind::Authentication).await;
    // Every 5 s, until 30 s have passed.
    let mut ended = vec![json(200, CREATED)];
    ended.extend((0..7).map(|_| task("cancelled")));
    fails(ended, ErrorKind::OtherEnd).await;
}
