//! The videos of a backend: what it does between its web server and the service.
#![expect(clippy::print_stderr, reason = "it says what fails")]

use std::{
    collections::HashMap,
    error::Error,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt as _, Stream, future::join_all, stream};
use kirin_client::{
    ApiKey, BaseUrl, Budget, BuildError, Client, DuplicateIds, Error as KirinError, Generation,
    HostCapabilities, Lookup, Unfinished, Wakes,
};
use kirin_ledger::Ledger;
use kirin_types::ExternalTaskId;
use tokio::sync::{
    broadcast::{self, error::RecvError},
    oneshot,
};

/// A report about a video, with its id.
pub(crate) type Notice = (ExternalTaskId, String);

pub(crate) struct Studio {
    pub(crate) key: ApiKey,
    pub(crate) base_url: BaseUrl,
    pub(crate) ledger: Ledger,
    pub(crate) folder: PathBuf,
    pub(crate) notices: broadcast::Sender<Notice>,
    pub(crate) wakes: Wakes,
    /// One for each customer, with a budget of its own that ends with the process; all share the ledger.
    pub(crate) clients: Mutex<HashMap<String, Client>>,
}

/// Learns that the service has accepted the video, or why not.
pub(crate) type Accepted = oneshot::Sender<Result<(), KirinError>>;

impl Studio {
    /// Resumes what earlier processes left.
    pub(crate) async fn resume(self: &Arc<Self>) -> Result<(), Box<dyn Error>> {
        for entry in self.ledger.unfinished().await? {
            let id = entry.external_task_id;
            let entry = self.ledger.journal_entry(entry.number).await?;
            let mut generation = self.client(&id)?.resume_entry(entry).start();
            // The first poll claims the create. Without it, an order that comes now could claim it first, and end
            // without work, because the journal knows the create already.
            let _ = generation.accepted().now_or_never();
            tokio::spawn(Arc::clone(self).work(id, generation, None));
        }
        Ok(())
    }

    /// Sees a video through, from the create or from where an earlier process was. In a task of its own: a
    /// customer who hangs up must not drop a create.
    pub(crate) async fn work(
        self: Arc<Self>,
        id: ExternalTaskId,
        generation: Generation,
        accepted: Option<Accepted>,
    ) {
        if let Err(error) = self.deliver(&id, generation, accepted).await {
            // The next start resumes what is unfinished.
            eprintln!("{id}: {error}");
        }
    }

    async fn deliver(
        &self,
        id: &ExternalTaskId,
        mut generation: Generation,
        accepted: Option<Accepted>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        match (generation.accepted().await, accepted) {
            (Ok(_), None) => {}
            (Err(error), None) => return Err(error.into()),
            (Ok(_), Some(accepted)) => drop(accepted.send(Ok(()))),
            (Err(error), Some(accepted)) => {
                let _ = accepted.send(Err(error));
                return Ok(());
            }
        }
        let mut notices = generation.notices();
        while let Some(notice) = notices.next().await {
            // There may be no listener.
            let _ = self.notices.send((id.clone(), format!("{notice:?}")));
        }
        let (task, client) = (generation.await?, self.client(id)?);
        let path = self.folder.join(format!("{id}.mp4"));
        // An earlier process may have been killed after its download.
        client.download(&task, path).keep_existing(true).await?;
        Ok(client.delivered(id).await?)
    }

    /// The reports about a video from now on.
    pub(crate) fn notices_of(&self, id: String) -> impl Stream<Item = String> + use<> {
        stream::unfold((self.notices.subscribe(), id), async |(mut notices, id)| {
            loop {
                match notices.recv().await {
                    Ok((of, text)) if of.as_str() == id => return Some((text, (notices, id))),
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        })
    }

    /// The client of the customer whose video this is: what stands before the first dot.
    pub(crate) fn client(&self, id: &ExternalTaskId) -> Result<Client, BuildError> {
        let customer = id.as_str().split('.').next().unwrap_or_default();
        if let Some(client) = self.locked().get(customer) {
            return Ok(client.clone());
        }
        let journal = self.ledger.journal(self.base_url.clone());
        let limit = "10.00".parse().expect("an amount");
        let mut builder = Client::builder(self.key.clone())
            .base_url(self.base_url.clone())
            .journal(journal.until_delivered())
            .budget(Budget::new(limit))
            .wakes(&self.wakes)
            .expects_callbacks();
        if self.base_url.is_loopback() {
            // The emulator refuses duplicates. Whether the service does is not documented.
            let host = HostCapabilities::default().with_lookup(Lookup::Proven);
            builder = builder.capabilities(host.with_duplicate_ids(DuplicateIds::Refused));
        }
        let client = builder.build()?;
        let mut clients = self.locked();
        Ok(clients.entry(customer.to_owned()).or_insert(client).clone())
    }

    /// Begins nothing more, and gives what is under way this time to end.
    pub(crate) async fn drain(&self, deadline: Duration) -> Vec<Unfinished> {
        let clients: Vec<_> = self.locked().values().cloned().collect();
        let drained = clients.iter().map(|client| client.drain(deadline));
        join_all(drained).await.concat()
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
