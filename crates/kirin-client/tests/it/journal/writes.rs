//! What the driver writes down, and what it does when it cannot.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use kirin_client::{
    ApiKey, BaseUrl, Billing, CreateId, ErrorKind, Journal, JournalError, JournalState,
    JournalWrite, MemoryJournal, Recalled,
    machine::{Notice, Outcome},
};
use kirin_tests::canary;
use kirin_transport::Sent;

use super::{COMPLETED, CREATED, client, name_of, refused, request};
use crate::scripted::{Answer, Scripted, json, shown};

/// A journal that fails at some of its writes, and remembers all of them.
#[derive(Default)]
struct Failing {
    fails_at: &'static str,
    writes: Mutex<Vec<String>>,
}

impl Failing {
    fn at(fails_at: &'static str) -> Arc<Self> {
        Arc::new(Self {
            fails_at,
            writes: Mutex::default(),
        })
    }

    fn note(&self, name: &str) -> Result<(), JournalError> {
        self.writes.lock().unwrap().push(name.to_owned());
        match name == self.fails_at {
            true => Err(JournalError::new("no space left on the device")),
            false => Ok(()),
        }
    }

    fn writes(&self) -> Vec<String> {
        self.writes.lock().unwrap().clone()
    }
}

#[async_trait]
impl Journal for Failing {
    async fn recall(&self, _create: &CreateId) -> Result<Recalled, JournalError> {
        match self.fails_at {
            "recall" => Err(JournalError::new("no space left on the device")),
            _ => Ok(Recalled::default()),
        }
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        self.note(name_of(&write.change))
    }
}

#[tokio::test(start_paused = true)]
async fn every_step_is_written_down_in_order() {
    let transport = Scripted::new([
        Answer::Fail(Sent::No),
        json(200, CREATED),
        json(200, COMPLETED),
    ]);
    let journal = Failing::at("");
    let client = client(&transport, journal.clone());
    client.generate(request()).await.unwrap();
    // One intent, and a line for each attempt; one that was not sent is taken back.
    let expected = ["intend", "send", "take back", "send", "accept", "end"];
    assert_eq!(journal.writes(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_task_that_exists_writes_nothing() {
    let transport = Scripted::new([json(200, COMPLETED)]);
    let journal = Failing::at("");
    let client = client(&transport, journal.clone());
    client
        .wait("task-1".parse::<kirin_types::TaskId>().unwrap())
        .await
        .unwrap();
    assert_eq!(journal.writes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_intended_is_all_that_another_process_needs() {
    let transport = Scripted::new([json(200, COMPLETED)]);
    let journal = Arc::new(MemoryJournal::default());
    let client = client(&transport, journal.clone());
    client.generate(request()).await.unwrap();
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    assert_eq!(entry.intent.request, request());
    assert_eq!(entry.intent.base_url, BaseUrl::default());
    let key: ApiKey = canary::key().parse().unwrap();
    assert_eq!(entry.intent.key, key.fingerprint());
    assert!(entry.intent.intended_at.is_some());
    let JournalState::Ended(outcome) = entry.state else {
        panic!("{:?}", entry.state);
    };
    assert!(matches!(*outcome, Outcome::Completed(_)));
    canary::shown(canary::Shown::Debug, &format!("{:?}", journal.entries()));
}

#[tokio::test(start_paused = true)]
async fn without_a_journal_entry_nothing_is_sent() {
    for fails_at in ["recall", "intend", "send"] {
        let transport = Scripted::new([]);
        let client = client(&transport, Failing::at(fails_at));
        let error = client.generate(request()).await.unwrap_err();
        shown(&error);
        assert_eq!(error.kind(), ErrorKind::Journal, "{error}");
        assert_eq!(error.billing(), Billing::None);
        assert_eq!(transport.calls(), [""; 0], "{fails_at}");
    }
}

/// It is paid for: it goes on, and the caller is told to remember it.
#[tokio::test(start_paused = true)]
async fn a_task_that_cannot_be_written_down_is_not_given_up() {
    for fails_at in ["accept", "end"] {
        let transport = Scripted::new([json(200, CREATED), json(200, COMPLETED)]);
        let client = client(&transport, Failing::at(fails_at));
        let mut generation = client.generate(request()).start();
        let mut stream = generation.notices();
        let mut told = 0;
        while let Some(notice) = stream.next().await {
            if let Notice::NotRecorded { cause } = notice {
                assert_eq!(cause, "no space left on the device");
                told += 1;
            }
        }
        generation.await.unwrap();
        assert_eq!(told, 1, "{fails_at}");
    }
}

/// Nothing was created, and the journal says that it may have been sent: whoever reads the error is
/// told before they buy it again.
#[tokio::test(start_paused = true)]
async fn an_end_that_cannot_be_written_down_is_told_with_the_error() {
    let transport = Scripted::new(refused());
    let client = client(&transport, Failing::at("end"));
    let error = client.generate(request()).await.unwrap_err();
    shown(&error);
    assert_eq!(error.billing(), Billing::None);
    assert!(error.not_recorded().is_some());
    let next_step = error.next_step();
    assert!(next_step.contains("reconcile its entry"), "{next_step}");
}
