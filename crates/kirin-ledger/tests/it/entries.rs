//! What is written down is read again.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use kirin_client::{
    Client, FileDigest, JournalState,
    machine::{ClockDifference, KnownCreate, Outcome, SendReason, Withheld},
};
use kirin_emulator::{Emulator, EmulatorConfig};
use kirin_ledger::{Ledger, LedgerError, Money};
use kirin_types::{GenerationRequest, Timestamp};

use crate::support::{
    Desk, Scribe, accept, base_url, completed, id, intent, not_created, path, refused, scribe,
    still_running, unresolved,
};

#[tokio::test]
async fn each_step_of_a_create_is_there_after_a_restart() {
    let Desk { ledger, folder } = Desk::new();
    let journal = scribe(&ledger);
    let order = id("order-42");
    drop(ledger);
    assert!(Ledger::wait_until_closed());
    let reopened = async || {
        let ledger = Ledger::open(path(folder.path())).unwrap();
        let [entry] = &ledger.find("order-42").await.unwrap()[..] else {
            panic!("one entry")
        };
        entry.clone()
    };
    journal.intend(&intent("order-42")).await.unwrap();
    let entry = reopened().await;
    assert_eq!(entry.state, JournalState::Intended);
    assert_eq!(entry.money(), Money::None);
    assert_eq!(entry.price.as_ref().unwrap().to_string(), "0.21");
    assert_eq!(entry.prompt.as_deref(), Some("a fox"));
    assert_eq!((entry.number, entry.attempts), (1, 0));

    journal.send(&order).await.unwrap();
    let entry = reopened().await;
    assert_eq!(
        (entry.state.clone(), entry.attempts),
        (JournalState::Sent, 1)
    );
    assert_eq!(entry.money(), Money::Reserved);
    assert!(entry.handle().is_none());

    let task = "d5u5obte8783ap44qtj0".parse().unwrap();
    journal.accept(&order, &task).await.unwrap();
    let handle = reopened().await.handle().unwrap();
    assert_eq!(handle.task_id, task);
    assert_eq!(handle.external_task_id, Some(order.clone()));
    assert_eq!(handle.base_url, base_url());

    let running = still_running(task.as_str());
    journal.end(&order, &running).await.unwrap();
    let entry = reopened().await;
    assert_eq!(entry.state, JournalState::Ended(Box::new(running)));
    assert_eq!(
        (entry.money(), entry.task_id),
        (Money::Reserved, Some(task.clone()))
    );

    let done = completed(task.as_str());
    journal.end(&order, &done).await.unwrap();
    let entry = reopened().await;
    assert_eq!(entry.state, JournalState::Ended(Box::new(done)));
    assert_eq!(entry.money(), Money::Settled);
    assert_eq!(entry.amount().unwrap().to_string(), "0.20");
}

#[tokio::test]
async fn an_intent_is_what_it_was() {
    let desk = Desk::new();
    let mut written = intent("order-42");
    written.is_minted = true;
    written.clock_difference = Some(ClockDifference::from_milliseconds(-360_000));
    written.repetitions_after_absence = 1;
    written.doubt = Some("its answer was lost".into());
    let journal = desk.journal();
    journal.intend(&written).await.unwrap();
    // It is kept which operation is at it.
    let mut kept = written.clone();
    kept.operation = Some(journal.operation(&id("order-42")));
    assert_eq!(desk.ledger.intent(1).await.unwrap(), kept);
    let nobody = desk.ledger.intent(2).await;
    assert!(
        matches!(nobody, Err(LedgerError::NoSuchEntry)),
        "{nobody:?}"
    );
}

#[tokio::test]
async fn the_first_end_stays() {
    let desk = Desk::new();
    let journal = desk.journal();
    accept(&journal, "order-42", "task-1").await;
    let order = id("order-42");
    journal.end(&order, &completed("task-1")).await.unwrap();
    let later = Outcome::Lost {
        id: "task-1".parse().unwrap(),
    };
    journal.end(&order, &later).await.unwrap();
    let entry = &desk.ledger.entries().await.unwrap()[0];
    assert_eq!(entry.money(), Money::Settled);
    let sent = journal.send(&order).await.unwrap_err();
    let state = KnownCreate::Ended {
        id: "task-1".parse().unwrap(),
        has_failed: false,
        cost: Some("0.20".parse().unwrap()),
    };
    assert_eq!(Withheld::from(sent), Withheld::Known { state });
    let other = journal.accept(&order, &"task-2".parse().unwrap()).await;
    let said = other.unwrap_err().to_string();
    assert_eq!(said, "the create has the task task-1, not task-2");
}

#[tokio::test]
async fn an_id_is_used_once_unless_nothing_was_created() {
    let desk = Desk::new();
    let journal = desk.journal();
    let order = id("order-42");
    journal.intend(&intent("order-42")).await.unwrap();
    // Its operation ended before it was sent.
    journal.drop_operation(&order);
    journal.intend(&intent("order-42")).await.unwrap();
    journal.send(&order).await.unwrap();
    let again = journal.intend(&intent("order-42")).await.unwrap_err();
    let state = KnownCreate::InDoubt;
    assert_eq!(Withheld::from(again), Withheld::Known { state });
    journal.end(&order, &not_created()).await.unwrap();
    journal.drop_operation(&order);
    journal.intend(&intent("order-42")).await.unwrap();
    let entries = desk.ledger.entries().await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (&entries[0].state, entries[0].attempts),
        (&JournalState::Intended, 0)
    );
    // At another base URL it is another create.
    let base_url = "http://127.0.0.1:4011".parse().unwrap();
    let elsewhere = Scribe::new(desk.ledger.journal(base_url));
    let refused = elsewhere.intend(&intent("order-42")).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the journal is for http://127.0.0.1:4011, and the create goes to http://127.0.0.1:4010"
    );
    let mut other = intent("order-42");
    other.base_url = "http://127.0.0.1:4011".parse().unwrap();
    elsewhere.intend(&other).await.unwrap();
    assert_eq!(desk.ledger.find("order-42").await.unwrap().len(), 2);
}

/// A host was named for plain HTTP when it was written down: who reads the ledger need not name it.
#[tokio::test]
async fn an_entry_of_a_host_over_plain_http_is_read_again() {
    let desk = Desk::new();
    let base_url = kirin_client::BaseUrl::with_plain_http("http://emulator:4010").unwrap();
    let journal = Scribe::new(desk.ledger.journal(base_url.clone()));
    let mut intent = intent("order-42");
    intent.base_url = base_url.clone();
    journal.intend(&intent).await.unwrap();
    let entry = desk.ledger.entries().await.unwrap().remove(0);
    assert_eq!(entry.base_url, base_url);
    let kept = desk.ledger.journal_entry(entry.number).await.unwrap();
    assert_eq!(kept.intent.base_url, base_url);
}

#[tokio::test]
async fn what_is_unfinished_is_listed() {
    let desk = Desk::new();
    let journal = desk.journal();
    journal.intend(&intent("intended")).await.unwrap();
    journal.intend(&intent("sent")).await.unwrap();
    journal.send(&id("sent")).await.unwrap();
    accept(&journal, "accepted", "task-1").await;
    accept(&journal, "running", "task-2").await;
    journal
        .end(&id("running"), &still_running("task-2"))
        .await
        .unwrap();
    accept(&journal, "completed", "task-3").await;
    journal
        .end(&id("completed"), &completed("task-3"))
        .await
        .unwrap();
    let unfinished = desk.ledger.unfinished().await.unwrap();
    let ids: Vec<_> = unfinished
        .iter()
        .map(|entry| entry.external_task_id.as_str())
        .collect();
    assert_eq!(ids, ["sent", "accepted", "running"]);
}

/// Something on the way may have sent it twice, and the first may be charged: whoever lists what is
/// unfinished has to look it up.
#[tokio::test]
async fn a_refusal_that_was_not_looked_up_is_unfinished_and_may_be_charged() {
    let desk = Desk::new();
    let journal = desk.journal();
    for name in ["refused", "not-sent"] {
        journal.intend(&intent(name)).await.unwrap();
        journal.send(&id(name)).await.unwrap();
    }
    journal.refuse(&id("refused")).await.unwrap();
    journal
        .take_back(&id("not-sent"), SendReason::Unsent)
        .await
        .unwrap();
    let unfinished = desk.another().unfinished().await.unwrap();
    let [entry] = <[_; 1]>::try_from(unfinished).unwrap();
    assert_eq!(entry.external_task_id, id("refused"));
    assert_eq!(entry.state, JournalState::Intended);
    assert_eq!(entry.money(), Money::Unresolved);

    // It is looked up once more at the next start, and means nothing for the money until then.
    journal.end(&id("refused"), &refused()).await.unwrap();
    let [entry] = <[_; 1]>::try_from(desk.ledger.unfinished().await.unwrap()).unwrap();
    assert!(entry.is_refusal_open);
    assert_eq!(entry.money(), Money::None);
    let next = scribe(&desk.ledger);
    next.end(&id("refused"), &refused()).await.unwrap();
    assert_eq!(desk.ledger.unfinished().await.unwrap(), []);
}

#[tokio::test]
async fn what_is_completed_without_its_files_is_unfinished() {
    let desk = Desk::new();
    let journal = desk.ledger.journal(base_url());
    let journal = Scribe::new(journal.output(id("order-42"), "boat.mp4"));
    accept(&journal, "order-42", "task-1").await;
    let order = id("order-42");
    journal.end(&order, &completed("task-1")).await.unwrap();
    let unfinished = desk.ledger.unfinished().await.unwrap();
    assert_eq!(unfinished.len(), 1);
    assert_eq!(unfinished[0].output, Some(PathBuf::from("boat.mp4")));
    let files = [PathBuf::from("boat.mp4")];
    desk.ledger.downloaded(1, &files).await.unwrap();
    assert_eq!(desk.ledger.unfinished().await.unwrap(), []);
}

/// For whoever puts a video elsewhere than into a file.
#[tokio::test]
async fn what_waits_for_its_delivery_is_unfinished_until_it_was_told() {
    let desk = Desk::new();
    let order = id("order-42");
    let journal = desk.ledger.journal(base_url()).until_delivered();
    let journal = Scribe::new(journal);
    accept(&journal, "order-42", "task-1").await;
    // It is not completed yet.
    desk.journal().deliver(&order).await.unwrap_err();
    journal.end(&order, &completed("task-1")).await.unwrap();
    let [entry] = <[_; 1]>::try_from(desk.another().unfinished().await.unwrap()).unwrap();
    assert!(!entry.is_delivered);
    let known = desk.ledger.journal_entry(entry.number).await.unwrap();
    assert!(known.is_unfinished());
    // Whoever tells it, also one whose own creates nobody waits for.
    desk.journal().deliver(&order).await.unwrap();
    assert_eq!(desk.another().unfinished().await.unwrap(), []);
    let known = desk.ledger.journal_entry(entry.number).await.unwrap();
    assert!(known.is_delivered && !known.is_unfinished());
    assert!(desk.ledger.entries().await.unwrap()[0].is_delivered);
}

/// Whoever goes through all entries finds the same as whoever asks for what is unfinished.
#[tokio::test]
async fn an_entry_is_unfinished_where_the_ledger_lists_it_as_such() {
    let desk = Desk::new();
    let journals = [
        desk.ledger.journal(base_url()),
        desk.ledger.journal(base_url()).until_delivered(),
        desk.ledger
            .journal(base_url())
            .output(id("2-named"), "boat.mp4"),
    ];
    let failed = r#"{"id": "2-failed", "status": "failed"}"#;
    let failed = kirin_types::Task::from_json(failed.as_bytes()).unwrap();
    for (number, journal) in journals.into_iter().enumerate() {
        let journal = Scribe::new(journal);
        let name = |state: &str| format!("{number}-{state}");
        let completed_as = ["named", "delivered", "noted", "plain"];
        for order in completed_as.map(name) {
            accept(&journal, &order, &order).await;
            journal.end(&id(&order), &completed(&order)).await.unwrap();
        }
        journal.deliver(&id(&name("delivered"))).await.unwrap();
        let noted = desk.ledger.find(&name("noted")).await.unwrap().remove(0);
        let files = [PathBuf::from("a.mp4")];
        desk.ledger.downloaded(noted.number, &files).await.unwrap();
        accept(&journal, &name("accepted"), &name("accepted")).await;
    }
    let journal = desk.journal();
    accept(&journal, "2-failed", "2-failed").await;
    let failed = Outcome::Failed(failed);
    journal.end(&id("2-failed"), &failed).await.unwrap();

    let mut expected = Vec::new();
    let entries = desk.ledger.entries().await.unwrap();
    for entry in &entries {
        let known = desk.ledger.journal_entry(entry.number).await.unwrap();
        expected.extend(known.is_unfinished().then_some(entry.number));
    }
    let unfinished = desk.ledger.unfinished().await.unwrap();
    let numbers: Vec<_> = unfinished.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, expected);
    let ids: Vec<_> = unfinished
        .iter()
        .map(|it| it.external_task_id.as_str())
        .collect();
    let expected = [
        "0-accepted",
        "1-named",
        "1-plain",
        "1-accepted",
        "2-named",
        "2-accepted",
    ];
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn a_journal_of_another_base_url_says_which_one_is_to_be_opened() {
    let desk = Desk::new();
    let journal = desk
        .ledger
        .journal("https://other.example.com".parse().unwrap());
    let create = kirin_client::CreateId::new(
        base_url(),
        "0123456789abcdef".parse().unwrap(),
        id("order-42"),
    );
    let error = kirin_client::Journal::recall(&journal, &create)
        .await
        .unwrap_err();
    let withheld = Withheld::from(error);
    let outcome = Outcome::NotCreated {
        cause: kirin_client::machine::Cause::Withheld(withheld),
    };
    let error = kirin_client::Error::check(outcome).unwrap_err();
    assert_eq!(error.kind(), kirin_client::ErrorKind::Journal);
    assert!(
        error
            .what()
            .contains("the journal is for https://other.example.com"),
        "{error}"
    );
    let next_step = error.next_step();
    assert!(
        next_step.contains("`ledger.journal(client.base_url().clone())`"),
        "{next_step}"
    );
    assert!(!next_step.contains("writable"), "{next_step}");
}

#[tokio::test]
async fn files_are_noted() {
    let desk = Desk::new();
    accept(&desk.journal(), "order-42", "task-1").await;
    let files = [PathBuf::from("a.mp4"), PathBuf::from("b \u{fffd}.mp4")];
    desk.ledger.downloaded(1, &files).await.unwrap();
    desk.ledger.downloaded(1, &files).await.unwrap();
    let [entry] = &desk.ledger.find("task-1").await.unwrap()[..] else {
        panic!("one entry")
    };
    let noted: Vec<_> = entry.files.iter().map(|file| file.path.clone()).collect();
    assert_eq!(noted, files);
    // Each entry has its own.
    for (order, task) in [("order-43", "task-2"), ("order-44", "task-3")] {
        accept(&desk.journal(), order, task).await;
    }
    desk.ledger.downloaded(3, &files[..1]).await.unwrap();
    let entries = desk.ledger.entries().await.unwrap();
    let counts: Vec<_> = entries.iter().map(|entry| entry.files.len()).collect();
    assert_eq!(counts, [2, 0, 1]);
}

#[tokio::test]
async fn a_client_writes_to_it() {
    let config = EmulatorConfig::new().task_time(Duration::from_millis(50));
    let emulator = Emulator::start(config).await.unwrap();
    let desk = Desk::new();
    let base_url: kirin_client::BaseUrl = emulator.base_url().parse().unwrap();
    let journal = Arc::new(desk.ledger.journal(base_url.clone()));
    let key = kirin_tests::canary::key();
    let client = Client::builder(key.parse().unwrap())
        .base_url(base_url)
        .journal(journal)
        .build()
        .unwrap();
    let request = GenerationRequest::builder("a fox").external_task_id("order-42");
    let task = client.generate(request.build().unwrap()).await.unwrap();
    let [entry] = &desk.ledger.find("order-42").await.unwrap()[..] else {
        panic!("one entry")
    };
    let kept = entry.completed().unwrap();
    let unsigned = kirin_client::without_url_queries(task.raw().as_str());
    assert_eq!(
        (kept.id(), kept.raw().as_str()),
        (task.id(), unsigned.as_str())
    );
    assert_ne!(kept.raw(), task.raw());
    // I5: the key is in none of the files.
    for file in std::fs::read_dir(desk.folder.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let is_there = bytes
                .windows(key.len())
                .any(|window| window == key.as_bytes());
            assert!(!is_there, "{}", path.display());
        }
    }
}

/// It ended as unresolved and goes on: the old end is no end any more.
#[tokio::test]
async fn what_is_gone_on_with_has_not_ended() {
    let desk = Desk::new();
    let order = id("order-42");
    let raw = rusqlite::Connection::open(desk.ledger.path()).unwrap();
    let is_ended = async || {
        let sql = "SELECT outcome IS NOT NULL FROM creates";
        let outcome = raw.query_row(sql, [], |row| row.get::<_, bool>(0)).unwrap();
        let entry = desk.ledger.entries().await.unwrap().remove(0);
        assert_eq!(outcome, entry.ended_at.is_some());
        outcome
    };
    let journal = desk.journal();
    journal.intend(&intent("order-42")).await.unwrap();
    journal.send(&order).await.unwrap();
    journal.end(&order, &unresolved("order-42")).await.unwrap();
    assert!(is_ended().await);
    let later = desk.journal();
    let known = later.entry(&order).await.unwrap().intent;
    let ended_at = "UPDATE creates SET ended_at = 5";
    raw.execute(ended_at, []).unwrap();
    later.take_over(&known).await.unwrap();
    assert!(is_ended().await);
    // Who takes it over does not end it.
    let ended_at = desk.ledger.entries().await.unwrap()[0].ended_at;
    assert_eq!(ended_at, Some(Timestamp::from_milliseconds(5)));
    let reason = SendReason::Person;
    later.send_because(&order, reason).await.unwrap();
    assert!(!is_ended().await);
    later.end(&order, &unresolved("order-42")).await.unwrap();
    assert!(is_ended().await);
    let task = "task-1".parse().unwrap();
    later.accept(&order, &task).await.unwrap();
    assert!(!is_ended().await);
}

/// An end that says nothing of the task would know less than the acceptance did.
#[tokio::test]
async fn the_id_of_a_task_outlives_an_end_without_it() {
    let desk = Desk::new();
    let journal = desk.journal();
    accept(&journal, "order-42", "task-1").await;
    let order = id("order-42");
    let ended = journal.end(&order, &unresolved("order-42")).await;
    let state = KnownCreate::Accepted {
        id: "task-1".parse().unwrap(),
    };
    let withheld = Withheld::from(ended.unwrap_err());
    assert_eq!(withheld, Withheld::Known { state });
    let entry = desk.ledger.entries().await.unwrap().remove(0);
    assert_eq!(entry.task_id, Some("task-1".parse().unwrap()));
    assert!(matches!(entry.state, JournalState::Accepted(_)));
}

/// A task that failed has ended for good.
#[tokio::test]
async fn nothing_is_sent_after_a_task_has_failed() {
    let desk = Desk::new();
    let journal = desk.journal();
    accept(&journal, "order-42", "task-1").await;
    let failed =
        r#"{"id": "task-1", "status": "failed", "error": {"code": 1301, "message": "no"}}"#;
    let failed = Outcome::Failed(kirin_types::Task::from_json(failed.as_bytes()).unwrap());
    journal.end(&id("order-42"), &failed).await.unwrap();
    journal.send(&id("order-42")).await.unwrap_err();
    let again = "task-2".parse().unwrap();
    journal.accept(&id("order-42"), &again).await.unwrap_err();
    journal
        .end(&id("order-42"), &completed("task-1"))
        .await
        .unwrap();
    let entry = desk.ledger.entries().await.unwrap().remove(0);
    assert_eq!(entry.money(), Money::Failed);
    assert_eq!(desk.ledger.unfinished().await.unwrap(), []);
}

/// When the service took it is what makes a task a control of later creates.
#[tokio::test]
async fn the_time_of_an_acceptance_stays() {
    let (desk, order) = (Desk::new(), id("order-42"));
    let raw = rusqlite::Connection::open(desk.ledger.path()).unwrap();
    let accepted_at = || {
        let sql = "SELECT accepted_at FROM creates";
        let read = raw.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
        read.unwrap()
    };
    let journal = desk.journal();
    journal.intend(&intent("order-42")).await.unwrap();
    journal.send(&order).await.unwrap();
    assert_eq!(accepted_at(), None);
    let task = "task-1".parse().unwrap();
    journal.accept(&order, &task).await.unwrap();
    assert!(accepted_at().is_some());
    raw.execute("UPDATE creates SET accepted_at = 5", [])
        .unwrap();
    for end in [still_running("task-1"), completed("task-1")] {
        journal.end(&order, &end).await.unwrap();
        assert_eq!(accepted_at(), Some(5));
    }
}

#[tokio::test]
async fn digests_of_an_entry_are_noted_and_stay() {
    let desk = Desk::new();
    for (order, task) in [("order-42", "task-1"), ("order-43", "task-2")] {
        accept(&desk.journal(), order, task).await;
    }
    let [first, second] = ["a film", "another film"].map(|it| FileDigest::of_bytes(it.as_bytes()));
    for digest in [&first, &second, &first] {
        desk.ledger.note_digest(1, digest).await.unwrap();
    }
    let mut noted = desk.ledger.digests(1).await.unwrap();
    noted.sort_by_key(FileDigest::bytes);
    assert_eq!(noted, [first, second]);
    assert_eq!(desk.ledger.digests(2).await.unwrap(), []);
}

#[tokio::test]
async fn digests_of_files_beside_the_videos_are_noted_by_path() {
    let desk = Desk::new();
    let digest = FileDigest::of_bytes(b"{}");
    let path = Path::new("/films/batch.failed.jsonl");
    desk.ledger.note_side_file(path, &digest).await.unwrap();
    assert_eq!(desk.ledger.side_file(path).await.unwrap(), [digest]);
    let other = Path::new("/films/other.failed.jsonl");
    assert_eq!(desk.ledger.side_file(other).await.unwrap(), []);
}
