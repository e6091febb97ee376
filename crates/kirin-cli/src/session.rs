//! The client that the commands use.

use std::{
    error::Error,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use kirin_client::{
    ApiKey, BaseUrl, Client, ClientBuilder, DuplicateIds, HostCapabilities, Lookup, PollSchedule,
};
use kirin_emulator::{Duplicates, Emulator, EmulatorConfig};

use crate::{arguments::Shared, failure::Failure};

/// A client, and the emulator it talks to if that runs inside this program.
pub(crate) struct Session {
    pub(crate) client: Client,
    emulator: Option<Emulator>,
}

impl Session {
    /// A client for the service, or whatever the base URL names.
    pub(crate) fn open(shared: &Shared) -> Result<Self, Failure> {
        let base_url = base_url(shared)?;
        let mut builder = Client::builder(key()?).base_url(base_url.clone());
        if base_url.is_loopback() {
            // What is on this machine is most likely an emulator, with tasks of a few seconds.
            builder = builder.schedule(PollSchedule::optimum(EmulatorConfig::TASK_TIME));
        }
        Ok(Self {
            client: build(builder)?,
            emulator: None,
        })
    }

    /// A client for an emulator that starts with it. The emulator says what it can do and how
    /// long its tasks take, so that is declared.
    pub(crate) async fn emulated() -> Result<Self, Failure> {
        let emulator = Emulator::start(EmulatorConfig::default().seed(new_seed()))
            .await
            .map_err(|error| emulator_failure(&error))?;
        let base_url = emulator
            .base_url()
            .parse()
            .map_err(|invalid| emulator_failure(&invalid))?;
        let key = format!("{}key", ApiKey::EMULATOR_PREFIX);
        let key = key.parse().map_err(|invalid| emulator_failure(&invalid))?;
        let builder = Client::builder(key)
            .base_url(base_url)
            .capabilities(capabilities(&emulator))
            .schedule(PollSchedule::optimum(emulator.typical_time()));
        Ok(Self {
            client: build(builder)?,
            emulator: Some(emulator),
        })
    }

    pub(crate) async fn close(self) {
        if let Some(emulator) = self.emulator {
            emulator.shutdown().await;
        }
    }
}

/// A seed that no other run has: files are named after ids, and two runs must not meet in one.
pub(crate) fn new_seed() -> u64 {
    let mut hasher = DefaultHasher::new();
    Client::mint_external_task_id().hash(&mut hasher);
    hasher.finish()
}

fn build(builder: ClientBuilder) -> Result<Client, Failure> {
    builder.build().map_err(|error| Failure::build(&error))
}

fn capabilities(emulator: &Emulator) -> HostCapabilities {
    let mut capabilities = HostCapabilities::default();
    if emulator.duplicates() == Duplicates::Refuse {
        capabilities = capabilities.with_duplicate_ids(DuplicateIds::Refused);
    }
    let lag = match emulator.lookup() {
        kirin_emulator::Lookup::Lags(lag) => lag,
        kirin_emulator::Lookup::Works => Duration::ZERO,
        _ => return capabilities.with_lookup(Lookup::Missing),
    };
    capabilities
        .with_lookup(Lookup::Proven)
        .with_lookup_lag(lag)
}

fn key() -> Result<ApiKey, Failure> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program reads its environment here"
    )]
    let key = std::env::var_os("KIRIN_API_KEY").unwrap_or_default();
    match key.to_string_lossy().trim() {
        "" => Err(Failure::no_key()),
        key => key.parse().map_err(|invalid| {
            let what = format!("the value of KIRIN_API_KEY is not a key: {invalid}");
            Failure::usage(what, "Set it to your API key, as it was given to you.")
        }),
    }
}

fn base_url(shared: &Shared) -> Result<BaseUrl, Failure> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program reads its environment here"
    )]
    let environment = || std::env::var_os("KIRIN_BASE_URL").unwrap_or_default();
    let text = match &shared.base_url {
        Some(text) => text.clone(),
        None => environment().to_string_lossy().into(),
    };
    match text.as_str() {
        "" => Ok(BaseUrl::default()),
        text => text.parse().map_err(|invalid| {
            Failure::usage(
                format!("{invalid}"),
                "Change --base-url or KIRIN_BASE_URL, or leave both out to use the service.",
            )
        }),
    }
}

fn emulator_failure(error: &dyn Error) -> Failure {
    let what = format!("the emulator cannot start: {error}");
    Failure::other(what, "Try again, or run it beside: kirin emulator")
}
