//! The command that goes on where another one ended.

use std::fmt;

use kirin_client::{
    ErrorKind,
    machine::{Cause, Outcome, Withheld},
};

use crate::terminal::shell_word;

/// A command that goes on where this one ended.
#[derive(Debug)]
pub(super) struct Resume {
    pub(super) subcommand: &'static str,
    pub(super) id: String,
    pub(super) options: String,
}

/// The command that does what the library advises.
pub(super) fn command(error: &kirin_client::Error) -> Option<(&'static str, &str)> {
    if let Outcome::NotCreated {
        cause: Cause::Withheld(Withheld::IdInUse { id }),
    } = error.outcome()
    {
        return Some(("status", id.as_str()));
    }
    match (error.kind(), error.task_id(), error.external_task_id()) {
        (
            ErrorKind::Authentication
            | ErrorKind::CannotQuery
            | ErrorKind::Known
            | ErrorKind::OtherEnd
            | ErrorKind::StillRunning,
            Some(id),
            _,
        ) => Some(("wait", id.as_str())),
        (ErrorKind::CompletedWithoutOutput, Some(id), _) => Some(("status", id.as_str())),
        (ErrorKind::Known | ErrorKind::UnderWay, _, Some(id)) => Some(("resolve", id.as_str())),
        (ErrorKind::Unresolved, _, Some(id)) => Some(("status", id.as_str())),
        _ => None,
    }
}

impl fmt::Display for Resume {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            subcommand,
            id,
            options,
        } = self;
        let id = shell_word(id);
        match id.starts_with('-') {
            // An id that looks like an option is none behind two dashes.
            true => write!(formatter, "kirin {subcommand}{options} -- {id}"),
            false => write!(formatter, "kirin {subcommand} {id}{options}"),
        }
    }
}
