//! A durable record of paid work: what was intended, sent, accepted, charged and downloaded.
//!
//! A [`Ledger`] is one SQLite file. It survives any crash, several processes may use it at once, and
//! none of them begins a create that another one is at. A [`LedgerJournal`] is what a
//! `kirin_client::Client` writes to; with it, what is unfinished is there after a restart.
//!
//! ```no_run
//! use kirin_client::{BaseUrl, Client};
//! use kirin_ledger::Ledger;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let ledger = Ledger::open("kirin.sqlite3")?;
//! // One for both: the journal refuses creates that go elsewhere.
//! let base_url = BaseUrl::default();
//! let journal = ledger.journal(base_url.clone()).until_delivered();
//! let client = Client::builder("my-key".parse()?).base_url(base_url).journal(journal).build()?;
//! // It writes every create down before it leaves.
//! # let _ = client;
//! for entry in ledger.unfinished().await? {
//!     println!("{} may be charged", entry.external_task_id);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! No key is in it, only a fingerprint. The requests are, with their pictures and callback URLs,
//! because a create may have to be sent again; so only its owner may read the file.

pub use kirin_client;
pub use kirin_types;

mod backup;

mod bounded_file;

mod claim;
pub use claim::Claim;

mod clock;

mod closing;

mod connection;

mod days;

mod entry;
pub use entry::{Entry, Money};

mod error;
pub use error::LedgerError;

mod file_system;

mod files;
pub use files::DownloadedFile;

mod guard;

mod identity;

mod interrupted;

mod journal;
pub use journal::LedgerJournal;

mod ledger;
pub use ledger::Ledger;

mod lineage;

mod location;

mod lock_folder;

mod main_file;

mod mark;

mod mounts;

mod opening;

mod read_only;

mod owner;
pub use owner::Owner;

mod path;

mod process;

mod rows;

mod schema;

mod signed_url;

mod writer;
