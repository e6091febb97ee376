//! The `kirin` program: arguments, environment, files and the terminal.

use std::{ffi::OsString, process::ExitCode};

use clap::{ColorChoice, ValueEnum};

mod arguments;
mod bounded_file;
mod certificates;
mod clock;
mod color;
mod command_line;
mod commands;
mod configuration;
mod downloaded_files;
mod dry_run;
mod emulated_host;
mod entry_report;
mod environment;
mod events;
mod exit_code;
mod failure;
mod generation;
mod input_text;
mod interrupt;
mod key;
mod key_folders;
mod ledger_file;
mod model_name;
mod name_template;
mod output_path;
mod parameter;
mod progress;
mod reached;
mod report;
mod request;
mod request_file;
mod session;
mod side_file;
mod table;
mod terminal;
mod typed_value;
mod url_path;
mod verbose;
mod whole_file;

use command_line::Refused;
use commands::Arguments;
use configuration::Configuration;
use failure::Failure;
use report::{Json, Report, print_failure, print_line};
use terminal::{is_unseen, print_stderr};

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "the program reads its arguments")]
    let typed: Vec<_> = std::env::args_os().collect();
    let arguments = match command_line::parse(&typed) {
        Ok(arguments) => arguments,
        Err(refused) => return explain_refusal(refused, &typed),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            print_stderr(&format!("error: the runtime cannot start: {error}"));
            return ExitCode::from(exit_code::OTHER);
        }
    };
    color::choose_colors(arguments.global.color);
    if arguments.global.verbose {
        verbose::turn_on();
    }
    let code = runtime.block_on(async {
        interrupt::survive_file_size_limit();
        run(arguments).await
    });
    // A video that is still being rendered must not keep the program alive.
    runtime.shutdown_background();
    // If a ledger cannot be closed in time, the next process reads its log.
    let _ = kirin_ledger::Ledger::wait_until_closed();
    code
}

/// The error repeats the typed arguments, and not all characters may reach a terminal.
fn print_clap_error(error: &clap::Error, typed: &[OsString]) {
    let is_seen = |argument: &OsString| !argument.to_string_lossy().chars().any(is_unseen);
    // If no one reads the output any more, the exit code has to do.
    let _ = match (typed.iter().all(is_seen), error.use_stderr()) {
        (true, _) => error.print(),
        (false, true) => {
            print_stderr(error.to_string().trim_end());
            Ok(())
        }
        (false, false) => print_line(error.to_string().trim_end()).map_err(|unwritten| unwritten.0),
    };
}

/// Help and version, or what is wrong with the arguments; a program that asked for JSON gets it.
fn explain_refusal(refused: Refused, typed: &[OsString]) -> ExitCode {
    color::choose_colors(typed_color(typed));
    let error = match refused {
        Refused::Clap(error) => error,
        Refused::Prompts(failure, json) => return print_failure(&failure, json),
    };
    print_clap_error(&error, typed);
    if !error.use_stderr() {
        return ExitCode::from(exit_code::DONE);
    }
    let json = typed.iter().find_map(|argument| match argument.to_str()? {
        "--json" | "--json=result" => Some(Json::Result),
        "--json=events" => Some(Json::Events),
        _ => None,
    });
    if let Some(json) = json {
        let text = error.to_string();
        let what = text.lines().next().unwrap_or_default();
        let what = what.strip_prefix("error: ").unwrap_or(what);
        let _ = Report::of_failure(&Failure::usage(what, "See kirin --help.")).print(json);
    }
    ExitCode::from(exit_code::USAGE)
}

/// The choice of colors in arguments that cannot be parsed as a whole.
fn typed_color(arguments: &[OsString]) -> Option<ColorChoice> {
    let at = arguments
        .iter()
        .position(|argument| argument.to_string_lossy().starts_with("--color"))?;
    let argument = arguments.get(at)?.to_str()?;
    let value = match argument.strip_prefix("--color=") {
        Some(value) => value,
        None => arguments.get(at + 1)?.to_str()?,
    };
    ColorChoice::from_str(value, true).ok()
}

async fn run(
    Arguments {
        mut command,
        global,
    }: Arguments,
) -> ExitCode {
    let options = command.options();
    let (json, repeated) = (options.json_format(), options.repeat_command());
    let base_url = options
        .shared_options()
        .and_then(|shared| shared.base_url.clone());
    let ended = async {
        let options = command.options();
        if options.is_configured() {
            let configuration = Configuration::load()?;
            color::choose_colors(global.color.or(configuration.color));
            options.configure(&configuration);
            if let Some(shared) = options.shared_options() {
                shared.configuration = configuration;
            }
        }
        command.run(global).await
    };
    match ended.await {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let failure = match repeated {
                Some(command) => failure.repeated_by(command),
                None => failure,
            };
            print_failure(&failure.at_base_url(base_url.as_deref()), json)
        }
    }
}
