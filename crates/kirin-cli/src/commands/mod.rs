//! One file per command: its arguments, their settings in the configuration file, and its code.

use clap::{Parser, Subcommand};

use crate::{
    arguments::{GlobalOptions, RequestOptions, SharedOptions},
    configuration::Configuration,
    exit_code,
    failure::{Failure, FollowUp},
    report::Json,
};

mod auth;
mod batch;
mod completions;
mod create;
mod doctor;
mod download;
mod emulator;
mod gallery;
mod generate;
mod help;
mod ledger;
mod list;
mod man;
mod models;
mod resolve;
mod resume;
mod show;
mod status;
mod validate;
mod wait;

/// Generate video with the Kirin text-to-video API.
///
/// The API key is read from the environment variable KIRIN_API_KEY, or from the file that kirin auth
/// set-key writes. Without one, --emulator generates against an emulator of the service that runs inside
/// this program and costs nothing.
///
/// Every create is written to the ledger before it is sent: the file that KIRIN_LEDGER names, or
/// kirin/ledger.sqlite3 in XDG_DATA_HOME or ~/.local/share.
#[derive(Debug, Parser)]
#[command(name = "kirin", version, after_help = exit_code::describe_all(), disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
}

/// The interface of every command. Most need no more than `run`.
pub(crate) trait Run {
    /// Does what was asked for; gives the exit code.
    async fn run(self, global: GlobalOptions) -> Result<u8, Failure>
    where
        Self: Sized;

    /// The options of a command that talks to the service.
    fn shared_options(&mut self) -> Option<&mut SharedOptions> {
        None
    }

    /// Whether the configuration file is read before it runs.
    fn is_configured(&mut self) -> bool {
        self.shared_options().is_some()
    }

    /// Fills in from the configuration file what was not typed.
    fn configure(&mut self, _configuration: &Configuration) {}

    fn json_format(&mut self) -> Option<Json> {
        self.shared_options()?.json
    }

    /// What it makes of one prompt.
    fn request_options(&self) -> Option<&RequestOptions> {
        None
    }

    /// The same command again, if it only follows what an earlier one has sent.
    fn repeat_command(&self) -> Option<FollowUp> {
        None
    }
}

/// The commands, in the order of the help.
macro_rules! commands {
    ($($name:ident($arguments:ty),)*) => {
        #[derive(Debug, Subcommand)]
        pub(crate) enum Command {
            $($name($arguments),)*
        }

        impl Command {
            pub(crate) fn options(&mut self) -> &mut dyn Run {
                match self {
                    $(Self::$name(command) => command,)*
                }
            }

            pub(crate) async fn run(self, global: GlobalOptions) -> Result<u8, Failure> {
                match self {
                    $(Self::$name(command) => command.run(global).await,)*
                }
            }
        }
    };
}

commands! {
    Auth(auth::Auth),
    Batch(batch::Batch),
    Completions(completions::Completions),
    Create(create::Create),
    Doctor(doctor::Doctor),
    Download(download::Download),
    Emulator(emulator::EmulatorOptions),
    Gallery(gallery::Gallery),
    Generate(generate::Generate),
    Help(help::Help),
    Ledger(ledger::LedgerOptions),
    List(list::List),
    Man(man::Man),
    Models(models::Models),
    Resolve(resolve::Resolve),
    Resume(resume::Resume),
    Show(show::Show),
    Status(status::Status),
    Validate(validate::Validate),
    Wait(wait::Wait),
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
        let deadline = crate::typed_value::parse_duration("15m").ok();
        assert_eq!(settings.deadline, deadline);
    }
}
