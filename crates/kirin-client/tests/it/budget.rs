//! A limit on what is spent, kept before anything is sent.

mod dropped;
mod prices;
mod prop;

use std::sync::Arc;

use kirin_client::{
    Billing, Budget, Client, DuplicateIds, ErrorKind, HostCapabilities, Intent, JournalEntry,
    JournalState, MemoryJournal, machine::Outcome,
};
use kirin_tests::canary;
use kirin_transport::Sent;
use kirin_types::{GenerationRequest, Mode, Task, Timestamp};

use crate::scripted::{self, Answer, Scripted, json, not_found, shown};

const CREATED: &str = r#"{"id":"task-1","status":"in_progress"}"#;

fn client(transport: &Scripted, budget: &Arc<Budget>) -> Client {
    Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .budget(budget.clone())
        .build()
        .unwrap()
}

fn budget(limit: &str) -> Arc<Budget> {
    Arc::new(Budget::new(limit.parse().unwrap()))
}

/// The reference model for five seconds: 0.21 USD, or 0.35 with the mode `pro`.
fn request(id: &str) -> GenerationRequest {
    let request = GenerationRequest::builder("a fox").external_task_id(id);
    request.build().unwrap()
}

/// What a generation of 0.21 USD leaves in a budget of 1 USD.
async fn check(answers: Vec<Answer>, spent: &str) {
    let budget = budget("1");
    let transport = Scripted::new(answers);
    // How it ends is told by other tests.
    let _ = client(&transport, &budget)
        .generate(request("order-1"))
        .await;
    assert_eq!(budget.spent(), spent.parse().unwrap());
}

/// What a journal knows of a create of 0.21 USD.
fn entry(id: &str, state: JournalState) -> JournalEntry {
    let key = canary::key().parse::<kirin_client::ApiKey>().unwrap();
    let base_url = kirin_client::BaseUrl::default();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let now = Timestamp::from_milliseconds(i64::try_from(now).unwrap());
    let intent = Intent::new(request(id), base_url, key.fingerprint(), Some(now));
    JournalEntry::new(intent.unwrap(), state)
}

/// As a program does after a restart.
#[tokio::test(start_paused = true)]
#[expect(
    clippy::disallowed_methods,
    reason = "the test keeps tokio's paused clock"
)]
async fn a_create_that_a_budget_was_told_of_and_that_is_gone_on_with_counts_once() {
    let sent = entry("order-1", JournalState::Sent);
    let budget = Arc::new(Budget::new("1".parse().unwrap()).spent_on([&sent]));
    assert_eq!(budget.spent().to_string(), "0.21");
    let completed = r#"{"id":"task-1","status":"completed","usage":{"cost":"0.17"},
        "output":[{"content":[{"url":"https://example.com/a.mp4"}]}]}"#;
    let transport = Scripted::new([Answer::Never, json(200, completed)]);
    let client = client(&transport, &budget);
    let second = std::time::Duration::from_secs(1);
    let resumed = client.resume_entry(sent.clone()).into_future();
    let dropped = tokio::time::timeout(second, resumed).await;
    assert!(dropped.is_err());
    assert_eq!(budget.spent().to_string(), "0.21");
    client.resume_entry(sent).await.unwrap();
    assert_eq!(budget.spent().to_string(), "0.17");
}

#[test]
fn a_budget_counts_what_entries_cost_or_may_have_cost() {
    let ended = |outcome| JournalState::Ended(Box::new(outcome));
    let task = |json: &str| Task::from_json(json.as_bytes()).unwrap();
    let cause = kirin_client::machine::Cause::Withheld(kirin_client::machine::Withheld::Deadline);
    let mut refused = entry("order-1", JournalState::Intended);
    refused.is_refusal_open = true;
    let with_cost = r#"{"id":"a","status":"completed","usage":{"cost":"0.17"}}"#;
    let without = r#"{"id":"a","status":"failed"}"#;
    for (entry, spent) in [
        (entry("order-1", JournalState::Intended), "0"),
        (entry("order-1", ended(Outcome::NotCreated { cause })), "0"),
        (refused, "0.21"),
        (entry("order-1", JournalState::Sent), "0.21"),
        (
            entry("order-1", JournalState::Accepted("a".parse().unwrap())),
            "0.21",
        ),
        (
            entry("order-1", ended(Outcome::Completed(task(with_cost)))),
            "0.17",
        ),
        (
            entry("order-1", ended(Outcome::Failed(task(without)))),
            "0.21",
        ),
    ] {
        let budget = Budget::new("1".parse().unwrap()).spent_on([&entry]);
        assert_eq!(budget.spent(), spent.parse().unwrap(), "{:?}", entry.state);
    }
    // Those of two base URLs may have one id.
    let sent = entry("order-1", JournalState::Sent);
    let budget = Budget::new("1".parse().unwrap()).spent_on([&sent, &sent]);
    assert_eq!(budget.spent().to_string(), "0.42");
}

/// Whoever needs it only once gives it away.
#[tokio::test(start_paused = true)]
async fn a_generation_takes_a_budget_that_nobody_shares() {
    let client = client(&Scripted::new([]), &budget("1"));
    let budget = Budget::new("0.20".parse().unwrap());
    let error = client.generate(request("order-1")).budget(budget).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Budget);
}

#[tokio::test(start_paused = true)]
async fn what_the_budget_does_not_allow_is_not_sent() {
    let budget = budget("0.50");
    let transport = Scripted::new([json(200, CREATED), json(200, CREATED)]);
    let client = client(&transport, &budget);
    for id in ["order-1", "order-2"] {
        drop(client.submit(request(id)).await.unwrap());
    }
    assert_eq!(budget.spent().to_string(), "0.42");

    let error = client.submit(request("order-3")).await.unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), ErrorKind::Budget);
    assert_eq!(error.billing(), Billing::None);
    let reason = "it costs 0.21 USD, and 0.42 of 0.50 USD are spent or reserved";
    assert!(error.to_string().contains(reason), "{error}");
    assert_eq!(transport.calls().len(), 2, "nothing was sent");
    assert_eq!(budget.spent().to_string(), "0.42", "nothing was taken");
}

#[tokio::test(start_paused = true)]
async fn many_creates_at_once_stay_within_the_budget() {
    let budget = budget("1");
    let transport = Scripted::new((0..4).map(|_| json(200, CREATED)));
    let client = client(&transport, &budget);
    let creating: Vec<_> = (0..50)
        .map(|index| {
            let client = client.clone();
            tokio::spawn(async move { client.submit(request(&format!("order-{index}"))).await })
        })
        .collect();
    let mut created = 0;
    for creating in creating {
        created += usize::from(creating.await.unwrap().is_ok());
    }
    assert_eq!((created, transport.calls().len()), (4, 4));
    assert_eq!(budget.spent().to_string(), "0.84");
}

#[tokio::test(start_paused = true)]
async fn only_what_was_not_created_gives_its_price_back() {
    let refused = || {
        json(
            402,
            r#"{"status":{"code":402,"error_code":40201},"data":null}"#,
        )
    };
    check(scripted::refused(refused()), "0").await;
    // The host is unknown: it stays unresolved after the last look-up.
    let mut lost = vec![Answer::Fail(Sent::Maybe)];
    lost.extend((0..6).map(|_| not_found()));
    check(lost, "0.21").await;
    let failed = r#"{"id":"task-1","status":"failed"}"#;
    check(vec![json(200, failed)], "0.21").await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_task_that_says_what_it_cost_counts_that() {
    for (usage, spent) in [
        (r#"{"cost":"0"}"#, "0"),
        (r#"{"cost":0}"#, "0"),
        (r#"{"cost":"0.05"}"#, "0.05"),
        (r#"{"cost":"-1"}"#, "0.21"),
        (r#"{"cost":"free"}"#, "0.21"),
        (r#"{}"#, "0.21"),
    ] {
        let failed = format!(r#"{{"id":"task-1","status":"failed","usage":{usage}}}"#);
        check(vec![json(200, failed)], spent).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_billing_of_a_failed_task_is_known_where_it_says_its_cost() {
    for (cost, billing) in [
        ("0", Billing::None),
        ("0.05", Billing::Charged),
        ("-1", Billing::Unknown),
        ("free", Billing::Unknown),
    ] {
        let failed = format!(r#"{{"id":"task-1","status":"failed","usage":{{"cost":"{cost}"}}}}"#);
        let transport = Scripted::new([json(200, failed)]);
        let generation = client(&transport, &budget("1")).generate(request("order-1"));
        let error = generation.await.unwrap_err();
        shown(&error);
        assert_eq!(
            (error.kind(), error.billing()),
            (ErrorKind::TaskFailed, billing),
            "{cost}"
        );
    }
}

/// The second create under an id, of another client, is refused; the first one may be paid for all the
/// same.
#[tokio::test(start_paused = true)]
async fn a_refusal_gives_back_only_what_its_own_create_has_taken() {
    let budget = budget("1");
    let transport = Scripted::new([json(200, CREATED)]);
    let first = client(&transport, &budget);
    drop(first.submit(request("order-1")).await.unwrap());
    let transport = Scripted::new(scripted::refused(json(402, "{}")));
    let second = client(&transport, &budget);
    let error = second.submit(request("order-1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Balance);
    assert_eq!(budget.spent().to_string(), "0.21");
}

/// On a host that takes duplicates, each create is a task, whatever its id; but a client makes one, and
/// goes on with its task.
#[tokio::test(start_paused = true)]
async fn creates_under_one_id_count_once_in_a_client_and_each_in_two() {
    let budget = budget("0.50");
    let transport = Scripted::new([json(200, CREATED), json(200, CREATED)]);
    let one = client(&transport, &budget);
    for _ in 0..2 {
        drop(one.submit(request("order-1")).await.unwrap());
    }
    assert_eq!(budget.spent().to_string(), "0.21");
    let other = client(&transport, &budget);
    drop(other.submit(request("order-1")).await.unwrap());
    assert_eq!(budget.spent().to_string(), "0.42");
    let third = client(&transport, &budget);
    let error = third.submit(request("order-1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Budget);
}

/// What another process may have sent is looked for, and not sent again beyond the budget.
#[tokio::test(start_paused = true)]
async fn a_create_of_another_process_is_not_sent_again_beyond_the_budget() {
    let budget = budget("0.10");
    let missing = || json(404, r#"{"message":"task not found"}"#);
    let transport = Scripted::new((0..12).map(|_| missing()));
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .capabilities(HostCapabilities::default().with_duplicate_ids(DuplicateIds::Refused))
        .budget(budget.clone())
        .build()
        .unwrap();
    let key: kirin_client::ApiKey = canary::key().parse().unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let now = Timestamp::from_milliseconds(i64::try_from(now).unwrap());
    let base_url = client.base_url().clone();
    let intent = Intent::new(request("order-1"), base_url, key.fingerprint(), Some(now));
    let error = client.reconcile(intent.unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unresolved);
    let calls = transport.calls();
    assert!(
        calls.iter().all(|call| call.starts_with("GET")),
        "{calls:?}"
    );
    assert_eq!(
        budget.spent().to_string(),
        "0.21",
        "it may have been charged"
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_says_what_it_cost_is_counted_so() {
    let completed = |usage: &str| {
        let output = r#"[{"content":[{"url":"https://example.com/a.mp4"}]}]"#;
        json(
            200,
            format!(r#"{{"id":"task-1","status":"completed","output":{output}{usage}}}"#),
        )
    };
    check(vec![completed(r#","usage":{"cost":"0.17"}"#)], "0.17").await;
    check(vec![completed("")], "0.21").await;
    // A negative cost would make room for more.
    check(vec![completed(r#","usage":{"cost":"-5"}"#)], "0.21").await;
    check(vec![completed(r#","usage":{"cost":"0"}"#)], "0").await;
}

#[tokio::test(start_paused = true)]
async fn what_has_no_price_is_refused_unless_it_is_allowed() {
    let unknown = GenerationRequest::for_model("kirin_v1_t2v")
        .parameter("prompt", "a fox")
        .external_task_id("order-1")
        .build()
        .unwrap();
    let strict = budget("5");
    let transport = Scripted::new([]);
    let error = client(&transport, &strict).submit(unknown.clone()).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Budget);
    assert!(error.to_string().contains("is not known"), "{error}");

    let lenient = Arc::new(Budget::new("5".parse().unwrap()).allow_unknown_prices());
    let transport = Scripted::new([json(200, CREATED)]);
    drop(client(&transport, &lenient).submit(unknown).await.unwrap());
    assert_eq!(lenient.spent().to_string(), "0");
}

/// A create that was sent before counts, even where it would not be allowed now.
#[tokio::test(start_paused = true)]
async fn a_create_of_another_process_counts_before_it_is_found() {
    let budget = budget("0.10");
    let completed = r#"{"id":"task-1","status":"completed","usage":{"cost":"0.35"},
        "output":[{"content":[{"url":"https://example.com/a.mp4"}]}]}"#;
    let transport = Scripted::new([json(200, completed)]);
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .budget(budget.clone())
        .journal(Arc::new(MemoryJournal::default()))
        .build()
        .unwrap();
    let request = GenerationRequest::builder("a fox")
        .mode(Mode::Pro)
        .external_task_id("order-1")
        .build()
        .unwrap();
    let key: kirin_client::ApiKey = canary::key().parse().unwrap();
    let base_url = client.base_url().clone();
    let intent = Intent::new(request, base_url, key.fingerprint(), None).unwrap();
    client.reconcile(intent).await.unwrap();
    assert_eq!(budget.spent().to_string(), "0.35");
    assert_eq!(transport.calls().len(), 1);
}

/// For a driver of one's own, whose requests need not have an id.
#[test]
fn a_create_without_an_external_task_id_counts_like_any_other() {
    let budget = budget("0.50");
    let request = GenerationRequest::builder("a fox").build().unwrap();
    let reservation = budget.reserve(&request).unwrap();
    let other = budget.reserve(&request).unwrap();
    other.sent();
    assert_eq!(budget.spent().to_string(), "0.42");
    budget.reserve(&request).unwrap_err();
    reservation.release();
    assert_eq!(budget.spent().to_string(), "0.21");
    // Nothing says that these are the same create.
    drop((budget.remember(&request), budget.remember(&request)));
    assert_eq!(budget.spent().to_string(), "0.63");
}

#[test]
fn a_create_that_may_not_be_sent_again_is_not_said_to_cost_nothing() {
    let budget = budget("0.50");
    let first = request("order-1");
    let _taken = budget.reserve(&first).unwrap();
    let second = budget.reserve(&request("order-2")).unwrap();
    assert_eq!(budget.readmit(&first), Ok(()));
    let dearer = br#"{"id":"task-2","status":"completed","usage":{"cost":"0.35"}}"#;
    let task = Task::from_json(dearer).unwrap();
    second.settle(&Outcome::Completed(task));
    let withheld = budget.readmit(&first).unwrap_err();
    let reason = "with it, 0.56 of 0.50 USD are spent or reserved";
    assert!(withheld.to_string().ends_with(reason), "{withheld}");
}

/// Nobody knows what it would add, whatever was taken for it before.
#[test]
fn what_has_no_price_is_not_sent_again_unless_it_is_allowed() {
    let unknown = GenerationRequest::for_model("kirin_v1_t2v")
        .parameter("prompt", "a fox")
        .external_task_id("order-1")
        .build()
        .unwrap();
    let strict = budget("5");
    drop(strict.remember(&unknown));
    let withheld = strict.readmit(&unknown).unwrap_err();
    assert!(withheld.to_string().contains("is not known"), "{withheld}");

    let lenient = Budget::new("5".parse().unwrap()).allow_unknown_prices();
    drop(lenient.remember(&unknown));
    assert_eq!(lenient.readmit(&unknown), Ok(()));
}

#[test]
fn a_budget_may_be_spent_to_the_last_cent_and_no_further() {
    fn check(limit: &str, allowed: usize) {
        let budget = budget(limit);
        assert_eq!(budget.limit().to_string(), limit);
        let requests: Vec<_> = (0..3).map(|it| request(&format!("order-{it}"))).collect();
        let taken = requests.iter().map(|request| budget.reserve(request));
        let taken: Vec<_> = taken.flatten().collect();
        assert_eq!(taken.len(), allowed, "{limit}");
        assert_eq!(budget.readmit(&requests[0]), Ok(()), "{limit}");
    }

    check("0.21", 1);
    check("0.41999", 1);
    check("0.42", 2);
    check("0.420", 2);
    check("0.63", 3);

    // What another process may have sent is taken whatever is left; here it is exactly all.
    let budget = budget("0.42");
    drop(budget.remember(&request("order-1")));
    drop(budget.remember(&request("order-2")));
    assert_eq!(budget.readmit(&request("order-1")), Ok(()));
    drop(budget.remember(&request("order-3")));
    budget.readmit(&request("order-1")).unwrap_err();
}
