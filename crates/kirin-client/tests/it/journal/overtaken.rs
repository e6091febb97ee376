//! Creates that another process sends while this one ends: that nothing was created is not said of them.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use kirin_client::{
    Billing, Budget, CreateId, ErrorKind, Journal, JournalChange, JournalError, JournalWrite,
    MemoryJournal, Recalled, TakenBack, machine::SendReason,
};

use super::{
    client, intend, intent, refused, request, stranger,
    wiring::{Absent, on_a_proven_host, posts, with_earlier_task},
};
use crate::scripted::{Scripted, shown};

/// A journal that takes nothing over, and to which another process writes once it was read.
struct TakesNothingOver {
    kept: MemoryJournal,
    meanwhile: Mutex<Option<JournalChange>>,
    is_read_once: bool,
    was_read: AtomicBool,
}

#[async_trait]
impl Journal for TakesNothingOver {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        if self.was_read.swap(true, Ordering::Relaxed) && self.is_read_once {
            return Err(JournalError::new("no such device"));
        }
        let recalled = self.kept.recall(create).await;
        let change = self.meanwhile.lock().unwrap().take();
        if let Some(change) = change {
            let write = JournalWrite::new(create.clone(), stranger(), change);
            self.kept.write(&write).await?;
        }
        recalled
    }

    async fn write(&self, _write: &JournalWrite) -> Result<(), JournalError> {
        Err(JournalError::new("no space left on the device"))
    }
}

/// It was not taken over, so whoever is at it may send it after the last lookup that missed it.
#[tokio::test(start_paused = true)]
async fn only_the_journal_says_of_what_was_not_taken_over_that_nothing_was_created() {
    let take_back = JournalChange::TakeBack {
        attempt: 1,
        why: TakenBack::NotSent,
        reason: SendReason::Unsent,
    };
    let known = (ErrorKind::Known, Billing::Unknown);
    let cases = [
        (None, false, known),
        (
            Some(take_back.clone()),
            false,
            (ErrorKind::Unreachable, Billing::None),
        ),
        (Some(take_back), true, known),
    ];
    for (meanwhile, is_read_once, expected) in cases {
        let host = Arc::new(Absent::default());
        let journal = Arc::new(TakesNothingOver {
            kept: MemoryJournal::default(),
            meanwhile: Mutex::new(meanwhile),
            is_read_once,
            was_read: AtomicBool::new(false),
        });
        let budget = Arc::new(Budget::new("1.00".parse().unwrap()));
        let client = on_a_proven_host(host.clone()).budget(budget.clone());
        let client = client.journal(journal.clone()).build().unwrap();
        with_earlier_task(&journal.kept, &client).await;
        let mut intent = intent(&client);
        // The one repetition that a proof of absence allows is used up.
        intent.repetitions_after_absence = 1;
        intend(&journal.kept, &intent, true).await;
        let error = client.reconcile(intent.clone()).await.unwrap_err();
        assert_eq!((error.kind(), error.billing()), expected, "{error}");
        assert_eq!(posts(&host.asked.calls()), 0);
        // What may have been charged stays counted.
        let is_counted = budget.spent() != "0".parse().unwrap();
        assert_eq!(is_counted, error.billing() == Billing::Unknown);
    }
}

/// A journal that takes no end, and in which another process sends the create just before.
#[derive(Default)]
struct OvertakenAtTheEnd(MemoryJournal);

#[async_trait]
impl Journal for OvertakenAtTheEnd {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        self.0.recall(create).await
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        let JournalChange::End(_) = write.change else {
            return self.0.write(write).await;
        };
        let [entry] = <[_; 1]>::try_from(self.0.entries()).unwrap();
        let take_over = JournalChange::TakeOver(Box::new(entry.intent));
        let send = JournalChange::Send {
            attempt: 1,
            reason: SendReason::Unsent,
        };
        for change in [take_over, send] {
            let write = JournalWrite::new(write.create.clone(), stranger(), change);
            self.0.write(&write).await?;
        }
        Err(JournalError::new("no space left on the device"))
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_that_cannot_be_written_down_says_nothing_of_what_another_process_has_sent() {
    let transport = Scripted::new(refused());
    let client = client(&transport, Arc::new(OvertakenAtTheEnd::default()));
    let error = client.generate(request()).await.unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), ErrorKind::Known, "{error}");
    assert_eq!(error.billing(), Billing::Unknown);
}
