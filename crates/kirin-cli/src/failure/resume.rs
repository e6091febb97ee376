//! The command that goes on where another one ended.

use std::fmt;

use kirin_client::{
    ErrorKind,
    machine::{Cause, Outcome, Withheld},
};

use super::{EARLIER, Failure};
use crate::{
    arguments::{Command, Download, File, Resolve, Show, Status, Wait},
    exit_code,
    terminal::shell_word,
};

/// A command that goes on where this one ended.
#[derive(Debug)]
pub(crate) struct Resume {
    subcommand: &'static str,
    /// Of `kirin resume` there is none.
    id: Option<String>,
    options: String,
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

impl Resume {
    /// What was typed, if it only follows what an earlier command sent.
    pub(crate) fn of(typed: &Command) -> Option<Self> {
        let (subcommand, id, output, force) = match typed {
            Command::Download(Download { id, file, .. }) => {
                ("download", Some(id), file.output.as_ref(), file.force)
            }
            Command::Resolve(Resolve { id, .. }) => ("resolve", id.as_ref(), None, false),
            Command::Resume(resume) => ("resume", None, resume.output.as_ref(), false),
            Command::Show(Show { id, .. }) => ("show", Some(id), None, false),
            Command::Status(Status { id, .. }) => ("status", Some(id), None, false),
            Command::Wait(Wait {
                id, output, force, ..
            }) => ("wait", Some(id), output.as_ref(), *force),
            _ => return None,
        };
        let mut command = Self {
            subcommand,
            id: id.map(ToString::to_string),
            options: String::new(),
        };
        if let Some(output) = output {
            command.add_option("--output", &output.to_string_lossy());
        }
        if force {
            command.add_flag("--force");
        }
        Some(command)
    }

    fn add_flag(&mut self, flag: &str) {
        self.options.push_str(&format!(" {flag}"));
    }

    fn add_option(&mut self, name: &str, value: &str) {
        // What begins with a dash would be taken for another option.
        let between = if value.starts_with('-') { '=' } else { ' ' };
        let value = shell_word(value);
        self.options.push_str(&format!(" {name}{between}{value}"));
    }
}

impl fmt::Display for Resume {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            subcommand,
            id,
            options,
        } = self;
        match id.as_deref().map(shell_word) {
            // An id that looks like an option is none behind two dashes.
            Some(id) if id.starts_with('-') => {
                write!(formatter, "kirin {subcommand}{options} -- {id}")
            }
            Some(id) => write!(formatter, "kirin {subcommand} {id}{options}"),
            None => write!(formatter, "kirin {subcommand}{options}"),
        }
    }
}

impl Failure {
    pub(super) fn resumed_by(mut self, subcommand: &'static str, id: &str) -> Self {
        self.about.command = Some(Resume {
            subcommand,
            id: Some(id.into()),
            options: String::new(),
        });
        self
    }

    /// A command that only follows what an earlier one sent. If it failed before it asked for that, the same one works
    /// when what is wrong is put right.
    pub(crate) fn following(self, command: Resume) -> Self {
        let mut failure = self.of_earlier();
        // What is not known here is not known the next time.
        let is_known = failure.exit_code != exit_code::NOT_FOUND;
        if failure.money == EARLIER && failure.about.command.is_none() && is_known {
            failure.next_step.push_str("\nThen go on with:");
            failure.about.command = Some(command);
        }
        failure
    }

    pub(super) fn sent_again_by_person(mut self, id: &str) -> Self {
        self.about.command = Some(Resume {
            subcommand: "resolve",
            id: Some(id.into()),
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
        if let Some(command) = &mut self.about.command {
            command.add_flag(flag);
        }
        self
    }

    pub(super) fn with_option(mut self, name: &str, value: &str) -> Self {
        if let Some(command) = &mut self.about.command {
            command.add_option(name, value);
        }
        self
    }
}
