//! What can be typed.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use kirin_types::{Amount, InvalidAmount, TaskId};

/// Generate video with the Kirin text-to-video API.
///
/// The API key is read from the environment variable KIRIN_API_KEY. Without one, --emulator
/// generates against an emulator of the service that runs inside this program and costs nothing.
///
/// Every create is written to the ledger before it is sent: the file that KIRIN_LEDGER names, or
/// kirin/ledger.sqlite3 in XDG_DATA_HOME or ~/.local/share.
#[derive(Debug, Parser)]
#[command(name = "kirin", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    any other failure
  2    wrong usage or an invalid request, found before sending; nothing spent
  3    the task failed at the service, or completed without output
  4    authentication or permission
  5    no such task, model or file; output expired
  6    no balance; nothing spent
  7    network or service unavailable; nothing sent, nothing spent
  8    accepted but not finished here; resume
  9    rate or parallel-task limit, nothing created
  11   unresolved: a create may have been charged and could not be found yet
  12   disk: the ledger or the output could not be written
  130  interrupted; the message says how to resume";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print completions for a shell: source <(kirin completions bash)
    Completions(Completions),
    /// Create a task and do not wait for it; prints its id.
    Create(Create),
    /// Download the video of a completed task; prints its path.
    Download(Download),
    /// Run the emulator of the service on this machine; prints its base URL.
    Emulator(Emulator),
    /// Create a task, wait until it is finished, and download the video; prints its path.
    Generate(Generate),
    /// Show the money, in USD by day and model: settled, reserved, failed and unresolved.
    Ledger(List),
    /// List every create: its state, model, price or cost, age, id and prompt.
    List(List),
    /// Print the manual page: kirin man | man -l -
    Man,
    /// Look for the tasks of creates that may have been charged; says of each what is known.
    Resolve(Resolve),
    /// Go on with everything that is unfinished: wait, and download the videos; prints their paths.
    Resume(Resume),
    /// Show what is known of a create or a task.
    Show(Show),
    /// Query a task once; prints its status.
    Status(Status),
    /// Wait until a task is finished; prints its status, or the video's path with --output.
    Wait(Wait),
}

impl Command {
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Ledger(List { json })
            | Self::List(List { json })
            | Self::Show(Show { json, .. }) => *json,
            _ => self.shared().is_some_and(|shared| shared.json),
        }
    }

    pub(crate) fn base_url(&self) -> Option<&str> {
        self.shared()?.base_url.as_deref()
    }

    fn shared(&self) -> Option<&Shared> {
        match self {
            Self::Create(Create { shared, .. })
            | Self::Download(Download { shared, .. })
            | Self::Generate(Generate { shared, .. })
            | Self::Resolve(Resolve { shared, .. })
            | Self::Resume(Resume { shared, .. })
            | Self::Status(Status { shared, .. })
            | Self::Wait(Wait { shared, .. }) => Some(shared),
            Self::Completions(_)
            | Self::Emulator(_)
            | Self::Ledger(_)
            | Self::List(_)
            | Self::Man
            | Self::Show(_) => None,
        }
    }
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
    /// Generate against an emulator of the service inside this program: no key, no cost
    #[arg(long, conflicts_with = "base_url")]
    pub(crate) emulator: bool,
    #[command(flatten)]
    pub(crate) shared: Shared,
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

#[derive(Args, Debug)]
pub(crate) struct Emulator {
    /// Port of the loopback interface; 0 takes a free one [default: 4010, for exec a free one]
    #[arg(long)]
    pub(crate) port: Option<u16>,
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

/// The parameters of a generation. They are passed on as they were typed: one validator checks
/// them all and names every problem at once.
#[derive(Args, Debug)]
pub(crate) struct Request {
    /// What the video shows: 1 to 2500 characters
    pub(crate) prompt: String,
    /// Model to generate with
    #[arg(long, default_value = kirin_types::KIRIN_V2_5_TURBO_T2V.id)]
    pub(crate) model: String,
    /// Duration in seconds: 5 or 10 [default: 5]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) duration: Option<String>,
    /// Aspect ratio: 16:9, 9:16 or 1:1 [default: 16:9]
    #[arg(long, value_name = "RATIO")]
    pub(crate) aspect_ratio: Option<String>,
    /// Mode: std or pro [default: std]
    #[arg(long)]
    pub(crate) mode: Option<String>,
    /// What the video must not show: at most 2500 characters
    #[arg(long, value_name = "TEXT")]
    pub(crate) negative_prompt: Option<String>,
    /// Generate a watermarked copy too
    #[arg(long)]
    pub(crate) watermark: bool,
    /// Where the service reports changes of the task's status
    #[arg(long, value_name = "URL")]
    pub(crate) callback_url: Option<String>,
    /// Your own id of the task, unique under your account [default: a new one]
    #[arg(long, value_name = "ID")]
    pub(crate) external_task_id: Option<String>,
}

/// What may be spent.
#[derive(Args, Debug)]
pub(crate) struct Spending {
    /// Most that it may cost; what costs more, or has no known price, is not sent
    #[arg(long, value_name = "USD", value_parser = amount)]
    pub(crate) max_cost: Option<Amount>,
    /// Print the request and its list price, and send nothing; needs no key
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Where the video goes.
#[derive(Args, Debug)]
pub(crate) struct File {
    /// File or folder to write the video to [default: TASK_ID.mp4]
    #[arg(long, short, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite a file that exists
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Timeout {
    /// How long to wait for the task: 90, 90s, 10m [default: 15m]
    #[arg(id = "timeout", long, value_name = "DURATION", value_parser = duration)]
    pub(crate) duration: Option<Duration>,
}

#[derive(Args, Debug)]
pub(crate) struct Shared {
    #[expect(rustdoc::bare_urls, reason = "the text is for a terminal")]
    /// Where the API is [env: KIRIN_BASE_URL] [default: https://cloud.vtrix.ai]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Print no progress
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// An amount of money that is not negative.
fn amount(text: &str) -> Result<Amount, String> {
    let amount: Amount = text
        .parse()
        .map_err(|invalid: InvalidAmount| invalid.to_string())?;
    match amount.is_negative() {
        true => Err("an amount is not negative".into()),
        false => Ok(amount),
    }
}

/// `90`, `90s`, `10m`.
fn duration(text: &str) -> Result<Duration, &'static str> {
    match text.parse() {
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(_) => {
            humantime::parse_duration(text).map_err(|_| "a duration is written like 90, 90s or 10m")
        }
    }
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
    fn durations_are_seconds_or_have_a_unit() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("10m", 600), ("1h", 3600)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert!(duration("soon").is_err());
    }

    #[test]
    fn an_amount_is_from_zero_on() {
        assert_eq!(amount("2.50").unwrap().to_string(), "2.50");
        assert!(amount("0").is_ok());
        for text in ["-1", "much", ""] {
            assert!(amount(text).is_err(), "{text}");
        }
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
        let settings =
            kirin_client::machine::Settings::for_model(&kirin_types::KIRIN_V2_5_TURBO_T2V);
        assert_eq!(settings.deadline, duration("15m").ok());
    }
}
