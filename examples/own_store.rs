//! A store of your own in place of the ledger: one file per create. It shows how one process at a time claims a
//! video, how it resumes after `kill -9`, and how it delivers the video to memory.
//!
//! ```text
//! export KIRIN_BASE_URL=http://127.0.0.1:4010 KIRIN_API_KEY=any STORE=.
//! cargo run --package kirin-examples --bin own_store -- generate order-42
//! cargo run --package kirin-examples --bin own_store -- resume
//! ```
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program reads its environment, and says what it does"
)]

use std::{
    env,
    error::Error,
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    path::PathBuf,
    sync::Arc,
};

use async_trait::async_trait;
use kirin_client::{
    BaseUrl, Client, CreateId, DuplicateIds, Generation, HostCapabilities, Journal, JournalEntry,
    JournalError, JournalWrite, Lookup, Recalled,
};
use kirin_types::{ExternalTaskId, GenerationRequest};

/// A folder with a file for each external id: its creates, one for each base URL and account.
#[derive(Clone)]
pub(crate) struct Store(PathBuf);

impl Store {
    pub(crate) fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The right to work at a create, until the file is dropped or the process ends, however it does. `None`
    /// where another process has it.
    fn claim(&self, id: &ExternalTaskId) -> io::Result<Option<File>> {
        let file = File::create(self.0.join(format!("{id}.lock")))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn entries(&self, id: &ExternalTaskId) -> io::Result<Vec<JournalEntry>> {
        match fs::read(self.0.join(format!("{id}.json"))) {
            Ok(json) => Ok(serde_json::from_slice(&json)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The entries that the next start has to resume.
    pub(crate) fn unfinished(&self) -> io::Result<Vec<JournalEntry>> {
        let mut unfinished = Vec::new();
        for file in fs::read_dir(&self.0)? {
            let path = file?.path();
            if path.extension().is_some_and(|it| it == "json") {
                let entries: Vec<JournalEntry> = serde_json::from_slice(&fs::read(path)?)?;
                unfinished.extend(entries.into_iter().filter(JournalEntry::is_unfinished));
            }
        }
        Ok(unfinished)
    }

    /// Reads, applies and stores in one step that nothing else comes between; when it returns, the change is on
    /// the disk.
    fn change(&self, write: &JournalWrite) -> Result<(), JournalError> {
        let failed = |error: io::Error| JournalError::new(error.to_string());
        let lock = File::create(self.0.join("store")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let id = &write.create.external_task_id;
        let mut entries = self.entries(id).map_err(failed)?;
        JournalEntry::apply_among(&mut entries, write)?;
        self.keep(id, &entries).map_err(failed)
    }

    fn keep(&self, id: &ExternalTaskId, entries: &[JournalEntry]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        file.write_all(&serde_json::to_vec(entries)?)?;
        file.as_file().sync_all()?;
        file.persist(self.0.join(format!("{id}.json")))?;
        File::open(&self.0)?.sync_all()
    }
}

#[async_trait]
impl Journal for Store {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        let entries = self.entries(&create.external_task_id);
        let entries = entries.map_err(|error| JournalError::new(error.to_string()))?;
        Ok(Recalled::new(create.entry_among(entries)))
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        let (store, write) = (self.clone(), write.clone());
        // It waits for the disk, and for others who write.
        let changed = tokio::task::spawn_blocking(move || store.change(&write)).await;
        changed.map_err(|error| JournalError::new(error.to_string()))?
    }
}

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let set = |name: &str| env::var(name).map_err(|_| format!("set the variable {name}"));
    let base_url: BaseUrl = set("KIRIN_BASE_URL")?.parse()?;
    let store = Store::new(set("STORE")?);
    let mut builder = Client::builder(set("KIRIN_API_KEY")?.parse()?)
        .base_url(base_url.clone())
        .journal(Arc::new(store.clone()));
    if base_url.is_loopback() {
        // The emulator refuses duplicates. Whether the service does is not documented.
        let host = HostCapabilities::default().with_lookup(Lookup::Proven);
        builder = builder.capabilities(host.with_duplicate_ids(DuplicateIds::Refused));
    }
    let client = builder.build()?;
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["generate", id] => {
            let request = GenerationRequest::builder("a fox").external_task_id(id);
            let request = request.build()?;
            let id = id.parse()?;
            let _claim = store.claim(&id)?.ok_or("another process is at it")?;
            deliver(&client, &id, client.generate(request).start()).await
        }
        ["resume"] => resume(&client, &store).await,
        _ => Err("say `generate ID` or `resume`".into()),
    }
}

/// Resumes the entries of earlier processes, unless another process is working on them.
async fn resume(client: &Client, store: &Store) -> Result<(), Box<dyn Error>> {
    for entry in store.unfinished()? {
        let Some(id) = entry.intent.request.external_task_id().cloned() else {
            continue;
        };
        let Some(_claim) = store.claim(&id)? else {
            println!("{id}: another process is at it");
            continue;
        };
        // The other process may have got further, or to the end, before the claim.
        let entries = store.entries(&id)?.into_iter();
        for entry in entries.filter(JournalEntry::is_unfinished) {
            deliver(client, &id, client.resume_entry(entry).start()).await?;
        }
    }
    Ok(())
}

/// Waits for the video, and takes it into memory; from then on it is finished.
async fn deliver(
    client: &Client,
    id: &ExternalTaskId,
    generation: Generation,
) -> Result<(), Box<dyn Error>> {
    let task = generation.await?;
    let mut film = Vec::new();
    let mut stream = client.download_stream(&task);
    while let Some(data) = stream.next().await {
        film.extend_from_slice(&data?);
    }
    println!("{id}: delivered, {} bytes", film.len());
    client.delivered(id).await?;
    Ok(())
}
