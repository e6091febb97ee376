//! A service that repeats the key, in every place that is kept or shown.

use std::{sync::Arc, time::Duration};

use kirin_client::{Client, ErrorKind, MemoryJournal, PollSchedule};
use kirin_tests::canary::{self, Shown};
use kirin_types::GenerationRequest;

use crate::scripted::{Answer, Scripted, json, refused, shown, with_headers};

const CREATED: &str = r#"{"id":"task-1","status":"in_progress"}"#;

/// Runs a generation to its end without a video, and looks at all that it shows and keeps.
async fn check(answers: Vec<Answer>, kind: ErrorKind) {
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
    let mut stream = generation.notices();
    while let Some(notice) = stream.next().await {
        canary::shown(Shown::Debug, &format!("{notice:?}"));
        let machine = serde_json::to_string(&generation.machine()).unwrap();
        canary::shown(Shown::Output, &machine);
        canary::shown(Shown::Debug, &format!("{:?}", journal.entries()));
    }
    assert!(transport.is_used_up());
    let error = generation.await.unwrap_err();
    assert_eq!(error.kind(), kind);
    shown(&error);
    assert!(error.to_string().contains("(hidden)"), "{error}");
    let written = serde_json::to_string(error.outcome()).unwrap();
    canary::shown(Shown::Output, &written);
    assert!(written.contains("(hidden)"), "{written}");
    canary::shown(Shown::Debug, &format!("{:?}", journal.entries()));
}

fn repeated(status: u16) -> Answer {
    json(
        status,
        format!(r#"{{"message":"invalid key: {}"}}"#, canary::key()),
    )
}

#[tokio::test(start_paused = true)]
async fn a_key_in_the_refusal_of_a_create_is_hidden() {
    // The look-up that follows is refused in the same way.
    let answers = vec![repeated(401), repeated(401)];
    check(answers, ErrorKind::Authentication).await;
    check(refused(repeated(400)), ErrorKind::InvalidRequest).await;
}

#[tokio::test(start_paused = true)]
async fn a_key_in_the_refusal_of_a_query_is_hidden() {
    let answers = vec![json(200, CREATED), repeated(503), repeated(401)];
    check(answers, ErrorKind::Authentication).await;
}

#[tokio::test(start_paused = true)]
async fn a_key_in_the_target_of_a_redirect_is_hidden() {
    let target = format!("https://login.example.com/{}/?next=/", canary::key());
    let redirect = with_headers(307, &[("location", &target)], "");
    check(refused(redirect), ErrorKind::Refused).await;
}

#[tokio::test(start_paused = true)]
async fn a_key_in_an_answer_that_cannot_be_read_is_hidden() {
    let unreadable = || json(200, format!(r#"{{"hint":"{}"}}"#, canary::key()));
    let lost = vec![unreadable(), repeated(502), repeated(404), repeated(401)];
    check(lost, ErrorKind::Unresolved).await;
    let queried = vec![json(200, CREATED), unreadable(), repeated(403)];
    check(queried, ErrorKind::Authentication).await;
}

#[tokio::test(start_paused = true)]
async fn a_key_in_the_reason_of_a_failure_is_hidden() {
    let failed = format!(
        r#"{{"id":"task-1","status":"failed","error":{{"message":"wrong key {}"}}}}"#,
        canary::key()
    );
    check(
        vec![json(200, CREATED), json(200, failed)],
        ErrorKind::TaskFailed,
    )
    .await;
}
