//! Options that several commands have.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ColorChoice};
use kirin_types::Amount;

use crate::{
    configuration::Configuration,
    report::Json,
    typed_value::{parse_amount, parse_duration, parse_model, parse_parameter},
};

/// Options of every command.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalOptions {
    /// When to use colors: auto, always or never [default: auto]
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true)]
    pub(crate) color: Option<ColorChoice>,
    /// Report on stderr what is used and sent: files, the base URL, each request and its answer
    #[arg(long, global = true)]
    pub(crate) verbose: bool,
    /// Never ask; fail where an answer is needed
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
}

/// The parameters of a generation. They are passed on as they were typed: one validator checks
/// them all and names every problem at once.
#[derive(Args, Debug)]
pub(crate) struct RequestOptions {
    /// What the video shows, in quotes: 1 to 2500 characters; - reads it from stdin; for several
    /// prompts use kirin batch
    #[arg(
        required_unless_present_any = ["prompt_options", "prompt_files", "image", "parameters"]
    )]
    pub(crate) prompt: Option<String>,
    /// Nothing: a prompt is one argument, in quotes. What is here is refused.
    #[arg(hide = true)]
    pub(crate) more: Vec<String>,
    /// The prompt, even if it begins with a dash: --prompt=-x
    #[arg(long = "prompt", id = "prompt_options", value_name = "TEXT")]
    pub(crate) prompt_options: Vec<String>,
    /// Read the prompt from a file; - is stdin
    #[arg(long = "prompt-file", id = "prompt_files", value_name = "FILE")]
    pub(crate) prompt_files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) model: DefaultModel,
    /// Duration in seconds: 5 or 10 [default: 5]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) duration: Option<String>,
    /// Aspect ratio: 16:9, 9:16 or 1:1 [default: 16:9]
    #[arg(long, value_name = "RATIO")]
    pub(crate) aspect_ratio: Option<String>,
    /// Mode: std or pro [default: std]
    #[arg(long)]
    pub(crate) mode: Option<String>,
    /// What the video must not show; at most 2500 characters
    #[arg(long, value_name = "TEXT")]
    pub(crate) negative_prompt: Option<String>,
    /// Picture that the video begins with, for a model that takes one: a JPEG or PNG, or its URL
    #[arg(long, value_name = "FILE")]
    pub(crate) image: Option<String>,
    /// Picture that the video ends with, for a model that takes one
    #[arg(long, value_name = "FILE")]
    pub(crate) image_tail: Option<String>,
    /// Any other parameter of the model, as KEY=VALUE; a value that is not text is written as JSON
    #[arg(long = "param", id = "parameters", value_name = "KEY=VALUE", value_parser = parse_parameter)]
    pub(crate) parameters: Vec<(String, String)>,
    /// Also generate a watermarked copy
    #[arg(long)]
    pub(crate) watermark: bool,
    /// Where the service reports changes of the task's status
    #[arg(long, value_name = "URL")]
    pub(crate) callback_url: Option<String>,
    /// Your own id for the task, unique in your account [default: a new one]
    #[arg(long, value_name = "ID")]
    pub(crate) external_task_id: Option<String>,
}

/// The model of a request.
#[derive(Args, Debug)]
pub(crate) struct DefaultModel {
    /// Model to generate with: see kirin models [default: kirin_v2_5_turbo_t2v]
    #[arg(long, value_parser = parse_model)]
    model: Option<String>,
}

impl DefaultModel {
    pub(crate) fn configure(&mut self, configuration: &Configuration) {
        self.model = self.model.take().or_else(|| configuration.model.clone());
    }

    pub(crate) fn id(&self) -> &str {
        let model = self.model.as_deref();
        model.unwrap_or(kirin_types::KIRIN_V2_5_TURBO_T2V.id)
    }
}

/// Limits of spending.
#[derive(Args, Debug)]
pub(crate) struct Spending {
    /// The most it may cost; a request that costs more, or has no known price, is not sent
    #[arg(long, value_name = "USD", value_parser = parse_amount)]
    pub(crate) max_cost: Option<Amount>,
    /// Print the request and its list price, and send nothing; no key is needed
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl Spending {
    pub(crate) fn configure(&mut self, configuration: &Configuration) {
        self.max_cost = self
            .max_cost
            .take()
            .or_else(|| configuration.max_cost.clone());
    }
}

/// Where the video goes.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct OutputFile {
    /// File or folder to write the video to [default: TASK_ID.mp4]
    #[arg(long, short, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite a file that exists
    #[arg(long)]
    pub(crate) force: bool,
}

impl From<PathBuf> for OutputFile {
    fn from(output: PathBuf) -> Self {
        Self {
            output: Some(output),
            force: false,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct Timeout {
    /// How long to wait for the task: 90, 90s, 10m [default: 15m]
    #[arg(id = "timeout", long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) duration: Option<Duration>,
}

impl Timeout {
    pub(crate) fn configure(&mut self, configuration: &Configuration) {
        self.duration = self.duration.or(configuration.timeout);
    }
}

#[derive(Args, Debug)]
pub(crate) struct SharedOptions {
    /// What the configuration file says.
    #[arg(skip)]
    pub(crate) configuration: Configuration,
    #[expect(rustdoc::bare_urls, reason = "the text is for a terminal")]
    /// Where the API is [env: KIRIN_BASE_URL] [default: https://cloud.vtrix.ai]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Print the result as one JSON object, or with --json=events one object per line as things happen
    #[arg(
        long,
        value_name = "WHAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "result",
        hide_possible_values = true
    )]
    pub(crate) json: Option<Json>,
    /// Print no progress
    #[arg(long, short)]
    pub(crate) quiet: bool,
}
