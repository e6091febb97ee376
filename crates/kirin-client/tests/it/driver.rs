//! The driver on tokio's paused clock, against scripted answers.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests keep tokio's paused clock"
)]

use std::{future::IntoFuture, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, header};
use kirin_client::{
    Billing, Client, DuplicateIds, Error, ErrorKind, Lookup, PollSchedule, machine::Notice,
};
use kirin_tests::canary;
use kirin_transport::{Body, Sent};
use kirin_types::{GenerationRequest, Task, TaskId, Timestamp};
use tokio::time::Instant;

use crate::scripted::{Answer, End, Pieces, Scripted, json, refused, request, shown, with_headers};

pub(crate) const CREATED: &str = r#"{"id":"task-1","status":"in_progress"}"#;
pub(crate) const RUNNING: &str = r#"{"id":"task-1","status":"in_progress","progress":0.5}"#;
pub(crate) const COMPLETED: &str = r#"{"id":"task-1","status":"completed","usage":{"cost":"0.21"},
    "output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}]}"#;

pub(crate) fn client(transport: &Scripted) -> Client {
    Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .schedule(PollSchedule::Fixed(Duration::from_secs(5)))
        .build()
        .unwrap()
}

async fn generate(answers: Vec<Answer>) -> (Result<Task, Error>, Scripted) {
    let transport = Scripted::new(answers);
    let ended = client(&transport).generate(request()).await;
    (ended.inspect_err(shown), transport)
}

const POST: &str = "POST https://cloud.vtrix.ai/model/v1/generation";
const BY_EXTERNAL_ID: &str = "GET https://cloud.vtrix.ai/model/v1/generation/task/order-42";
const BY_ID: &str = "GET https://cloud.vtrix.ai/model/v1/generation/task/task-1";

#[tokio::test(start_paused = true)]
async fn generation_creates_once_and_queries_until_completed() {
    let (ended, transport) = generate(vec![
        json(200, CREATED),
        json(200, RUNNING),
        json(200, COMPLETED),
    ])
    .await;
    assert_eq!(ended.unwrap().status(), Some("completed"));
    // The host is unproven, so the first query goes by external id.
    assert_eq!(transport.calls(), [POST, BY_EXTERNAL_ID, BY_ID]);
    for asked in transport.requests() {
        assert!(asked.headers[header::AUTHORIZATION].is_sensitive());
    }
}

#[tokio::test(start_paused = true)]
async fn answer_that_never_comes_is_ambiguous_after_the_call_time_out() {
    let began_at = Instant::now();
    let (ended, transport) = generate(vec![Answer::Never, json(200, COMPLETED)]).await;
    assert_eq!(ended.unwrap().status(), Some("completed"));
    assert_eq!(transport.calls(), [POST, BY_EXTERNAL_ID]);
    assert_eq!(
        began_at.elapsed(),
        Client::CALL_TIMEOUT + Duration::from_secs(1)
    );
    assert_eq!(Client::CALL_TIMEOUT, Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_cut_or_huge_are_ambiguous() {
    let huge = || Pieces::body(vec![Bytes::from(vec![b' '; 64 * 1024]); 17], End::Whole);
    let cut = || Pieces::body([Bytes::from(r#"{"id":"task-1"#)], End::Broken);
    let stalled = || Pieces::body([Bytes::from(r#"{"id":"task-1"#)], End::Stalled);
    for body in [huge(), cut(), stalled()] {
        let answers = vec![with_headers(200, &[], body), json(200, COMPLETED)];
        let (ended, transport) = generate(answers).await;
        assert_eq!(ended.unwrap().status(), Some("completed"));
        assert_eq!(transport.calls(), [POST, BY_EXTERNAL_ID]);
    }
}

/// What has come of it is enough to know the task.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_cut_behind_id_and_status_is_accepted() {
    for end in [End::Broken, End::Stalled] {
        let beginning = r#"{"id":"task-1","status":"in_progress","model":"kir"#;
        let body = Pieces::body([Bytes::from(beginning)], end);
        let answers = vec![with_headers(200, &[], body), json(200, COMPLETED)];
        let transport = Scripted::new(answers);
        let client = client(&transport);
        let accepted = client.submit(request()).await.unwrap();
        assert_eq!(accepted.task().unwrap().id().as_str(), "task-1");
        assert_eq!(transport.calls(), [POST]);
    }
}

/// Whether an error followed is not known, so the service is asked.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_cut_behind_its_id_is_asked_about() {
    for end in [End::Broken, End::Stalled] {
        let body = Pieces::body([Bytes::from(r#"{"id":"task-1""#)], end);
        let answers = vec![with_headers(200, &[], body), json(200, COMPLETED)];
        let (ended, transport) = generate(answers).await;
        assert_eq!(ended.unwrap().status(), Some("completed"));
        assert_eq!(transport.calls(), [POST, BY_ID]);
    }
}

/// Asking again costs nothing, and the rest may hold a second output.
#[tokio::test(start_paused = true)]
async fn a_query_whose_answer_is_cut_is_asked_again() {
    let cut = Pieces::body([Bytes::from(COMPLETED.replace("}]}]}", ""))], End::Broken);
    let answers = vec![
        json(200, CREATED),
        with_headers(200, &[], cut),
        json(200, COMPLETED),
    ];
    let (ended, transport) = generate(answers).await;
    assert_eq!(ended.unwrap().status(), Some("completed"));
    assert_eq!(transport.calls(), [POST, BY_EXTERNAL_ID, BY_ID]);
}

/// The key that a server repeats is hidden in what is compressed, until it is undone.
#[tokio::test(start_paused = true)]
async fn gzip_that_nobody_asked_for_is_undone_and_shows_no_key() {
    let gzip = |status, text: &str| {
        let headers = &[("content-encoding", "gzip")];
        let body = Body::from(crate::wire::gzip::compressed(text.as_bytes()));
        with_headers(status, headers, body)
    };
    let (ended, transport) = generate(vec![gzip(200, CREATED), gzip(200, COMPLETED)]).await;
    assert_eq!(ended.unwrap().status(), Some("completed"));
    assert_eq!(transport.calls(), [POST, BY_EXTERNAL_ID]);

    let message = format!(r#"{{"message":"no key {} here"}}"#, canary::key());
    let (ended, _) = generate(refused(gzip(403, &message))).await;
    let error = ended.unwrap_err();
    assert!(
        error.to_string().contains("no key (hidden) here"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn endless_body_of_a_refusal_is_cut_and_the_refusal_counts() {
    let pieces = std::iter::once(Bytes::from(r#"{"message":"bad request","filler":""#));
    let endless = pieces.chain(vec![Bytes::from(vec![b'x'; 32 * 1024]); 1000]);
    let answer = with_headers(400, &[], Pieces::body(endless, End::Stalled));
    let (ended, transport) = generate(refused(answer)).await;
    let error = ended.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(error.billing(), Billing::None);
    assert!(transport.is_used_up());
}

/// What its head says is known, however long its body takes.
#[tokio::test(start_paused = true)]
async fn refusal_whose_body_stalls_counts_by_its_head() {
    let stalled = || Pieces::body([Bytes::from(r#"{"message":"#)], End::Stalled);
    let began_at = Instant::now();
    // The look-up that follows is refused, too, and says nothing.
    let answers = vec![with_headers(401, &[], stalled()), json(401, "")];
    let (ended, transport) = generate(answers).await;
    let error = ended.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert_eq!(error.billing(), Billing::None);
    assert!(error.to_string().contains("HTTP 401"), "{error}");
    assert_eq!(transport.calls(), [POST, BY_EXTERNAL_ID]);
    assert_eq!(began_at.elapsed(), Duration::from_secs(5));

    let began_at = Instant::now();
    let late = kirin_transport::from_fn(move |request: Request<Bytes>| async move {
        let response = Response::builder().status(401);
        if request.method() == Method::GET {
            return Ok(response.body(Body::empty()).unwrap());
        }
        tokio::time::sleep(Client::CALL_TIMEOUT - Duration::from_secs(2)).await;
        Ok(response.body(stalled()).unwrap())
    });
    let client = Client::builder(canary::key().parse().unwrap()).transport(late);
    let error = client.build().unwrap().submit(request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert_eq!(began_at.elapsed(), Client::CALL_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn call_that_never_left_is_repeated_with_the_same_id() {
    let (ended, transport) = generate(vec![
        Answer::Fail(Sent::No),
        Answer::Fail(Sent::No),
        json(200, CREATED),
        json(200, COMPLETED),
    ])
    .await;
    assert_eq!(ended.unwrap().id().as_str(), "task-1");
    assert_eq!(transport.calls(), [POST, POST, POST, BY_EXTERNAL_ID]);
}

#[tokio::test(start_paused = true)]
async fn unreachable_host_is_given_up_and_nothing_was_spent() {
    let never_left = || Answer::Fail(Sent::No);
    let (ended, transport) =
        generate(vec![never_left(), never_left(), never_left(), never_left()]).await;
    let error = ended.unwrap_err();
    assert_eq!(
        (error.kind(), error.billing()),
        (ErrorKind::Unreachable, Billing::None)
    );
    assert!(transport.is_used_up());
}

#[tokio::test(start_paused = true)]
async fn deadline_is_followed_by_one_last_query() {
    let transport = Scripted::new([json(200, CREATED), json(200, RUNNING), json(200, RUNNING)]);
    let began_at = Instant::now();
    let ended = client(&transport)
        .generate(request())
        .deadline(Duration::from_secs(7))
        .await;
    let error = ended.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StillRunning);
    assert_eq!(error.task_id().unwrap().as_str(), "task-1");
    assert_eq!(error.external_task_id().unwrap().as_str(), "order-42");
    assert_eq!(began_at.elapsed(), Duration::from_secs(7));
    assert_eq!(transport.calls(), [POST, BY_EXTERNAL_ID, BY_ID]);
}

/// A call near the deadline gets what is left, and never so little that it says nothing.
#[tokio::test(start_paused = true)]
async fn each_call_gets_what_is_left_of_the_deadline() {
    let check = async |deadline: u64, calls: usize, ends_at: u64| {
        let transport = Scripted::new((0..calls).map(|_| Answer::Never));
        let began_at = Instant::now();
        let error = client(&transport)
            .wait("task-1".parse::<TaskId>().unwrap())
            .deadline(Duration::from_secs(deadline))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StillRunning, "{deadline}");
        assert!(transport.is_used_up(), "{deadline}");
        assert_eq!(began_at.elapsed(), Duration::from_secs(ends_at));
    };
    // The last call begins at the deadline or later.
    check(0, 1, 5).await;
    check(3, 2, 10).await;
    check(12, 2, 17).await;
    check(30, 2, 35).await;
}

/// What the wall clock says is no reason to stop waiting, nor to ask more often than once for each
/// time that it seems to have slept.
#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_jumps_moves_no_deadline() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    const NOW: i64 = 1_793_000_000_000;
    // A day back, a day forth, the epoch, the year 2262, and what no clock says.
    let jumps = [-DAY, DAY, -NOW, 9_223_372_036_854 - NOW, i64::MAX - NOW];
    for jump in jumps {
        let began_at = Instant::now();
        let wall_clock = move || {
            let elapsed = i64::try_from(began_at.elapsed().as_millis()).unwrap();
            let jumped = if elapsed < 70_000 { 0 } else { jump };
            Some(Timestamp::from_milliseconds(
                NOW.saturating_add(elapsed).saturating_add(jumped),
            ))
        };
        let running = std::iter::repeat_with(|| json(200, RUNNING)).take(20);
        let transport = Scripted::new(running);
        let client = Client::builder(canary::key().parse().unwrap())
            .transport(transport.clone())
            .schedule(PollSchedule::Fixed(Duration::from_secs(60)))
            .wall_clock(wall_clock)
            .build()
            .unwrap();
        let waiting = client.wait("task-1".parse::<TaskId>().unwrap());
        let error = waiting
            .deadline(Duration::from_secs(300))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StillRunning, "{jump}");
        assert_eq!(began_at.elapsed(), Duration::from_secs(300), "{jump}");
        // At 0, 60, 120 ... 300 s, and one more where it looks as if the computer had slept.
        let queries = transport.calls().len();
        assert_eq!(queries, 6 + usize::from(jump > 0), "{jump}");
    }
}

/// Monotonic time stands still while the computer sleeps; the wall clock tells that it did.
#[tokio::test(start_paused = true)]
async fn a_computer_that_slept_asks_once_when_it_wakes() {
    let began_at = Instant::now();
    let wall_clock = move || {
        let elapsed = began_at.elapsed();
        let slept = match elapsed {
            elapsed if elapsed < Duration::from_secs(40) => Duration::ZERO,
            _ => Duration::from_secs(8 * 60 * 60),
        };
        let now = i64::try_from((elapsed + slept).as_millis()).unwrap();
        Some(Timestamp::from_milliseconds(now))
    };
    let transport = Scripted::new([json(200, RUNNING), json(200, COMPLETED)]);
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .schedule(PollSchedule::Fixed(Duration::from_secs(600)))
        .wall_clock(wall_clock)
        .build()
        .unwrap();
    let mut generation = client.wait("task-1".parse::<TaskId>().unwrap()).start();
    let mut stream = generation.notices();
    let mut notices = Vec::new();
    while let Some(notice) = stream.next().await {
        notices.push(notice);
    }
    assert!(generation.await.is_ok());
    assert!(notices.contains(&Notice::Woken), "{notices:?}");
    assert_eq!(transport.calls(), [BY_ID, BY_ID]);
    // The comparison after the first half minute sees nothing, the next one does.
    assert_eq!(began_at.elapsed(), Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_beyond_all_bounds_is_harmless() {
    let transport = Scripted::new([json(200, CREATED), json(200, COMPLETED)]);
    let generation = client(&transport).generate(request());
    generation.deadline(Duration::MAX).await.unwrap();
}

/// A handle of another host stays what it is: where the task is stands in it.
#[tokio::test]
async fn a_handle_that_is_resumed_elsewhere_comes_back_as_it_was() {
    let key: kirin_client::ApiKey = canary::key().parse().unwrap();
    let here = kirin_client::BaseUrl::default();
    let other_host = kirin_client::GenerationHandle::new(
        "https://elsewhere.example.com".parse().unwrap(),
        key.fingerprint(),
        "task-1".parse().unwrap(),
    );
    let mut other_account =
        kirin_client::GenerationHandle::new(here, key.fingerprint(), "task-1".parse().unwrap());
    other_account.account = Some("grace".parse().unwrap());
    for handle in [other_host, other_account] {
        let transport = Scripted::new([]);
        let client = Client::builder(canary::key().parse().unwrap()).account("ada");
        let client = client.transport(transport.clone()).build().unwrap();
        let resumed = client.resume(handle.clone());
        let error = resumed.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CannotQuery);
        assert_eq!(error.resume(), Some(&handle));
        assert_eq!(transport.calls(), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn default_deadline_is_fifteen_minutes() {
    let answers = std::iter::repeat_with(|| json(200, RUNNING)).take(500);
    let transport = Scripted::new(answers);
    let began_at = Instant::now();
    let error = client(&transport)
        .wait("task-1".parse::<TaskId>().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StillRunning);
    assert_eq!(began_at.elapsed(), Duration::from_secs(15 * 60));
}

#[tokio::test(start_paused = true)]
async fn submit_ends_with_the_acceptance() {
    let transport = Scripted::new([json(200, CREATED)]);
    let generation = client(&transport).submit(request()).await.unwrap();
    assert_eq!(generation.handle().unwrap().task_id.as_str(), "task-1");
    assert_eq!(generation.task().unwrap().status(), Some("in_progress"));
    assert_eq!(transport.calls(), [POST]);
}

#[tokio::test(start_paused = true)]
async fn create_answered_with_a_failed_task_is_a_create_all_the_same() {
    let transport = Scripted::new([json(200, r#"{"id":"task-1","status":"failed"}"#)]);
    let generation = client(&transport).submit(request()).await.unwrap();
    assert_eq!(generation.task().unwrap().status(), Some("failed"));
    let error = generation.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TaskFailed);
    assert_eq!(error.resume().unwrap().task_id.as_str(), "task-1");
}

#[tokio::test(start_paused = true)]
async fn request_without_external_task_id_gets_one() {
    let transport = Scripted::new([json(200, CREATED), json(200, COMPLETED)]);
    let request = GenerationRequest::builder("a fox").build().unwrap();
    let mut generation = client(&transport).generate(request).start();
    let Some(Notice::Submitting { external_task_id }) = generation.notices().next().await else {
        panic!("the first notice is the id");
    };
    generation.await.unwrap();
    let minted = external_task_id.as_str();
    assert!(
        minted.starts_with("kirin-") && minted.len() == 38,
        "{minted}"
    );
    assert!(transport.calls()[1].ends_with(minted));
}

#[tokio::test(start_paused = true)]
async fn notices_tell_the_story_in_order() {
    let transport = Scripted::new([
        json(200, CREATED),
        json(200, RUNNING),
        json(503, ""),
        json(200, r#"{"id":"task-1","status":"dreaming"}"#),
        json(200, COMPLETED),
    ]);
    // Nothing of it is lost where the acceptance is waited for first.
    let mut generation = client(&transport).submit(request()).await.unwrap();
    let mut notices = generation.notices();
    let mut story = Vec::new();
    while let Some(notice) = notices.next().await {
        story.push(match notice {
            Notice::Accepted { .. } => "accepted",
            Notice::Finished => "finished",
            Notice::Progress { .. } => "progress",
            Notice::Submitting { .. } => "submitting",
            Notice::Trouble { .. } => "trouble",
            Notice::UnknownStatus { .. } => "unknown status",
            _ => "something else",
        });
    }
    assert_eq!(notices.next().await, None, "it stays at its end");
    generation.await.unwrap();
    let expected = [
        "submitting",
        "accepted",
        "progress",
        "trouble",
        "unknown status",
        "finished",
    ];
    assert_eq!(story, expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_learned_is_shared_by_clones() {
    let duplicate = r#"{"code":1201,"message":"external_task_id order-42 already exists"}"#;
    let transport = Scripted::new([json(400, duplicate), json(200, COMPLETED)]);
    let client = client(&transport);
    let clone = client.clone();
    client.generate(request()).await.unwrap();
    assert_eq!(clone.capabilities().duplicate_ids, DuplicateIds::Refused);
    assert_eq!(clone.capabilities().lookup, Lookup::Proven);
}

/// An operation can be dropped at any await, and then nothing more is sent.
#[tokio::test(start_paused = true)]
async fn dropped_operation_sends_nothing_more() {
    for calls in 1..=3 {
        let answers = (0..calls).map(|call| match call {
            0 => json(200, CREATED),
            _ => json(200, RUNNING),
        });
        let transport = Scripted::new(answers);
        let client = client(&transport);
        let operation = client.generate(request()).into_future();
        let time = Duration::from_secs(5 * (calls - 1) + 1);
        let ended = tokio::time::timeout(time, operation).await;
        assert!(ended.is_err(), "the operation was still going on");
        assert!(transport.is_used_up());
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(transport.calls().len() as u64, calls);
    }
}

/// The first answer of a client's life tells how far the clocks are apart.
#[tokio::test(start_paused = true)]
async fn a_new_client_takes_no_older_task_for_its_own() {
    let date = ("date", "Fri, 30 Jan 2026 07:22:24 GMT");
    let duplicate = r#"{"code":1201,"message":"external_task_id order-42 already exists"}"#;
    let found = r#"{"id":"task-1","status":"completed","created_at":1767000000000}"#;
    let transport = Scripted::new([
        with_headers(400, &[date], duplicate),
        with_headers(200, &[date], found),
    ]);
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .wall_clock(|| Some(Timestamp::from_milliseconds(1_769_757_744_021)))
        .build()
        .unwrap();
    let error = client.generate(request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DuplicateExternalTaskId, "{error}");
    assert_eq!(transport.calls(), [POST, BY_EXTERNAL_ID]);
}
