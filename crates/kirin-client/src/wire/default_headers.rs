//! Headers of the caller, on every call of the API.

use std::fmt;

use http::{HeaderMap, HeaderName};

use super::Endpoint;

/// What frames a message, belongs to a connection, or makes an answer another one than was asked for.
const NAMES: [&str; 10] = [
    "connection",
    "expect",
    "host",
    "keep-alive",
    "max-forwards",
    "pragma",
    "range",
    "te",
    "trailer",
    "upgrade",
];

/// The same, by how the name begins.
const BEGINNINGS: [&str; 7] = [
    "accept-",
    "content-",
    "http2-",
    "if-",
    "proxy-",
    "sec-",
    "transfer-",
];

impl Endpoint {
    /// Sends these headers with every call that it makes: a gateway in front of the API may want them. What
    /// is marked as sensitive is taken out of answers as the key is, and shown in no Debug text.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use kirin_client::{BaseUrl, wire::Endpoint};
    ///
    /// let headers = HeaderMap::from_iter([("x-team".parse()?, HeaderValue::from_static("films"))]);
    /// let endpoint = Endpoint::new(BaseUrl::default(), "a-secret".parse()?)?.with_default_headers(headers)?;
    /// assert_eq!(endpoint.query("task-1").request().headers()["x-team"], "films");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Every header that the client sends itself, or that would change what a request means.
    pub fn with_default_headers(
        mut self,
        headers: HeaderMap,
    ) -> Result<Self, InvalidDefaultHeaders> {
        let problems: Vec<String> = headers
            .keys()
            .filter_map(|name| self.problem(name))
            .collect();
        if !problems.is_empty() {
            return Err(InvalidDefaultHeaders { problems });
        }
        self.default_headers = headers;
        Ok(self)
    }

    /// Why a header is not the caller's to set.
    fn problem(&self, name: &HeaderName) -> Option<String> {
        let text = name.as_str();
        if self.sends(name) {
            return Some(format!("{text} is set by the client itself"));
        }
        // A gateway may take a query for a create by such a one.
        let changes_method = text.contains("method");
        let changes_meaning = changes_method
            || NAMES.contains(&text)
            || BEGINNINGS.iter().any(|it| text.starts_with(it));
        changes_meaning.then(|| format!("{text} would change what a request means"))
    }
}

/// Default headers that cannot be sent: all of them, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InvalidDefaultHeaders {
    pub(crate) problems: Vec<String>,
}

impl InvalidDefaultHeaders {
    /// Every problem, in the order in which the headers were given. No value of a header is shown.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for InvalidDefaultHeaders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems = self.problems.join(" / ");
        write!(formatter, "the default headers cannot be sent: {problems}")
    }
}

impl std::error::Error for InvalidDefaultHeaders {}
