//! What `kirin auth` can be told.

use clap::{Args, Subcommand};

use super::Shared;

#[derive(Args, Debug)]
pub(crate) struct Auth {
    #[command(subcommand)]
    pub(crate) act: AuthCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Keep an API key in a file that only you may read; prints its path.
    ///
    /// The key is read from stdin, or asked for on a terminal without showing it: kirin auth set-key <
    /// FILE. It replaces the one that is kept. The file is kirin/key in XDG_CONFIG_HOME or ~/.config.
    SetKey(SetKey),
    /// Tell where the API key is from, and its fingerprint; sends nothing.
    ///
    /// The environment variable KIRIN_API_KEY comes before the key file.
    Status(Box<Shared>),
}

#[derive(Args, Debug)]
pub(crate) struct SetKey {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// A key on the command line, which is refused without showing it once more.
    #[arg(hide = true)]
    pub(crate) key: Vec<String>,
}
