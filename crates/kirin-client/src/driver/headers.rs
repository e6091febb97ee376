//! Headers of the caller, as they are given to a builder.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::wire::{Endpoint, InvalidDefaultHeaders};

/// What was given, and what of it is no header.
#[derive(Default)]
pub(super) struct DefaultHeaders {
    headers: HeaderMap,
    problems: Vec<String>,
}

/// Longest name that is shown, in characters.
const SHOWN: usize = 64;

impl DefaultHeaders {
    pub(super) fn add(&mut self, text: &str, value: Option<HeaderValue>) {
        let name = HeaderName::from_bytes(text.as_bytes()).ok();
        let shown: String = text.chars().take(SHOWN).collect();
        match (name, value) {
            (Some(name), Some(value)) => {
                if self.headers.try_insert(name, value).is_err() {
                    self.problems
                        .push(format!("{shown:?} is one header too many"));
                }
            }
            (None, _) => self
                .problems
                .push(format!("{shown:?} is no name of a header")),
            (Some(_), None) => self.problems.push(format!(
                "the value of {shown:?} is no value of a header: it takes no line ends"
            )),
        }
    }

    /// Gives them to who makes the calls.
    ///
    /// # Errors
    ///
    /// Every problem there is.
    pub(super) fn give_to(self, endpoint: Endpoint) -> Result<Endpoint, InvalidDefaultHeaders> {
        let mut problems = self.problems;
        match endpoint.with_default_headers(self.headers) {
            Ok(endpoint) if problems.is_empty() => Ok(endpoint),
            Ok(_) => Err(InvalidDefaultHeaders { problems }),
            Err(invalid) => {
                problems.extend(invalid.problems);
                Err(InvalidDefaultHeaders { problems })
            }
        }
    }
}
