//! What `kirin validate` can be told.

use std::path::PathBuf;

use clap::Args;

use super::DefaultModel;
use crate::request_file::Format;

#[derive(Args, Debug)]
pub(crate) struct Validate {
    /// A file of requests, one a line as JSON Lines or CSV, of prompts, one a line, or one JSON
    /// object; - is stdin
    pub(crate) file: PathBuf,
    /// How the file is written: csv, json, jsonl or text [default: what its extension says]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) format: Option<Format>,
    #[command(flatten)]
    pub(crate) model: DefaultModel,
    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
