//! What the connections share: the world, its clock and its videos.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use tokio::sync::{Notify, watch};

use super::{Clock, answer_body::AnswerBody, fault, stream::End, videos::Videos};
use crate::{
    CallbackOutcome, EmulatorConfig, Scenario, World,
    artifact::Artifact,
    place::Names,
    world::{Delivery, OutgoingCallback, Reply},
};

/// How long a task takes here, in milliseconds on the wall: a client of an emulator should not wait as it does for
/// a real model. The service has no such header.
const TYPICAL_TIME: HeaderName = HeaderName::from_static("x-kirin-typical-milliseconds");

/// What the connections share.
#[derive(Debug)]
pub(super) struct Service {
    world: Mutex<World>,
    names: Names,
    typical_time: HeaderValue,
    clock: Clock,
    videos: Videos,
    /// Told when a scenario takes the place of another, for whoever decides ahead.
    scenario_changed: Notify,
    /// How often the server reloaded, which ends the connections that were there.
    reloads: watch::Sender<u64>,
    /// Told when there may be a callback to send.
    callbacks_changed: Notify,
}

/// The world panicked at a question.
#[derive(Debug)]
pub(super) struct Panicked;

impl Service {
    pub(super) fn new(config: EmulatorConfig, clock: Clock) -> Self {
        let milliseconds = config.typical_time().as_millis();
        let milliseconds = u64::try_from(milliseconds).unwrap_or(u64::MAX);
        Self {
            names: Names::of(&config),
            typical_time: milliseconds.into(),
            world: Mutex::new(World::new(config, clock.started_at())),
            clock,
            videos: Videos::new(),
            scenario_changed: Notify::new(),
            reloads: watch::Sender::new(0),
            callbacks_changed: Notify::new(),
        }
    }

    /// The world. A panic while it was locked is answered with 500 and is no reason to stop.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names that the emulator goes by.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// Time since the start, as the world is told.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Forgets every task, as if it had just been started.
    pub(super) fn reset(&self) {
        let mut world = self.world();
        world.reset();
        // Ids begin at the first one, so the names of earlier videos are given out again. Under the lock, so
        // that no task of the new world finds them.
        self.videos.forget();
        // It has the scenario that it was started with.
        self.scenario_changed.notify_one();
    }

    /// Puts another scenario in the place of the one that is there.
    pub(super) fn set_scenario(&self, scenario: Scenario) {
        self.world().set_scenario(scenario);
        self.scenario_changed.notify_one();
    }

    /// Waits until there is another scenario than at the last time that this was waited for.
    pub(super) async fn scenario_changed(&self) {
        self.scenario_changed.notified().await;
    }

    /// Lets the time jump; no request is answered in the meantime.
    pub(super) fn advance(&self, duration: Duration) {
        let _world = self.world();
        self.clock.advance(duration);
    }

    /// Does something to the world. The time is taken under the lock, so that it never runs
    /// backwards there.
    pub(super) fn at<T>(&self, act: impl FnOnce(&mut World, Duration) -> T) -> T {
        let mut world = self.world();
        let elapsed = self.clock.elapsed();
        let result = act(&mut world, elapsed);
        if world.next_callback().is_some() {
            self.callbacks_changed.notify_one();
        }
        result
    }

    /// The callbacks that are due, and how long to wait for the next one, in real time.
    pub(super) fn callbacks_due(&self) -> (Vec<OutgoingCallback>, Option<Duration>) {
        let mut world = self.world();
        let elapsed = self.clock.elapsed();
        let due = world.callbacks_due(elapsed);
        let next = world.next_callback();
        let wait = next.map(|next| self.clock.real(next.saturating_sub(elapsed)));
        (due, wait)
    }

    /// Reports the result of a callback to the world.
    pub(super) fn callback_sent(&self, callback: OutgoingCallback, outcome: CallbackOutcome) {
        self.at(|world, elapsed| world.callback_sent(elapsed, callback, outcome));
    }

    /// Waits until something happened that may have to be called back about.
    pub(super) async fn callbacks_changed(&self) {
        self.callbacks_changed.notified().await;
    }

    /// Changes when the server reloads.
    pub(super) fn watch_reloads(&self) -> watch::Receiver<u64> {
        self.reloads.subscribe()
    }

    /// Changes when the time jumps.
    pub(super) fn watch_time(&self) -> watch::Receiver<Duration> {
        self.clock.watch()
    }

    /// Does what a reply says.
    pub(super) async fn deliver(
        &self,
        reply: Reply,
        end: &End,
    ) -> io::Result<Response<AnswerBody>> {
        let (reply, delivery) = match reply {
            Reply::Disturbed { answer, delivery } => (*answer, Some(delivery)),
            reply => (reply, None),
        };
        let response = match reply {
            Reply::Artifact(artifact) => self.download(&artifact).await,
            // A disturbed reply holds none.
            Reply::Disturbed { .. } => return Err(io::ErrorKind::Unsupported.into()),
            Reply::NoAnswer(no_answer) => return Err(fault::no_answer(no_answer, end).await),
            Reply::Response(response) => self.with_typical_time(response),
        };
        if delivery == Some(Delivery::Reloading) {
            self.reloads.send_modify(|count| *count += 1);
        }
        Ok(fault::deliver(response, delivery, end).await)
    }

    fn with_typical_time(&self, mut response: Response<Bytes>) -> Response<Bytes> {
        if response.status().is_success() {
            let headers = response.headers_mut();
            headers.insert(TYPICAL_TIME, self.typical_time.clone());
        }
        response
    }

    /// Asks the world.
    ///
    /// # Errors
    ///
    /// It panicked. That is answered, so that it costs this request and not the connection.
    pub(super) fn ask<T>(
        &self,
        question: impl FnOnce(&mut World, Duration) -> T,
    ) -> Result<T, Panicked> {
        let answer = catch_unwind(AssertUnwindSafe(|| self.at(question)));
        answer.map_err(|_| Panicked)
    }

    async fn download(&self, artifact: &Artifact) -> Response<Bytes> {
        let response = self.render(artifact).await;
        let status = response.status().as_u16();
        self.world().answered(artifact.number(), status);
        response
    }

    /// Renders a video, if it is not there yet, and answers what was asked for of it.
    pub(super) async fn render(&self, artifact: &Artifact) -> Response<Bytes> {
        match self.videos.rendered(artifact.name(), artifact.spec()).await {
            Ok(video) => artifact.respond(&video),
            Err(message) => failed(&message),
        }
    }
}

impl From<Panicked> for Reply {
    fn from(_: Panicked) -> Self {
        Self::Response(failed("the emulator panicked; this is a bug in it"))
    }
}

fn failed(message: &str) -> Response<Bytes> {
    let body = serde_json::json!({ "message": message }).to_string();
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::Pace;

    #[test]
    fn a_panic_is_answered_and_forgotten() {
        let clock = Clock::start(Pace::Real);
        let service = Service::new(EmulatorConfig::new(), clock);
        let panicked = service.ask(|_, _| -> () { panic!("on purpose") });
        let Reply::Response(response) = Reply::from(panicked.unwrap_err()) else {
            panic!("a panic is no video");
        };
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(service.world().statistics().requests_received, 0);
        let request = Request::new(Bytes::new());
        let answered = service.ask(|world, elapsed| world.handle(elapsed, &request));
        assert!(answered.is_ok());
        assert_eq!(service.world().statistics().requests_received, 1);
    }
}
