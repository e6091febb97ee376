//! What a machine knows at its start.

use std::time::Duration;

use kirin_types::{Model, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Cause, clock_difference::ClockDifference};
use crate::{CallPolicy, Control, HostCapabilities, PollSchedule};

/// How a machine goes about its work.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_client::machine::Settings;
/// use kirin_types::{KIRIN_V2_5_TURBO_T2V, Timestamp};
///
/// let now = Timestamp::from_milliseconds(1_769_757_744_021); // by the clock of this computer
/// let settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V, Some(now));
/// // Twenty times the typical 45 s.
/// assert_eq!(settings.deadline, Some(Duration::from_secs(15 * 60)));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Settings {
    /// The elapsed time at which the machine stops waiting; `None` waits for ever.
    pub deadline: Option<Duration>,
    /// When to query.
    pub schedule: PollSchedule,
    /// How often a query may fail, and when a create whose answer was lost is looked up. Its timeouts are for
    /// who makes the calls: [`longest_call`](Self::longest_call) is what the machine goes by.
    #[serde(default)]
    pub call_policy: CallPolicy,
    /// What the host can do.
    pub capabilities: HostCapabilities,
    /// Wall time at the start of the machine; `None` if there is no clock.
    pub started_at: Option<Timestamp>,
    /// Wall time of the intent that the machine continues; `None` if no one knows it. A machine
    /// that begins a generation is its own intent.
    #[serde(default)]
    pub intended_at: Option<Timestamp>,
    /// How far the service's clock was ahead of ours when the create was intended; a machine that begins a
    /// generation learns it from the first answer. As long as it is not known, the age of a task is no reason
    /// to take it for another one.
    #[serde(default)]
    pub clock_difference: Option<ClockDifference>,
    /// The external task id was made up for this create, by whomever, so no other task has it.
    #[serde(default)]
    pub external_task_id_is_minted: bool,
    /// Tasks that the lookup has to find before a miss counts. Without any, absence is never proved.
    #[serde(default)]
    pub controls: Vec<Control>,
    /// How often this create was sent again because its absence was proved: once at most.
    #[serde(default)]
    pub repetitions_after_absence: u32,
    /// Look the task up once before the first attempt, because an earlier one may be forgotten: the
    /// journal is new, or was restored, or says that the create was refused, or was proved to be absent
    /// long ago.
    #[serde(default)]
    pub looks_up_first: bool,
    /// An earlier attempt was refused, and its process ended before it was looked up: nothing is sent
    /// before a lookup that comes as long after the refusal as a repetition would.
    /// [`intended_at`](Self::intended_at) is when it was intended first.
    #[serde(default)]
    pub follows_refusal: bool,
    /// Nothing was created, and this is why. Because an attempt was refused on the way, it is looked up once
    /// more; nothing is sent.
    #[serde(default)]
    pub ended: Option<Cause>,
    /// The create was sent with another key than the one that asks now, of the same user as far as anyone knows:
    /// a task that is found counts, a miss says nothing, and nothing is sent.
    #[serde(default)]
    pub was_sent_with_another_key: bool,
    /// How long a call may be on its way, whatever became of its connection. It is longer where the
    /// operating system cannot be told to give up what it has not delivered.
    ///
    /// [`LONGEST_CALL`](Self::LONGEST_CALL) goes by what the default transport does on Linux: it sets
    /// `TCP_USER_TIMEOUT`, and resets the connection of a create that is given up. With an HTTP client that does not,
    /// as ureq, set 150 s: the kernel may deliver a create later.
    pub longest_call: Duration,
    /// What made an earlier attempt unclear, where the machine continues it.
    #[serde(default)]
    pub doubt: Option<String>,
    /// Source of the jitter.
    pub seed: u64,
}

/// How much longer than its timeout a create may be on its way: nothing, where the kernel can be told to give
/// up what it has not delivered.
const LATE_DELIVERY: Duration = if cfg!(any(
    target_os = "android",
    target_os = "fuchsia",
    target_os = "linux"
)) {
    Duration::ZERO
} else {
    Duration::from_secs(120)
};

impl Settings {
    /// The default deadline, as a multiple of the model's typical time.
    const DEADLINE_FACTOR: u32 = 20;

    /// The default of [`longest_call`](Self::longest_call): 30 s, or 150 s on a system without
    /// `TCP_USER_TIMEOUT`, whose kernel continues delivering what no one waits for.
    pub const LONGEST_CALL: Duration = CallPolicy::USUAL_TIMEOUT.saturating_add(LATE_DELIVERY);

    /// What [`longest_call`](Self::longest_call) is under a policy: the larger of 30 s and the timeout of a
    /// create, and 120 s more on a system without `TCP_USER_TIMEOUT`.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kirin_client::{CallPolicy, machine::Settings};
    ///
    /// let under = |seconds| {
    ///     let limit = Duration::from_secs(seconds);
    ///     Settings::longest_call_under(&CallPolicy::default().with_create_timeout(limit))
    /// };
    /// assert_eq!(under(10), Settings::LONGEST_CALL);
    /// assert_eq!(under(90), Settings::LONGEST_CALL + Duration::from_secs(60));
    /// ```
    pub fn longest_call_under(policy: &CallPolicy) -> Duration {
        policy.longest_create().saturating_add(LATE_DELIVERY)
    }

    /// The defaults for a model, for a machine that is made at this wall time.
    ///
    /// `None` says that there is no clock. Then the age of a task is no reason to take it for another one:
    /// where the service refuses an external task id that you chose as a duplicate, the task that has it is
    /// adopted, however old it is. So say `None` only where no id is ever used for a second request.
    pub fn for_model(model: &Model, started_at: Option<Timestamp>) -> Self {
        let typical = model.typical_time.duration;
        Self {
            deadline: Some(typical.saturating_mul(Self::DEADLINE_FACTOR)),
            schedule: PollSchedule::optimum(typical),
            call_policy: CallPolicy::default(),
            capabilities: HostCapabilities::default(),
            started_at,
            intended_at: None,
            clock_difference: None,
            external_task_id_is_minted: false,
            controls: Vec::new(),
            repetitions_after_absence: 0,
            looks_up_first: false,
            follows_refusal: false,
            ended: None,
            was_sent_with_another_key: false,
            longest_call: Self::LONGEST_CALL,
            doubt: None,
            seed: 0,
        }
    }
}
