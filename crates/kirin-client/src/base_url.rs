//! Where the API is.

use std::{fmt, str::FromStr};

use http::Uri;
use kirin_types::Route;
use serde::{Deserialize, Serialize};

/// The base URL of the API: https, or plain http to this machine.
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
#[serde(into = "String", try_from = "String")]
pub struct BaseUrl {
    text: String,
    loopback: bool,
}

impl BaseUrl {
    /// The base URL of the service (documented).
    pub const SERVICE: &str = "https://cloud.vtrix.ai";

    /// Longest base URL, in bytes (this project's bound).
    pub const MAX_BYTES: usize = 2048;

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

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidBaseUrl> {
        let invalid = |reason| InvalidBaseUrl { reason };
        let uri: Uri = text
            .parse()
            .map_err(|_| invalid("it is not an absolute URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(invalid("it is not an absolute URL"));
        };
        if authority.as_str().contains('@') {
            return Err(invalid("it must not carry a user name or password"));
        }
        if uri.query().is_some() || text.contains('#') {
            return Err(invalid("it must not have a query or a fragment"));
        }
        if authority.host().is_empty() || text.len() > Self::MAX_BYTES {
            return Err(invalid("it names no host, or is too long"));
        }
        let loopback = is_loopback(authority.host());
        match scheme {
            "https" => {}
            "http" if loopback => {}
            "http" => {
                return Err(invalid(
                    "it must start with https:// unless it is this machine",
                ));
            }
            _ => return Err(invalid("it must start with https://")),
        }
        // Case and the usual port are no difference, and a host that is written in two ways is one.
        let host = authority.host().to_ascii_lowercase();
        let port = match (scheme, authority.port_u16()) {
            ("https", Some(443)) | ("http", Some(80)) | (_, None) => String::new(),
            (_, Some(port)) => format!(":{port}"),
        };
        let text = format!("{scheme}://{host}{port}{}", uri.path());
        Ok(Self {
            text: text.trim_end_matches('/').into(),
            loopback,
        })
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

/// Whether a URL's host is this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
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
