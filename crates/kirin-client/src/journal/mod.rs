//! What is written down of paid work, before and after it is done.

#[cfg(feature = "conformance")]
pub mod conformance;
mod entry;
mod error;
mod intent;
mod memory;
mod operation;
mod transitions;
mod write;

pub use entry::{JournalEntry, JournalState};
pub use error::JournalError;
pub use intent::{CreateId, Intent};
pub use memory::MemoryJournal;
pub use operation::{InvalidOperationId, OperationId};
pub use write::{JournalChange, JournalWrite, TakenBack};

use std::sync::Arc;

use async_trait::async_trait;

use crate::Control;

/// Remembers creates, so that none is lost with the process that made it, and none is made twice by
/// two who share it: two clients of one process, or several processes.
///
/// A journal keeps a [`JournalEntry`] for each base URL, external task id and account. Every write names the
/// create, the operation that writes and what it changes, and [`JournalEntry::apply_among`] says what becomes
/// of its entry, or why the write is refused. So a journal of your own reads the entries under a base URL and an
/// external task id, most often one, applies the write and stores the result, *in one step that nothing else comes
/// between*: a transaction, or a compare-and-set. It recalls what [`CreateId::entry_among`] chooses. When
/// [`write`](Self::write) returns, the change is durable.
///
/// Ids are unique under one user of the service (documented), who may have several keys. So two keys have one
/// entry, and only two different accounts ([`AccountName`](crate::AccountName)) have two.
///
/// The writes of a generation come in this order: the intent, once; each attempt before it leaves; what
/// is taken back because it certainly was not sent or was refused; the task when the service has it; the
/// end; and, where someone tells it, that it is delivered. What is left at a restart is each entry that
/// [is unfinished](JournalEntry::is_unfinished), for `Client::resume_entry`.
///
/// Where a write that comes before an attempt fails, nothing is sent: no journal write, no spend. Where one of
/// the others fails, what is done is done: the generation continues and says so
/// ([`Notice::NotRecorded`](crate::machine::Notice::NotRecorded)). The journal then knows less than
/// happened; whoever reconciles its entry looks the task up first.
///
/// The future of a write may be dropped at any await, as when a caller gives up. Then the change is made whole or
/// not at all, at once or a little later, and no other write is damaged. Where a store cannot promise that, as a
/// file that lines are appended to, write in one step on a thread that continues to its end.
///
/// With the feature `conformance`, `journal_conformance` checks a journal of your own against all this:
///
#[cfg_attr(feature = "conformance", doc = "```")]
#[cfg_attr(not(feature = "conformance"), doc = "```ignore")]
/// use std::sync::Arc;
///
/// use kirin_client::{Journal, MemoryJournal, journal_conformance};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let make = || Arc::new(MemoryJournal::default()) as Arc<dyn Journal>; // or one of your own
/// let report = journal_conformance::check(make).await;
/// assert!(report.is_conforming(), "{report}");
/// # });
/// ```
///
/// # Example
///
/// A journal of your own. The map stands for a table of your database, the lock for a transaction, and the JSON for
/// what a row keeps: the entry is kept, and not the write, which is no serde type.
///
/// ```
/// use std::{collections::HashMap, sync::{Mutex, PoisonError}};
///
/// use kirin_client::{
///     CreateId, Journal, JournalEntry, JournalError, JournalWrite, Recalled, async_trait::async_trait,
///     serde_json,
/// };
///
/// #[derive(Default)]
/// struct Table(Mutex<HashMap<String, String>>);
///
/// /// A row has the entries of all accounts under a base URL and an external id, most often one.
/// fn place(create: &CreateId) -> String {
///     format!("{} {}", create.base_url, create.external_task_id)
/// }
///
/// fn entries(row: Option<&String>) -> Result<Vec<JournalEntry>, JournalError> {
///     let entries = serde_json::from_str(row.map_or("[]", |row| row));
///     entries.map_err(|error| JournalError::new(error.to_string()))
/// }
///
/// #[async_trait]
/// impl Journal for Table {
///     async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
///         let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         let entries = entries(table.get(&place(create)))?;
///         Ok(Recalled::new(create.entry_among(&entries).cloned()))
///     }
///
///     async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
///         // Reads, applies and stores in one step: no await is in between.
///         let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         let mut entries = entries(table.get(&place(&write.create)))?;
///         JournalEntry::apply_among(&mut entries, write)?;
///         let row = serde_json::to_string(&entries);
///         let row = row.map_err(|error| JournalError::new(error.to_string()))?;
///         table.insert(place(&write.create), row);
///         Ok(()) // A store that is to survive the process has it on the disk by now.
///     }
/// }
/// # #[cfg(feature = "conformance")]
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// #     let make = || std::sync::Arc::new(Table::default()) as std::sync::Arc<dyn Journal>;
/// #     let report = kirin_client::journal_conformance::check(make).await;
/// #     assert!(report.is_conforming(), "{report}");
/// # });
/// ```
///
/// A client takes it as `Client::builder(key).journal(Table::default())`. `examples/own_store.rs` of the repository
/// is a whole program with a store on the disk.
#[async_trait]
pub trait Journal: Send + Sync {
    /// What is known of a create, before anything of it is written.
    ///
    /// # Errors
    ///
    /// It could not be read; nothing is sent.
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError>;

    /// Writes down a change, if it is allowed after what was written before.
    ///
    /// # Errors
    ///
    /// It could not be written, or is refused.
    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError>;

    /// Writes down several changes, in this order: as [`write`](Self::write) for each, up to the first that
    /// fails. A journal that waits for a disk may wait once for all.
    ///
    /// # Errors
    ///
    /// As of the one that fails; those after it are not written.
    async fn write_all(&self, writes: &[JournalWrite]) -> Result<(), JournalError> {
        for write in writes {
            self.write(write).await?;
        }
        Ok(())
    }

    /// The operation has ended, or was dropped: it writes and sends nothing more. For journals that keep
    /// others from what a living operation is at; it must not block.
    fn operation_ended(&self, operation: &OperationId) {
        let _ = operation;
    }
}

#[async_trait]
impl<J: Journal + ?Sized> Journal for Arc<J> {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        (**self).recall(create).await
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        (**self).write(write).await
    }

    async fn write_all(&self, writes: &[JournalWrite]) -> Result<(), JournalError> {
        (**self).write_all(writes).await
    }

    fn operation_ended(&self, operation: &OperationId) {
        (**self).operation_ended(operation);
    }
}

#[async_trait]
impl<J: Journal + ?Sized> Journal for Box<J> {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        (**self).recall(create).await
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        (**self).write(write).await
    }

    async fn write_all(&self, writes: &[JournalWrite]) -> Result<(), JournalError> {
        (**self).write_all(writes).await
    }

    fn operation_ended(&self, operation: &OperationId) {
        (**self).operation_ended(operation);
    }
}

/// What a journal knows before a create.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Recalled {
    /// The entry of the create, if there is one: what [`CreateId::entry_among`] chooses of those that there are.
    pub entry: Option<JournalEntry>,
    /// Tasks at the same base URL and under the same key that a lookup must find. Those that were
    /// accepted before the [intent](JournalEntry::intent) of the entry, or before now if there is no entry, say so
    /// ([`Control::before_intent`]). Where an entry was replaced, its latest intent counts.
    ///
    /// A few are enough, and the latest are best: a host may forget older ones. The ledger gives four, of any age,
    /// and a client uses six at most, together with those that it has seen itself or was told. With none, it is
    /// never proved that a lost create made no task.
    pub controls: Vec<Control>,
    /// The journal may have forgotten creates, because it was made, or restored, a short time ago; the ledger says
    /// so for 7 days. The first attempt of an id that was not minted just now follows one lookup.
    pub may_have_forgotten: bool,
    /// What it may have forgotten may have been repeated because its absence was proved: it is not repeated so
    /// once more.
    pub may_have_been_repeated: bool,
}

impl Recalled {
    /// What is known of a create in a journal that forgets nothing.
    pub fn new(entry: Option<JournalEntry>) -> Self {
        Self {
            entry,
            ..Self::default()
        }
    }
}
