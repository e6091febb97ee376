//! The command that goes on where another one ended.

use std::fmt;

use kirin_client::{
    ErrorKind,
    machine::{Cause, Outcome, Withheld},
};

use super::Failure;
use crate::{arguments::File, terminal::shell_word};

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
        (ErrorKind::Authentication | ErrorKind::CannotQuery, None, Some(id)) => {
            Some(("wait", id.as_str()))
        }
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

impl Failure {
    pub(super) fn resumed_by(mut self, subcommand: &'static str, id: &str) -> Self {
        self.about.command = Some(Resume {
            subcommand,
            id: id.into(),
            options: String::new(),
        });
        self
    }

    pub(super) fn sent_again_by_person(mut self, id: &str) -> Self {
        self.about.command = Some(Resume {
            subcommand: "resolve",
            id: id.into(),
            options: " --send-again".into(),
        });
        self
    }

    /// The command to go on with, so that it reaches the same host.
    pub(crate) fn at(self, base_url: Option<&str>) -> Self {
        match base_url {
            Some(base_url) => self.with_option("--base-url", base_url),
            None => self,
        }
    }

    /// The command to go on with, so that the video ends where it was asked for.
    pub(crate) fn with_output(self, file: &File) -> Self {
        if let Some(command) = &self.about.command
            && command.options.contains(" --output")
        {
            return self;
        }
        let output = file
            .output
            .as_deref()
            .map(|output| output.to_string_lossy());
        match (&self.about.command, output) {
            (
                Some(Resume {
                    subcommand: "download" | "wait",
                    ..
                }),
                Some(output),
            ) => self.with_option("--output", &output).with_force(file),
            (
                Some(Resume {
                    subcommand: "wait", ..
                }),
                None,
            ) => self.with_option("--output", "."),
            _ => self,
        }
    }

    /// What may be overwritten may be overwritten by the next step too.
    fn with_force(self, file: &File) -> Self {
        match file.force {
            true => self.with_flag("--force"),
            false => self,
        }
    }

    pub(super) fn with_flag(mut self, flag: &str) -> Self {
        if let Some(resume) = &mut self.about.command {
            resume.options.push_str(&format!(" {flag}"));
        }
        self
    }

    pub(super) fn with_option(mut self, name: &str, value: &str) -> Self {
        // What begins with a dash would be taken for another option.
        let between = if value.starts_with('-') { '=' } else { ' ' };
        if let Some(resume) = &mut self.about.command {
            resume
                .options
                .push_str(&format!(" {name}{between}{}", shell_word(value)));
        }
        self
    }
}
