//! The transport that people use unless they bring their own.

mod builder;
mod connect_timeout;
mod failure;
mod own_connection;
#[cfg(all(feature = "proxy", any(feature = "rustls", feature = "ring")))]
mod proxy;
#[cfg(all(feature = "proxy", any(feature = "rustls", feature = "ring")))]
pub use proxy::{EnvironmentProxy, environment_proxy};
mod request_body;
#[cfg(any(feature = "rustls", feature = "ring"))]
mod roots;
#[cfg(any(feature = "rustls", feature = "ring"))]
mod tls;
mod tokio;

pub use builder::HyperTransportBuilder;
pub use failure::read_hyper_error;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Version, header};
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, ResponseFuture, connect::Connect};

use crate::{
    Body, BodyEnd, PreferFreshConnection, SendWatch, Sent, Transport, TransportError,
    TransportErrorKind,
    send_watch::UnlessAnswered,
    timeout::{Guarded, head_within, watched_by},
};
use builder::Settings;
use own_connection::{AnswerBody, Link};
use request_body::RequestBody;

/// A [`Transport`] over hyper: HTTP/1.1, and HTTP/2 where the server offers it; connections are
/// kept and used again. It runs inside a tokio runtime.
///
/// [`builder`](Self::builder) tells what can be set, and what it is if it is not.
///
/// ```
/// use kirin_transport::HyperTransport;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let transport = HyperTransport::plain();
/// # let _ = transport;
/// # });
/// ```
#[derive(Clone)]
pub struct HyperTransport {
    keeping: Arc<dyn Exchange>,
    creates: Arc<dyn Exchange>,
    settings: Arc<Settings>,
}

impl HyperTransport {
    /// Starts a transport with the defaults, to change some of them.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kirin_transport::HyperTransport;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let transport = HyperTransport::builder()
    ///     .connect_timeout(Duration::from_secs(1))
    ///     .pool_max_idle_per_host(4)
    ///     .build_plain();
    /// # let _ = transport;
    /// # });
    /// ```
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::default()
    }

    /// A transport for plain HTTP only: a server on this machine, or one in a test. An https URL
    /// is an error that sends nothing.
    pub fn plain() -> Self {
        Self::builder().build_plain()
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HyperTransport")
    }
}

#[async_trait]
impl Transport for HyperTransport {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        if request.uri().scheme().is_none() || request.uri().authority().is_none() {
            let error = TransportError::new(TransportErrorKind::Request, Sent::No);
            return Err(error.with_source("the URL is not absolute"));
        }
        if let Some(user_agent) = &self.settings.user_agent {
            let headers = request.headers_mut().entry(header::USER_AGENT);
            headers.or_insert_with(|| HeaderValue::clone(user_agent));
        }
        let has_body = !request.body().is_empty();
        let (watch, watcher) = watched_by(&mut request);
        let waiting = UnlessAnswered::withdraw(&watch);
        let sending = watch.unless_withdrawn(self.exchange(request, &watch));
        let response = head_within(self.settings.attempt_timeout, &watch, watcher, sending).await?;
        waiting.answered();
        Ok(self.guarded(response, has_body))
    }
}

impl HyperTransport {
    async fn exchange(
        &self,
        mut request: Request<Bytes>,
        watch: &SendWatch,
    ) -> Result<Response<Incoming>, TransportError> {
        let fresh = request.extensions_mut().remove::<PreferFreshConnection>();
        let client = match fresh {
            Some(PreferFreshConnection) => &self.creates,
            None => &self.keeping,
        };
        let has_body = !request.body().is_empty();
        let request = request.map(|body| RequestBody(watch.announce(body)));
        let answered = client.request(request).await;
        answered.map_err(|error| failure::of_hyper(&error, watch, has_body))
    }

    fn guarded(&self, response: Response<Incoming>, has_body: bool) -> Response<Body> {
        let (mut head, body) = response.into_parts();
        let link = head.extensions.remove::<Link>();
        if let Some(link) = &link {
            link.is_answered();
        }
        // hyper keeps the connection in here after a 101 that nobody asked for.
        head.extensions.clear();
        let is_http2 = head.version == Version::HTTP_2;
        head.extensions.insert(match is_http2 {
            true => BodyEnd::Framed,
            false => BodyEnd::of_http1(&head),
        });
        let body = AnswerBody {
            body,
            link,
            // An answer that came before the request was whole may be followed by such a reset.
            must_end_its_stream: is_http2 && !has_body,
        };
        let (idle, limit) = (self.settings.idle_timeout, self.settings.max_body_bytes);
        Response::from_parts(head, Body::own(Guarded::new(body, idle, limit)))
    }
}

/// hyper-util's client without its connector's type.
trait Exchange: Send + Sync {
    fn request(&self, request: Request<RequestBody>) -> ResponseFuture;
}

impl<C> Exchange for Client<C, RequestBody>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    fn request(&self, request: Request<RequestBody>) -> ResponseFuture {
        Self::request(self, request)
    }
}
