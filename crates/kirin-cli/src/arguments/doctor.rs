//! What `kirin doctor` can be told.

use clap::Args;

use super::Shared;

#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// Ask the service nothing
    #[arg(long)]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) shared: Shared,
}
