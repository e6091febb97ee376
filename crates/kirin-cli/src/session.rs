//! The client that the commands use.

use std::{
    error::Error,
    ffi::OsString,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
    sync::Arc,
};

use kirin_client::{
    ApiKey, BaseUrl, Budget, Client, ClientBuilder, FileDigest, GenerationBuilder, PollSchedule,
};
use kirin_emulator::{Emulator, EmulatorConfig};
use kirin_ledger::{Entry, Ledger, LedgerError, Money};
use kirin_transport::Transport;
use kirin_types::{Amount, ExternalTaskId, GenerationRequest, Task, TaskId, TaskRef};

use crate::{
    arguments::SharedOptions,
    certificates, downloaded_files, emulated_host,
    environment::read_variable,
    failure::Failure,
    key, ledger_file, output_path,
    reached::Reached,
    terminal::{print_stderr, printable},
    verbose::{self, ReportingTransport},
};

/// A client, and the emulator it talks to if that runs inside this program.
pub(crate) struct Session {
    pub(crate) client: Client,
    /// What the client writes to.
    pub(crate) ledger: Option<Ledger>,
    emulator: Option<Emulator>,
    minted: Option<ExternalTaskId>,
}

/// The settings of a client that may spend money.
#[derive(Default)]
pub(crate) struct Wanted {
    /// Most that everything may cost, in USD.
    pub(crate) max_cost: Option<Amount>,
    /// Where the video of each create goes.
    pub(crate) outputs: Vec<(ExternalTaskId, PathBuf)>,
    /// The id that was made up for this command.
    pub(crate) minted: Option<ExternalTaskId>,
}

/// A client that may spend money, and the ledger that it writes to.
pub(crate) struct PayingSession {
    pub(crate) session: Session,
    pub(crate) ledger: Ledger,
}

impl PayingSession {
    pub(crate) fn open(shared: &SharedOptions, wanted: Wanted) -> Result<Self, Failure> {
        Self::with_ledger(ledger_file::open()?, shared, wanted)
    }

    /// A client that writes to a ledger which is open already.
    pub(crate) fn with_ledger(
        ledger: Ledger,
        shared: &SharedOptions,
        wanted: Wanted,
    ) -> Result<Self, Failure> {
        Ok(Self {
            session: Session::open_with(shared, Some(ledger.clone()), wanted)?,
            ledger,
        })
    }
}

impl Session {
    /// A client that follows existing tasks; it records how they end, if there is a ledger.
    pub(crate) fn open_to_follow(shared: &SharedOptions) -> Result<Self, Failure> {
        Self::open_with(shared, ledger_file::if_there(), Wanted::default())
    }

    /// A client that only asks.
    pub(crate) fn open_to_query(shared: &SharedOptions) -> Result<Self, Failure> {
        Self::open_with(shared, None, Wanted::default())
    }

    fn open_with(
        shared: &SharedOptions,
        ledger: Option<Ledger>,
        wanted: Wanted,
    ) -> Result<Self, Failure> {
        let base_url = base_url(shared)?;
        let found = key::find_key()?;
        verbose::print_verbose(format_args!("API key from {}", found.source));
        verbose::print_verbose(format_args!("base URL {}", base_url.as_str()));
        let mut builder = with_reporting(Client::builder(found.key), &base_url)?;
        if let Some(host) = plain_http_to(shared) {
            builder = builder.plain_http_to(host);
        }
        if base_url.is_loopback() {
            // A service on this machine is most likely an emulator, with tasks of a few seconds.
            builder = builder.schedule(PollSchedule::optimum(EmulatorConfig::TASK_TIME));
        }
        let configuration = &shared.configuration;
        let host = configuration.host_settings(&base_url);
        builder = builder.capabilities(host.capabilities);
        for control in host.controls {
            builder = builder.control(control);
        }
        if let Some(limit) = wanted.max_cost {
            builder = builder.budget(Arc::new(Budget::new(limit)));
        }
        if let Some(ledger) = &ledger {
            verbose::print_verbose(format_args!("ledger {}", ledger.path().display()));
            let mut journal = ledger.journal(base_url);
            if let Some(limit) = &configuration.budget_per_day {
                journal = journal.budget_per_day(limit.clone());
            }
            for (id, output) in wanted.outputs {
                journal = journal.output(id, output_path::absolute_path(&output));
            }
            builder = builder.journal(Arc::new(journal));
        }
        Ok(Self {
            client: builder.build()?,
            ledger,
            emulator: None,
            minted: wanted.minted,
        })
    }

    /// Generates what is asked for; a task that is found by an id which this program makes up is ours.
    pub(crate) fn generation_of(&self, request: GenerationRequest) -> GenerationBuilder {
        let id = request.external_task_id();
        let (is_minted, is_derived) = (id == self.minted.as_ref(), id.is_some_and(is_made_up_here));
        let generation = self.client.generate(request);
        match (is_minted, is_derived) {
            (true, _) => generation.with_minted_id(),
            (false, true) => generation.with_derived_id(),
            (false, false) => generation,
        }
    }

    /// The task, queried once; a failure has what was reached of it before.
    pub(crate) async fn query_task(
        &self,
        task: impl Into<TaskRef>,
        reached: &Reached,
    ) -> Result<Task, Failure> {
        let queried = self.client.query(task).await;
        queried.map_err(|error| Failure::from_client(&error, reached.ids()))
    }

    /// The entry of a task or create at the base URL of this client. Of several that may be charged, each of another
    /// account, none is taken for the one that is meant: that is a failure.
    pub(crate) async fn find_entry(&self, id: &str) -> Result<Option<Entry>, Failure> {
        let Some(ledger) = &self.ledger else {
            return Ok(None);
        };
        let found = ledger.find(id).await?;
        let is_here = |entry: &Entry| entry.base_url == *self.client.base_url();
        one_of_accounts(id, found.into_iter().filter(is_here).collect())
    }

    /// What the files of a task are, as far as the ledger knows.
    pub(crate) async fn file_digests(&self, id: &str) -> Result<Vec<FileDigest>, Failure> {
        match (&self.ledger, self.find_entry(id).await?) {
            (Some(ledger), Some(entry)) => downloaded_files::noted_digests(ledger, &entry).await,
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
    pub(crate) async fn earlier_output(&self, id: &str) -> Option<PathBuf> {
        let entry = self.find_entry(id).await.ok()??;
        Some(output_path::path_for_task(&entry.output?.into(), id))
    }

    /// Notes where the files of a task are, and what they are, where that could not be noted
    /// before. The files count even if that fails.
    pub(crate) async fn note_files(
        &self,
        task: &Task,
        paths: &[PathBuf],
        unnoted: impl Iterator<Item = FileDigest>,
    ) {
        let id = task.id().as_str();
        let (Some(ledger), Ok(Some(entry))) = (&self.ledger, self.find_entry(id).await) else {
            return;
        };
        let paths: Vec<_> = paths
            .iter()
            .map(|path| output_path::absolute_path(path))
            .collect();
        let noting = async {
            // Without its digest, another file as long as the video would be taken for it.
            for digest in unnoted {
                ledger.note_digest(entry.number, &digest).await?;
            }
            ledger.downloaded(entry.number, &paths).await
        };
        if let Err(error) = noting.await {
            print_stderr(&format!(
                "the video is there, but the ledger could not record it: {}",
                printable(&error.to_string())
            ));
        }
    }

    /// A client for an emulator that starts with it. The emulator says what it can do and how
    /// long its tasks take, so that is declared.
    pub(crate) async fn start_emulated() -> Result<Self, Failure> {
        fn cannot_start(error: &dyn Error) -> Failure {
            let what = format!("cannot start the emulator: {error}");
            Failure::other(
                what,
                "Try again, or run it as a separate process: kirin emulator",
            )
        }
        let emulator = Emulator::start(EmulatorConfig::default().seed(new_seed()))
            .await
            .map_err(|error| cannot_start(&error))?;
        let base_url = emulator.base_url().parse();
        let base_url: BaseUrl = base_url.map_err(|invalid| cannot_start(&invalid))?;
        let key = format!("{}key", ApiKey::EMULATOR_PREFIX).parse();
        let key = key.map_err(|invalid| cannot_start(&invalid))?;
        let builder = with_reporting(Client::builder(key), &base_url)?
            .capabilities(emulated_host::declared_capabilities(&emulator))
            .schedule(PollSchedule::optimum(emulator.typical_time()));
        Ok(Self {
            client: builder.build()?,
            // It spends no money, and its tasks end with it.
            ledger: None,
            emulator: Some(emulator),
            minted: None,
        })
    }

    pub(crate) async fn shut_down(self) {
        if let Some(emulator) = self.emulator {
            emulator.shutdown().await;
        }
    }
}

/// The task that a person has named, by either of its ids: an external one also means a task whose own id
/// it is.
pub(crate) fn typed_task(id: &TaskId) -> TaskRef {
    match id.as_str().parse::<ExternalTaskId>() {
        Ok(external) => external.into(),
        Err(_) => id.into(),
    }
}

/// Of the entries under an id at one base URL, the one that is meant: the one that has the task, or
/// may be charged. If
/// there are several, that is a failure.
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
/// A user who types one has copied it.
fn is_made_up_here(id: &ExternalTaskId) -> bool {
    let digits = ["batch-", "kirin-"]
        .iter()
        .find_map(|prefix| id.as_str().strip_prefix(prefix));
    digits.is_some_and(|digits| {
        digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// A seed that no other run has: files are named after ids, and two runs must not meet in one.
pub(crate) fn new_seed() -> u64 {
    let mut hasher = DefaultHasher::new();
    Client::mint_external_task_id().hash(&mut hasher);
    hasher.finish()
}

/// The client of a base URL reports what it sends, if `--verbose` asks for it.
fn with_reporting(builder: ClientBuilder, base_url: &BaseUrl) -> Result<ClientBuilder, Failure> {
    let transport = default_transport(base_url)?;
    let builder = builder.base_url(base_url.clone());
    Ok(match verbose::is_on() {
        true => builder.transport(ReportingTransport(transport)),
        false => builder.transport(transport),
    })
}

/// The default transport of a client.
pub(crate) fn default_transport(base_url: &BaseUrl) -> Result<Arc<dyn Transport>, Failure> {
    certificates::check_files()?;
    Ok(ClientBuilder::default_transport(base_url)?)
}

pub(crate) fn base_url(shared: &SharedOptions) -> Result<BaseUrl, Failure> {
    let typed = shared.base_url.clone().map(OsString::from);
    let named = typed.or_else(|| read_variable("KIRIN_BASE_URL"));
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
                "Use https; or, if anyone on the network path may read the key, name the host: \
                 export KIRIN_PLAIN_HTTP_TO=emulator:4010"
            }
            false => "Change --base-url or KIRIN_BASE_URL, or leave both out to use the service.",
        };
        Failure::usage(format!("{invalid}"), next_step)
    })
}

/// The host that may be spoken to without encryption. The environment comes before the file.
pub(crate) fn plain_http_to(shared: &SharedOptions) -> Option<String> {
    let named = read_variable("KIRIN_PLAIN_HTTP_TO");
    let named = named.map(|host| host.to_string_lossy().into_owned());
    named.or_else(|| shared.configuration.plain_http_to.clone())
}
