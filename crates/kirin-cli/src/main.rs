//! The `kirin` program: arguments, environment, files and the terminal.

use std::{ffi::OsString, process::ExitCode};

use clap::{ColorChoice, ValueEnum};

mod arguments;
mod bounded_file;
mod certificates;
mod clock;
mod color;
mod commands;
mod configuration;
mod downloaded_files;
mod emulated_host;
mod environment;
mod events;
mod exit_code;
mod failure;
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
mod report;
mod request;
mod request_file;
mod session;
mod side_file;
mod terminal;
mod url_path;
mod verbose;
mod whole_file;

use arguments::{Arguments, Command, Json, LedgerCommand, Refused};
use configuration::Configuration;
use failure::{Failure, Resume};
use report::{Report, print_line};
use terminal::{is_unseen, say};

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "the program reads its arguments")]
    let typed: Vec<_> = std::env::args_os().collect();
    let arguments = match arguments::parse(&typed) {
        Ok(arguments) => arguments,
        Err(refused) => return explain(refused, &typed),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("error: the runtime cannot start: {error}"));
            return ExitCode::from(exit_code::OTHER);
        }
    };
    color::choose(arguments.global.color);
    if arguments.global.verbose {
        verbose::turn_on();
    }
    let code = runtime.block_on(async {
        interrupt::survive_file_size_limit();
        run(arguments).await
    });
    // A video that is still being rendered must not keep the program alive.
    runtime.shutdown_background();
    // What cannot be closed in time is read from its log by the next one.
    let _ = kirin_ledger::Ledger::wait_until_closed();
    code
}

/// What was typed is repeated in it, and not all of that may reach a terminal.
fn tell(error: &clap::Error, typed: &[OsString]) {
    let is_seen = |argument: &OsString| !argument.to_string_lossy().chars().any(is_unseen);
    // Where nobody listens any more, the exit code has to do.
    let _ = match (typed.iter().all(is_seen), error.use_stderr()) {
        (true, _) => error.print(),
        (false, true) => {
            say(error.to_string().trim_end());
            Ok(())
        }
        (false, false) => print_line(error.to_string().trim_end()),
    };
}

/// Help and version, or what is wrong with the arguments; a program that asked for JSON gets it.
fn explain(refused: Refused, typed: &[OsString]) -> ExitCode {
    color::choose(typed_color(typed));
    let error = match refused {
        Refused::Clap(error) => error,
        Refused::Prompts(failure, json) => return failure.report(json),
    };
    tell(&error, typed);
    if !error.use_stderr() {
        return ExitCode::from(exit_code::DONE);
    }
    let json = typed.iter().find_map(|argument| match argument.to_str()? {
        "--json" | "--json=result" => Some(Json::Result),
        "--json=events" => Some(Json::Events),
        _ => None,
    });
    if let Some(json) = json {
        let _ = Report::failure(&Failure::arguments(&error)).print(json);
    }
    ExitCode::from(exit_code::USAGE)
}

/// The colours that were asked for in arguments that cannot be read as a whole.
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

async fn run(arguments: Arguments) -> ExitCode {
    let Arguments {
        mut command,
        global,
    } = arguments;
    let json = command.json();
    let base_url = command.shared().and_then(|shared| shared.base_url.clone());
    let typed = Resume::of(&command);
    let report = |failure: Failure| {
        let failure = match typed {
            Some(command) => failure.following(command),
            None => failure,
        };
        failure.at(base_url.as_deref()).report(json)
    };
    if command.is_configured() {
        match Configuration::load() {
            Ok(configuration) => {
                color::choose(global.color.or(configuration.color));
                command.configure(configuration);
            }
            Err(failure) => return report(failure),
        }
    }
    let done = |()| exit_code::DONE;
    let ended = match command {
        Command::Auth(arguments) => commands::auth(&arguments, !global.no_input).map(done),
        Command::Batch(arguments) => commands::batch(arguments).await,
        Command::Completions(arguments) => commands::completions(&arguments).map(done),
        Command::Create(arguments) => commands::create(arguments).await,
        Command::Doctor(arguments) => commands::doctor(arguments).await,
        Command::Download(arguments) => commands::download(arguments).await.map(done),
        Command::Emulator(arguments) => commands::emulator(arguments).await,
        Command::Gallery(arguments) => commands::gallery(arguments).await.map(done),
        Command::Generate(arguments) => commands::generate(arguments).await,
        Command::Help(arguments) => commands::help(&arguments).map(done),
        Command::Ledger(arguments) => match arguments.act {
            Some(LedgerCommand::Accept) => commands::accept().map(done),
            Some(LedgerCommand::Backup { file }) => commands::backup(&file).map(done),
            None => commands::ledger(arguments.json).await.map(done),
        },
        Command::List(arguments) => commands::list(arguments).await.map(done),
        Command::Man => commands::man().map(done),
        Command::Models(arguments) => commands::models(&arguments).map(done),
        Command::Resolve(arguments) => commands::resolve(arguments, !global.no_input).await,
        Command::Resume(arguments) => commands::resume(arguments).await,
        Command::Show(arguments) => commands::show(arguments).await.map(done),
        Command::Status(arguments) => commands::status(arguments).await.map(done),
        Command::Validate(arguments) => commands::validate(&arguments),
        Command::Wait(arguments) => commands::wait(arguments).await.map(done),
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(failure) => report(failure),
    }
}
