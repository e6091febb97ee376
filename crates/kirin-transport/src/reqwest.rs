//! reqwest's client as a transport.

use std::fmt;

use ::reqwest::{Client, ClientBuilder, redirect, retry};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use crate::{Body, BodyEnd, Sent, Transport, TransportError, TransportErrorKind};

/// A transport over reqwest, with what its builder sets: certificates, proxies, DNS.
///
/// It is made from builders and not from a client, because some of reqwest's defaults break the
/// contract of [`Transport`] and are switched off here: it follows redirects, and repeats a POST to
/// another host on the way; it repeats requests that HTTP/2 refused; it decodes compressed bodies if
/// its features are on; and it gives plain `http` requests to a proxy, with the key in the clear.
///
/// reqwest rewrites some URLs: a segment of two dots, even an encoded one, leads elsewhere. A request
/// whose path or query it would change is an error that sends nothing.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_transport::reqwest::ReqwestTransport;
///
/// let transport = ReqwestTransport::new(|| {
///     reqwest::Client::builder().connect_timeout(Duration::from_secs(3))
/// })?;
/// # let _ = transport;
/// # Ok::<(), kirin_transport::TransportError>(())
/// ```
#[derive(Clone)]
pub struct ReqwestTransport {
    https: Client,
    /// The same without a proxy.
    http: Client,
}

impl ReqwestTransport {
    /// Makes two clients of what `builder` gives: one for `https`, and one for plain `http` that
    /// never uses a proxy.
    ///
    /// # Errors
    ///
    /// reqwest cannot make a client of the builder.
    pub fn new(builder: impl Fn() -> ClientBuilder) -> Result<Self, TransportError> {
        Ok(Self {
            https: client(builder())?,
            http: client(builder().no_proxy())?,
        })
    }
}

fn client(builder: ClientBuilder) -> Result<Client, TransportError> {
    let client = builder
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_brotli()
        .no_deflate()
        .no_gzip()
        .no_zstd()
        .build();
    client.map_err(failed)
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ReqwestTransport")
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let client = match request.uri().scheme_str() {
            Some("https") => &self.https,
            _ => &self.http,
        };
        let asked = request.uri().path_and_query().map(ToString::to_string);
        let request: ::reqwest::Request = request.try_into().map_err(failed)?;
        let url = request.url();
        let query = url.query().map(|query| format!("?{query}"));
        let meant = format!("{}{}", url.path(), query.unwrap_or_default());
        if asked.is_some_and(|asked| asked != meant) {
            let error = TransportError::new(TransportErrorKind::Request, Sent::No);
            return Err(error.with_source("reqwest would change the path or the query of the URL"));
        }
        let response = client.execute(request).await.map_err(failed)?;
        let (mut head, body) = Response::<::reqwest::Body>::from(response).into_parts();
        // Where the connection came from is reqwest's own business.
        head.extensions.clear();
        // Over HTTP/2, hyper ends a body without an error where the server resets its stream without one,
        // and reqwest shows no more than that.
        head.extensions.insert(BodyEnd::of_http1(&head));
        Ok(Response::from_parts(head, Body::new(body)))
    }
}

/// reqwest's errors name the URL, which may be a signed one: it is taken out.
fn failed(error: ::reqwest::Error) -> TransportError {
    let (kind, sent) = match &error {
        _ if error.is_builder() => (TransportErrorKind::Request, Sent::No),
        _ if error.is_connect() => (TransportErrorKind::Connect, Sent::No),
        _ if error.is_timeout() => (TransportErrorKind::Timeout, Sent::Maybe),
        _ => (TransportErrorKind::Closed, Sent::Maybe),
    };
    TransportError::new(kind, sent).with_source(error.without_url())
}
