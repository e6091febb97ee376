//! `kirin completions` and `kirin man`: what the program knows of itself.

use clap::CommandFactory;

use crate::{
    arguments::{Arguments, Completions},
    failure::Failure,
    report::print_line,
};

/// Prints completions for a shell.
pub(crate) fn completions(arguments: &Completions) -> Result<(), Failure> {
    let mut text = Vec::new();
    let mut command = Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "kirin", &mut text);
    print(&text)
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
    print_line(String::from_utf8_lossy(text).trim_end()).map_err(|error| Failure::unwritten(&error))
}
