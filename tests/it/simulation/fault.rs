//! The faults that are mixed into a session, named after the rows of the list of faults.

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use http::{Response, StatusCode, header};
use kirin_transport::{Sent, TransportErrorKind};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    BadTypes,
    BackwardStatus,
    CachedNotFound,
    CallbackBeforeAnswer,
    CallbackBeforeCrash,
    CallbackForged,
    CallbackGarbage,
    CallbackMissing,
    CallbackOfOtherTask,
    CallbackOutOfOrder,
    CallbackRepeated,
    ClockOff,
    Contradiction,
    CreateEnvelope,
    CreateErrorAfterCommit,
    CreateErrorBeforeCommit,
    CreateGarbage,
    CreateLate,
    CreateLostAnswer,
    CreateLostRequest,
    CreateNotSent,
    CreateRateLimited,
    CreateRedirected,
    CreateRefused,
    CreateReplayRefused,
    CreateReplayed,
    CreateSeeOther,
    CreateSilentAfterCommit,
    CreateSilentBeforeCommit,
    EarlyMiss,
    GatewayNotFound,
    LookUpFails,
    NoOutput,
    OtherEnd,
    OtherTask,
    PoliteEnd,
    QueryRateLimited,
    QueryRefused,
    QueryTrouble,
    ShortDeadline,
    UnknownStatus,
}

/// The calls that a fault affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Create,
    LookUp,
    Query,
}

/// The answer to a call.
pub(crate) enum Answer {
    Fail(TransportErrorKind, Sent),
    Never,
    Respond(Response<Bytes>),
}

/// What an answer to a create says by the create rule, as it is written, not as the client reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Ambiguous,
    Created,
    Duplicate,
    NotCreated,
    NotSent,
}

impl Fault {
    pub(crate) const ALL: [Self; 41] = [
        Self::CreateNotSent,
        Self::CreateLostRequest,
        Self::CreateSilentBeforeCommit,
        Self::CreateErrorBeforeCommit,
        Self::CreateLate,
        Self::CreateLostAnswer,
        Self::CreateSilentAfterCommit,
        Self::CreateErrorAfterCommit,
        Self::CreateRateLimited,
        Self::CreateRefused,
        Self::CreateGarbage,
        Self::CreateEnvelope,
        Self::CreateRedirected,
        Self::LookUpFails,
        Self::CallbackBeforeAnswer,
        Self::EarlyMiss,
        Self::QueryTrouble,
        Self::QueryRefused,
        Self::QueryRateLimited,
        Self::UnknownStatus,
        Self::OtherEnd,
        Self::BackwardStatus,
        Self::Contradiction,
        Self::NoOutput,
        Self::BadTypes,
        Self::OtherTask,
        Self::ShortDeadline,
        Self::CallbackForged,
        Self::CallbackGarbage,
        Self::CallbackRepeated,
        Self::CallbackOutOfOrder,
        Self::CallbackMissing,
        Self::CallbackOfOtherTask,
        Self::CallbackBeforeCrash,
        Self::GatewayNotFound,
        Self::CachedNotFound,
        Self::CreateReplayed,
        Self::CreateReplayRefused,
        Self::CreateSeeOther,
        Self::ClockOff,
        Self::PoliteEnd,
    ];

    /// The call that it affects, and what happens.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CreateNotSent => "create: not sent",
            Self::CreateLostRequest => "create: request lost",
            Self::CreateSilentBeforeCommit => "create: request lost, no answer",
            Self::CreateErrorBeforeCommit => "create: error, nothing created",
            Self::CreateLate => "create: lost, and created later",
            Self::CreateLostAnswer => "create: answer lost",
            Self::CreateSilentAfterCommit => "create: created, no answer",
            Self::CreateErrorAfterCommit => "create: created, error",
            Self::CreateRateLimited => "create: rate limit",
            Self::CreateRefused => "create: refused",
            Self::CreateGarbage => "create: unreadable success",
            Self::CreateEnvelope => "create: envelope",
            Self::CreateRedirected => "create: redirect",
            Self::LookUpFails => "lookup: fails",
            Self::CallbackBeforeAnswer => "create: callback before its answer",
            Self::EarlyMiss => "query: not found yet",
            Self::QueryTrouble => "query: trouble",
            Self::QueryRefused => "query: key refused",
            Self::QueryRateLimited => "query: rate limit",
            Self::UnknownStatus => "query: unknown status",
            Self::OtherEnd => "query: undocumented word for an end",
            Self::BackwardStatus => "query: status goes back",
            Self::Contradiction => "query: terminal status changes",
            Self::NoOutput => "query: completed without output",
            Self::BadTypes => "query: wrong types",
            Self::OtherTask => "query: another task",
            Self::ShortDeadline => "short deadline",
            Self::CallbackForged => "callback: forged",
            Self::CallbackGarbage => "callback: random bytes",
            Self::CallbackRepeated => "callback: a thousand times",
            Self::CallbackOutOfOrder => "callback: out of order",
            Self::CallbackMissing => "callback: missing",
            Self::CallbackOfOtherTask => "callback: unknown task",
            Self::CallbackBeforeCrash => "callback: crash after it",
            Self::GatewayNotFound => "gateway: 404",
            Self::CachedNotFound => "cache: 404",
            Self::CreateReplayed => "proxy: sent twice",
            Self::CreateReplayRefused => "proxy: sent twice, the second refused",
            Self::CreateSeeOther => "proxy: created, 303",
            Self::ClockOff => "clock off",
            Self::PoliteEnd => "connection closed in the regular way",
        }
    }

    /// Whether it affects calls of this kind.
    pub(crate) fn affects(self, call: Call) -> bool {
        match self {
            Self::CreateEnvelope
            | Self::CreateErrorAfterCommit
            | Self::CreateErrorBeforeCommit
            | Self::CreateGarbage
            | Self::CreateLate
            | Self::CreateLostAnswer
            | Self::CreateLostRequest
            | Self::CreateNotSent
            | Self::CreateRateLimited
            | Self::CreateRedirected
            | Self::CreateRefused
            | Self::CreateReplayRefused
            | Self::CreateReplayed
            | Self::CreateSeeOther
            | Self::CreateSilentAfterCommit
            | Self::CreateSilentBeforeCommit => call == Call::Create,
            Self::CachedNotFound | Self::LookUpFails => call == Call::LookUp,
            Self::PoliteEnd => true,
            Self::EarlyMiss | Self::OtherTask | Self::QueryRefused => call == Call::Query,
            Self::BackwardStatus
            | Self::BadTypes
            | Self::Contradiction
            | Self::GatewayNotFound
            | Self::NoOutput
            | Self::OtherEnd
            | Self::QueryRateLimited
            | Self::QueryTrouble
            | Self::UnknownStatus => call != Call::Create,
            _ => false,
        }
    }

    /// Whether the world receives a create that it affects.
    pub(crate) fn commits(self, rng: &mut Rng) -> bool {
        match self {
            Self::CreateErrorAfterCommit
            | Self::CreateLate
            | Self::CreateLostAnswer
            | Self::CreateReplayRefused
            | Self::CreateReplayed
            | Self::CreateSeeOther
            | Self::CreateSilentAfterCommit => true,
            Self::CreateGarbage => rng.bool(),
            _ => false,
        }
    }

    /// The answer to a create in place of the world's.
    pub(crate) fn create_answer(self, rng: &mut Rng) -> (Answer, Meaning) {
        match self {
            Self::CreateNotSent => {
                let never_left = Answer::Fail(TransportErrorKind::Connect, Sent::No);
                (never_left, Meaning::NotSent)
            }
            Self::PoliteEnd => {
                let never_read = Answer::Fail(TransportErrorKind::Closed, Sent::No);
                (never_read, Meaning::NotSent)
            }
            Self::CreateLate | Self::CreateLostAnswer | Self::CreateLostRequest => {
                let kinds = [TransportErrorKind::Closed, TransportErrorKind::Timeout];
                let lost = Answer::Fail(one_of(rng, kinds), Sent::Maybe);
                (lost, Meaning::Ambiguous)
            }
            Self::CreateSilentAfterCommit | Self::CreateSilentBeforeCommit => {
                (Answer::Never, Meaning::Ambiguous)
            }
            Self::CreateErrorAfterCommit | Self::CreateErrorBeforeCommit => {
                let status = one_of(rng, [500, 502, 503, 504, 408, 409]);
                let bodies = ["", r#"{"message":"x"}"#, "<html>bad gateway</html>"];
                let error = respond(status, one_of(rng, bodies));
                let error = with_hint(rng, error);
                (Answer::Respond(error), Meaning::Ambiguous)
            }
            Self::CreateRateLimited => {
                let body = r#"{"error":{"code":"RATE_LIMIT_EXCEEDED","message":"slow down"}}"#;
                let limited = with_hint(rng, respond(429, body));
                (Answer::Respond(limited), Meaning::NotCreated)
            }
            Self::CreateReplayRefused => {
                let (status, body) = one_of(
                    rng,
                    [
                        (402, r#"{"message":"Insufficient credits"}"#),
                        (404, "<html>not found</html>"),
                        (429, r#"{"message":"slow down"}"#),
                    ],
                );
                (Answer::Respond(respond(status, body)), Meaning::NotCreated)
            }
            Self::CreateRefused => {
                let status = one_of(rng, [400, 401, 402, 403, 404, 413, 422]);
                let refused = respond(status, r#"{"message":"no"}"#);
                (Answer::Respond(refused), Meaning::NotCreated)
            }
            Self::CreateGarbage => {
                let bodies = ["", "<html></html>", "{}", "[]", r#"{"id":"d5u5ob"#, "null"];
                let garbage = respond(200, one_of(rng, bodies));
                (Answer::Respond(garbage), Meaning::Ambiguous)
            }
            Self::CreateEnvelope => envelope(rng),
            Self::CreateRedirected => match one_of(rng, [301, 302, 303, 307, 308]) {
                status @ (307 | 308) => (redirect(status), Meaning::NotCreated),
                status => (redirect(status), Meaning::Ambiguous),
            },
            Self::CreateSeeOther => (redirect(303), Meaning::Ambiguous),
            _ => unreachable!("{self:?} affects no create"),
        }
    }
}

fn redirect(status: u16) -> Answer {
    let mut redirect = respond(status, "");
    let elsewhere = header::HeaderValue::from_static("https://example.com/create");
    redirect.headers_mut().insert(header::LOCATION, elsewhere);
    Answer::Respond(redirect)
}

/// The answer of a gateway while the route of the lookups is gone.
pub(crate) fn gateway_not_found(spelling: usize) -> Answer {
    let spellings = [
        r#"{"message":"no Route matched with those values"}"#,
        r#"{"message":"Not Found"}"#,
        r#"{"detail":"Not Found"}"#,
        r#"{"timestamp":"2026-11-29T00:00:00Z","status":404,"error":"Not Found","path":"/x"}"#,
        "<html>404 page not found</html>",
    ];
    Answer::Respond(respond(404, spellings[spelling % spellings.len()]))
}

/// A miss that a cache has kept.
pub(crate) fn kept_not_found(age: Duration) -> Answer {
    let mut kept = respond(404, r#"{"message":"no such task"}"#);
    kept.headers_mut().insert(header::AGE, age.as_secs().into());
    Answer::Respond(kept)
}

/// An error in the older page's envelope, under HTTP 200: a listed one, or an unknown one.
fn envelope(rng: &mut Rng) -> (Answer, Meaning) {
    let (body, meaning) = one_of(
        rng,
        [
            (
                r#"{"status":{"code":401,"message":"unauthorized"},"data":null}"#,
                Meaning::NotCreated,
            ),
            (
                r#"{"status":{"code":402,"message":"Insufficient credits","error_code":40201},"data":null}"#,
                Meaning::NotCreated,
            ),
            (
                r#"{"status":{"code":7331,"message":"later"},"data":null}"#,
                Meaning::Ambiguous,
            ),
        ],
    );
    (Answer::Respond(respond(200, body)), meaning)
}

/// The answer to a query or a lookup in place of the world's `answer`; `None` if the fault
/// does not fit it.
pub(crate) fn query_answer(
    fault: Fault,
    answer: &Response<Bytes>,
    rng: &mut Rng,
) -> Option<Answer> {
    let found = answer.status() == StatusCode::OK;
    let body = || std::str::from_utf8(answer.body()).expect("the world writes JSON");
    let changed = |body: String| Some(Answer::Respond(Response::new(body.into())));
    match fault {
        Fault::LookUpFails => {
            let (status, body) = one_of(
                rng,
                [
                    (503, ""),
                    (500, r#"{"detail":"Runtime execution failed"}"#),
                    (401, r#"{"error":"Missing Token"}"#),
                    (400, r#"{"message":"bad request"}"#),
                    // A proxy's.
                    (404, "<html>not found</html>"),
                ],
            );
            Some(Answer::Respond(respond(status, body)))
        }
        Fault::PoliteEnd => Some(Answer::Fail(TransportErrorKind::Closed, Sent::No)),
        Fault::EarlyMiss => Some(Answer::Respond(respond(
            404,
            r#"{"detail":"no such task"}"#,
        ))),
        Fault::QueryRefused => {
            let status = one_of(rng, [401, 403]);
            Some(Answer::Respond(respond(status, r#"{"message":"no"}"#)))
        }
        Fault::QueryRateLimited => {
            let limited = respond(429, r#"{"message":"slow down"}"#);
            Some(Answer::Respond(with_hint(rng, limited)))
        }
        Fault::QueryTrouble => Some(match rng.u8(..5) {
            0 => Answer::Fail(TransportErrorKind::Closed, Sent::Maybe),
            1 => Answer::Fail(TransportErrorKind::Connect, Sent::No),
            2 => Answer::Never,
            3 => Answer::Respond(with_hint(rng, respond(503, "<html></html>"))),
            _ => Answer::Respond(respond(200, "{\"id\":\"d5u5ob")),
        }),
        Fault::UnknownStatus if found => {
            let word = one_of(rng, ["warming_up", "PENDING", "", "paused"]);
            let status = format!("\"status\":\"{word}\"");
            changed(with_status(body(), &status))
        }
        Fault::OtherEnd if found => {
            let status = match is_completed(body()) {
                true => "\"status\":\"done\"",
                false => "\"status\":\"cancelled\",\"error\":{\"message\":\"by operator\"}",
            };
            changed(with_status(body(), status))
        }
        Fault::BackwardStatus if found && is_running(body()) => {
            let status = "\"status\":\"pending\",\"updated_at\":1";
            changed(with_status(body(), status))
        }
        Fault::BadTypes if found && is_running(body()) => {
            let status = "\"status\":\"in_progress\",\"progress\":\"50%\",\"usage\":[]";
            changed(with_status(body(), status))
        }
        Fault::Contradiction if found && !is_running(body()) => {
            let failed = "\"status\":\"failed\"";
            changed(with_status(body(), failed))
        }
        Fault::NoOutput if found && is_completed(body()) => {
            let (before, _) = body().split_once("\"output\"")?;
            let empty = one_of(rng, ["\"output\":[]}", "\"output\":[{\"content\":[]}]}"]);
            changed(format!("{before}{empty}"))
        }
        Fault::OtherTask if found => {
            let (_, rest) = body().split_once("\"status\"")?;
            changed(format!(
                "{{\"id\":\"d5u5obte8783ap44qtj0\",\"status\"{rest}"
            ))
        }
        _ => None,
    }
}

pub(crate) fn is_running(body: &str) -> bool {
    body.contains("\"status\":\"in_progress\"")
}

fn is_completed(body: &str) -> bool {
    body.contains("\"status\":\"completed\"")
}

/// The task object with another status, and no progress where there is none.
fn with_status(body: &str, status: &str) -> String {
    let words = ["in_progress", "completed", "failed"];
    let found = words.iter().find_map(|word| {
        let old = format!("\"status\":\"{word}\"");
        body.contains(&old).then(|| body.replace(&old, status))
    });
    found.expect("a task has a status")
}

fn respond(status: u16, body: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response
}

/// Stands for a date that is not far away.
pub(crate) const SOON_AS_A_DATE: &str = "(date)";

/// Adds one of the forms of `Retry-After`, or none.
fn with_hint(rng: &mut Rng, mut response: Response<Bytes>) -> Response<Bytes> {
    let hints = ["3", "42", "-1", "999999999", "NaN", "soon", SOON_AS_A_DATE];
    if rng.bool() {
        let hint = header::HeaderValue::from_static(one_of(rng, hints));
        response.headers_mut().insert(header::RETRY_AFTER, hint);
    }
    response
}

fn one_of<T, const N: usize>(rng: &mut Rng, choices: [T; N]) -> T {
    let chosen = rng.usize(..N);
    let mut choices = choices;
    // The first place is the one that is taken out.
    choices.swap(0, chosen);
    choices.into_iter().next().expect("a choice")
}
