//! From an entry of a journal to a video that is where it is wanted.

use std::sync::Arc;

use kirin_client::{
    Client, ErrorKind, Journal, JournalChange, JournalEntry, MemoryJournal,
    machine::{Cause, Knowledge, Outcome, Withheld},
};
use kirin_tests::canary;
use kirin_types::Task;

use super::{COMPLETED, CREATED, client, intend, intent, request, stranger, write};
use crate::scripted::{Answer, Scripted, json, shown};

fn entry(journal: &MemoryJournal) -> JournalEntry {
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    entry
}

/// The process may be killed between the end of the task and the delivery.
#[tokio::test(start_paused = true)]
async fn what_is_completed_is_unfinished_until_it_is_delivered() {
    let journal = Arc::new(MemoryJournal::default());
    let transport = Scripted::new([json(200, CREATED), json(200, COMPLETED)]);
    let first = client(&transport, journal.clone());
    first.generate(request()).await.unwrap();
    assert!(entry(&journal).is_unfinished());

    let written = serde_json::to_string(&entry(&journal)).unwrap();
    let transport = Scripted::new([json(200, COMPLETED)]);
    let next = client(&transport, journal.clone());
    let read: JournalEntry = serde_json::from_str(&written).unwrap();
    let task = next.resume_entry(read).await.unwrap();
    assert_eq!(task.id().as_str(), "task-1");
    let query = "GET https://cloud.vtrix.ai/model/v1/generation/task/task-1";
    assert_eq!(transport.calls(), [query]);
    assert!(entry(&journal).is_unfinished());

    let id = "order-42".parse().unwrap();
    for _ in 0..2 {
        next.delivered(&id).await.unwrap();
        assert!(!entry(&journal).is_unfinished());
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_delivered_that_is_not_completed() {
    let journal = Arc::new(MemoryJournal::default());
    let transport = Scripted::new([json(200, CREATED)]);
    let client = client(&transport, journal.clone());
    let generation = client.submit(request()).await.unwrap();
    drop(generation);
    for id in ["order-42", "order-43"] {
        let refused = client.delivered(&id.parse().unwrap()).await;
        assert!(refused.is_err(), "{id}");
    }
    assert!(entry(&journal).is_unfinished());
    // Where nothing is written down, there is nothing to note.
    let without_journal = Client::builder(canary::key().parse().unwrap())
        .transport(transport)
        .build()
        .unwrap();
    let id = "order-42".parse().unwrap();
    without_journal.delivered(&id).await.unwrap();
}

/// What another process has written, then how the next one goes on with it, in how many POSTs.
async fn check(
    name: &str,
    is_sent: bool,
    change: Option<JournalChange>,
    answers: Vec<Answer>,
    posts: usize,
) -> Result<Task, kirin_client::Error> {
    let journal = Arc::new(MemoryJournal::default());
    let transport = Scripted::new(answers);
    let client = client(&transport, journal.clone());
    let intent = intent(&client);
    intend(&*journal, &intent, is_sent).await;
    if let Some(change) = change {
        let write = write(&intent, stranger(), change);
        journal.write(&write).await.unwrap();
    }
    let ended = client.resume_entry(entry(&journal)).await;
    assert!(transport.is_used_up(), "{name}");
    let calls = transport.calls();
    let made = calls.iter().filter(|call| call.starts_with("POST")).count();
    assert_eq!(made, posts, "{name}: {calls:?}");
    ended.inspect_err(shown)
}

#[tokio::test(start_paused = true)]
async fn one_call_goes_on_with_an_entry_whatever_its_state() {
    let end = |outcome| Some(JournalChange::End(Box::new(outcome)));
    let unresolved = || Outcome::Unresolved {
        external_task_id: "order-42".parse().unwrap(),
        knowledge: Knowledge::MayExist,
        cause: Cause::Withheld(Withheld::Deadline),
    };
    let id = || "task-1".parse().unwrap();
    let running = || Outcome::StillRunning {
        id: id(),
        task: None,
    };
    let completed = || Outcome::Completed(Task::from_json(COMPLETED.as_bytes()).unwrap());
    for (name, is_sent, change, posts) in [
        ("intended", false, None, 1),
        ("sent", true, None, 0),
        ("accepted", true, Some(JournalChange::Accept(id())), 0),
        ("unresolved", true, end(unresolved()), 0),
        ("still running", true, end(running()), 0),
        ("completed", true, end(completed()), 0),
    ] {
        let answers = vec![json(200, COMPLETED)];
        let task = check(name, is_sent, change, answers, posts).await;
        assert_eq!(task.unwrap().status(), Some("completed"), "{name}");
    }
    let not_created = Outcome::NotCreated {
        cause: Cause::Withheld(Withheld::Deadline),
    };
    let ended = check("not created", false, end(not_created), vec![], 0).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Known);
}
