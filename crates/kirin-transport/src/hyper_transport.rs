//! The transport that people use unless they bring their own.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{
        Client, ResponseFuture,
        connect::{Connect, HttpConnector},
    },
    rt::{TokioExecutor, TokioTimer},
};

use crate::{
    Body, PreferFreshConnection, Sent, Transport, TransportError, TransportErrorKind,
    connect_timeout::ConnectTimeout, hyper_error::transport_error,
};

/// A [`Transport`] over hyper: HTTP/1.1, and HTTP/2 where the server offers it; connections are
/// kept and used again. It runs inside a tokio runtime.
///
/// A connection must be there within 3 seconds, TLS handshake included. An idle one is kept for 90
/// seconds; a request with [`PreferFreshConnection`] only uses one that was in use in the last
/// second.
///
/// ```
/// use kirin_transport::HyperTransport;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let transport = HyperTransport::plain();
/// # let _ = transport;
/// # });
/// assert_eq!(HyperTransport::CONNECT_TIMEOUT.as_secs(), 3);
/// assert_eq!(HyperTransport::IDLE_TIMEOUT.as_secs(), 90);
/// assert_eq!(HyperTransport::FRESH.as_secs(), 1);
/// ```
#[derive(Clone)]
pub struct HyperTransport {
    keeping: Arc<dyn Exchange>,
    fresh: Arc<dyn Exchange>,
}

impl HyperTransport {
    /// How long a new connection may take, TLS handshake included.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

    /// How long an idle connection is kept.
    pub const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

    /// How long ago a connection may have been used to count as fresh.
    pub const FRESH: Duration = Duration::from_secs(1);

    /// A transport for plain HTTP only: a server on this machine, or one in a test. An https URL
    /// is an error that sends nothing.
    pub fn plain() -> Self {
        Self::over(tcp(true))
    }

    pub(crate) fn over<C>(connector: C) -> Self
    where
        ConnectTimeout<C>: Connect + Clone + Send + Sync + 'static,
    {
        let connector = ConnectTimeout {
            inner: connector,
            limit: Self::CONNECT_TIMEOUT,
        };
        Self {
            keeping: client(connector.clone(), Self::IDLE_TIMEOUT),
            fresh: client(connector, Self::FRESH),
        }
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HyperTransport")
    }
}

#[async_trait]
impl Transport for HyperTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        if request.uri().scheme().is_none() || request.uri().authority().is_none() {
            let error = TransportError::new(TransportErrorKind::Request, Sent::No);
            return Err(error.with_source("the URL is not absolute"));
        }
        let client = match request.extensions().get::<PreferFreshConnection>() {
            Some(_) => &self.fresh,
            None => &self.keeping,
        };
        let response = client
            .request(request.map(Full::new))
            .await
            .map_err(transport_error)?;
        Ok(response.map(Body::new))
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

fn client<C>(connector: C, idle_timeout: Duration) -> Arc<dyn Exchange>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let client = Client::builder(TokioExecutor::new())
        .retry_canceled_requests(false)
        .pool_idle_timeout(idle_timeout)
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .build(connector);
    Arc::new(client)
}

pub(crate) fn tcp(enforce_http: bool) -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(enforce_http);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(HyperTransport::CONNECT_TIMEOUT));
    connector
}
