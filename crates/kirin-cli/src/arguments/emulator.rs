//! What `kirin emulator` can be told.

use std::{net::IpAddr, num::NonZeroU32, path::PathBuf};

use clap::{Args, Subcommand};
use kirin_types::Amount;

use super::value::amount;

#[derive(Args, Debug)]
pub(crate) struct Emulator {
    /// Port to listen on; 0 takes a free one [default: 4010, for exec a free one]
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Address to listen on; 0.0.0.0 lets everyone on its networks use it [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<IpAddr>,
    /// Another name under which it is called, such as that of its container; its URLs have it
    #[arg(long, value_name = "NAME")]
    pub(crate) host_name: Option<String>,
    /// Seed of the ids: the same seed and the same calls give the same ids [default: a new one]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// What goes wrong and when: a JSON file such as
    /// {"rules": [{"fault": "commit_then_drop", "scope": "create", "nth": 1}]}
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// How many times as fast as real its time passes
    #[arg(long, value_name = "FACTOR")]
    pub(crate) speed: Option<NonZeroU32>,
    /// Play money in USD; a create that costs more than is left is refused [default: no end of it]
    #[arg(long, value_name = "USD", value_parser = amount)]
    pub(crate) balance: Option<Amount>,
    /// API calls a second; what is more is refused with 429 [default: no limit]
    #[arg(long, value_name = "CALLS")]
    pub(crate) rate_limit: Option<u32>,
    /// Tasks in progress at once; a create beyond is refused with 429 [default: no limit]
    #[arg(long, value_name = "TASKS")]
    pub(crate) parallel_limit: Option<usize>,
    /// Send callbacks to the internet too, not only to this machine
    #[arg(long)]
    pub(crate) public_callbacks: bool,
    /// Take unknown parameters and values, and make the video without them
    #[arg(long)]
    pub(crate) lenient: bool,
    #[command(subcommand)]
    pub(crate) exec: Option<EmulatorCommand>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum EmulatorCommand {
    /// Run a command beside the emulator, with KIRIN_BASE_URL and KIRIN_API_KEY set, and end with
    /// its exit code: kirin emulator exec -- cargo test
    Exec {
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<std::ffi::OsString>,
    },
}
