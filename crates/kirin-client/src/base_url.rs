//! Where the API is.

use std::{fmt, str::FromStr};

use http::Uri;
use kirin_types::Route;
use serde::{Deserialize, Serialize};

use crate::host::{host_and_port, is_loopback};
#[cfg(feature = "tokio")]
use crate::plain_host::PlainHost;

/// The base URL of the API: https, or plain http to this machine, or to one host that the caller names
/// ([`with_plain_http`](Self::with_plain_http)).
///
/// ```
/// use kirin_client::BaseUrl;
///
/// assert_eq!(BaseUrl::default().to_string(), "https://cloud.vtrix.ai");
/// assert!("http://127.0.0.1:4010".parse::<BaseUrl>()?.is_loopback());
/// assert!("http://example.com".parse::<BaseUrl>().is_err());
/// # Ok::<(), kirin_client::InvalidBaseUrl>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "StoredBaseUrl")]
pub struct BaseUrl {
    text: String,
    loopback: bool,
}

impl BaseUrl {
    /// The base URL of the service (documented).
    pub const SERVICE: &str = "https://cloud.vtrix.ai";

    /// Longest base URL, in bytes (this project's bound).
    pub const MAX_BYTES: usize = 2048;

    /// Reads a base URL that may be plain http to any host: anyone on the network path reads the key. A client takes
    /// it only where its builder names the same host (`ClientBuilder::plain_http_to`). What is read from a handle or a journal is
    /// read like this.
    ///
    /// ```
    /// use kirin_client::BaseUrl;
    ///
    /// let base_url = BaseUrl::with_plain_http("http://emulator:4010")?;
    /// assert!(!base_url.is_loopback());
    /// assert!("http://emulator:4010".parse::<BaseUrl>().is_err());
    /// # Ok::<(), kirin_client::InvalidBaseUrl>(())
    /// ```
    ///
    /// # Errors
    ///
    /// It is no absolute URL of http or https, or has more than a host, a port and a path.
    pub fn with_plain_http(text: &str) -> Result<Self, InvalidBaseUrl> {
        Self::read(text, true)
    }

    /// The root of a host that is reached without encryption.
    #[cfg(feature = "tokio")]
    pub(crate) fn of_plain_host(host: &PlainHost) -> Self {
        let text = format!("http://{}", host.as_str());
        // A host and a port make a URL.
        Self::with_plain_http(&text).expect("a base URL")
    }

    /// Whether its host is another machine, and reached without encryption.
    pub(crate) fn is_plain_elsewhere(&self) -> bool {
        !self.loopback && self.text.starts_with("http://")
    }

    /// Whether it names this machine.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// The base URL as text, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The absolute URL of a call.
    ///
    /// ```
    /// use kirin_client::BaseUrl;
    /// use kirin_types::Route;
    ///
    /// assert_eq!(
    ///     BaseUrl::default().url(&Route::CreateGeneration),
    ///     "https://cloud.vtrix.ai/model/v1/generation",
    /// );
    /// ```
    pub fn url(&self, route: &Route) -> String {
        format!("{}{}", self.text, route.path())
    }
}

impl Default for BaseUrl {
    fn default() -> Self {
        Self {
            text: Self::SERVICE.into(),
            loopback: false,
        }
    }
}

impl BaseUrl {
    fn read(text: &str, may_be_plain: bool) -> Result<Self, InvalidBaseUrl> {
        let invalid = |reason| InvalidBaseUrl { reason };
        let uri: Uri = text
            .parse()
            .map_err(|_| invalid("it is not an absolute URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(invalid("it is not an absolute URL"));
        };
        if uri.query().is_some() || text.contains('#') {
            return Err(invalid("it must not have a query or a fragment"));
        }
        if text.len() > Self::MAX_BYTES {
            return Err(invalid("it is too long"));
        }
        let loopback = is_loopback(authority.host());
        match scheme {
            "https" => {}
            "http" if loopback || may_be_plain => {}
            "http" => {
                return Err(invalid(
                    "it must start with https:// unless it is this machine",
                ));
            }
            _ => return Err(invalid("it must start with https://")),
        }
        let usual_port = if scheme == "https" { 443 } else { 80 };
        let host = host_and_port(authority, usual_port).map_err(invalid)?;
        let text = format!("{scheme}://{host}{}", uri.path());
        Ok(Self {
            text: text.trim_end_matches('/').into(),
            loopback,
        })
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidBaseUrl> {
        Self::read(text, false)
    }
}

/// A base URL as it was written down: nothing goes to it before a client was built with it.
#[derive(Deserialize)]
struct StoredBaseUrl(String);

impl TryFrom<StoredBaseUrl> for BaseUrl {
    type Error = InvalidBaseUrl;

    fn try_from(stored: StoredBaseUrl) -> Result<Self, InvalidBaseUrl> {
        Self::with_plain_http(&stored.0)
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = InvalidBaseUrl;

    fn try_from(text: String) -> Result<Self, InvalidBaseUrl> {
        text.parse()
    }
}

impl From<BaseUrl> for String {
    fn from(base_url: BaseUrl) -> Self {
        base_url.to_string()
    }
}

impl AsRef<str> for BaseUrl {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// A text that cannot be a base URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InvalidBaseUrl {
    reason: &'static str,
}

impl fmt::Display for InvalidBaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the base URL cannot be used: {}", self.reason)
    }
}

impl std::error::Error for InvalidBaseUrl {}
