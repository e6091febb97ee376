//! The transport that people use unless they bring their own.

mod builder;
mod connect_timeout;
mod failure;
#[cfg(all(feature = "proxy", any(feature = "rustls", feature = "ring")))]
mod proxy;
#[cfg(any(feature = "rustls", feature = "ring"))]
mod tls;
mod tokio;

pub use builder::HyperTransportBuilder;
pub use failure::read_hyper_error;

use std::{error::Error, fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, ResponseFuture, connect::Connect};

use crate::{
    Body, PreferFreshConnection, Sent, Transport, TransportError, TransportErrorKind,
    timeout::{Paced, head_within},
};
use builder::Settings;

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
    fresh: Arc<dyn Exchange>,
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
        let fresh = request.extensions_mut().remove::<PreferFreshConnection>();
        let client = if fresh.is_some() {
            &self.fresh
        } else {
            &self.keeping
        };
        if let Some(user_agent) = &self.settings.user_agent {
            let headers = request.headers_mut().entry(header::USER_AGENT);
            headers.or_insert_with(|| HeaderValue::clone(user_agent));
        }
        let sending = client.request(request.map(Full::new));
        let sending = async { sending.await.map_err(failure::of_hyper) };
        let mut response = head_within(self.settings.attempt_timeout, sending).await?;
        // hyper keeps the connection in here after a 101 that nobody asked for.
        response.extensions_mut().clear();
        Ok(response.map(|body| self.body(body)))
    }
}

impl HyperTransport {
    fn body(&self, body: Incoming) -> Body {
        let limit = usize::try_from(self.settings.max_body_bytes).unwrap_or(usize::MAX);
        let body = Limited::new(Paced::new(body, self.settings.idle_timeout), limit);
        Body::new(body.map_err(of_body))
    }
}

fn of_body(error: Box<dyn Error + Send + Sync>) -> Box<dyn Error + Send + Sync> {
    match error.is::<LengthLimitError>() {
        true => TransportError::new(TransportErrorKind::TooLarge, Sent::Maybe).into(),
        false => error,
    }
}

/// hyper-util's client without its connector's type.
trait Exchange: Send + Sync {
    fn request(&self, request: Request<Full<Bytes>>) -> ResponseFuture;
}

impl<C> Exchange for Client<C, Full<Bytes>>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    fn request(&self, request: Request<Full<Bytes>>) -> ResponseFuture {
        Self::request(self, request)
    }
}
