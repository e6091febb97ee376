//! The client that the commands use.

use std::{
    error::Error,
    ffi::OsString,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::Arc,
};

use kirin_client::{
    ApiKey, BaseUrl, Budget, Client, ClientBuilder, FileDigest, GenerationBuilder, PollSchedule,
};
use kirin_emulator::{Emulator, EmulatorConfig};

use kirin_ledger::{Entry, Ledger, LedgerError, Money};
use kirin_transport::Transport;
use kirin_types::{Amount, ExternalTaskId, GenerationRequest, Task};

use crate::{
    arguments::{File, Shared},
    certificates, downloaded_files, emulated_host,
    environment::variable,
    failure::Failure,
    key, ledger_file, output_path,
    terminal::{printable, say},
    verbose::{self, Told},
};

/// A client, and the emulator it talks to if that runs inside this program.
pub(crate) struct Session {
    pub(crate) client: Client,
    /// What the client writes to.
    pub(crate) ledger: Option<Ledger>,
    emulator: Option<Emulator>,
    minted: Option<ExternalTaskId>,
}

/// What is asked of a client that may spend money.
#[derive(Default)]
pub(crate) struct Wanted {
    /// Most that everything may cost, in USD.
    pub(crate) max_cost: Option<Amount>,
    /// Where the video of each create goes.
    pub(crate) outputs: Vec<(ExternalTaskId, PathBuf)>,
    /// The id that was made up for this command.
    pub(crate) minted: Option<ExternalTaskId>,
}

impl Session {
    /// A client that may spend money: what it does is written down.
    pub(crate) fn paying(shared: &Shared, wanted: Wanted) -> Result<Self, Failure> {
        Self::paying_by(ledger_file::open()?, shared, wanted)
    }

    /// A client that writes to a ledger which is open already.
    pub(crate) fn paying_by(
        ledger: Ledger,
        shared: &Shared,
        wanted: Wanted,
    ) -> Result<Self, Failure> {
        Self::with(shared, Some(ledger), wanted)
    }

    /// A client that follows what there is; it writes down how that ends, if there is a ledger.
    pub(crate) fn following(shared: &Shared) -> Result<Self, Failure> {
        Self::with(shared, ledger_file::if_there(), Wanted::default())
    }

    /// A client that only asks.
    pub(crate) fn asking(shared: &Shared) -> Result<Self, Failure> {
        Self::with(shared, None, Wanted::default())
    }

    fn with(shared: &Shared, ledger: Option<Ledger>, wanted: Wanted) -> Result<Self, Failure> {
        let base_url = base_url(shared)?;
        let found = key::find()?;
        verbose::tell(format_args!("API key from {}", found.source));
        verbose::tell(format_args!("base URL {}", base_url.as_str()));
        let mut builder = Client::builder(found.key).base_url(base_url.clone());
        if let Some(host) = plain_http_to(shared) {
            builder = builder.plain_http_to(host);
        }
        builder = told(builder, &base_url)?;
        if base_url.is_loopback() {
            // What is on this machine is most likely an emulator, with tasks of a few seconds.
            builder = builder.schedule(PollSchedule::optimum(EmulatorConfig::TASK_TIME));
        }
        let configuration = &shared.configuration;
        let host = configuration.host(&base_url);
        builder = builder.capabilities(host.capabilities);
        for control in host.controls {
            builder = builder.control(control);
        }
        if let Some(limit) = wanted.max_cost {
            builder = builder.budget(Arc::new(Budget::new(limit)));
        }
        if let Some(ledger) = &ledger {
            verbose::tell(format_args!("ledger {}", ledger.path().display()));
            let mut journal = ledger.journal(base_url);
            if let Some(limit) = &configuration.budget_per_day {
                journal = journal.budget_per_day(limit.clone());
            }
            for (id, output) in wanted.outputs {
                journal = journal.output(id, absolute(&output));
            }
            builder = builder.journal(Arc::new(journal));
        }
        Ok(Self {
            client: build(builder)?,
            ledger,
            emulator: None,
            minted: wanted.minted,
        })
    }

    /// Generates what is asked for; a task that is found by an id which this program makes up is ours.
    pub(crate) fn generate(&self, request: GenerationRequest) -> GenerationBuilder {
        let id = request.external_task_id();
        let (is_minted, is_derived) = (id == self.minted.as_ref(), id.is_some_and(is_made_up));
        let generation = self.client.generate(request);
        match (is_minted, is_derived) {
            (true, _) => generation.with_minted_id(),
            (false, true) => generation.with_derived_id(),
            (false, false) => generation,
        }
    }

    /// The entry of a task or create at the base URL of this client.
    ///
    /// # Errors
    ///
    /// Several may be charged, each of another account: none of them is taken for the one that is meant.
    pub(crate) async fn entry(&self, id: &str) -> Result<Option<Entry>, Failure> {
        let Some(ledger) = &self.ledger else {
            return Ok(None);
        };
        let found = ledger
            .find(id)
            .await
            .map_err(|error| Failure::in_ledger(&error))?;
        let is_here = |entry: &Entry| entry.base_url == *self.client.base_url();
        one_of_accounts(id, found.into_iter().filter(is_here).collect())
    }

    /// What the files of a task are, as far as the ledger knows.
    pub(crate) async fn digests(&self, id: &str) -> Result<Vec<FileDigest>, Failure> {
        match (&self.ledger, self.entry(id).await?) {
            (Some(ledger), Some(entry)) => downloaded_files::digests(ledger, &entry).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Notes what a file of a task is, before it is there.
    pub(crate) fn note_digest(
        &self,
        id: &str,
        digest: FileDigest,
    ) -> impl Future<Output = Result<(), LedgerError>> + use<> {
        let (ledger, base_url) = (self.ledger.clone(), self.client.base_url().clone());
        let id = id.to_owned();
        async move {
            let Some(ledger) = ledger else {
                return Ok(());
            };
            let is_here = |entry: &Entry| entry.base_url == base_url;
            let entry = ledger.find(&id).await?.into_iter().find(is_here);
            match entry {
                Some(entry) => ledger.note_digest(entry.number, &digest).await,
                None => Ok(()),
            }
        }
    }

    /// Where the first run of a create wanted its video.
    pub(crate) async fn output(&self, id: &str) -> Option<PathBuf> {
        let entry = self.entry(id).await.ok()??;
        let file = File {
            output: Some(entry.output?),
            force: false,
        };
        Some(output_path::path(&file, id))
    }

    /// Notes where the files of a task are, and what they are, where that could not be noted before. They are
    /// there, whatever becomes of the note.
    pub(crate) async fn downloaded(&self, task: &Task, paths: &[PathBuf], unnoted: &[FileDigest]) {
        let id = task.id().as_str();
        let Ok(Some(entry)) = self.entry(id).await else {
            return;
        };
        let Some(ledger) = &self.ledger else {
            return;
        };
        let paths: Vec<_> = paths.iter().map(|path| absolute(path)).collect();
        let noting = async {
            // Without its digest, another file as long as the video would be taken for it.
            for digest in unnoted {
                ledger.note_digest(entry.number, digest).await?;
            }
            ledger.downloaded(entry.number, &paths).await
        };
        if let Err(error) = noting.await {
            say(&format!(
                "the video is there, and the ledger does not know it: {}",
                printable(&error.to_string())
            ));
        }
    }

    /// A client for an emulator that starts with it. The emulator says what it can do and how
    /// long its tasks take, so that is declared.
    pub(crate) async fn emulated() -> Result<Self, Failure> {
        let emulator = Emulator::start(EmulatorConfig::default().seed(new_seed()))
            .await
            .map_err(|error| emulator_failure(&error))?;
        let base_url: BaseUrl = emulator
            .base_url()
            .parse()
            .map_err(|invalid| emulator_failure(&invalid))?;
        let key = format!("{}key", ApiKey::EMULATOR_PREFIX);
        let key = key.parse().map_err(|invalid| emulator_failure(&invalid))?;
        let builder = Client::builder(key)
            .base_url(base_url.clone())
            .capabilities(emulated_host::capabilities(&emulator))
            .schedule(PollSchedule::optimum(emulator.typical_time()));
        Ok(Self {
            client: build(told(builder, &base_url)?)?,
            // Its money is none, and its tasks end with it.
            ledger: None,
            emulator: Some(emulator),
            minted: None,
        })
    }

    pub(crate) async fn close(self) {
        if let Some(emulator) = self.emulator {
            emulator.shutdown().await;
        }
    }
}

/// Of the entries under an id at one base URL, the one that is meant: the one that has the task, or may be charged.
///
/// # Errors
///
/// There are several.
pub(crate) fn one_of_accounts(id: &str, mut found: Vec<Entry>) -> Result<Option<Entry>, Failure> {
    let is_task = |entry: &Entry| {
        entry
            .task_id
            .as_ref()
            .is_some_and(|task| task.as_str() == id)
    };
    if let Some(place) = found.iter().position(is_task) {
        return Ok(Some(found.swap_remove(place)));
    }
    found.sort_by_key(|entry| entry.money() == Money::None);
    match &found[..] {
        [_, second, ..] if second.money() != Money::None => Err(Failure::several_accounts(id)),
        _ => Ok(found.into_iter().next()),
    }
}

/// Whether an id has the form of those that this program makes up, for a command or a line of a batch.
/// Who types one has it from there.
fn is_made_up(id: &ExternalTaskId) -> bool {
    let digits = ["batch-", "kirin-"]
        .iter()
        .find_map(|prefix| id.as_str().strip_prefix(prefix));
    digits.is_some_and(|digits| {
        digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// A path that another run understands, wherever it is started.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

/// A seed that no other run has: files are named after ids, and two runs must not meet in one.
pub(crate) fn new_seed() -> u64 {
    let mut hasher = DefaultHasher::new();
    Client::mint_external_task_id().hash(&mut hasher);
    hasher.finish()
}

/// The client tells what it sends, if somebody wants to know.
fn told(builder: ClientBuilder, base_url: &BaseUrl) -> Result<ClientBuilder, Failure> {
    let transport = transport(base_url)?;
    Ok(match verbose::is_on() {
        true => builder.transport(Told(transport)),
        false => builder.transport(transport),
    })
}

/// What a client uses by default.
pub(crate) fn transport(base_url: &BaseUrl) -> Result<Arc<dyn Transport>, Failure> {
    certificates::check()?;
    ClientBuilder::default_transport(base_url).map_err(|error| Failure::build(&error))
}

fn build(builder: ClientBuilder) -> Result<Client, Failure> {
    builder.build().map_err(|error| Failure::build(&error))
}

pub(crate) fn base_url(shared: &Shared) -> Result<BaseUrl, Failure> {
    let typed = shared.base_url.clone().map(OsString::from);
    let named = typed.or_else(|| variable("KIRIN_BASE_URL"));
    let configured = || {
        Some(OsString::from(
            shared.configuration.base_url.as_ref()?.as_str(),
        ))
    };
    let plain_host = plain_http_to(shared);
    let of_plain_host = || Some(OsString::from(format!("http://{}", plain_host.as_ref()?)));
    let Some(text) = named.or_else(configured).or_else(of_plain_host) else {
        return Ok(BaseUrl::default());
    };
    let text = text.to_string_lossy();
    let read = match plain_host {
        Some(_) => BaseUrl::with_plain_http(&text),
        None => text.parse(),
    };
    read.map_err(|invalid| {
        let next_step = match text.starts_with("http://") {
            true => {
                "Use https; or, if everyone on the way may read the key, name the host: \
                 export KIRIN_PLAIN_HTTP_TO=emulator:4010"
            }
            false => "Change --base-url or KIRIN_BASE_URL, or leave both out to use the service.",
        };
        Failure::usage(format!("{invalid}"), next_step)
    })
}

/// The host that may be spoken to without encryption. The environment comes before the file.
pub(crate) fn plain_http_to(shared: &Shared) -> Option<String> {
    let named = variable("KIRIN_PLAIN_HTTP_TO");
    let named = named.map(|host| host.to_string_lossy().into_owned());
    named.or_else(|| shared.configuration.plain_http_to.clone())
}

fn emulator_failure(error: &dyn Error) -> Failure {
    let what = format!("the emulator cannot start: {error}");
    Failure::other(what, "Try again, or run it beside: kirin emulator")
}
