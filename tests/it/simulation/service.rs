//! The emulator's world as a transport on a virtual clock, with faults on the way.

use std::{
    fmt::{self, Write as _},
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use bytes::Bytes;
use fastrand::Rng;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use kirin_client::Client;
use kirin_emulator::{Duplicates, EmulatorConfig, Lookup, World, world::Reply};
use kirin_transport::{Body, Transport, TransportError};
use kirin_types::{Callback, Timestamp};
use tokio::time::Instant;

use super::{
    exchange::{Exchange, OnItsWay, external_task_id, task_id},
    fault::{self, Answer, Call, Fault, Meaning},
    oracle::Oracle,
    pause,
    setting::Setting,
    surroundings::Surroundings,
};

/// When the world starts, by the wall clock.
const STARTED_AT: i64 = 1_793_000_000_000;

/// How long after its create a task may still be answered with 404.
const EARLY: Duration = Duration::from_secs(40);

/// The service of one session. Clones share everything.
#[derive(Clone)]
pub(crate) struct Service(Arc<Shared>);

struct Shared {
    began_at: Instant,
    state: Mutex<State>,
    mix: Mix,
    setting: Setting,
    /// By the service's own clock.
    started_at: Timestamp,
    task_time: Duration,
}

struct State {
    client: Option<Client>,
    counts: [u64; Fault::ALL.len()],
    /// Something may go wrong from now on.
    is_disturbed: bool,
    log: String,
    oracle: Oracle,
    /// The create whose work is done at the moment.
    owner: String,
    rng: Rng,
    surroundings: Surroundings,
    world: World,
}

/// Which faults a session has, how often, and until when.
#[derive(Clone, Copy)]
pub(crate) struct Mix {
    pub(crate) faults: [Fault; 2],
    /// Of a hundred calls that they can affect.
    pub(crate) percent: u8,
    pub(crate) calm_from: Duration,
    /// The transport sends a create again whose answer was lost, as many clients do. It shows that
    /// the simulation would see it.
    pub(crate) planted_bug: bool,
}

impl Service {
    #[expect(
        clippy::disallowed_methods,
        reason = "a transport under test is a driver"
    )]
    pub(crate) fn new(setting: Setting, mix: Mix, mut rng: Rng) -> Self {
        let task_time = Duration::from_millis(rng.u64(..120_000));
        let mut config = EmulatorConfig::new()
            .seed(rng.u64(..))
            .task_time(task_time)
            .duplicates(setting.duplicates)
            .lookup(setting.lookup);
        if rng.u8(..8) == 0 {
            config = config.fail_with("002011095");
        }
        let surroundings = Surroundings::new(&mut rng, mix.calm_from);
        let off = match mix.faults.contains(&Fault::ClockOff) {
            true => surroundings.clock_off(),
            false => 0,
        };
        let started_at = Timestamp::from_milliseconds(STARTED_AT + off);
        let service = Self(Arc::new(Shared {
            began_at: Instant::now(),
            state: Mutex::new(State {
                client: None,
                counts: [0; _],
                is_disturbed: false,
                log: String::new(),
                oracle: Oracle::new(setting),
                owner: String::new(),
                rng,
                surroundings,
                world: World::new(config, started_at),
            }),
            mix,
            setting,
            task_time,
            started_at,
        }));
        if off != 0 {
            service.count(Fault::ClockOff);
        }
        service
    }

    /// The faults begin.
    pub(crate) fn disturb(&self) {
        self.locked().is_disturbed = true;
    }

    /// The calls from now on are made for this create.
    pub(crate) fn works_for(&self, id: &str) {
        id.clone_into(&mut self.locked().owner);
    }

    pub(crate) fn now(&self) -> Duration {
        self.0.began_at.elapsed()
    }

    pub(crate) fn wall_clock(&self) -> Timestamp {
        let now = i64::try_from(self.now().as_millis()).expect("a session is short");
        Timestamp::from_milliseconds(STARTED_AT + now)
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.now() >= self.0.mix.calm_from
    }

    /// From when on nothing goes wrong any more.
    pub(crate) fn calm_from(&self) -> Duration {
        self.0.mix.calm_from
    }

    /// Whether a fault of this kind happens now.
    pub(crate) fn happens(&self, fault: Fault) -> bool {
        let mix = self.0.mix;
        self.has(fault) && self.is_disturbed() && self.locked().rng.u8(..100) < mix.percent
    }

    fn is_disturbed(&self) -> bool {
        !self.is_calm() && self.locked().is_disturbed
    }

    /// Whether a fault affects this call.
    fn strikes(&self, fault: Fault, call: Call, owner: &str) -> bool {
        let now = self.now();
        let lasts = match fault {
            Fault::GatewayNotFound => self.locked().surroundings.is_away(owner, now),
            Fault::OtherEnd => self.locked().surroundings.has_other_words(now),
            Fault::PoliteEnd => self.locked().surroundings.ends(),
            _ => return self.is_possible(fault) && fault.affects(call) && self.happens(fault),
        };
        lasts && fault.affects(call) && self.is_disturbed()
    }

    /// A proxy's second create is charged where duplicates are taken, and that would be its own. What it
    /// makes of a refused one is found out only by lookups that tell the truth in time.
    fn is_possible(&self, fault: Fault) -> bool {
        let setting = self.setting();
        let lies = [
            Fault::CachedNotFound,
            Fault::GatewayNotFound,
            Fault::LookUpFails,
        ];
        match fault {
            Fault::CreateReplayed => setting.duplicates != Duplicates::Accept,
            Fault::CreateReplayRefused => {
                let in_time = setting.lookup == Lookup::Works || setting.declared_lag().is_some();
                in_time && !lies.iter().any(|lie| self.has(*lie))
            }
            _ => true,
        }
    }

    pub(crate) fn count(&self, fault: Fault) {
        let place = Fault::ALL.iter().position(|other| *other == fault);
        self.locked().counts[place.expect("all of them")] += 1;
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.0.mix.faults.contains(&fault)
    }

    pub(crate) fn setting(&self) -> Setting {
        self.0.setting
    }

    pub(crate) fn task_time(&self) -> Duration {
        self.0.task_time
    }

    pub(crate) fn random(&self) -> Rng {
        self.locked().rng.fork()
    }

    /// The client of the process that runs; none between two processes.
    pub(crate) fn serve(&self, client: Option<Client>) {
        // Dropped outside of the lock: its calls say what they have lost.
        let earlier = std::mem::replace(&mut self.locked().client, client);
        drop(earlier);
    }

    pub(crate) fn oracle<T>(&self, look: impl FnOnce(&mut Oracle) -> T) -> T {
        look(&mut self.locked().oracle)
    }

    pub(crate) fn counts(&self) -> [u64; Fault::ALL.len()] {
        self.locked().counts
    }

    pub(crate) fn log(&self) -> String {
        self.locked().log.clone()
    }

    pub(crate) fn note(&self, line: fmt::Arguments<'_>) {
        let now = self.now().as_secs_f64();
        // Writing to a string does not fail.
        let _ = writeln!(self.locked().log, "{now:9.3} s  {line}");
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exchange(&self, request: &Request<Bytes>) -> Exchange {
        let (call, id) = match request.method() {
            &Method::POST => (Call::Create, external_task_id(request.body())),
            _ => {
                let path = request.uri().path();
                let (_, id) = path.rsplit_once('/').expect("a path");
                match id.starts_with("order-") {
                    true => (Call::LookUp, id.to_owned()),
                    false => (Call::Query, id.to_owned()),
                }
            }
        };
        let owner = self.locked().owner.clone();
        let strikes_now = |fault: &&Fault| self.strikes(**fault, call, &owner);
        let fault = self.0.mix.faults.iter().find(strikes_now).copied();
        let began_at = self.now();
        let rng = &mut self.locked().rng;
        let mut latency = || Duration::from_millis(rng.u64(5..300));
        let (mut there, back) = (latency(), latency());
        if fault == Some(Fault::CreateLate) {
            // A call may be on its way for 30 s.
            there = Duration::from_millis(rng.u64(300..29_000));
        }
        Exchange {
            commits: fault.is_none_or(|fault| call != Call::Create || fault.commits(rng)),
            call,
            id,
            owner,
            address: request.uri().to_string(),
            fault,
            began_at,
            there,
            back,
        }
    }

    /// The world's answer. The world receives the request even if no one waits for the answer.
    async fn reach(self, exchange: Arc<Exchange>, request: Request<Bytes>) -> Response<Bytes> {
        pause(exchange.there).await;
        let response = match exchange.commits {
            true => self.handle(&exchange, &request),
            false => Response::default(),
        };
        let response = match exchange.fault {
            Some(Fault::CreateReplayed) => self.handle(&exchange, &request),
            _ => response,
        };
        if exchange.call == Call::Create && self.happens(Fault::CallbackBeforeAnswer) {
            self.count(Fault::CallbackBeforeAnswer);
            self.wake(&kling_body(&exchange.id, "submitted"));
        }
        pause(exchange.back).await;
        response
    }

    fn handle(&self, exchange: &Exchange, request: &Request<Bytes>) -> Response<Bytes> {
        let now = self.now();
        let mut state = self.locked();
        let Reply::Response(response) = state.world.handle(now, request) else {
            unreachable!("no video is asked for");
        };
        if exchange.call == Call::Create
            && let Some(task_id) = task_id(response.body())
        {
            state.oracle.created(&exchange.id, task_id, now);
        }
        response
    }

    /// Tells the client of a callback with this body, as the receiver does.
    pub(crate) fn wake(&self, body: &[u8]) -> Option<bool> {
        let client = self.locked().client.clone()?;
        let callback = Callback::from_json(body).ok()?;
        Some(client.wake(&callback))
    }

    fn answer(&self, exchange: &Exchange, response: Response<Bytes>) -> (Answer, Meaning) {
        let rng = &mut self.random();
        let (answer, meaning) = match (exchange.call, exchange.fault) {
            (Call::Create, None | Some(Fault::CreateReplayed)) => {
                let meaning = match task_id(response.body()) {
                    Some(_) => Meaning::Created,
                    None => Meaning::Duplicate,
                };
                (Answer::Respond(response), meaning)
            }
            (Call::Create, Some(fault)) => fault.create_answer(rng),
            (_, fault) => {
                let fault = fault.filter(|fault| self.fits(*fault, exchange));
                match fault.and_then(|fault| self.query_answer(fault, exchange, &response)) {
                    Some(answer) => (answer, Meaning::NotCreated),
                    None => return (self.kept(exchange, response), Meaning::NotCreated),
                }
            }
        };
        exchange.fault.inspect(|fault| self.count(*fault));
        (self.dated(answer), meaning)
    }

    fn query_answer(
        &self,
        fault: Fault,
        exchange: &Exchange,
        response: &Response<Bytes>,
    ) -> Option<Answer> {
        let now = self.now();
        match fault {
            Fault::CachedNotFound => {
                let (answer, kept_at) = self.locked().surroundings.kept(&exchange.address, now)?;
                Some(self.dated_at(answer, kept_at))
            }
            Fault::GatewayNotFound => Some(self.locked().surroundings.gateway_answer()),
            fault => fault::query_answer(fault, response, &mut self.random()),
        }
    }

    /// What the world said, and a cache may keep.
    fn kept(&self, exchange: &Exchange, response: Response<Bytes>) -> Answer {
        if exchange.call == Call::LookUp && response.status() == StatusCode::NOT_FOUND {
            let now = self.now();
            self.locked().surroundings.keep(&exchange.address, now);
        }
        Answer::Respond(response)
    }

    /// Every answer, and every hint that is a date, uses the service's clock.
    fn dated(&self, answer: Answer) -> Answer {
        self.dated_at(answer, self.now())
    }

    fn dated_at(&self, answer: Answer, at: Duration) -> Answer {
        let Answer::Respond(mut response) = answer else {
            return answer;
        };
        let at = u64::try_from(self.0.started_at.milliseconds()).expect("after 1970")
            + u64::try_from(at.as_millis()).expect("a session is short");
        let date = |milliseconds| {
            let time = UNIX_EPOCH + Duration::from_millis(milliseconds);
            HeaderValue::from_str(&httpdate::fmt_http_date(time)).expect("a legal header")
        };
        let headers = response.headers_mut();
        headers.entry(header::DATE).or_insert_with(|| date(at));
        let hint = headers.get_mut(header::RETRY_AFTER);
        if let Some(hint) = hint.filter(|hint| **hint == fault::SOON_AS_A_DATE) {
            *hint = date(at + 9_000);
        }
        Answer::Respond(response)
    }

    /// A task is missed early in its life only.
    fn fits(&self, fault: Fault, exchange: &Exchange) -> bool {
        let created_at = self.oracle(|oracle| oracle.created_at(&exchange.id));
        let is_young = created_at.is_some_and(|at| self.now() < at + EARLY);
        fault != Fault::EarlyMiss || is_young
    }

    async fn send_once(&self, request: Request<Bytes>) -> (Answer, Meaning) {
        let exchange = Arc::new(self.exchange(&request));
        if exchange.call == Call::Create {
            let now = self.now();
            self.oracle(|oracle| oracle.create_begins(&exchange.id, now));
        }
        let mut on_its_way = OnItsWay::begin(self, Arc::clone(&exchange));
        // Spawned, because the world continues where the client gives up.
        let reached = tokio::spawn(self.clone().reach(Arc::clone(&exchange), request));
        let response = match exchange.fault {
            Some(Fault::CreateLate) => {
                pause(exchange.back).await;
                Response::default()
            }
            _ => reached.await.expect("the world does not panic"),
        };
        let (answer, meaning) = self.answer(&exchange, response);
        if let Answer::Never = answer {
            pending::<()>().await;
        }
        on_its_way.end(&answer, meaning);
        (answer, meaning)
    }
}

#[async_trait]
impl Transport for Service {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let is_create = request.method() == Method::POST;
        let (mut answer, meaning) = self.send_once(request.clone()).await;
        if self.0.mix.planted_bug && is_create && meaning == Meaning::Ambiguous {
            (answer, _) = self.send_once(request).await;
        }
        match answer {
            Answer::Fail(kind, sent) => Err(TransportError::new(kind, sent)),
            Answer::Never => pending().await,
            Answer::Respond(response) => Ok(response.map(Body::from)),
        }
    }
}

/// A callback as Kling sends it.
pub(crate) fn kling_body(external_task_id: &str, status: &str) -> Vec<u8> {
    format!(
        r#"{{"task_id":"8293","task_status":"{status}","task_info":{{"external_task_id":"{external_task_id}"}}}}"#
    )
    .into_bytes()
}
