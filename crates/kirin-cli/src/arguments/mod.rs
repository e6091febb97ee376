//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use kirin_types::{Amount, TaskId};

use crate::{configuration::Configuration, exit_code, name_template::NameTemplate};

mod auth;
pub(crate) use auth::{Auth, AuthCommand, SetKey};

mod batch;
pub(crate) use batch::Batch;

mod doctor;
pub(crate) use doctor::Doctor;

mod emulator;
pub(crate) use emulator::{Emulator, EmulatorCommand};

mod gallery;
pub(crate) use gallery::Gallery;

mod global;
pub(crate) use global::Global;

mod ledger;
pub(crate) use ledger::{Ledger, LedgerCommand};

mod models;
pub(crate) use models::{Models, ModelsCommand};

mod one_prompt;

mod parse;
pub(crate) use parse::{Refused, parse};

mod shared;
pub(crate) use shared::{DefaultModel, File, Json, Request, Shared, Spending, Timeout};

mod validate;
pub(crate) use validate::Validate;

pub(crate) mod value;

/// Generate video with the Kirin text-to-video API.
///
/// The API key is read from the environment variable KIRIN_API_KEY, or from the file that kirin auth
/// set-key writes. Without one, --emulator generates against an emulator of the service that runs inside
/// this program and costs nothing.
///
/// Every create is written to the ledger before it is sent: the file that KIRIN_LEDGER names, or
/// kirin/ledger.sqlite3 in XDG_DATA_HOME or ~/.local/share.
#[derive(Debug, Parser)]
#[command(name = "kirin", version, after_help = exit_code::table(), disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Keep the API key, or tell where it is from.
    Auth(Auth),
    /// Generate the videos of several prompts or requests, some at once; prints their paths.
    ///
    /// The file has one request a line: a JSON object ({"prompt": "a fox", "mode": "pro"}), a record of
    /// CSV under a header that names the parameters, or the text of a prompt; or the prompts are typed,
    /// each with --prompt. All lines are checked before anything is sent.
    ///
    /// The same command goes on after any end, even a crash: what is done is skipped, what was begun is
    /// gone on with, and nothing is sent twice unless that is safe. A line without an external_task_id
    /// is given one that follows from what it asks for, batch- and 32 digits of the SHA-256 of the
    /// request, so lines can be moved and added. Identical lines of a file are one video each, and the
    /// same line of another file is the same video.
    ///
    /// What failed is written to NAME.failed.jsonl in the folder of the videos, to be run again.
    Batch(Batch),
    /// Print completions for a shell: source <(kirin completions bash)
    Completions(Completions),
    /// Create a task of a prompt and do not wait for it; prints its id.
    Create(Create),
    /// Check the key, the configuration, the network, the ledger and the disk; says what to do.
    ///
    /// The service is asked for a task that cannot exist, and nothing is created. The exit code is that of
    /// the first problem.
    Doctor(Doctor),
    /// Download the video of a completed task; prints its path.
    Download(Download),
    /// Run the emulator of the service on this machine; prints its base URL.
    Emulator(Emulator),
    /// Write a page of the videos of a folder, with what the ledger knows of them; prints its path.
    Gallery(Gallery),
    /// Create a task of a prompt, wait until it is finished, and download the video; prints its path.
    Generate(Generate),
    /// Print the help of a command, or the exit codes: kirin help exit-codes
    Help(Help),
    /// Show the money, in USD by day and model: settled, reserved, failed and unresolved.
    Ledger(Ledger),
    /// List every create: its state, model, price or cost, age, id, prompt and file.
    List(List),
    /// Print the manual page: kirin man | man -l -
    Man,
    /// List the models, or show what one takes and costs; needs no key.
    ///
    /// The list has the durations in seconds and the list price in USD of one video, from the least
    /// to the most; ? is a price that is not known.
    Models(Models),
    /// Look for the tasks of creates that may have been charged; says of each what is known.
    Resolve(Resolve),
    /// Go on with everything that is unfinished: wait, and download the videos; prints their paths.
    Resume(Resume),
    /// Show what is known of a create or a task.
    Show(Show),
    /// Query a task once; prints its status.
    Status(Status),
    /// Check a file of requests, and tell its list price; sends nothing and needs no key.
    Validate(Validate),
    /// Wait until a task is finished; prints its status, or the video's path with --output.
    Wait(Wait),
}

impl Command {
    pub(crate) fn is_configured(&mut self) -> bool {
        match self {
            // It tells what is wrong with the file, among others.
            Self::Doctor(_) => false,
            Self::Validate(_) => true,
            _ => self.shared().is_some(),
        }
    }

    /// Fills in from the configuration file what was not typed.
    pub(crate) fn configure(&mut self, configuration: Configuration) {
        match self {
            Self::Batch(batch) => batch.configure(&configuration),
            Self::Create(create) => create.configure(&configuration),
            Self::Generate(generate) => generate.configure(&configuration),
            Self::Resolve(resolve) => resolve.configure(&configuration),
            Self::Validate(validate) => validate.model.configure(&configuration),
            Self::Wait(wait) => wait.timeout.configure(&configuration),
            _ => {}
        }
        if let Some(shared) = self.shared() {
            shared.configuration = configuration;
        }
    }

    pub(crate) fn json(&mut self) -> Option<Json> {
        match self {
            Self::Gallery(Gallery { json, .. })
            | Self::Ledger(Ledger { json, .. })
            | Self::Models(Models { json, .. })
            | Self::Validate(Validate { json, .. })
            | Self::List(List { json })
            | Self::Show(Show { json, .. }) => json.then_some(Json::Result),
            Self::Auth(Auth {
                act: AuthCommand::SetKey(SetKey { json, .. }),
            }) => json.then_some(Json::Result),
            _ => self.shared()?.json,
        }
    }

    /// What is one request of one prompt.
    pub(crate) fn request(&self) -> Option<&Request> {
        match self {
            Self::Create(Create { request, .. }) | Self::Generate(Generate { request, .. }) => {
                Some(request)
            }
            _ => None,
        }
    }

    pub(crate) fn shared(&mut self) -> Option<&mut Shared> {
        match self {
            Self::Auth(Auth {
                act: AuthCommand::Status(shared),
            }) => Some(shared.as_mut()),
            Self::Batch(Batch { shared, .. })
            | Self::Create(Create { shared, .. })
            | Self::Doctor(Doctor { shared, .. })
            | Self::Download(Download { shared, .. })
            | Self::Generate(Generate { shared, .. })
            | Self::Resolve(Resolve { shared, .. })
            | Self::Resume(Resume { shared, .. })
            | Self::Status(Status { shared, .. })
            | Self::Wait(Wait { shared, .. }) => Some(shared),
            Self::Auth(_)
            | Self::Completions(_)
            | Self::Emulator(_)
            | Self::Gallery(_)
            | Self::Help(_)
            | Self::Ledger(_)
            | Self::List(_)
            | Self::Man
            | Self::Models(_)
            | Self::Show(_)
            | Self::Validate(_) => None,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct Help {
    /// A command with its subcommands, or exit-codes [default: the whole program]
    pub(crate) topic: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Args, Debug)]
pub(crate) struct Create {
    #[command(flatten)]
    pub(crate) request: Request,
    #[command(flatten)]
    pub(crate) spending: Spending,
    #[command(flatten)]
    pub(crate) shared: Shared,
}

#[derive(Args, Debug)]
pub(crate) struct Generate {
    #[command(flatten)]
    pub(crate) request: Request,
    #[command(flatten)]
    pub(crate) spending: Spending,
    #[command(flatten)]
    pub(crate) file: File,
    #[command(flatten)]
    pub(crate) timeout: Timeout,
    /// Name of the file, of {task_id}, {external_task_id}, {model}, {mode}, {duration},
    /// {aspect_ratio} and {prompt}; --output is then its folder [default: {task_id}]
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) name_template: Option<NameTemplate>,
    /// Generate against an emulator of the service inside this program: no key, no cost
    #[arg(long, conflicts_with = "base_url")]
    pub(crate) emulator: bool,
    #[command(flatten)]
    pub(crate) shared: Shared,
}

impl Create {
    fn configure(&mut self, configuration: &Configuration) {
        self.request.model.configure(configuration);
        self.spending.configure(configuration);
    }
}

impl Generate {
    fn configure(&mut self, configuration: &Configuration) {
        self.request.model.configure(configuration);
        self.spending.configure(configuration);
        self.timeout.configure(configuration);
        if let (None, Some(folder)) = (&self.file.output, &configuration.output) {
            self.file.output = Some(folder.clone());
            self.name_template.get_or_insert_with(NameTemplate::task_id);
        }
    }
}

impl Resolve {
    fn configure(&mut self, configuration: &Configuration) {
        if self.max_cost.is_none() {
            self.max_cost = configuration.max_cost.clone();
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The task's id, or its external task id
    pub(crate) id: TaskId,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Resolve {
    /// The external task id of one create [default: all that are unresolved]
    pub(crate) id: Option<TaskId>,
    /// If it is still not found, send it again under the same id: where the service takes duplicates,
    /// and has the first one after all, both are charged
    #[arg(long, requires = "id")]
    pub(crate) send_again: bool,
    /// Most that it may cost, with all that was sent of it before; what may cost more, or has no known
    /// price, is not sent again
    #[arg(long, value_name = "USD", value_parser = value::amount)]
    pub(crate) max_cost: Option<Amount>,
    #[command(flatten)]
    pub(crate) shared: Shared,
}

#[derive(Args, Debug)]
pub(crate) struct Resume {
    /// Folder to write the videos to [default: where each was wanted, or the current one]
    #[arg(long, short, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) shared: Shared,
}

#[derive(Args, Debug)]
pub(crate) struct Status {
    /// The task's id, or its external task id
    pub(crate) id: TaskId,
    #[command(flatten)]
    pub(crate) shared: Shared,
}

#[derive(Args, Debug)]
pub(crate) struct Wait {
    /// The task's id, or its external task id
    pub(crate) id: TaskId,
    /// Download the video too, to this file or folder
    #[arg(long, short, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite a file that exists
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) timeout: Timeout,
    #[command(flatten)]
    pub(crate) shared: Shared,
}

#[derive(Args, Debug)]
pub(crate) struct Download {
    /// The task's id, or its external task id
    pub(crate) id: TaskId,
    #[command(flatten)]
    pub(crate) file: File,
    #[command(flatten)]
    pub(crate) shared: Shared,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_names_the_default_base_url() {
        let create = Arguments::command();
        let create = create.find_subcommand("create").unwrap();
        let base_url = create
            .get_arguments()
            .find(|argument| argument.get_id() == "base_url");
        let help = base_url.and_then(clap::Arg::get_help).unwrap().to_string();
        assert!(help.contains(kirin_client::BaseUrl::SERVICE), "{help}");
    }

    #[test]
    fn help_names_the_default_deadline() {
        let model = &kirin_types::KIRIN_V2_5_TURBO_T2V;
        let settings = kirin_client::machine::Settings::for_model(model, None);
        assert_eq!(settings.deadline, value::duration("15m").ok());
    }
}
