#![doc = include_str!("../README.md")]
//!
//! # Many videos
//!
//! This makes many videos, and continues where it was when it is run again, also after `kill -9`: none is paid for
//! twice, and none that was paid for is lost. Each video has an id of its own, and the same request at each run.
//!
//! ```
//! use std::path::PathBuf;
//!
//! use kirin_client::{Client, CreateId, Journal as _};
//! use kirin_ledger::{Ledger, LedgerJournal};
//! use kirin_types::GenerationRequest;
//! # use kirin_emulator::{Emulator, EmulatorConfig, VideoSize};
//!
//! type Failed = Box<dyn std::error::Error + Send + Sync>;
//!
//! # async fn run(emulator: &Emulator, folder: PathBuf) -> Result<(), Failed> {
//! # let (key, base_url) = ("any-key".parse()?, emulator.base_url().parse::<kirin_client::BaseUrl>()?);
//! let ledger = Ledger::open_on_thread(folder.join("videos.sqlite3")).await?;
//! let journal = ledger.journal(base_url.clone()).until_delivered();
//! let client = Client::builder(key).base_url(base_url).journal(journal.clone());
//! // The wait for one of the eight places would count too, so there is no deadline.
//! let client = client.parallel_tasks(8.try_into()?).forever().build()?;
//! let mut videos = tokio::task::JoinSet::new();
//! for (id, prompt) in [("video-1", "a fox"), ("video-2", "a paper boat")] {
//!     let request = GenerationRequest::builder(prompt).external_task_id(id).build()?;
//!     let path = folder.join(format!("{id}.mp4"));
//!     videos.spawn(video(client.clone(), journal.clone(), request, path));
//! }
//! while let Some(video) = videos.join_next().await {
//!     video?.unwrap_or_else(|error| eprintln!("{error}"));
//! }
//! # Ok(())
//! # }
//!
//! async fn video(client: Client, journal: LedgerJournal, request: GenerationRequest, path: PathBuf) -> Result<(), Failed> {
//!     let id = request.external_task_id().ok_or("it has no id")?.clone();
//!     let create = CreateId::new(client.base_url().clone(), client.key_fingerprint().clone(), id.clone());
//!     let task = match journal.recall(&create).await?.entry {
//!         Some(entry) if entry.is_delivered => return Ok(()),
//!         Some(entry) if entry.is_unfinished() => client.resume_entry(entry).await?,
//!         _ => client.generate(request).await?,
//!     };
//!     // A run that was killed may have downloaded it already.
//!     client.download(&task, path).keep_existing(true).await?;
//!     Ok(client.delivered(&id).await?)
//! }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # use std::time::Duration;
//! # let folder = tempfile::tempdir()?;
//! # let config = EmulatorConfig::new().video_size(VideoSize::Small).task_time(Duration::from_millis(300));
//! # let emulator = Emulator::start(config).await?;
//! # // It ends when both may be paid for, however slow the machine is.
//! # let are_paid_for = async {
//! #     while emulator.ledger().charges().len() < 2 {
//! #         tokio::time::sleep(Duration::from_millis(5)).await;
//! #     }
//! # };
//! # tokio::select! {
//! #     ended = run(&emulator, folder.path().into()) => panic!("{ended:?}"),
//! #     () = are_paid_for => {}
//! # }
//! # for _ in 0..2 {
//! #     run(&emulator, folder.path().into()).await?;
//! #     assert_eq!(emulator.ledger().charges().len(), 2);
//! #     assert!(folder.path().join("video-1.mp4").exists() && folder.path().join("video-2.mp4").exists());
//! # }
//! # emulator.assert_charged_once();
//! # Ok::<(), Failed>(())
//! # })?;
//! # Ok::<(), Failed>(())
//! ```
//!
//! A video that failed at the service has used up its id: each run says so, and another id makes it again. A video
//! that another living process is at is left to it, with an error. `kirin batch` does all this for a file of
//! requests.

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
pub use entry::{DownloadedFile, Entry, Money};

mod error;
pub use error::LedgerError;

mod file_system;

mod files;

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

mod trouble;

mod writer;
