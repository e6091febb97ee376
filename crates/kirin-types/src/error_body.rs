//! The body of a refusal, in every form that is known, and what it means.

use alloc::{format, string::String};
use core::fmt;

use crate::{
    ExternalTaskId, RawJson,
    body_text::{
        SENTENCE_CHARACTERS, first_sentence, is_sentence, joined, leaves, of_markup, printable,
    },
    decode::Object,
    task_error::{meaning, with_leading_zeros},
};

/// A refusal as the service worded it. Every form of an error body decodes to it; a body of no
/// known form keeps only its beginning.
///
/// ```
/// use kirin_types::{ErrorBody, ErrorReason};
///
/// let body = br#"{"status":{"code":402,"message":"Insufficient credits","error_code":40201},"data":null}"#;
/// let error = ErrorBody::decode(body);
/// assert_eq!(error.message.as_deref(), Some("Insufficient credits"));
/// assert_eq!(error.reason(402), ErrorReason::Balance);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ErrorBody {
    /// The message: `status.message`, else `message`, `error` as a string, `error.message`,
    /// `detail`.
    pub message: Option<String>,
    /// A code in words or digits: `error.code`, else `code`.
    pub code: Option<String>,
    /// `status.code` of an envelope, unless it says success (0 or 200).
    pub status_code: Option<u16>,
    /// The finer code: `status.error_code`, else `error_code`.
    pub error_code: Option<i64>,
    /// What the vendor's support asks for.
    pub request_id: Option<String>,
    /// The beginning of the body, at most 2,000 characters.
    pub text: String,
}

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorReason {
    /// The key is missing or invalid.
    Authentication,
    /// No balance, or an account in arrears: trying again is useless.
    Balance,
    /// The external task id is in use already.
    DuplicateExternalTaskId,
    /// The parameters are not legal.
    InvalidRequest,
    /// No such task or model.
    NotFound,
    /// None of these.
    Other,
    /// Too many tasks at once: wait until one ends.
    ParallelTaskLimit,
    /// The key has no right to this.
    Permission,
    /// Too many requests: slow down.
    RateLimit,
    /// The service is in trouble: try later.
    Unavailable,
}

impl ErrorReason {
    /// The word for it, as in its serde form.
    ///
    /// ```
    /// use kirin_types::ErrorReason;
    ///
    /// assert_eq!(ErrorReason::RateLimit.as_str(), "rate_limit");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Balance => "balance",
            Self::DuplicateExternalTaskId => "duplicate_external_task_id",
            Self::InvalidRequest => "invalid_request",
            Self::NotFound => "not_found",
            Self::Other => "other",
            Self::ParallelTaskLimit => "parallel_task_limit",
            Self::Permission => "permission",
            Self::RateLimit => "rate_limit",
            Self::Unavailable => "unavailable",
        }
    }
}

impl fmt::Display for ErrorReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Longest beginning of a body that is kept, in characters.
const TEXT_CHARACTERS: usize = 2000;

impl ErrorBody {
    /// Reads an error body. Never fails: what has no known form is kept as text.
    pub fn decode(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let text = text.chars().take(TEXT_CHARACTERS).collect();
        let json = RawJson::read(body).ok();
        match json.as_ref().and_then(|json| json.token().object()) {
            Some(object) => Self {
                text,
                ..Self::from_object(&object)
            },
            None => Self {
                text,
                ..Self::default()
            },
        }
    }

    fn from_object(body: &Object<'_>) -> Self {
        let status = body.object("status");
        let error = body.object("error");
        let status_code = status.as_ref().and_then(|status| status.integer("code"));
        let status_message = || {
            let status = status
                .as_ref()
                .filter(|_| !matches!(status_code, Some(0 | 200)))?;
            status.non_empty_text("message")
        };
        Self {
            message: status_message()
                .or_else(|| body.non_empty_text("message"))
                .or_else(|| body.non_empty_text("error"))
                .or_else(|| error.as_ref()?.non_empty_text("message"))
                .or_else(|| error.as_ref()?.non_empty_text("error_message"))
                .or_else(|| body.non_empty_text("detail")),
            code: error
                .as_ref()
                .and_then(|error| error.text_or_number("code"))
                .or_else(|| body.text_or_number("code"))
                .filter(|code| !matches!(code.as_str(), "" | "0" | "200")),
            status_code: status_code
                .filter(|code| !matches!(code, 0 | 200))
                .and_then(|code| code.try_into().ok()),
            error_code: status
                .as_ref()
                .and_then(|status| status.integer("error_code"))
                .or_else(|| body.integer("error_code")),
            request_id: body.non_empty_text("request_id"),
            text: String::new(),
        }
    }

    /// Whether this is a refusal that the service is known to send, by its code or its words: only
    /// such a one makes an answer with a success status a refusal. The code of a failed task is none:
    /// where there is one, a task may have been created.
    ///
    /// ```
    /// use kirin_types::ErrorBody;
    ///
    /// assert!(ErrorBody::decode(br#"{"error":{"code":"UNAUTHORIZED"}}"#).is_known());
    /// assert!(!ErrorBody::decode(br#"{"error":{"code":"002011099"}}"#).is_known());
    /// assert!(!ErrorBody::decode(br#"{"error":"who knows"}"#).is_known());
    /// ```
    pub fn is_known(&self) -> bool {
        let is_of_task = |code: &String| meaning(&with_leading_zeros(code)).is_some();
        !self.code.as_ref().is_some_and(is_of_task)
            && !matches!(
                self.reason(200),
                ErrorReason::Other | ErrorReason::Unavailable
            )
    }

    /// What the refusal means under this HTTP status. A status inside an envelope counts where
    /// the HTTP status says success.
    ///
    /// ```
    /// use kirin_types::{ErrorBody, ErrorReason};
    ///
    /// let body = br#"{"code":1303,"message":"parallel task over resource pack limit","request_id":"r"}"#;
    /// assert_eq!(ErrorBody::decode(body).reason(429), ErrorReason::ParallelTaskLimit);
    /// ```
    pub fn reason(&self, http_status: u16) -> ErrorReason {
        self.reason_about(http_status, None)
    }

    /// What the refusal of a create that carried this id means: a text that calls this id a
    /// duplicate by its own letters is a duplicate refusal, too.
    ///
    /// ```
    /// use kirin_types::{ErrorBody, ErrorReason};
    ///
    /// let body = ErrorBody::decode(br#"{"message":"task 'order-4711' already exists"}"#);
    /// let reason = body.reason_of_create(400, &"order-4711".parse()?);
    /// assert_eq!(reason, ErrorReason::DuplicateExternalTaskId);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reason_of_create(&self, http_status: u16, id: &ExternalTaskId) -> ErrorReason {
        self.reason_about(http_status, Some(id))
    }

    fn reason_about(&self, http_status: u16, id: Option<&ExternalTaskId>) -> ErrorReason {
        let status = match http_status {
            200..=299 => self.status_code.unwrap_or(http_status),
            _ => http_status,
        };
        match status {
            400..=499 if self.is_duplicate(id) => ErrorReason::DuplicateExternalTaskId,
            400..=499 if self.is_balance(status) => ErrorReason::Balance,
            401 => ErrorReason::Authentication,
            403 => ErrorReason::Permission,
            404 => ErrorReason::NotFound,
            400 | 413 | 422 => ErrorReason::InvalidRequest,
            429 => self.limit(),
            500..=599 => ErrorReason::Unavailable,
            _ => self.reason_by_code(id),
        }
    }

    fn is_balance(&self, status: u16) -> bool {
        let words = [
            "insufficient_balance",
            "insufficient balance",
            "insufficient credits",
        ];
        let permission = status == 403 && self.says_any(&["permission"]);
        match self.error_code {
            Some(40201..=40208) => true,
            Some(40200) => self.says_any(&words),
            _ if status == 402 || (self.says_any(&words) && !permission) => true,
            _ => matches!(status, 400..=499) && self.speaks_of_money(status),
        }
    }

    fn limit(&self) -> ErrorReason {
        let sentence = self.sentence().unwrap_or_default().to_ascii_lowercase();
        match self.code.as_deref() {
            Some("1100") => ErrorReason::Permission,
            Some("1101" | "1102") => ErrorReason::Balance,
            _ if sentence.contains("parallel") => ErrorReason::ParallelTaskLimit,
            Some("1303") => ErrorReason::ParallelTaskLimit,
            _ => ErrorReason::RateLimit,
        }
    }

    /// By the code alone: a refusal that came under a success status.
    fn reason_by_code(&self, id: Option<&ExternalTaskId>) -> ErrorReason {
        match self.code.as_deref() {
            _ if matches!(self.error_code, Some(40201..=40208)) => ErrorReason::Balance,
            Some("UNAUTHORIZED") => ErrorReason::Authentication,
            Some("RATE_LIMIT_EXCEEDED" | "1302" | "1303") => self.limit(),
            Some("1100" | "1101" | "1102") => self.limit(),
            _ if self.message.as_deref() == Some("Missing Token") => ErrorReason::Authentication,
            _ if self.is_duplicate(id) => ErrorReason::DuplicateExternalTaskId,
            _ if self.is_balance(0) => ErrorReason::Balance,
            _ => ErrorReason::Other,
        }
    }

    /// What the body says, for a person: its message, and where that is one word or none, the first
    /// sentence that stands anywhere in it; of a page its title.
    ///
    /// ```
    /// use kirin_types::ErrorBody;
    ///
    /// let body = br#"{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}"#;
    /// assert_eq!(ErrorBody::decode(body).sentence().as_deref(), Some("insufficient balance"));
    /// let body = br#"{"error":"invalid_token","error_description":"The key has expired"}"#;
    /// let sentence = ErrorBody::decode(body).sentence();
    /// assert_eq!(sentence.as_deref(), Some("invalid_token: The key has expired"));
    /// ```
    pub fn sentence(&self) -> Option<String> {
        let message = self.message.clone();
        if message.as_deref().is_some_and(is_sentence) {
            return message;
        }
        let found = match RawJson::read(self.text.as_bytes()) {
            Ok(json) => first_sentence(leaves(json.token())),
            Err(_) => of_markup(&self.text).or_else(|| self.plain_sentence()),
        };
        match (message, found) {
            (Some(message), Some(found)) => Some(format!("{message}: {found}")),
            (message, found) => message.or(found),
        }
    }

    /// The first line of a text that is neither JSON nor a page, where it is words.
    fn plain_sentence(&self) -> Option<String> {
        let line = self.text.lines().map(str::trim).find(|it| !it.is_empty())?;
        let is_plain = !line.starts_with(['{', '[', '<']) && is_sentence(line);
        is_plain.then(|| line.chars().take(SENTENCE_CHARACTERS).collect())
    }

    /// What is shown where there is no sentence: JSON in one line, of anything else the first line.
    fn beginning(&self) -> String {
        let mut lines = self.text.lines().map(str::trim);
        match self.text.trim_start().starts_with(['{', '[']) {
            true => joined(&self.text),
            false => lines
                .find(|line| !line.is_empty())
                .unwrap_or_default()
                .into(),
        }
    }

    fn says_any(&self, needles: &[&str]) -> bool {
        let message = self
            .message
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        needles.iter().any(|needle| message.contains(needle))
    }
}

impl fmt::Display for ErrorBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = self.sentence().unwrap_or_else(|| self.beginning());
        write!(formatter, "{}", printable(&sentence))?;
        if let Some(request_id) = &self.request_id {
            write!(formatter, " (request id {})", printable(request_id))?;
        }
        Ok(())
    }
}
