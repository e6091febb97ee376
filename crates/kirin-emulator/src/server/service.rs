//! One request: read it, ask the world, render if need be.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;

use super::{Clock, admin, body, clock, videos::Videos};
use crate::{World, artifact::Artifact, world::Reply};

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// What the connections share.
#[derive(Debug)]
pub(super) struct Service {
    world: Mutex<World>,
    clock: Clock,
    videos: Videos,
}

impl Service {
    pub(super) fn new(world: World, clock: Clock) -> Self {
        Self {
            world: Mutex::new(world),
            clock,
            videos: Videos::new(),
        }
    }

    /// The world. A panic while it was locked is answered with 500 and is no reason to stop.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time since the start, as the world is told.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Forgets every task, as if it had just been started.
    pub(super) fn reset(&self) {
        let mut world = self.world();
        world.reset();
        // Ids begin anew, so the names of earlier videos are given out again. Under the lock, so
        // that no task of the new world finds them.
        self.videos.forget();
    }

    /// Lets the time jump; no request is answered in the meantime.
    pub(super) fn advance(&self, duration: Duration) {
        let _world = self.world();
        self.clock.advance(duration);
    }

    /// Answers a request.
    ///
    /// # Errors
    ///
    /// The body did not arrive whole; there is nobody to answer.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> io::Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = clock::within(BODY_TIME, body::read(body))
            .await
            .ok_or(io::ErrorKind::TimedOut)?
            .map_err(io::Error::other)?;
        if head.uri.path().starts_with(admin::PREFIX) {
            let head = Request::from_parts(head, ());
            return Ok(admin::answer(self, &head, body.as_ref()).map(Full::new));
        }
        let reply = match body {
            Some(body) => {
                let request = Request::from_parts(head, body);
                self.ask(|world, elapsed| world.handle(elapsed, &request))
            }
            None => {
                let head = Request::from_parts(head, ());
                self.ask(|world, elapsed| world.handle_too_large(elapsed, &head))
            }
        };
        let response = match reply {
            Reply::Response(response) => response,
            Reply::Artifact(artifact) => self.download(&artifact).await,
        };
        Ok(response.map(Full::new))
    }

    /// Does something to the world. The time is taken under the lock, so that it never runs
    /// backwards there.
    pub(super) fn at<T>(&self, act: impl FnOnce(&mut World, Duration) -> T) -> T {
        let mut world = self.world();
        let elapsed = self.clock.elapsed();
        act(&mut world, elapsed)
    }

    /// Asks the world. A panic is answered, so that it costs this request and not the connection.
    fn ask(&self, question: impl FnOnce(&mut World, Duration) -> Reply) -> Reply {
        let answer = catch_unwind(AssertUnwindSafe(|| self.at(question)));
        answer.unwrap_or_else(|_| {
            Reply::Response(failed("the emulator panicked; this is a bug in it"))
        })
    }

    async fn download(&self, artifact: &Artifact) -> Response<Bytes> {
        match self.videos.rendered(artifact.name(), artifact.spec()).await {
            Ok(video) => artifact.respond(&video),
            Err(message) => failed(&message),
        }
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
    use super::*;
    use crate::{EmulatorConfig, Pace};

    #[test]
    fn a_panic_is_answered_and_forgotten() {
        let clock = Clock::start(Pace::Real);
        let world = World::new(EmulatorConfig::new(), clock.started_at());
        let service = Service::new(world, clock);
        let Reply::Response(response) = service.ask(|_, _| panic!("on purpose")) else {
            panic!("a panic is no video");
        };
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(service.world().statistics().requests_received, 0);
        let request = Request::new(Bytes::new());
        service.ask(|world, elapsed| world.handle(elapsed, &request));
        assert_eq!(service.world().statistics().requests_received, 1);
    }
}
