//! The settings of the configuration file. Flags and the environment take precedence.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::ColorChoice;
use kirin_client::{BaseUrl, Control, HostCapabilities};
use kirin_types::Amount;

use crate::{
    bounded_file, environment::read_variable, failure::Failure, input_text::input_text, verbose,
};

mod read;

/// What the file says; by default nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Configuration {
    pub(crate) base_url: Option<BaseUrl>,
    /// Most that all creates of a day (UTC) may cost, in USD.
    pub(crate) budget_per_day: Option<Amount>,
    pub(crate) color: Option<ColorChoice>,
    /// What is declared of hosts, by their base URL.
    pub(crate) hosts: BTreeMap<String, Host>,
    /// Most that a command may cost, in USD.
    pub(crate) max_cost: Option<Amount>,
    pub(crate) model: Option<String>,
    /// Folder of the videos.
    pub(crate) output: Option<PathBuf>,
    /// The host that is spoken to without encryption.
    pub(crate) plain_http_to: Option<String>,
    pub(crate) timeout: Option<Duration>,
}

/// Most bytes of the file.
const LIMIT: u64 = 1 << 20;

/// What is declared of a host.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Host {
    pub(crate) capabilities: HostCapabilities,
    /// Tasks that exist there, which a lookup has to find.
    pub(crate) controls: Vec<Control>,
}

impl Configuration {
    /// Reads the file, if there is one: `KIRIN_CONFIG`, or `config.toml` in the configuration
    /// folder. The failure lists
    /// everything in it that is not understood.
    pub(crate) fn load() -> Result<Self, Failure> {
        let is_named = read_variable("KIRIN_CONFIG").is_some();
        let Some(path) = Self::file_path() else {
            return Ok(Self::default());
        };
        let invalid = |problems: Vec<String>| {
            let what = format!("the configuration file {} is not valid", path.display());
            let next_step = "Change what is listed, or set KIRIN_CONFIG to another file.";
            Failure::usage(what, next_step).with_details(problems)
        };
        let bytes = match bounded_file::read(&path, LIMIT) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => {
                verbose::print_verbose(format_args!("no configuration file {}", path.display()));
                return Ok(Self::default());
            }
            Err(error) => return Err(invalid(vec![error.to_string()])),
        };
        verbose::print_verbose(format_args!("configuration file {}", path.display()));
        let text = input_text(&bytes).map_err(|what| invalid(vec![what.into()]))?;
        read::parse_configuration(text).map_err(invalid)
    }

    /// The file that is read, whether there is one or not.
    pub(crate) fn file_path() -> Option<PathBuf> {
        let named = read_variable("KIRIN_CONFIG").map(PathBuf::from);
        named.or_else(Self::default_path)
    }

    /// Where the file is unless `KIRIN_CONFIG` says otherwise.
    pub(crate) fn default_path() -> Option<PathBuf> {
        Some(configuration_folder()?.join("config.toml"))
    }

    /// What is declared of a host; by default nothing.
    pub(crate) fn host_settings(&self, base_url: &BaseUrl) -> Host {
        let host = self.hosts.get(base_url.as_str());
        host.cloned().unwrap_or_default()
    }
}

/// The folder of the user's settings, by the XDG Base Directory Specification.
pub(crate) fn configuration_folder() -> Option<PathBuf> {
    let configured = read_variable("XDG_CONFIG_HOME").map(PathBuf::from);
    // A relative one is to be ignored.
    let configured = configured.filter(|path| path.is_absolute());
    let home = || Some(Path::new(&read_variable("HOME")?).join(".config"));
    Some(configured.or_else(home)?.join("kirin"))
}
