//! `kirin completions`, `kirin help` and `kirin man`: what the program knows of itself.

use std::io;

use clap::CommandFactory;

use crate::{
    arguments::{Arguments, Completions, Help},
    exit_code,
    failure::Failure,
    report::print_styled,
};

/// Prints completions for a shell.
pub(crate) fn completions(arguments: &Completions) -> Result<(), Failure> {
    let mut text = Vec::new();
    let mut command = Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "kirin", &mut text);
    print(&text)
}

/// Prints the help of a command, as `--help` does, or the exit codes.
pub(crate) fn help(arguments: &Help) -> Result<(), Failure> {
    if arguments.topic == ["exit-codes"] {
        return print(exit_code::table().as_bytes());
    }
    let mut command = Arguments::command();
    command.build();
    let mut found = &mut command;
    for name in &arguments.topic {
        found = found
            .find_subcommand_mut(name)
            .ok_or_else(|| Failure::no_command(&arguments.topic.join(" ")))?;
    }
    // clap itself knows whether the long or the short help is meant.
    let asked = found.try_get_matches_from_mut(["kirin", "--help"]);
    match asked.map_or_else(|help| help.print(), |_| Ok(())) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::unwritten(&error)),
        _ => Ok(()),
    }
}

/// Prints the manual page, with every command in it.
pub(crate) fn man() -> Result<(), Failure> {
    let mut text = Vec::new();
    let rendered = clap_mangen::Man::new(Arguments::command()).render(&mut text);
    rendered.map_err(|error| Failure::unwritten(&error))?;
    print(&text)
}

fn print(text: &[u8]) -> Result<(), Failure> {
    // What clap writes is text.
    print_styled(String::from_utf8_lossy(text).trim_end())
        .map_err(|error| Failure::unwritten(&error))
}
