//! The command to run next: it continues where another one ended.

use std::{fmt, path::Path};

use super::{EARLIER, Failure};
use crate::{exit_code, terminal::shell_word};

/// A command that continues where this one ended.
#[derive(Debug)]
pub(crate) struct FollowUp {
    pub(crate) subcommand: &'static str,
    /// `kirin resume` takes none.
    id: Option<String>,
    options: String,
}

impl FollowUp {
    pub(crate) fn new(subcommand: &'static str, id: Option<&str>) -> Self {
        Self {
            subcommand,
            id: id.map(Into::into),
            options: String::new(),
        }
    }

    pub(crate) fn writing_to(self, output: Option<&Path>, force: bool) -> Self {
        let command = match output {
            Some(output) => self.with_option("--output", &output.to_string_lossy()),
            None => self,
        };
        match force {
            true => command.with_flag("--force"),
            false => command,
        }
    }

    pub(crate) fn has_option(&self, name: &str) -> bool {
        self.options.contains(&format!(" {name}"))
    }

    pub(crate) fn with_flag(mut self, flag: &str) -> Self {
        self.options.push_str(&format!(" {flag}"));
        self
    }

    pub(crate) fn with_option(mut self, name: &str, value: &str) -> Self {
        // A value that begins with a dash would be read as another option.
        let between = if value.starts_with('-') { '=' } else { ' ' };
        let value = shell_word(value);
        self.options.push_str(&format!(" {name}{between}{value}"));
        self
    }
}

impl fmt::Display for FollowUp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            subcommand,
            id,
            options,
        } = self;
        match id.as_deref().map(shell_word) {
            // After two dashes, an id that looks like an option is not one.
            Some(id) if id.starts_with('-') => {
                write!(formatter, "kirin {subcommand}{options} -- {id}")
            }
            Some(id) => write!(formatter, "kirin {subcommand} {id}{options}"),
            None => write!(formatter, "kirin {subcommand}{options}"),
        }
    }
}

impl Failure {
    pub(crate) fn followed_by(mut self, subcommand: &'static str, id: &str) -> Self {
        self.about.command = Some(FollowUp::new(subcommand, Some(id)));
        self
    }

    /// A command that only follows what an earlier one sent. If it failed before it asked for that, the same
    /// command works once the cause is fixed.
    pub(crate) fn repeated_by(self, command: FollowUp) -> Self {
        let mut failure = self.of_earlier();
        // An id that is unknown here will be unknown the next time.
        let is_known = failure.exit_code != exit_code::NOT_FOUND;
        if failure.money == EARLIER && failure.about.command.is_none() && is_known {
            failure.advice.push_str("\nThen continue with:");
            failure.about.command = Some(command);
        }
        failure
    }

    /// The next command reaches the same host.
    pub(crate) fn at_base_url(self, base_url: Option<&str>) -> Self {
        match base_url {
            Some(base_url) => self.with_option("--base-url", base_url),
            None => self,
        }
    }

    pub(crate) fn with_flag(self, flag: &str) -> Self {
        self.with_command(|command| command.with_flag(flag))
    }

    pub(crate) fn with_option(self, name: &str, value: &str) -> Self {
        self.with_command(|command| command.with_option(name, value))
    }

    fn with_command(mut self, change: impl FnOnce(FollowUp) -> FollowUp) -> Self {
        self.about.command = self.about.command.take().map(change);
        self
    }
}
