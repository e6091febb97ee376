//! The one error of this program: a sentence that says what to do.

use std::fmt::Display;

/// Why a command stopped.
#[derive(Debug)]
pub(crate) struct Failure(Option<String>);

impl Failure {
    /// A failure explained by one sentence.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(Some(sentence.into()))
    }

    /// What could not be done, and why; for `map_err`.
    pub(crate) fn of<E: Display>(deed: impl Display) -> impl FnOnce(E) -> Self {
        move |error| Self::new(format!("could not {deed}: {error}"))
    }

    /// A failure that was printed already, where the last line must be something else.
    pub(crate) fn reported() -> Self {
        Self(None)
    }

    /// Prints `problems` and sums them up, or succeeds if there are none.
    pub(crate) fn unless_empty(command: &str, problems: &[String]) -> Result<(), Self> {
        for problem in problems {
            eprintln!("{problem}");
        }
        match problems.len() {
            0 => Ok(()),
            1 => Err(Self::new(format!("{command} found 1 problem"))),
            count => Err(Self::new(format!("{command} found {count} problems"))),
        }
    }

    /// What is still to be said.
    pub(crate) fn unsaid(&self) -> Option<&str> {
        self.0.as_deref()
    }
}
