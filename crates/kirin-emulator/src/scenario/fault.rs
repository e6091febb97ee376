//! The names of everything that can go wrong.

use serde::{Serialize, Serializer};

/// What a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scope {
    /// A download of a video.
    Artifact,
    /// A callback about a change of a task's status.
    Callback,
    /// A `POST` that creates a task.
    Create,
    /// A query of a task.
    Query,
}

/// When a fault is decided, and so what it can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before a connection is there.
    Connection,
    /// When the head of a request is there.
    Head,
    /// When its answer is, because it depends on the task that is answered.
    Answer,
    /// When the status of a task changes that is called back about.
    Callback,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $variant:ident $name:literal $scopes:ident $moment:ident [$($parameter:literal)*],)*) => {
        /// One thing that can go wrong. What it says of the commit is about a create: whether the
        /// task exists afterwards, and is paid for.
        ///
        /// ```
        /// use kirin_emulator::Fault;
        ///
        /// assert_eq!(Fault::CommitThenDrop.name(), "commit_then_drop");
        /// assert!(Fault::ALL.contains(&Fault::CommitThenDrop));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[$doc])* $variant,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// What a scenario calls it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it can affect.
            pub(crate) fn scopes(self) -> &'static [Scope] {
                match self { $(Self::$variant => $scopes,)* }
            }

            pub(crate) fn moment(self) -> Moment {
                match self { $(Self::$variant => Moment::$moment,)* }
            }

            /// The fields of a rule that it reads beside the ones that all rules have.
            pub(crate) fn parameters(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($parameter,)*],)* }
            }
        }
    };
}

const NONE: &[Scope] = &[];
const REQUESTS: &[Scope] = &[Scope::Create, Scope::Query, Scope::Artifact];
const CREATE: &[Scope] = &[Scope::Create];
const CALLS: &[Scope] = &[Scope::Create, Scope::Query];
const QUERY: &[Scope] = &[Scope::Query];
const ARTIFACT: &[Scope] = &[Scope::Artifact];
const CALLBACK: &[Scope] = &[Scope::Callback];

faults! {
    // The connection.

    /// The port is closed for `milliseconds`, 1000 if absent: connections are refused. It is
    /// decided for each connection before it is there, so it has no scope.
    RefuseConnection "refuse_connection" NONE Connection ["milliseconds"],
    /// The connection is reset when the head of the request is there and its body is not read.
    ResetBeforeRead "reset_before_read" REQUESTS Head [],
    /// The connection is reset when the request was read; nothing is created.
    ResetBeforeCommit "reset_before_commit" REQUESTS Head [],
    /// The request is carried out, and the connection closed without a byte of the answer.
    CommitThenDrop "commit_then_drop" REQUESTS Head [],
    /// The request is carried out, and the connection closed at byte `at_byte` of the answer, in
    /// the middle of its body if absent.
    CommitThenCut "commit_then_cut" REQUESTS Head ["at_byte"],
    /// The request is carried out and answered `milliseconds` later, 5000 if absent.
    Delay "delay" REQUESTS Head ["milliseconds"],
    /// The request is carried out and never answered.
    NeverAnswer "never_answer" REQUESTS Head [],
    /// The request is carried out and answered, and its connection politely closed after that:
    /// the answer says `Connection: close`.
    CloseAfterAnswer "close_after_answer" REQUESTS Head [],
    /// The request is carried out and answered while the server reloads: every connection is
    /// politely closed, an idle one at once, the others after the answer that is under way.
    Reload "reload" REQUESTS Head [],

    // Answers instead of what was asked for; nothing is created.

    /// 429 with `RATE_LIMIT_EXCEEDED`.
    RateLimited "rate_limited" CALLS Head ["retry_after"],
    /// 429 with Kling's code 1303: too many tasks at once.
    ParallelLimited "parallel_limited" CALLS Head ["retry_after"],
    /// 429 with Kling's code 1102: the money is spent, and waiting is useless.
    MoneyLimited "money_limited" CALLS Head ["retry_after"],
    /// 401, as if the key had been withdrawn.
    Unauthorized "unauthorized" CALLS Head [],
    /// 402 with `error_code` 40201.
    InsufficientBalance "insufficient_balance" CALLS Head [],
    /// 403: the model is not allowed for this user.
    Forbidden "forbidden" CALLS Head [],
    /// 503, with nothing created.
    Unavailable "unavailable" CALLS Head ["retry_after"],
    /// A refusal in one of the spellings that the service has for it, drawn from the seed.
    ErrorSpelling "error_spelling" CALLS Head [],
    /// 307 to `location`, the same path on another host if absent.
    Redirect "redirect" REQUESTS Head ["location"],
    /// A gateway answers 404 before the service sees the request: the route is away. It is JSON in
    /// most of the spellings, one of which is drawn from the seed for the rule.
    GatewayNotFound "gateway_not_found" QUERY Head [],
    /// A cache in front keeps each 404 for `milliseconds`, 60000 if absent, and answers it again
    /// with its `Age`, whatever stands behind the `?` or in `Cache-Control`.
    CachedNotFound "cached_not_found" QUERY Head ["milliseconds"],
    /// The same by a cache that does not say so, as that of nginx: each 404 is kept for its path with
    /// what stands behind the `?`, and answered again with a new `Date` and without `Age`, whatever
    /// is in `Cache-Control`.
    StaleNotFound "stale_not_found" QUERY Head ["milliseconds"],

    // Answers that hide what was done: the request is carried out.

    /// 500 with a JSON body.
    CommitThen500 "commit_then_500" CALLS Head [],
    /// 502 with the HTML of a proxy.
    CommitThen502 "commit_then_502" CALLS Head [],
    /// 504 without a body.
    CommitThen504 "commit_then_504" CALLS Head [],
    /// 303 to `location`, the path of the task if absent.
    CommitThen303 "commit_then_303" CALLS Head ["location"],
    /// A proxy loses the answer, sends the `POST` again and passes on the second answer: a refusal
    /// where duplicates are refused. Where they are accepted, the second task is charged to the
    /// proxy.
    ReplayedPost "replayed_post" CREATE Head [],
    /// A proxy loses the answer and sends the `POST` again, which is refused for another reason:
    /// 402, 404 or 429, drawn from the seed.
    RefusedReplay "refused_replay" CREATE Head [],
    /// 200 with HTML.
    HtmlBody "html_body" CALLS Head [],
    /// 200 with nothing.
    EmptyBody "empty_body" CALLS Head [],
    /// The first half of the JSON, as if it were all of it.
    BrokenJson "broken_json" CALLS Head [],
    /// The answer, followed by `bytes` spaces, 1 GiB if absent.
    HugeBody "huge_body" CALLS Head ["bytes"],
    /// 1 MB of gzip that grows to 1 GiB of spaces.
    CompressedBomb "compressed_bomb" CALLS Head [],
    /// The body a byte at a time, one every `milliseconds`, 1000 if absent.
    SlowBody "slow_body" REQUESTS Head ["milliseconds"],

    // A clock that is off.

    /// The clock of the service is `milliseconds` ahead, 360000 if absent: the `Date` of an answer
    /// and the `created_at` in it.
    ClockAhead "clock_ahead" CALLS Head ["milliseconds"],
    /// The clock of the service is `milliseconds` behind, 360000 if absent.
    ClockBehind "clock_behind" CALLS Head ["milliseconds"],

    // Tasks that are not what they should be.

    /// Every field but `id`, `status` and `output` has another type.
    WrongTypes "wrong_types" CALLS Answer [],
    /// A status word that no one documented.
    UnknownStatus "unknown_status" CALLS Answer [],
    /// A completed task is done, and any other one is cancelled by an operator: words for an end that
    /// no one documented.
    OtherEnd "other_end" QUERY Answer [],
    /// A task that is less than `milliseconds` old, 5000 if absent, is answered with 404.
    NotFoundAfterCreate "not_found_after_create" QUERY Answer ["milliseconds"],
    /// A task in progress is pending again, and has no progress.
    StatusBackwards "status_backwards" QUERY Answer [],
    /// A completed task has failed, and a failed one is completed.
    TerminalStateChanged "terminal_state_changed" QUERY Answer [],
    /// A completed task has no output.
    CompletedWithoutOutput "completed_without_output" QUERY Answer [],
    /// A failed task has its error as a plain string.
    TaskErrorSpelling "task_error_spelling" QUERY Answer [],

    // Downloads.

    /// The first half of the file, as if it were all of it.
    ArtifactTruncated "artifact_truncated" ARTIFACT Head [],
    /// Another file under another entity tag.
    ArtifactChanged "artifact_changed" ARTIFACT Head [],
    /// The whole file, although a range of it was asked for.
    RangeIgnored "range_ignored" ARTIFACT Head [],
    /// A range of the file, under a `Content-Range` that begins a byte later.
    WrongContentRange "wrong_content_range" ARTIFACT Head [],
    /// 403: the URL has expired.
    ArtifactExpired "artifact_expired" ARTIFACT Head [],
    /// 200 with HTML.
    ArtifactHtml "artifact_html" ARTIFACT Head [],

    // Callbacks.

    /// The callback is never sent.
    CallbackLost "callback_lost" CALLBACK Callback [],
    /// The callback is sent `milliseconds` late, 5000 if absent.
    CallbackDelayed "callback_delayed" CALLBACK Callback ["milliseconds"],
    /// The callback is sent twice.
    CallbackRepeated "callback_repeated" CALLBACK Callback [],
    /// The callback about a new task is sent after the next one about it.
    CallbackReordered "callback_reordered" CALLBACK Callback [],
    /// Before the callback, someone else claims that the task is completed, with a video of
    /// their own.
    CallbackForged "callback_forged" CALLBACK Callback [],
    /// The callback about a new task is sent before its create is answered, which waits for it.
    CallbackBeforeAnswer "callback_before_answer" CALLBACK Callback [],
}

impl Fault {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|fault| fault.name() == name)
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Scope {
    /// What a scenario calls it.
    ///
    /// ```
    /// assert_eq!(kirin_emulator::Scope::Create.name(), "create");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Artifact => "artifact",
            Self::Callback => "callback",
            Self::Create => "create",
            Self::Query => "query",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let mut all = REQUESTS.iter().chain(CALLBACK).copied();
        all.find(|scope| scope.name() == name)
    }
}
