//! A key and the one origin it is sent to.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use kirin_transport::PreferFreshConnection;
use kirin_types::{ExternalTaskId, GenerationRequest, Route};
use serde::Serialize;

use super::call::{Asked, Call};
use crate::{ApiKey, BaseUrl};

const USER_AGENT: &str = concat!("kirin-rust/", env!("CARGO_PKG_VERSION"));

/// The base URL and the key of the API: makes its [calls](Call). The key is bound to this base URL.
///
/// ```
/// use kirin_client::{ApiKey, BaseUrl, wire::Endpoint};
/// use kirin_types::GenerationRequest;
///
/// let endpoint = Endpoint::new(BaseUrl::default(), "a-secret".parse()?)?;
/// let request = endpoint.create(&GenerationRequest::builder("a fox").build()?).request();
/// assert_eq!(request.uri(), "https://cloud.vtrix.ai/model/v1/generation");
/// assert_eq!(
///     request.body(),
///     r#"{"model":"kirin_v2_5_turbo_t2v","input":[{"params":{"prompt":"a fox","duration":"5","aspect_ratio":"16:9","mode":"std"}}]}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Endpoint {
    base_url: BaseUrl,
    authorization: HeaderValue,
    pub(super) default_headers: HeaderMap,
}

impl Endpoint {
    /// Binds a key to a base URL.
    ///
    /// # Errors
    ///
    /// A key meant for an emulator is refused for any host but this machine, and so is plain HTTP.
    pub fn new(base_url: BaseUrl, key: ApiKey) -> Result<Self, InvalidEndpoint> {
        match base_url.is_plain_elsewhere() {
            true => Err(InvalidEndpoint::PLAIN),
            false => Self::with_plain_http(base_url, key),
        }
    }

    /// Binds a key to a base URL that may be plain HTTP to another machine: anyone on the network path reads the
    /// key. The service is reached over https only, so a key meant for an emulator may go there, too.
    ///
    /// ```
    /// use kirin_client::{BaseUrl, wire::Endpoint};
    ///
    /// let base_url = BaseUrl::with_plain_http("http://emulator:4010")?;
    /// assert!(Endpoint::new(base_url.clone(), "emulator-key".parse()?).is_err());
    /// let endpoint = Endpoint::with_plain_http(base_url, "emulator-key".parse()?)?;
    /// # let _ = endpoint;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A key meant for an emulator is refused for https to any host but this machine.
    pub fn with_plain_http(base_url: BaseUrl, key: ApiKey) -> Result<Self, InvalidEndpoint> {
        let may_be_emulator = base_url.is_loopback() || base_url.is_plain_elsewhere();
        if key.is_for_emulator() && !may_be_emulator {
            return Err(InvalidEndpoint::KEY);
        }
        let authorization = key.authorization();
        Ok(Self {
            base_url,
            authorization,
            default_headers: HeaderMap::new(),
        })
    }

    /// Where the calls go.
    pub fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    /// The create call: the one that costs money. The request's flat object is wrapped as
    /// `{"model", "input": [{"params": {...}}]}` (documented by sample).
    pub fn create(&self, request: &GenerationRequest) -> Call {
        let mut call = self.request(&Route::CreateGeneration, create_body(request).into());
        call.extensions_mut().insert(PreferFreshConnection);
        self.call(call, Asked::Create(request.external_task_id().cloned()))
    }

    /// The status of a task, by its id or by its external task id in the same place.
    pub fn query(&self, id: &str) -> Call {
        self.call(self.status(id), Asked::Query)
    }

    /// The status of a task by its external task id, past every cache on the way: `no_cache` is a text
    /// that was in no address before.
    ///
    /// ```
    /// use kirin_client::{BaseUrl, wire::Endpoint};
    ///
    /// let endpoint = Endpoint::new(BaseUrl::default(), "a-secret".parse()?)?;
    /// let probe = endpoint.probe(&"order-42".parse()?, "5f3a").request();
    /// assert_eq!(
    ///     probe.uri(),
    ///     "https://cloud.vtrix.ai/model/v1/generation/task/order-42?no_cache=5f3a",
    /// );
    /// assert_eq!(probe.headers()["cache-control"], "no-cache");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// `no_cache` is not made of letters and digits.
    pub fn probe(&self, id: &ExternalTaskId, no_cache: &str) -> Call {
        assert!(
            no_cache.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{no_cache:?} cannot stand in an address"
        );
        let mut call = self.status(id.as_str());
        let value = HeaderValue::from_static("no-cache");
        call.headers_mut().insert(header::CACHE_CONTROL, value);
        let url = format!("{}?no_cache={no_cache}", call.uri());
        // A URL without a query, and letters and digits behind it.
        *call.uri_mut() = url.parse().expect("a URL of checked parts");
        self.call(call, Asked::Probe)
    }

    /// Whether it sends a header by itself, with any call.
    pub(super) fn sends(&self, name: &HeaderName) -> bool {
        let own = self.status("").headers().contains_key(name);
        own || *name == header::CACHE_CONTROL
    }

    fn call(&self, request: Request<Bytes>, asked: Asked) -> Call {
        Call::new(request, asked)
    }

    fn status(&self, id: &str) -> Request<Bytes> {
        self.request(&Route::Task { id: id.into() }, Bytes::new())
    }

    fn request(&self, route: &Route, body: Bytes) -> Request<Bytes> {
        let headers: [(HeaderName, HeaderValue); 5] = [
            (header::ACCEPT, HeaderValue::from_static("application/json")),
            (
                header::ACCEPT_ENCODING,
                HeaderValue::from_static("identity"),
            ),
            (header::AUTHORIZATION, self.authorization.clone()),
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            ),
            (header::USER_AGENT, HeaderValue::from_static(USER_AGENT)),
        ];
        let mut request = Request::new(body);
        *request.headers_mut() = self.default_headers.clone();
        request.headers_mut().extend(headers);
        // A base URL was parsed as a URL, and a route's path is percent-encoded: both hold.
        *request.uri_mut() = self
            .base_url
            .url(route)
            .parse()
            .expect("a URL of checked parts");
        if route.method() == "POST" {
            *request.method_mut() = http::Method::POST;
        }
        request
    }
}

fn create_body(request: &GenerationRequest) -> Vec<u8> {
    let envelope = Envelope {
        model: request.model_id(),
        input: [Input {
            params: request.parameters(),
        }],
    };
    // A request is strings and booleans, which always have a JSON form.
    serde_json::to_vec(&envelope).expect("a request has a JSON form")
}

#[derive(Serialize)]
struct Envelope<'a, P> {
    model: &'a str,
    input: [Input<P>; 1],
}

#[derive(Serialize)]
struct Input<P> {
    params: P,
}

/// A key that must not go to a host: it is meant for an emulator, or would go there in plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InvalidEndpoint {
    reason: &'static str,
}

impl InvalidEndpoint {
    const KEY: Self = Self {
        reason: "a key that starts with emulator- is only sent to this machine",
    };

    const PLAIN: Self = Self {
        reason: "plain HTTP to another machine sends the key in plain text, and its host is not the one that is \
                 named for that",
    };

    /// Whether it would go there in plain text.
    ///
    /// ```
    /// use kirin_client::{BaseUrl, wire::Endpoint};
    ///
    /// let base_url = BaseUrl::with_plain_http("http://emulator:4010")?;
    /// let refused = Endpoint::new(base_url, "a-secret".parse()?).unwrap_err();
    /// assert!(refused.is_plain_http());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_plain_http(&self) -> bool {
        *self == Self::PLAIN
    }
}

impl fmt::Display for InvalidEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.reason)
    }
}

impl std::error::Error for InvalidEndpoint {}
