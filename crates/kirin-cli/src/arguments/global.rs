//! What every command can be told.

use clap::{Args, ColorChoice};

#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// When to use colours: auto, always or never [default: auto]
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true)]
    pub(crate) color: Option<ColorChoice>,
    /// Tell on stderr what is used and sent: files, the base URL, each request and its answer
    #[arg(long, global = true)]
    pub(crate) verbose: bool,
    /// Never ask: where an answer is needed, fail
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
}
