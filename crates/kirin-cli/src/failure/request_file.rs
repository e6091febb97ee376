//! What can be wrong with a file of requests.

use std::{io, path::Path};

use super::Failure;
use crate::{exit_code, request_file::Problem};

impl Failure {
    /// A file of requests that nothing can be read from.
    pub(crate) fn unread(path: &Path, error: &io::Error) -> Self {
        let code = match error.kind() {
            io::ErrorKind::NotFound => exit_code::NOT_FOUND,
            _ => exit_code::OTHER,
        };
        let what = format!("{} cannot be read: {error}", path.display());
        Self::new(code, what, "Name a file of requests, or - for stdin.")
    }

    /// A file of requests in which something is wrong.
    pub(crate) fn invalid_file(name: &str, problems: &[Problem]) -> Self {
        let what = format!("{name} is not valid, and nothing was sent");
        let mut failure = Self::usage(what, "Change what is listed, then try again.");
        failure
            .what
            .extend(problems.iter().map(ToString::to_string));
        failure
    }

    /// A file of requests whose name does not say how it is written.
    pub(crate) fn unknown_format(path: &Path) -> Self {
        let name = match path.as_os_str() == "-" {
            true => "stdin".into(),
            false => path.display().to_string(),
        };
        let what = format!("it is not known how {name} is written");
        Self::usage(
            what,
            "Say it with --format jsonl, --format csv or --format text.",
        )
    }
}
