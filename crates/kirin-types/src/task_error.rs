//! Why a task failed.

use alloc::{format, string::String};
use core::fmt;

use crate::{body_text::printable, content::unsigned_text, decode::Token};

/// The error object of a failed task. Its Debug form leaves out what signs the URLs of its message.
///
/// ```
/// use kirin_types::{Task, TaskState};
///
/// let task = Task::from_json(
///     br#"{"id":"a","status":"failed","error":{"code":"002011095","error_message":"no capacity"}}"#,
/// )?;
/// let TaskState::Failed { error: Some(error), .. } = task.state() else { unreachable!() };
/// assert_eq!(error.code.as_ref().unwrap().meaning(), Some("Internal generation error"));
/// assert_eq!(error.message.as_deref(), Some("no capacity"));
/// # Ok::<(), kirin_types::DecodeError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TaskError {
    /// Error code (documented).
    pub code: Option<TaskErrorCode>,
    /// Detailed error message: `error_message` where it is not empty, else `message`.
    pub message: Option<String>,
}

impl TaskError {
    pub(crate) fn from_token(token: Token<'_>) -> Self {
        match token.object() {
            Some(error) => Self {
                code: error.field("code").and_then(TaskErrorCode::from_token),
                message: error
                    .non_empty_text("error_message")
                    .or_else(|| error.non_empty_text("message")),
            },
            None => Self {
                code: None,
                message: token.text_or_number().filter(|text| !text.is_empty()),
            },
        }
    }

    /// One that says something. A code of zero is the word of other services for "no error".
    pub(crate) fn if_any(token: Token<'_>) -> Option<Self> {
        let is_code = |code: &TaskErrorCode| code.as_str() != "0";
        let error = Self::from_token(token);
        let says_something = match &error.message {
            Some(message) => message != "0",
            None => error.code.as_ref().is_some_and(is_code),
        };
        says_something.then_some(error)
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TaskError")
            .field("code", &self.code)
            .field("message", &self.message.as_deref().map(unsigned_text))
            .finish()
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = self.code.as_ref().and_then(TaskErrorCode::meaning);
        let message = self
            .message
            .as_deref()
            .or(meaning)
            .unwrap_or("no reason given");
        match &self.code {
            Some(code) => {
                write!(
                    formatter,
                    "{} (code {})",
                    printable(message),
                    printable(code.as_str())
                )
            }
            None => write!(formatter, "{}", printable(message)),
        }
    }
}

/// The code of a failed task. It has leading zeros, so it is a string; one that arrived as a
/// number gets its nine digits back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaskErrorCode(String);

impl TaskErrorCode {
    fn from_token(token: Token<'_>) -> Option<Self> {
        match token.number() {
            Some(number) => Some(Self(with_leading_zeros(number))),
            None => token.text().filter(|code| !code.is_empty()).map(Self),
        }
    }

    /// The code as the service wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Meaning by the reference page; the last three digits are a family that other models share
    /// (inferred). `None` for a code outside the family.
    pub fn meaning(&self) -> Option<&'static str> {
        meaning(&self.0)
    }

    /// Whether generating again can help (inferred).
    ///
    /// ```
    /// use kirin_types::{Retry, Task, TaskState};
    ///
    /// let task = Task::from_json(br#"{"id":"a","status":"failed","error":{"code":"002011095"}}"#)?;
    /// let TaskState::Failed { error: Some(error), .. } = task.state() else { unreachable!() };
    /// assert_eq!(error.code.as_ref().unwrap().retry(), Retry::CanHelp);
    /// # Ok::<(), kirin_types::DecodeError>(())
    /// ```
    pub fn retry(&self) -> Retry {
        match self.meaning() {
            Some("Internal generation error" | "Result parsing error") => Retry::CanHelp,
            _ => Retry::Unclear,
        }
    }
}

/// The nine digits of a code that was a number, and so lost its zeros. Shorter numbers are codes
/// of another kind and stay as they are.
pub(crate) fn with_leading_zeros(number: &str) -> String {
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    match number.len() {
        7..=8 if digits => format!("{number:0>9}"),
        _ => number.into(),
    }
}

/// Meaning of a nine-digit code, by its last three digits.
pub(crate) fn meaning(code: &str) -> Option<&'static str> {
    let nine_digits = code.len() == 9 && code.bytes().all(|byte| byte.is_ascii_digit());
    match code.get(6..).filter(|_| nine_digits)? {
        "095" => Some("Internal generation error"),
        "096" => Some("Result parsing error"),
        "097" => Some("HTTP error response"),
        "098" => Some("Status check error"),
        "099" => Some("Task creation error"),
        _ => None,
    }
}

/// Whether generating again can help after a failed task. Nothing of it is documented: it is
/// inferred from what the codes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retry {
    /// The service itself failed: the same request can succeed.
    CanHelp,
    /// Something further upstream refused or was lost: read the message first.
    Unclear,
}

impl Retry {
    /// The word for it, as in its serde form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CanHelp => "can_help",
            Self::Unclear => "unclear",
        }
    }
}

impl fmt::Display for Retry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl AsRef<str> for TaskErrorCode {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for TaskErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
