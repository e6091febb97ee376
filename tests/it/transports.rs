//! Transports for tests: the emulator's world without a socket, and one that loses what it carries.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use kirin_emulator::{
    EmulatorConfig, Statistics, World, artifact::RenderedVideo, video, world::Reply,
};
use kirin_transport::{Body, Sent, Transport, TransportError, TransportErrorKind};
use kirin_types::Timestamp;
use tokio::time::Instant;

/// The emulator's world as a transport, on tokio's clock: with that clock paused, the half minute
/// of a test takes no time at all.
pub(crate) struct WorldTransport {
    world: Mutex<World>,
    began_at: Instant,
    transcript: Mutex<Vec<String>>,
}

impl WorldTransport {
    #[expect(
        clippy::disallowed_methods,
        reason = "a transport under test is a driver"
    )]
    pub(crate) fn new(config: EmulatorConfig, started_at: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            world: Mutex::new(World::new(config, started_at)),
            began_at: Instant::now(),
            transcript: Mutex::default(),
        })
    }

    pub(crate) fn statistics(&self) -> Statistics {
        locked(&self.world).statistics()
    }

    /// What went over the wire, with the elapsed time of each call.
    pub(crate) fn transcript(&self) -> String {
        locked(&self.transcript).join("\n")
    }

    fn record(&self, request: &Request<Bytes>, response: &Response<Bytes>) {
        let elapsed = self.began_at.elapsed().as_secs_f64();
        let (method, path) = (request.method(), request.uri().path());
        let request_body = String::from_utf8_lossy(request.body());
        let body = match response.headers().get("content-type") {
            Some(kind) if kind == "video/mp4" => format!("{} bytes", response.body().len()),
            _ => String::from_utf8_lossy(response.body()).into_owned(),
        };
        let status = response.status().as_u16();
        locked(&self.transcript).push(format!(
            "{elapsed:7.3} s  {method} {path} {request_body}\n           {status} {body}"
        ));
    }
}

#[async_trait]
impl Transport for WorldTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let elapsed = self.began_at.elapsed();
        let reply = locked(&self.world).handle(elapsed, &request);
        let response = match reply {
            Reply::Artifact(artifact) => {
                let video = video::render(artifact.spec()).expect("a video of a legal size");
                artifact.respond(&RenderedVideo::new(video))
            }
            Reply::Response(response) => response,
            _ => unreachable!("a world replies with one or the other"),
        };
        self.record(&request, &response);
        Ok(response.map(Body::from))
    }
}

/// What happens to the first create.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loss {
    /// It arrives, and its answer does not.
    Answer,
    /// It does not arrive, without a sign of that.
    Request,
}

/// A transport that loses the first create that passes through it, and counts them all.
pub(crate) struct Losing<T> {
    inner: T,
    loss: Loss,
    creates: Arc<AtomicUsize>,
}

impl<T> Losing<T> {
    pub(crate) fn new(inner: T, loss: Loss) -> (Self, Arc<AtomicUsize>) {
        let creates = Arc::new(AtomicUsize::new(0));
        (
            Self {
                inner,
                loss,
                creates: Arc::clone(&creates),
            },
            creates,
        )
    }
}

#[async_trait]
impl<T: Transport> Transport for Losing<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let is_create = request.method() == Method::POST;
        if !is_create || self.creates.fetch_add(1, Ordering::SeqCst) > 0 {
            return self.inner.send(request).await;
        }
        if let Loss::Answer = self.loss {
            self.inner.send(request).await?;
        }
        Err(TransportError::new(TransportErrorKind::Closed, Sent::Maybe))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
