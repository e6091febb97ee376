//! What is wrong with a request, all of it at once.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// One thing wrong with one parameter of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Problem {
    /// Wire name of the parameter; of a field inside one, as `camera_control.type` or
    /// `multi_prompt[2].duration`.
    pub field: String,
    /// What was found, as a predicate: `has 2501 characters`.
    pub found: String,
    /// What is allowed, as a sentence part: `1 to 2500 are allowed`.
    pub allowed: String,
}

impl Problem {
    pub(crate) fn new(
        field: impl Into<String>,
        found: impl Into<String>,
        allowed: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            found: found.into(),
            allowed: allowed.into(),
        }
    }

    /// Where the parameter is in the body of a create.
    ///
    /// ```
    /// use kirin_types::GenerationRequest;
    ///
    /// let invalid = GenerationRequest::builder("").build().unwrap_err();
    /// assert_eq!(invalid.problems()[0].path(), "input[0].params.prompt");
    /// ```
    pub fn path(&self) -> String {
        match self.field.as_str() {
            "model" => self.field.clone(),
            field => format!("input[0].params.{field}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}; {}", self.field, self.found, self.allowed)
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("Problem", 3)?;
        form.serialize_field("field", &self.field)?;
        form.serialize_field("found", &self.found)?;
        form.serialize_field("allowed", &self.allowed)?;
        form.end()
    }
}

/// A request that the service documents as illegal. It lists every problem, in the order of the
/// reference page; at least one.
///
/// ```
/// use kirin_types::GenerationRequest;
///
/// let invalid = GenerationRequest::builder("").parameter("duration", "7").build().unwrap_err();
/// let fields: Vec<_> = invalid.problems().iter().map(|problem| problem.field.as_str()).collect();
/// assert_eq!(fields, ["prompt", "duration"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InvalidRequest {
    problems: Vec<Problem>,
}

impl InvalidRequest {
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// Every problem, in the order of the reference page.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl From<Problem> for InvalidRequest {
    fn from(problem: Problem) -> Self {
        Self {
            problems: alloc::vec![problem],
        }
    }
}

impl Serialize for InvalidRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("InvalidRequest", 1)?;
        form.serialize_field("problems", &self.problems)?;
        form.end()
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("invalid request: ")?;
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { " / " };
            write!(formatter, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl core::error::Error for InvalidRequest {}

/// `"5" and "10"`.
pub(crate) fn quoted(words: &[&str]) -> String {
    joined(words, "and")
}

/// `"5" or "10"`.
pub(crate) fn alternatives(words: &[&str]) -> String {
    joined(words, "or")
}

fn joined(words: &[&str], conjunction: &str) -> String {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        let separator = match index {
            0 => String::new(),
            last if last + 1 == words.len() => format!(" {conjunction} "),
            _ => ", ".into(),
        };
        text.push_str(&format!("{separator}\"{word}\""));
    }
    text
}
