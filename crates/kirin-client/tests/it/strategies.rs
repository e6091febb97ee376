//! Values for the properties: small alphabets, so that unlikely events meet.

use std::time::Duration;

use kirin_client::{
    DuplicateIds, HostCapabilities, Lookup, PollSchedule,
    machine::{ClockDifference, Event, Settings},
    wire::{CreateAnswer, Probe, QueryAnswer},
};
use kirin_types::{KIRIN_V2_5_TURBO_T2V, Timestamp};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    machine::{
        answers::{
            CANCELLED, COMPLETED, DONE, FAILED, ID, IN_PROGRESS, OTHER_ID, STARTED_AT,
            WITHOUT_OUTPUT, control, control_with, create_error, create_status, created, duplicate,
            lost, miss_with, no_answer, no_probe, not_sent, query_rate_limit, query_status,
            rate_limit, task_probe, task_with_id,
        },
        script::withheld,
    },
    wire::{decode_create, response},
};

/// What the machine is told by the world: each list is gone through again and again.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) settings: Settings,
    /// Whether the machine goes on with a create that another process may have sent.
    pub(crate) reconciles: bool,
    pub(crate) creates: Vec<Create>,
    pub(crate) queries: Vec<Query>,
    pub(crate) probes: Vec<Probed>,
    /// How long a call takes, and how much too late a wait ends.
    pub(crate) delays: Vec<Duration>,
    /// Whether something wakes the machine before its action is done.
    pub(crate) wakes: Vec<bool>,
    /// Tells a wrong event, and goes on in another process, at every so-manieth step.
    pub(crate) checked_every: usize,
}

/// What a create comes to, by the words of the create rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Create {
    Created(&'static str),
    /// What allows it did not hold until it could be sent.
    Delayed,
    /// 1201 alone: not proof that the host refuses duplicates.
    DuplicateByCode,
    DuplicateByWords,
    Lost,
    NotSent,
    RateLimit,
    Refused(u16),
    ServerError,
    /// The sender's own journal kept it back.
    Withheld,
}

impl Create {
    pub(crate) fn answer(self) -> CreateAnswer {
        match self {
            Self::Created(fields) => created(fields),
            Self::DuplicateByCode => decode_create(&response(400, &[], br#"{"code":1201}"#)),
            Self::DuplicateByWords => duplicate(),
            Self::Lost => lost(),
            Self::NotSent => not_sent(),
            Self::RateLimit => rate_limit("20"),
            Self::Refused(402) => create_error("402-insufficient-credits.json"),
            Self::Refused(status) => create_status(status),
            Self::ServerError => create_status(503),
            Self::Delayed | Self::Withheld => unreachable!("nobody answers what was not sent"),
        }
    }

    pub(crate) fn event(self) -> Event {
        match self {
            Self::Delayed => Event::SendDelayed,
            Self::Withheld => Event::Withheld(withheld()),
            answered => Event::CreateAnswered(answered.answer()),
        }
    }
}

/// What a query comes to, by either id.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Query {
    NotFound,
    /// The key is refused.
    Key,
    /// The request is refused.
    Refused,
    RateLimit,
    /// A task under one of the two ids, with these fields.
    Task(&'static str, &'static str),
    /// A task that was created a day before the machine began.
    OldTask,
    Trouble,
}

impl Query {
    pub(crate) fn answer(self) -> QueryAnswer {
        match self {
            Self::NotFound => query_status(404),
            Self::Key => query_status(401),
            Self::Refused => query_status(400),
            Self::RateLimit => query_rate_limit("20"),
            Self::Task(id, fields) => task_with_id(id, fields),
            Self::OldTask => {
                let yesterday = STARTED_AT - 86_400_000;
                task_with_id(
                    OTHER_ID,
                    &format!("{IN_PROGRESS},\"created_at\":{yesterday}"),
                )
            }
            Self::Trouble => no_answer(),
        }
    }
}

/// What a look-up of a row comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Probed {
    /// As where there is no task, but out of a cache.
    Cached,
    /// Nothing is found, whatever is asked for.
    Miss,
    /// As where there is no task: the control is found, our own is not.
    Right,
    /// Our own task, whatever is asked for.
    Task,
    Trouble,
}

impl Probed {
    pub(crate) fn probe(self, is_control: bool) -> Probe {
        let headers: &[_] = match self {
            Self::Cached => &[("age", "7")],
            _ => &[],
        };
        match self {
            Self::Cached | Self::Right if is_control => control_with(headers),
            Self::Cached | Self::Miss | Self::Right => miss_with(headers),
            Self::Task => task_probe(ID, IN_PROGRESS, headers),
            Self::Trouble => no_probe(),
        }
    }
}

const TASKS: [&str; 7] = [
    CANCELLED,
    DONE,
    IN_PROGRESS,
    COMPLETED,
    FAILED,
    WITHOUT_OUTPUT,
    r#""status":"who_knows""#,
];

pub(crate) fn worlds() -> impl Strategy<Value = World> {
    let seconds = [0.0, 0.0, 0.1, 1.0, 7.0, 100.0].map(Duration::from_secs_f64);
    (
        (machine_settings(), prop::bool::weighted(0.25)),
        vec(create(), 1..6),
        (vec(query(), 1..9), vec(probed(), 1..16)),
        vec(select(seconds.to_vec()), 1..6),
        vec(prop::bool::weighted(0.2), 1..6),
        1_usize..12,
    )
        .prop_map(
            |((settings, reconciles), creates, (queries, probes), delays, wakes, checked_every)| {
                World {
                    settings,
                    reconciles,
                    creates,
                    queries,
                    probes,
                    delays,
                    wakes,
                    checked_every,
                }
            },
        )
}

fn create() -> impl Strategy<Value = Create> {
    prop_oneof![
        6 => Just(Create::Lost),
        2 => Just(Create::ServerError),
        2 => Just(Create::NotSent),
        2 => Just(Create::RateLimit),
        2 => Just(Create::DuplicateByWords),
        1 => Just(Create::DuplicateByCode),
        2 => select(vec![307, 400, 401, 402, 404]).prop_map(Create::Refused),
        1 => Just(Create::Delayed),
        1 => Just(Create::Withheld),
        2 => select(TASKS.to_vec()).prop_map(Create::Created),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    prop_oneof![
        8 => Just(Query::NotFound),
        4 => Just(Query::Trouble),
        1 => Just(Query::RateLimit),
        1 => Just(Query::Key),
        1 => Just(Query::Refused),
        1 => Just(Query::OldTask),
        3 => (select(vec![ID, ID, OTHER_ID]), select(TASKS.to_vec()))
            .prop_map(|(id, fields)| Query::Task(id, fields)),
    ]
}

/// Rows come to their end now and then, so most of it is as it should be.
fn probed() -> impl Strategy<Value = Probed> {
    prop_oneof![
        30 => Just(Probed::Right),
        1 => Just(Probed::Cached),
        1 => Just(Probed::Miss),
        1 => Just(Probed::Task),
        1 => Just(Probed::Trouble),
    ]
}

pub(crate) fn capabilities() -> impl Strategy<Value = HostCapabilities> {
    let lags = [None, None, Some(0.0), Some(0.7), Some(4.0), Some(60.0)];
    (
        select(vec![DuplicateIds::Refused, DuplicateIds::Unknown]),
        select(vec![Lookup::Missing, Lookup::Proven, Lookup::Unproven]),
        select(lags.to_vec()),
    )
        .prop_map(|(duplicate_ids, lookup, lag)| {
            let host = HostCapabilities::default()
                .with_duplicate_ids(duplicate_ids)
                .with_lookup(lookup);
            match lag {
                Some(lag) => host.with_lookup_lag(Duration::from_secs_f64(lag)),
                None => host,
            }
        })
}

fn machine_settings() -> impl Strategy<Value = Settings> {
    let deadlines = [None, Some(0), Some(1), Some(20), Some(300), Some(900)];
    (
        capabilities(),
        select(deadlines.to_vec()),
        schedules(),
        (any::<bool>(), 0_u32..2, any::<bool>()),
        // How old the intent is that is gone on with, in hours.
        select(vec![None, Some(0), Some(23), Some(25)]),
        any::<u64>(),
    )
        .prop_map(|(capabilities, deadline, schedule, flags, hours, seed)| {
            let (has_clock, repetitions, looks_up_first) = flags;
            let started_at = has_clock.then(|| Timestamp::from_milliseconds(STARTED_AT));
            let mut settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V, started_at);
            settings.capabilities = capabilities;
            settings.deadline = deadline.map(Duration::from_secs);
            settings.schedule = schedule;
            settings.intended_at =
                hours.map(|hours| Timestamp::from_milliseconds(STARTED_AT - hours * 3_600_000));
            settings.clock_difference = has_clock.then(|| ClockDifference::from_milliseconds(0));
            settings.controls = vec![control()];
            settings.repetitions_after_absence = repetitions;
            settings.looks_up_first = looks_up_first;
            settings.seed = seed;
            settings
        })
}

fn schedules() -> impl Strategy<Value = PollSchedule> {
    prop_oneof![
        durations(1.0..60.0).prop_map(PollSchedule::Fixed),
        durations(1.0..60.0).prop_map(PollSchedule::optimum),
        (durations(0.5..4.0), durations(4.0..60.0), 0_u32..4).prop_map(
            |(first, longest, factor)| PollSchedule::Exponential {
                first,
                longest,
                factor,
            }
        ),
    ]
}

fn durations(seconds: std::ops::Range<f64>) -> impl Strategy<Value = Duration> {
    seconds.prop_map(Duration::from_secs_f64)
}

/// Any duration, of every order of magnitude.
pub(crate) fn any_durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0_u32..64, any::<u64>()).prop_map(|(bits, number)| Duration::from_nanos(number >> bits)),
        any::<u64>().prop_map(Duration::from_secs),
        Just(Duration::MAX),
    ]
}

/// Any bytes, often those of a golden body after an accident.
pub(crate) fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let pieces = select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        r#""id":"a""#,
        r#""id":7"#,
        r#""id":null"#,
        r#""data":{"#,
        r#""error":"Missing Token""#,
        r#""status":{"code":402}"#,
        r#""status":{"code":401,"error_code":40201}"#,
        r#""code":1201"#,
        r#""status":"completed""#,
        r#""message":"external_task_id exists""#,
        r#""message":"Insufficient credits""#,
        "1e999",
        "\"\\ud800\"",
        "null",
        "\u{0}",
        " ",
    ]);
    prop_oneof![
        vec(any::<u8>(), 0..200),
        vec(pieces, 0..12).prop_map(|pieces| pieces.concat().into_bytes()),
        objects(),
    ]
}

/// Objects of a few fields, well-formed.
fn objects() -> impl Strategy<Value = Vec<u8>> {
    let fields = select(vec![
        r#""id":"a""#,
        r#""id":"a""#,
        r#""id":"b""#,
        r#""id":7"#,
        r#""id":null"#,
        r#""data":{"id":"a"}"#,
        r#""data":{"id":"a","status":"failed"}"#,
        r#""data":null"#,
        r#""error":"Missing Token""#,
        r#""error":{"code":"002011099"}"#,
        r#""status":{"code":402}"#,
        r#""status":{"code":200}"#,
        r#""status":{"code":500}"#,
        r#""status":"in_progress""#,
        r#""code":1201"#,
        r#""message":"external_task_id exists""#,
        r#""error_code":40201"#,
        r#""size":1e999"#,
    ]);
    vec(fields, 0..5).prop_map(|fields| format!("{{{}}}", fields.join(",")).into_bytes())
}
