//! The transport that people use unless they bring their own.

mod builder;
mod connect_timeout;
mod failure;
#[cfg(all(feature = "proxy", any(feature = "rustls", feature = "ring")))]
mod proxy;
#[cfg(all(feature = "proxy", any(feature = "rustls", feature = "ring")))]
pub use proxy::{EnvironmentProxy, environment_proxy};
#[cfg(any(feature = "rustls", feature = "ring"))]
mod tls;
mod tokio;

pub use builder::HyperTransportBuilder;
pub use failure::read_hyper_error;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper_util::client::legacy::{Client, ResponseFuture, connect::Connect};

use crate::{
    Body, PreferFreshConnection, Sent, Transport, TransportError, TransportErrorKind,
    timeout::{Guarded, head_within},
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
        let (idle, limit) = (self.settings.idle_timeout, self.settings.max_body_bytes);
        Ok(response.map(|body| Body::own(Guarded::new(body, idle, limit))))
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
