//! What can be set of the hyper transport.

use std::{fmt, sync::Arc, time::Duration};

use http::HeaderValue;
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connect, HttpConnector},
    },
    rt::{TokioExecutor, TokioTimer},
};

use super::{
    Exchange, HyperTransport,
    connect_timeout::ConnectTimeout,
    own_connection::{Reuse, Tcp},
    request_body::RequestBody,
};

/// Collects what a [`HyperTransport`] needs. Every setting has a default that is stated with it.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_transport::HyperTransport;
///
/// assert_eq!(HyperTransport::CONNECT_TIMEOUT, Duration::from_secs(3));
/// assert_eq!(HyperTransport::ATTEMPT_TIMEOUT, Duration::from_secs(30));
/// assert_eq!(HyperTransport::IDLE_TIMEOUT, Duration::from_secs(30));
/// assert_eq!(HyperTransport::POOL_IDLE_TIMEOUT, Duration::from_secs(90));
/// assert_eq!(HyperTransport::POOL_MAX_IDLE_PER_HOST, 32);
/// assert_eq!(HyperTransport::FRESH, Duration::from_secs(1));
/// assert_eq!(HyperTransport::MAX_HEAD_BYTES, 64 << 10);
/// assert_eq!(HyperTransport::MAX_HEADERS, 2_000);
/// assert_eq!(HyperTransport::MAX_BODY_BYTES, 4 << 30);
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct HyperTransportBuilder {
    pub(super) settings: Settings,
    #[cfg(all(feature = "proxy", any(feature = "rustls", feature = "ring")))]
    pub(super) proxy: super::proxy::ProxySettings,
    #[cfg(any(feature = "rustls", feature = "ring"))]
    pub(super) roots: super::roots::Roots,
}

#[derive(Clone)]
pub(super) struct Settings {
    connect_timeout: Duration,
    pub(super) attempt_timeout: Duration,
    pub(super) idle_timeout: Duration,
    pool_idle_timeout: Duration,
    pool_max_idle_per_host: usize,
    max_head_bytes: usize,
    pub(super) max_body_bytes: u64,
    pub(super) user_agent: Option<HeaderValue>,
    pub(super) versions: Versions,
}

/// About 30 years: a longer limit would pass the end of some clocks.
const LONGEST: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// Which versions of HTTP are spoken.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Versions {
    /// HTTP/2 where the server offers it in the TLS handshake, else HTTP/1.1.
    Any,
    Http1,
    #[cfg(feature = "http2")]
    Http2,
}

impl Versions {
    /// How often a connection for creates is used.
    fn reuse(self) -> Reuse {
        match self {
            Self::Any | Self::Http1 => Reuse::IfHttp2,
            #[cfg(feature = "http2")]
            Self::Http2 => Reuse::IsHttp2,
        }
    }
}

/// Whose connections a connector opens.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum For {
    Creates,
    Others,
}

impl HyperTransport {
    /// How long a new connection may take: name, TCP, proxy and TLS handshake together.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

    /// How long it may take to a complete response head: from the call, or where the caller watches
    /// the request with a [`SendWatch`](crate::SendWatch), from the taking of its body.
    pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

    /// How long a body may pause while it is read.
    pub const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

    /// How long a connection that is not in use is kept.
    pub const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(90);

    /// How many connections that are not in use are kept for each host.
    pub const POOL_MAX_IDLE_PER_HOST: usize = 32;

    /// How long ago a connection over HTTP/2 may have been used to count as fresh: a request with
    /// [`PreferFreshConnection`](crate::PreferFreshConnection) uses no older one. Over HTTP/1.1 it
    /// uses none that was used before.
    pub const FRESH: Duration = Duration::from_secs(1);

    /// Whether this system has TCP_USER_TIMEOUT, which keeps its kernel from delivering a create
    /// later than [`ATTEMPT_TIMEOUT`](Self::ATTEMPT_TIMEOUT), or less where a shorter one was set. Where it
    /// has not, a request whose program was killed may arrive minutes later.
    pub const BOUNDS_DELIVERY: bool = cfg!(any(
        target_os = "android",
        target_os = "fuchsia",
        target_os = "linux"
    ));

    /// How many bytes of a response head are read in search of its end.
    pub const MAX_HEAD_BYTES: usize = 64 << 10;

    /// The most headers that a response over HTTP/1.1 may have: more than fit a head of
    /// [`MAX_HEAD_BYTES`](Self::MAX_HEAD_BYTES), unless they are very short. Over HTTP/2 their bytes
    /// count.
    pub const MAX_HEADERS: usize = 2_000;

    /// The largest response body, in bytes: 4 GiB, for videos. If you expect JSON,
    /// [collect](crate::Body::collect) the body with a limit of your own.
    pub const MAX_BODY_BYTES: u64 = 4 << 30;

    /// How often a connection over HTTP/2 is asked for a sign of life while it carries requests. One
    /// that does not answer within [`PING_TIMEOUT`](Self::PING_TIMEOUT) is given up, with its
    /// requests: else a connection that died unnoticed would swallow every request to come.
    pub const PING_INTERVAL: Duration = Duration::from_secs(15);

    /// How long the sign of life may take.
    pub const PING_TIMEOUT: Duration = Duration::from_secs(10);
}

impl Default for HyperTransportBuilder {
    fn default() -> Self {
        Self {
            settings: Settings {
                connect_timeout: HyperTransport::CONNECT_TIMEOUT,
                attempt_timeout: HyperTransport::ATTEMPT_TIMEOUT,
                idle_timeout: HyperTransport::IDLE_TIMEOUT,
                pool_idle_timeout: HyperTransport::POOL_IDLE_TIMEOUT,
                pool_max_idle_per_host: HyperTransport::POOL_MAX_IDLE_PER_HOST,
                max_head_bytes: HyperTransport::MAX_HEAD_BYTES,
                max_body_bytes: HyperTransport::MAX_BODY_BYTES,
                user_agent: None,
                versions: Versions::Any,
            },
            #[cfg(all(feature = "proxy", any(feature = "rustls", feature = "ring")))]
            proxy: super::proxy::ProxySettings::default(),
            #[cfg(any(feature = "rustls", feature = "ring"))]
            roots: super::roots::Roots::default(),
        }
    }
}

impl HyperTransportBuilder {
    /// Sets how long a new connection may take: name, TCP, proxy and TLS handshake together; 3
    /// seconds if never called. What fails here was not sent.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.settings.connect_timeout = limit.min(LONGEST);
        self
    }

    /// Sets how long it may take to a complete response head; 30 seconds if never called. What fails
    /// here may have been sent, unless it was still connecting or waiting in a queue. It counts from
    /// the call; of a request with a [`SendWatch`](crate::SendWatch) from the taking of its body.
    ///
    /// As long as this, 30 seconds at most, the kernel still delivers a create
    /// ([`PreferFreshConnection`](crate::PreferFreshConnection)) after the program was killed, where
    /// [`HyperTransport::BOUNDS_DELIVERY`] is true.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.settings.attempt_timeout = limit.min(LONGEST);
        self
    }

    /// Sets how long a body may pause while it is read; 30 seconds if never called. A caller who
    /// reads slowly is not late.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.settings.idle_timeout = limit.min(LONGEST);
        self
    }

    /// Sets how long a connection that is not in use is kept; 90 seconds if never called.
    pub fn pool_idle_timeout(mut self, limit: Duration) -> Self {
        self.settings.pool_idle_timeout = limit.min(LONGEST);
        self
    }

    /// Sets how many connections that are not in use are kept for each host; 32 if never called, and
    /// 0 keeps none.
    pub fn pool_max_idle_per_host(mut self, count: usize) -> Self {
        self.settings.pool_max_idle_per_host = count;
        self
    }

    /// Sets how many bytes of a response head are read in search of its end; 64 KiB if never called,
    /// and at least 8 KiB. It is looked at between two reads, so that a head of up to twice the
    /// size may pass.
    pub fn max_head_bytes(mut self, limit: usize) -> Self {
        self.settings.max_head_bytes = limit.max(8 << 10);
        self
    }

    /// Sets the largest response body, in bytes; 4 GiB if never called. The bytes are counted as
    /// they come, whatever the head announced.
    pub fn max_body_bytes(mut self, limit: u64) -> Self {
        self.settings.max_body_bytes = limit;
        self
    }

    /// Sets the `User-Agent` of requests that have none; they are sent without one if never called.
    pub fn user_agent(mut self, value: HeaderValue) -> Self {
        self.settings.user_agent = Some(value);
        self
    }

    /// Speaks HTTP/1.1 only, even where the server offers HTTP/2.
    pub fn http1_only(mut self) -> Self {
        self.settings.versions = Versions::Http1;
        self
    }

    /// Speaks HTTP/2 only, and without asking: for servers that are known to.
    #[cfg(feature = "http2")]
    pub fn http2_only(mut self) -> Self {
        self.settings.versions = Versions::Http2;
        self
    }

    /// Makes a transport for plain HTTP only: a server on this machine, or one in a test. An https
    /// URL is an error that sends nothing, and no proxy is used.
    pub fn build_plain(self) -> HyperTransport {
        let (keeping, creates) = (
            self.settings.tcp(For::Others),
            self.settings.tcp(For::Creates),
        );
        self.settings.over(keeping, creates)
    }
}

impl fmt::Debug for HyperTransportBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HyperTransportBuilder")
    }
}

impl Settings {
    pub(super) fn tcp(&self, requests: For) -> Tcp {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(self.connect_timeout));
        if requests == For::Creates {
            // Of a program that was killed, too, the kernel delivers nothing later than that.
            #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
            // None at all would be the system's own, of many minutes; and whoever goes on with a create of another
            // process does not know what was set there.
            let limit = self.attempt_timeout;
            let limit = limit.clamp(Duration::from_millis(1), HyperTransport::ATTEMPT_TIMEOUT);
            connector.set_tcp_user_timeout(Some(limit));
        }
        Tcp {
            connector,
            for_creates: requests == For::Creates,
        }
    }

    /// A transport over two connectors: `creates` opens connections for creates.
    pub(super) fn over<C>(self, keeping: C, creates: C) -> HyperTransport
    where
        ConnectTimeout<C>: Connect + Clone + Send + Sync + 'static,
    {
        let bounded = |inner, reuse| ConnectTimeout {
            inner,
            limit: self.connect_timeout,
            reuse,
        };
        let fresh = HyperTransport::FRESH.min(self.pool_idle_timeout);
        let creates = bounded(creates, self.versions.reuse());
        HyperTransport {
            keeping: self.client(bounded(keeping, Reuse::Always), self.pool_idle_timeout),
            creates: self.client(creates, fresh),
            settings: Arc::new(self),
        }
    }

    fn client<C>(&self, connector: C, pool_idle_timeout: Duration) -> Arc<dyn Exchange>
    where
        C: Connect + Clone + Send + Sync + 'static,
    {
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .retry_canceled_requests(false)
            .pool_idle_timeout(pool_idle_timeout)
            .pool_max_idle_per_host(self.pool_max_idle_per_host)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .http1_max_buf_size(self.max_head_bytes)
            .http1_max_headers(HyperTransport::MAX_HEADERS);
        #[cfg(feature = "http2")]
        builder
            .http2_only(self.versions == Versions::Http2)
            .http2_max_header_list_size(u32::try_from(self.max_head_bytes).unwrap_or(u32::MAX))
            .http2_keep_alive_interval(HyperTransport::PING_INTERVAL)
            .http2_keep_alive_timeout(HyperTransport::PING_TIMEOUT);
        Arc::new(builder.build::<C, RequestBody>(connector))
    }
}
