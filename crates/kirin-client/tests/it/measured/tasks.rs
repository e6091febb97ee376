//! Tasks: how long they took, what they cost, and how late they were asked for.

use std::{num::NonZeroU32, time::Duration};

use kirin_client::serde_json;
use kirin_client::{Budget, GenerationHandle, JournalEntry, MemoryJournal};
use kirin_types::{Callback, TaskId, Timestamp};

use super::*;

const MODEL: &str = "kirin_v2_5_turbo_t2v";

fn id() -> TaskId {
    "task-1".parse().unwrap()
}

/// A client whose clock begins at this time, in seconds, and goes on with the test's.
const NOW: u64 = 1_769_757_744;

fn dated(transport: Scripted) -> ClientBuilder {
    let began_at = tokio::time::Instant::now();
    builder(transport).wall_clock(move || {
        let now = Duration::from_secs(NOW) + began_at.elapsed();
        Some(Timestamp::from_milliseconds(now.as_millis() as i64))
    })
}

fn handle(client: &Client) -> GenerationHandle {
    let key: kirin_client::ApiKey = canary::key().parse().unwrap();
    let mut handle = GenerationHandle::new(client.base_url().clone(), key.fingerprint(), id());
    handle.model = Some(MODEL.into());
    handle
}

// ---------------------------------------------------------------- duration

#[test]
fn a_task_takes_from_the_answer_to_its_create_until_its_end_is_seen() {
    for (ended, end) in [
        (COMPLETED, "completed"),
        (r#"{"id":"task-1","status":"failed"}"#, "failed"),
    ] {
        let answers = [CREATED, RUNNING, ended].map(|body| json(200, body));
        let recorded = generated(answers);
        // It is asked for every 5 s.
        let expected = (format!("{MODEL} {end}"), 10.0);
        assert_eq!(recorded.labelled("kirin.task.duration"), [expected]);
    }
}

#[test]
fn a_completed_task_that_names_no_output_and_one_that_ends_in_other_words_have_ends_of_their_own() {
    let bare = || json(200, r#"{"id":"task-1","status":"completed"}"#);
    let cancelled = || json(200, r#"{"id":"task-1","status":"cancelled"}"#);
    let ends = |answers: Vec<Answer>| {
        let transport = Scripted::new(std::iter::once(json(200, CREATED)).chain(answers));
        let recorded = recorded(|| async move {
            let _ = builder(transport)
                .build()
                .unwrap()
                .generate(request())
                .await;
        });
        recorded.labelled("kirin.task.duration")
    };
    let [(label, _)] = &ends(vec![bare(), bare()])[..] else {
        panic!("one end");
    };
    assert_eq!(*label, format!("{MODEL} completed_without_output"));
    let [(label, _)] = &ends((0..8).map(|_| cancelled()).collect())[..] else {
        panic!("one end");
    };
    assert_eq!(*label, format!("{MODEL} other_end"));
}

/// The restart is in the middle of it: what passed before counts.
#[test]
fn a_task_that_is_resumed_after_a_restart_took_the_time_since_it_was_created() {
    let created_at = |at: u64| {
        let completed = COMPLETED.replacen('{', &format!(r#"{{"created_at":{at},"#), 1);
        Scripted::new([json(200, RUNNING), json(200, completed)])
    };
    for (transport, seconds) in [
        // A minute before the clock began; its end is seen after 5 s.
        (created_at((NOW - 60) * 1_000), 65.0),
        // What the service does not say, or says wrongly, is taken from the resume on.
        (created_at(0), 5.0),
        (created_at((NOW + 60) * 1_000), 5.0),
        (
            Scripted::new([json(200, RUNNING), json(200, COMPLETED)]),
            5.0,
        ),
    ] {
        let recorded = recorded(|| async move {
            let client = dated(transport).build().unwrap();
            client.resume(handle(&client)).await.unwrap();
        });
        let expected = (format!("{MODEL} completed"), seconds);
        assert_eq!(recorded.labelled("kirin.task.duration"), [expected]);
        assert_eq!(recorded.values("kirin.in_flight"), [1.0, -1.0]);
    }
}

#[test]
fn a_clock_that_differs_from_the_services_is_put_right_before_a_task_is_dated() {
    let dated_answer = |body: String| {
        let headers = [
            ("content-type", "application/json"),
            // An hour before our clock.
            ("date", "Fri, 30 Jan 2026 06:22:24 GMT"),
        ];
        with_headers(200, &headers, body)
    };
    let created_at = (NOW - 3_600 - 60) * 1_000;
    let completed = COMPLETED.replacen('{', &format!(r#"{{"created_at":{created_at},"#), 1);
    let transport = Scripted::new([dated_answer(completed)]);
    let recorded = recorded(|| async move {
        let client = dated(transport).build().unwrap();
        client.resume(handle(&client)).await.unwrap();
    });
    assert_eq!(recorded.values("kirin.task.duration"), [60.0]);
}

// --------------------------------------------------------- which ends count

#[test]
fn an_end_that_an_earlier_operation_has_seen_is_not_counted_again() {
    let recorded = recorded(|| async {
        let journal = Arc::new(MemoryJournal::default());
        let answers = [CREATED, COMPLETED, COMPLETED, COMPLETED].map(|body| json(200, body));
        let client = builder(Scripted::new(answers)).journal(journal.clone());
        let client = client.build().unwrap();
        client.generate(request()).await.unwrap();
        // Its URLs are to be fresh.
        let entry = journal.entries().pop().unwrap();
        client.resume_entry(entry).await.unwrap();
        client.wait(id()).await.unwrap();
    });
    assert_eq!(recorded.values("kirin.task.duration").len(), 1);
    let charged = (format!("{MODEL} charged"), 0.17);
    assert_eq!(recorded.labelled("kirin.cost"), [charged]);
}

#[test]
fn an_entry_whose_end_nobody_has_seen_counts_where_it_is_gone_on_with() {
    let recorded = recorded(|| async {
        let journal = Arc::new(MemoryJournal::default());
        let answers = [CREATED, COMPLETED].map(|body| json(200, body));
        let client = builder(Scripted::new(answers)).journal(journal.clone());
        let client = client.build().unwrap();
        drop(client.submit(request()).await.unwrap());
        let entry: JournalEntry = journal.entries().pop().unwrap();
        client.resume_entry(entry).await.unwrap();
    });
    assert_eq!(recorded.values("kirin.task.duration").len(), 1);
    let costs = recorded.labelled("kirin.cost");
    let unknown = (format!("{MODEL} unknown"), 0.21);
    assert_eq!(costs, [unknown, (format!("{MODEL} charged"), 0.17)]);
}

#[test]
fn whoever_waits_for_a_task_by_its_id_counts_an_end_that_came_meanwhile() {
    let waited = |answers: Vec<&'static str>| {
        let recorded = recorded(|| async move {
            let transport = Scripted::new(answers.into_iter().map(|body| json(200, body)));
            let client = builder(transport).build().unwrap();
            client.wait(id()).await.unwrap();
        });
        recorded.labelled("kirin.cost")
    };
    assert_eq!(waited(vec![COMPLETED]), []);
    let charged = ("unknown charged".to_owned(), 0.17);
    assert_eq!(waited(vec![RUNNING, COMPLETED]), [charged]);
}

// -------------------------------------------------------------------- cost

#[test]
fn a_task_that_does_not_say_its_cost_keeps_its_price_as_unknown() {
    let completed = COMPLETED.replace(r#""usage":{"cost":"0.17"},"#, "");
    let negative = COMPLETED.replace("0.17", "-0.17");
    for body in [completed, negative] {
        let recorded = generated([json(200, CREATED), json(200, body)]);
        let unknown = (format!("{MODEL} unknown"), 0.21);
        assert_eq!(recorded.labelled("kirin.cost"), [unknown]);
    }
}

#[test]
fn a_failed_task_that_says_what_it_cost_is_charged() {
    let failed = r#"{"id":"task-1","status":"failed","usage":{"cost":"0.05"}}"#;
    let recorded = generated([json(200, CREATED), json(200, failed)]);
    let charged = (format!("{MODEL} charged"), 0.05);
    assert_eq!(recorded.labelled("kirin.cost"), [charged]);
}

#[test]
fn the_price_is_the_callers_where_a_budget_has_one() {
    let left_open = |budget: Budget| {
        let recorded = recorded(|| async move {
            let client = builder(Scripted::new([json(200, CREATED)]));
            let client = client.budget(budget).build().unwrap();
            let request = GenerationRequest::for_model("kirin_v1_t2v");
            let request = request.parameter("prompt", "a fox").build().unwrap();
            drop(client.submit(request).await.unwrap());
        });
        recorded.labelled("kirin.cost")
    };
    let budget = || Budget::new("5".parse().unwrap());
    let own = budget().prices(|_| "0.14".parse().ok());
    let unknown = ("kirin_v1_t2v unknown".to_owned(), 0.14);
    assert_eq!(left_open(own), [unknown]);
    // Nobody knows it.
    assert_eq!(left_open(budget().allow_unknown_prices()), []);
}

#[test]
fn a_model_outside_the_catalogue_is_no_label() {
    let recorded = recorded(|| async {
        let answers = [CREATED, COMPLETED].map(|body| json(200, body));
        let client = builder(Scripted::new(answers)).build().unwrap();
        let parameters = serde_json::Map::new();
        let request = GenerationRequest::unchecked(canary::signature(), &parameters);
        client.generate(request.unwrap()).await.unwrap();
    });
    let charged = ("other charged".to_owned(), 0.17);
    assert_eq!(recorded.labelled("kirin.cost"), [charged]);
}

// ---------------------------------------------------------------- lateness

#[test]
fn a_query_is_late_by_how_long_it_waits_for_its_turn() {
    let recorded = recorded(|| async {
        let answers = [CREATED, RUNNING, RUNNING, COMPLETED].map(|body| json(200, body));
        let client = builder(Scripted::new(answers));
        let client = client.requests_per_second(NonZeroU32::new(1));
        let client = client.build().unwrap();
        let other = async {
            tokio::time::sleep(Duration::from_millis(4_750)).await;
            client.query(id()).await.unwrap();
        };
        let (task, ()) = tokio::join!(client.generate(request()).into_future(), other);
        task.unwrap();
    });
    // It is due at 5 s, and the turn before it was 250 ms ago; the one after it is in time.
    assert_eq!(recorded.values("kirin.poll.lateness"), [0.75, 0.0]);
}

/// A callback comes sooner than the query: that is no lateness, and no time before it either.
#[test]
fn a_query_that_a_callback_brought_forward_is_in_time() {
    let recorded = recorded(|| async {
        let answers = [CREATED, COMPLETED].map(|body| json(200, body));
        let client = builder(Scripted::new(answers)).build().unwrap();
        let callback = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            client.wake(&Callback::from_json(RUNNING.as_bytes()).unwrap());
        };
        let (task, ()) = tokio::join!(client.generate(request()).into_future(), callback);
        task.unwrap();
    });
    assert_eq!(recorded.values("kirin.poll.lateness"), [0.0]);
    let [seconds] = recorded.values("kirin.task.duration")[..] else {
        panic!("one end");
    };
    assert!(seconds < 5.0, "{seconds}");
}

/// Its turn comes after the callback, and that is how late it is, though it was not due yet by the schedule.
#[test]
fn a_query_that_a_callback_brought_forward_is_late_by_the_wait_for_its_turn() {
    let recorded = recorded(|| async {
        let answers = [CREATED, RUNNING, COMPLETED].map(|body| json(200, body));
        let client = builder(Scripted::new(answers));
        let client = client.requests_per_second(NonZeroU32::new(1));
        let client = client.build().unwrap();
        let other = async {
            tokio::time::sleep(Duration::from_millis(2_000)).await;
            client.query(id()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(250)).await;
            client.wake(&Callback::from_json(RUNNING.as_bytes()).unwrap());
        };
        let (task, ()) = tokio::join!(client.generate(request()).into_future(), other);
        task.unwrap();
    });
    // The turn before it was at 2 s, the callback at 2.25 s, and its own turn is at 3 s.
    assert_eq!(recorded.values("kirin.poll.lateness"), [0.75]);
}
