//! reqwest's client as a transport.

use std::fmt;

use ::reqwest::{ClientBuilder, redirect, retry};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use crate::{Body, Sent, Transport, TransportError, TransportErrorKind};

/// A transport over reqwest, with whatever its builder was told: certificates, proxies, DNS.
///
/// It is made from the builder and not from a client, because three of reqwest's defaults break the
/// contract of [`Transport`] and are switched off here: it follows redirects, and repeats a POST to
/// another host on the way; it repeats requests that HTTP/2 refused; and it decodes compressed
/// bodies if its features are on.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_transport::reqwest::ReqwestTransport;
///
/// let builder = reqwest::Client::builder().connect_timeout(Duration::from_secs(3));
/// let transport = ReqwestTransport::new(builder)?;
/// # let _ = transport;
/// # Ok::<(), kirin_transport::TransportError>(())
/// ```
#[derive(Clone)]
pub struct ReqwestTransport(::reqwest::Client);

impl ReqwestTransport {
    /// Makes the client, and a transport of it.
    ///
    /// # Errors
    ///
    /// reqwest cannot make a client of the builder.
    pub fn new(builder: ClientBuilder) -> Result<Self, TransportError> {
        let client = builder
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_brotli()
            .no_deflate()
            .no_gzip()
            .no_zstd()
            .build();
        Ok(Self(client.map_err(failed)?))
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ReqwestTransport")
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let request = request.try_into().map_err(failed)?;
        let response = self.0.execute(request).await.map_err(failed)?;
        let (mut head, body) = Response::<::reqwest::Body>::from(response).into_parts();
        // Where the connection came from is reqwest's own business.
        head.extensions.clear();
        Ok(Response::from_parts(head, Body::new(body)))
    }
}

/// reqwest's URLs are signed ones too, and its errors name them: they are taken out.
fn failed(error: ::reqwest::Error) -> TransportError {
    let (kind, sent) = match &error {
        _ if error.is_builder() => (TransportErrorKind::Request, Sent::No),
        _ if error.is_connect() => (TransportErrorKind::Connect, Sent::No),
        _ if error.is_timeout() => (TransportErrorKind::Timeout, Sent::Maybe),
        _ => (TransportErrorKind::Closed, Sent::Maybe),
    };
    TransportError::new(kind, sent).with_source(error.without_url())
}
