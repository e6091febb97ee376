//! What `kirin batch` can be told.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use clap::Args;
use kirin_types::Amount;

use super::{DefaultModel, Shared, Timeout, value::amount};
use crate::{
    configuration::Configuration,
    failure::Failure,
    name_template::NameTemplate,
    request_file::{Format, RequestFile},
};

#[derive(Args, Debug)]
pub(crate) struct Batch {
    /// File of requests, JSON Lines or CSV, or of prompts, one a line; - is stdin
    #[arg(required_unless_present = "prompts")]
    file: Option<PathBuf>,
    /// A prompt, in the place of a file; to be given once for each video
    #[arg(
        long = "prompt",
        id = "prompts",
        value_name = "TEXT",
        conflicts_with = "file"
    )]
    prompts: Vec<String>,
    /// How the file is written [default: what its extension says]
    #[arg(long, conflicts_with = "prompts")]
    format: Option<Format>,
    #[command(flatten)]
    pub(crate) model: DefaultModel,
    /// How many requests are under way at once: 1 to 1000
    #[arg(
        long,
        value_name = "N",
        default_value_t = 4,
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    pub(crate) concurrency: u16,
    /// Most that the whole may cost over all runs; if it costs more, or a price is not known, nothing
    /// is sent
    #[arg(long, value_name = "USD", value_parser = amount)]
    pub(crate) max_cost: Option<Amount>,
    /// Print what is done and what the rest costs, and send nothing; needs no key
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Folder to write the videos to, made if it is missing [default: the file's name without its
    /// extension; batch for stdin and for prompts]
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) timeout: Timeout,
    /// Name of each file, of {task_id}, {external_task_id}, {model}, {mode}, {duration},
    /// {aspect_ratio}, {prompt} and {number} [default: {task_id}]
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) name_template: Option<NameTemplate>,
    #[command(flatten)]
    pub(crate) shared: Shared,
}

impl Batch {
    pub(crate) fn configure(&mut self, configuration: &Configuration) {
        self.model.configure(configuration);
        self.timeout.configure(configuration);
        if self.max_cost.is_none() {
            self.max_cost = configuration.max_cost.clone();
        }
        if let (None, Some(folder)) = (&self.output, &configuration.output) {
            self.output = Some(folder.join(self.name()));
        }
    }

    /// Where the videos go.
    pub(crate) fn folder(&self) -> PathBuf {
        self.output.clone().unwrap_or_else(|| self.name().into())
    }

    /// What is made of the file is named after this.
    pub(crate) fn name(&self) -> &OsStr {
        match self.file.as_deref().and_then(Path::file_stem) {
            Some(stem) if stem != "-" => stem,
            _ => OsStr::new("batch"),
        }
    }

    /// What is to be generated, read and not looked at yet.
    pub(crate) fn read(&self) -> Result<RequestFile, Failure> {
        match &self.file {
            Some(file) => RequestFile::read(file, self.format),
            None => Ok(RequestFile::of_prompts(self.prompts.clone())),
        }
    }
}
