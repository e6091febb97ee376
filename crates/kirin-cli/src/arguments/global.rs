//! What every command can be told.

use clap::Args;

#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Never ask: where an answer is needed, fail
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
}
