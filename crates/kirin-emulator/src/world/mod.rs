//! The service as a pure value: a request and the elapsed time go in, an answer comes out.
//!
//! A [`World`] has no clock, no randomness and no I/O. The same configuration and the same
//! requests at the same elapsed times give byte-identical answers, so that whole sessions can be
//! simulated in a test, hours in microseconds.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use http::{Method, Request};
use kirin_types::{Route, RouteError, Timestamp};

use crate::{EmulatorConfig, Statistics};

mod reply;
pub use reply::Reply;

mod delivery;
pub use delivery::{Delivery, NoAnswer};

mod disturbed;
pub(crate) use disturbed::Received;

mod faults;
use faults::Faults;

mod request_log;
pub use request_log::LoggedRequest;
use request_log::RequestLog;

pub use crate::scenario::FiredRule;

mod redaction;

mod call;
use call::Call;

mod error_form;

mod refusal;
use refusal::Refusal;

mod credentials;

mod date;

mod kept;
use kept::Kept;

mod create;

mod parameters;

mod task;

mod course;
use course::Outcome;

mod drawn_time;

mod tasks;
use tasks::{Place, Tasks};

mod ends;

mod money;
use money::Books;

mod limits;
use limits::Rate;

mod task_answer;

mod overview;

mod models;

mod model_spec;

mod envelope;

mod file;

mod callbacks;
use callbacks::Outbox;
pub use callbacks::OutgoingCallback;

mod ids;
use ids::Ids;

/// The whole service, without a socket and without a clock.
///
/// ```
/// use std::time::Duration;
///
/// use bytes::Bytes;
/// use http::Request;
/// use kirin_emulator::{EmulatorConfig, World, world::Reply};
/// use kirin_types::{Task, TaskState, Timestamp};
///
/// let mut world = World::new(EmulatorConfig::new(), Timestamp::from_milliseconds(0));
/// let create = Request::post("/model/v1/generation")
///     .header("authorization", "Bearer any")
///     .body(Bytes::from(
///         r#"{"model": "kirin_v2_5_turbo_t2v", "input": [{"params": {"prompt": "a fox"}}]}"#,
///     ))?;
/// let Reply::Response(created) = world.handle(Duration::ZERO, &create) else { unreachable!() };
/// let task = Task::from_json(created.body())?;
///
/// let query = Request::get(format!("/model/v1/generation/task/{}", task.id()))
///     .header("authorization", "Bearer any")
///     .body(Bytes::new())?;
/// let Reply::Response(ended) = world.handle(Duration::from_secs(3), &query) else { unreachable!() };
/// let task = Task::from_json(ended.body())?;
/// assert!(matches!(task.state(), TaskState::Completed { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct World {
    config: EmulatorConfig,
    started_at: Timestamp,
    ids: Ids,
    tasks: Tasks,
    outbox: Outbox,
    statistics: Statistics,
    faults: Faults,
    log: RequestLog,
    notes: VecDeque<String>,
    books: Books,
    rate: Rate,
    kept: Kept,
}

/// How many notes are kept, the latest ones.
const NOTES: usize = 1000;

impl World {
    /// Longest body that is taken, in bytes: there is room for two pictures of 10 MiB in base64,
    /// and for texts.
    ///
    /// ```
    /// assert_eq!(kirin_emulator::World::MAX_BODY_BYTES, 32 * 1024 * 1024);
    /// ```
    pub const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

    /// A service without tasks. `started_at` is the wall time at which nothing has elapsed; the
    /// port of `config` is the one in its own URLs.
    pub fn new(config: EmulatorConfig, started_at: Timestamp) -> Self {
        Self {
            ids: Ids::new(config.seed),
            faults: Faults::new(config.scenario.clone()),
            log: RequestLog::default(),
            config,
            started_at,
            tasks: Tasks::default(),
            outbox: Outbox::default(),
            statistics: Statistics::default(),
            notes: VecDeque::new(),
            books: Books::default(),
            rate: Rate::default(),
            kept: Kept::default(),
        }
    }

    /// Forgets every task and everything that was counted or noticed, as if it were new. Ids begin
    /// again, so the same requests are given the same ones again.
    pub fn reset(&mut self) {
        *self = Self::new(self.config.clone(), self.started_at);
    }

    /// Answers a request that was received when `elapsed` had passed since the start.
    pub fn handle(&mut self, elapsed: Duration, request: &Request<Bytes>) -> Reply {
        match self.receive(elapsed, request) {
            Ok(received) => self.handle_received(elapsed, received, request),
            Err(no_answer) => Reply::NoAnswer(no_answer),
        }
    }

    /// Answers a request that was received in two steps.
    pub(crate) fn handle_received(
        &mut self,
        elapsed: Duration,
        received: Received,
        request: &Request<Bytes>,
    ) -> Reply {
        let body = Some(request.body().as_ref());
        self.reply(Call::new(elapsed, request, body), received)
    }

    /// Answers a request whose body was not read to its end, because it is longer than
    /// [`MAX_BODY_BYTES`](Self::MAX_BODY_BYTES).
    pub(crate) fn handle_too_large(
        &mut self,
        elapsed: Duration,
        received: Received,
        head: &Request<()>,
    ) -> Reply {
        self.reply(Call::new(elapsed, head, None), received)
    }

    /// What was counted so far.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// What a developer should know about the requests: legal here, and maybe not at the service.
    /// The latest 1000, the oldest first.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        self.notes.iter().map(String::as_str)
    }

    fn answer(
        &mut self,
        call: &Call<'_>,
        route: Result<Route, RouteError>,
    ) -> Result<Reply, Refusal> {
        if let Some(name) = call.path().strip_prefix(file::FOLDER) {
            return self.file(call, name);
        }
        let route = route.map_err(|error| match error {
            RouteError::MethodNotAllowed { allowed } => Refusal::MethodNotAllowed { allowed },
            RouteError::NotFound => no_such_path(call),
        })?;
        let body = call.body().ok_or(Refusal::TooLarge)?;
        credentials::check(call.headers(), &self.config.keys)?;
        let error_form = self.config.switches.error_form;
        let counted = self
            .counted(call, route, body)
            .unwrap_or_else(|refusal| refusal.reply(call.request_id(), error_form));
        Ok(self.with_rate(counted))
    }

    /// The answer to a call that is counted for the rate limit.
    fn counted(&mut self, call: &Call<'_>, route: Route, body: &[u8]) -> Result<Reply, Refusal> {
        self.check_rate(call.elapsed())?;
        match route {
            Route::CreateGeneration => self.create(call, body),
            Route::ModelSpec { id } => Ok(model_spec::answer(&id, &self.base_url())),
            Route::Models => models::answer(call.query()),
            Route::Task { id } => self.query(call, id),
            // `Route` may learn a call before the emulator does.
            _ => Err(no_such_path(call)),
        }
    }

    fn query(&mut self, call: &Call<'_>, id: String) -> Result<Reply, Refusal> {
        let found = self.tasks.find(&id, self.config.lookup, call.elapsed());
        let place = found.ok_or(Refusal::NoSuchTask { id })?;
        self.count_query(place, call.elapsed());
        let task = self.tasks.get(place);
        Ok(self.task_reply(task, call.elapsed(), task_answer::Occasion::Query))
    }

    /// A file in the folder of the videos.
    fn file(&mut self, call: &Call<'_>, name: &str) -> Result<Reply, Refusal> {
        if ![Method::GET, Method::HEAD].contains(call.method()) {
            let allowed = "GET, HEAD";
            return Err(Refusal::MethodNotAllowed { allowed });
        }
        call.body().ok_or(Refusal::TooLarge)?;
        if call.headers().contains_key(http::header::AUTHORIZATION) {
            self.note(format!(
                "a download of {} carried an Authorization header: the URLs of videos may \
                 lead to other hosts, which must not see the key",
                redaction::shorten(name, redaction::CHARACTERS)
            ));
        }
        let artifact = self.artifact(call, name)?;
        if call.method() == Method::GET {
            self.statistics.artifacts_served += 1;
        }
        Ok(Reply::Artifact(artifact))
    }

    fn note(&mut self, note: String) {
        if self.notes.len() == NOTES {
            self.notes.pop_front();
        }
        self.notes.push_back(note);
    }

    pub(crate) fn base_url(&self) -> String {
        self.config.base_url()
    }
}

fn no_such_path(call: &Call<'_>) -> Refusal {
    Refusal::NoSuchPath {
        path: call.path().into(),
    }
}
