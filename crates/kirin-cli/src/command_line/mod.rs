//! Parses the command line into the arguments of a command.

use std::ffi::OsString;

use clap::{
    CommandFactory, Error, FromArgMatches,
    error::{ContextKind, ContextValue},
};

use crate::{commands::Arguments, failure::Failure, report::Json, terminal::printable};

mod one_prompt;

/// Why a command is not run.
pub(crate) enum Refused {
    /// The arguments cannot be read, or it was the help that was asked for.
    Clap(Box<Error>),
    /// They can be read, and mean more than one prompt, or perhaps none.
    Prompts(Box<Failure>, Option<Json>),
}

/// Reads the arguments, the first of which is the name of the program.
pub(crate) fn parse(typed: &[OsString]) -> Result<Arguments, Refused> {
    // Its name does not depend on how it was called.
    let mut program = Arguments::command().bin_name("kirin");
    let read = program.try_get_matches_from_mut(typed);
    let read = read.and_then(|matches| Ok((Arguments::from_arg_matches(&matches)?, matches)));
    let (mut arguments, matches) = read.map_err(|error| {
        let error = with_printable_words(without_dashes(error)).format(&mut program);
        Refused::Clap(Box::new(error))
    })?;
    let options = arguments.command.options();
    if let (Some(request), Some((name, matches))) =
        (options.request_options(), matches.subcommand())
        && let Some(command) = program.find_subcommand(name)
        && let Some(failure) = one_prompt::check_one_prompt(request, &program, command, matches)
    {
        return Err(Refused::Prompts(Box::new(failure), options.json_format()));
    }
    Ok(arguments)
}

/// The error without the tip to put two dashes before an unknown flag: that would make it a prompt,
/// which is paid for.
fn without_dashes(mut error: Error) -> Error {
    let Some(ContextValue::StyledStrs(tips)) = error.remove(ContextKind::Suggested) else {
        return error;
    };
    let tips = tips.into_iter();
    let tips: Vec<_> = tips
        .filter(|tip| !tip.to_string().contains("-- "))
        .collect();
    if !tips.is_empty() {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

/// The error with the typed words as one line: they must neither control a terminal nor look like
/// another message.
fn with_printable_words(mut error: Error) -> Error {
    let words = error.context().filter_map(|(kind, value)| {
        let value = match value {
            ContextValue::String(word) => ContextValue::String(printable(word)),
            ContextValue::Strings(words) => {
                ContextValue::Strings(words.iter().map(|word| printable(word)).collect())
            }
            _ => return None,
        };
        Some((kind, value))
    });
    for (kind, value) in words.collect::<Vec<_>>() {
        error.insert(kind, value);
    }
    error
}
