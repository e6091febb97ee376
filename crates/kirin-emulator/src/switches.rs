//! How the answers are written: what is documented, and what was seen elsewhere instead.

use http::StatusCode;

/// The ways to write an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Switches {
    pub(crate) answer_form: AnswerForm,
    pub(crate) created_at: CreatedAt,
    pub(crate) created_status: StatusCode,
    pub(crate) error_form: ErrorForm,
    pub(crate) output_form: OutputForm,
    pub(crate) status_words: StatusWords,
    pub(crate) task_error_form: TaskErrorForm,
}

/// What stands around a task in an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerForm {
    /// Nothing, the default (documented).
    #[default]
    Bare,
    /// `{"data": TASK, "status": {"code": 200, "message": "success"}}`, as on an older page.
    Enveloped,
}

/// How a task says when it was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CreatedAt {
    /// Not at all.
    Absent,
    /// In milliseconds, the default (documented sample).
    #[default]
    Milliseconds,
    /// In seconds, as in the tests of the vendor's clients.
    Seconds,
}

/// How a refusal is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorForm {
    /// Each as it was seen for its own status, the default.
    #[default]
    AsSeen,
    /// `{"detail": "..."}`
    Detail,
    /// `{"status": {"code": 404, "message": "..."}, "data": null}`
    Envelope,
    /// The same under HTTP 200.
    EnvelopeUnder200,
    /// `{"code": ..., "message": "...", "request_id": "..."}`
    Message,
    /// `{"error": {"code": ..., "message": "..."}, "request_id": "..."}`
    Object,
    /// `{"error": "..."}`
    Text,
}

/// Where the parts of an output stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputForm {
    /// In `output[].content[]`, the default (documented).
    #[default]
    Documented,
    /// In `output[]`, as on an older page.
    WithoutContent,
}

/// The words for how far a task is: while it waits, while it is worked on, and at its two ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatusWords {
    /// `in_progress`, `in_progress`, `completed`, `failed`: the default (documented).
    #[default]
    Documented,
    /// `pending`, `processing`, `completed`, `failed`, as in the guide to the vendor's clients.
    Guide,
    /// `submitted`, `processing`, `succeed`, `failed`, as at Kling.
    Kling,
    /// `in_queue`, `in_progress`, `success`, `failed`, as on an older page.
    Older,
    /// The documented ones in capital letters.
    Uppercase,
}

impl StatusWords {
    /// Waiting, worked on, completed, failed.
    pub(crate) fn words(self) -> [&'static str; 4] {
        match self {
            Self::Documented => ["in_progress", "in_progress", "completed", "failed"],
            Self::Guide => ["pending", "processing", "completed", "failed"],
            Self::Kling => ["submitted", "processing", "succeed", "failed"],
            Self::Older => ["in_queue", "in_progress", "success", "failed"],
            Self::Uppercase => ["IN_PROGRESS", "IN_PROGRESS", "COMPLETED", "FAILED"],
        }
    }
}

/// How a failed task says why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskErrorForm {
    /// `{"code": "002011095", "error_message": "..."}`, and `message` for the extension: the
    /// default (documented).
    #[default]
    Documented,
    /// The code as a number, which has lost its zeros.
    IntegerCode,
    /// `message` in place of `error_message`, as on other pages.
    Message,
    /// A text.
    Text,
}
