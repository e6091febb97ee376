//! What the emulator calls back, how often it tries, and whom.

use serde::Serialize;

use crate::scenario::FiredRule;

/// How callbacks are sent to the `callback_url` of a task when its status changes. Nothing but
/// that there are callbacks is documented, so all of it is a switch. They are not signed.
///
/// What goes wrong with them is a matter of the [scenario](crate::Scenario), with the scope
/// `callback`.
///
/// ```
/// use kirin_emulator::{CallbackBody, Callbacks, EmulatorConfig};
///
/// let callbacks = Callbacks::new().body(CallbackBody::Kling).attempts(3);
/// let config = EmulatorConfig::new().callbacks(callbacks);
/// # let _ = config;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a setting does nothing until an emulator is started with it"]
pub struct Callbacks {
    pub(crate) body: CallbackBody,
    pub(crate) targets: CallbackTargets,
    pub(crate) attempts: u32,
}

impl Callbacks {
    /// How often a callback is tried unless [`attempts`](Self::attempts) says otherwise.
    ///
    /// ```
    /// assert_eq!(kirin_emulator::Callbacks::ATTEMPTS, 5);
    /// ```
    pub const ATTEMPTS: u32 = 5;

    /// The task object, to this machine only.
    pub fn new() -> Self {
        Self {
            body: CallbackBody::default(),
            targets: CallbackTargets::default(),
            attempts: Self::ATTEMPTS,
        }
    }

    /// Sets what is sent.
    pub fn body(mut self, body: CallbackBody) -> Self {
        self.body = body;
        self
    }

    /// Sets which addresses may be called.
    pub fn targets(mut self, targets: CallbackTargets) -> Self {
        self.targets = targets;
        self
    }

    /// Sets how often a callback is tried, at least once, while there is no answer or one of 400
    /// or more. Between two attempts there are 1, 2, 4 seconds and so on, a minute at most, less up
    /// to a half that the seed draws.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }
}

impl Default for Callbacks {
    fn default() -> Self {
        Self::new()
    }
}

/// What a callback says. Neither body is documented by the vendor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackBody {
    /// Kling's own, whose `task_id` is not this API's.
    Kling,
    /// The task object as a query would answer it, the default.
    #[default]
    Task,
}

/// Which addresses may be called. Never any that is private, link-local, of a cloud's metadata, or
/// hidden in another notation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackTargets {
    /// Nothing but this machine: 127.0.0.0/8 and `[::1]`; the default.
    #[default]
    Loopback,
    /// This machine and the internet.
    LoopbackAndPublic,
    /// Nothing but the internet, as the service itself does.
    Public,
}

/// One attempt to send a callback. Its URL is not in it: its path may be what only the caller and
/// the service know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CallbackRecord {
    /// Time from the start of the emulator to the end of the attempt, in milliseconds.
    pub elapsed_ms: u64,
    /// The id of the task that it is about.
    pub task: String,
    /// Which attempt it was, counted from 1.
    pub attempt: u32,
    /// The result.
    pub outcome: CallbackOutcome,
    /// The rule that applied to it.
    pub fault: Option<FiredRule>,
}

/// The result of an attempt to send a callback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallbackOutcome {
    /// It was answered with this HTTP status. 410 ends all callbacks to its URL; a redirect is
    /// not followed.
    Answered(u16),
    /// It was not sent, because its target is not allowed, and why.
    Blocked(String),
    /// There was no answer, and why.
    Failed(String),
    /// It was lost on purpose.
    Lost,
}
