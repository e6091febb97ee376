//! What `kirin models` can be told.

use clap::{Args, Subcommand};

#[derive(Args, Debug)]
pub(crate) struct Models {
    /// Print one JSON object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) show: Option<ModelsCommand>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum ModelsCommand {
    /// Show the parameters of a model with what is allowed, its rules, output and list prices.
    Show {
        /// The model's id; kling_... is understood for kirin_...
        model: String,
    },
}
