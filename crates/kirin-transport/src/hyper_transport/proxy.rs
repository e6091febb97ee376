//! The way to an HTTPS server through a proxy.

use std::{
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::Uri;
use hyper::rt;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::{
    legacy::connect::{Connection, proxy::Tunnel},
    proxy::matcher::{Intercept, Matcher},
};
use tower_service::Service;

/// Which proxy is used, if any.
#[derive(Clone, Default)]
pub(super) enum ProxySettings {
    /// What `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say when the transport is built.
    #[default]
    Environment,
    Fixed {
        url: String,
        except: String,
    },
    Off,
}

/// What the environment says of the way to a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvironmentProxy {
    /// No proxy is used.
    Direct,
    /// The host and port of the proxy that is used.
    Through(String),
    /// What is named is no proxy that can be spoken to: every request fails.
    Unusable,
}

/// What the environment says of the way to a URL, as a [`HyperTransport`](super::HyperTransport)
/// that is told nothing else reads it when it is built.
///
/// ```
/// use kirin_transport::{EnvironmentProxy, environment_proxy};
///
/// // Plain requests stay on this machine, whatever the environment says.
/// let url = "http://127.0.0.1:4010/".parse()?;
/// assert_eq!(environment_proxy(&url), EnvironmentProxy::Direct);
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
pub fn environment_proxy(url: &Uri) -> EnvironmentProxy {
    let rules = ProxySettings::Environment.rules();
    match rules.intercept(url) {
        None => EnvironmentProxy::Direct,
        Some(_) if rules.unusable => EnvironmentProxy::Unusable,
        Some(proxy) => EnvironmentProxy::Through(shown(proxy.uri())),
    }
}

/// What can be used of the settings.
#[derive(Clone)]
pub(super) struct Rules {
    matcher: Arc<Matcher>,
    /// What was asked for is no proxy that this transport can speak to.
    unusable: bool,
}

impl ProxySettings {
    pub(super) fn rules(&self) -> Rules {
        let (url, except) = match self {
            Self::Environment => (
                variable(["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
                variable(["NO_PROXY", "no_proxy"]),
            ),
            Self::Fixed { url, except } => (url.clone(), except.clone()),
            Self::Off => Default::default(),
        };
        let unusable = !url.is_empty() && !is_usable(&url);
        // The matcher forgets what it does not understand, and a request would go past the proxy.
        let url = if unusable {
            "http://unusable.invalid"
        } else {
            &url
        };
        Rules {
            matcher: Arc::new(Matcher::builder().https(url).no(except).build()),
            unusable,
        }
    }
}

/// The first of the variables that is set to something.
fn variable<const N: usize>(names: [&str; N]) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "where no proxy is set, the environment names it, as everybody expects"
    )]
    let values = names.into_iter().filter_map(std::env::var_os);
    // What is no text is no URL either, and must not look as if nothing had been asked for.
    let mut texts = values.map(|value| value.to_string_lossy().into_owned());
    texts.find(|text| !text.is_empty()).unwrap_or_default()
}

/// Whether it is an `http` or `https` URL, or a host alone, with nothing behind the port: a
/// password with a `/`, a `?` or a `#` must be percent-encoded, or it would be taken for a host.
fn is_usable(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let Some(authority) = uri.authority() else {
        return false;
    };
    let after_user = authority.as_str().rsplit('@').next().unwrap_or_default();
    let has_port = after_user
        .trim_start_matches(authority.host())
        .starts_with(':');
    matches!(uri.scheme_str(), None | Some("http" | "https"))
        && !authority.host().is_empty()
        && (!has_port || authority.port_u16().is_some())
        && matches!(uri.path(), "" | "/")
        && uri.query().is_none()
        && !url.contains('#')
}

/// A connector that goes through a proxy where one is to be used.
#[derive(Clone)]
pub(super) struct Proxied<C> {
    pub(super) rules: Rules,
    pub(super) direct: C,
    /// The way to the proxy itself, which may be another HTTPS server.
    pub(super) to_proxy: HttpsConnector<C>,
}

impl Rules {
    fn intercept(&self, uri: &Uri) -> Option<Intercept> {
        let is_https = uri.scheme_str() == Some("https");
        let proxied = is_https && !uri.host().is_some_and(is_loopback);
        self.matcher.intercept(uri).filter(|_| proxied)
    }
}

/// A proxy elsewhere cannot reach what is on this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

impl<C> Service<Uri> for Proxied<C>
where
    C: Service<Uri>,
    C::Response: Connection + rt::Read + rt::Write + Send + Unpin + 'static,
    C::Error: Into<Box<dyn Error + Send + Sync>>,
    C::Future: Send + 'static,
    HttpsConnector<C>: Service<Uri, Response = MaybeHttpsStream<C::Response>> + Clone,
    <HttpsConnector<C> as Service<Uri>>::Error: Into<Box<dyn Error + Send + Sync>>,
    <HttpsConnector<C> as Service<Uri>>::Future: Send + 'static,
{
    type Response = MaybeHttpsStream<C::Response>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.direct.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Some(proxy) = self.rules.intercept(&uri) else {
            let connecting = self.direct.call(uri);
            return Box::pin(async {
                let stream = connecting.await.map_err(Into::into)?;
                Ok(MaybeHttpsStream::Http(stream))
            });
        };
        if self.rules.unusable {
            return Box::pin(async { Err(UnusableProxy.into()) });
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.to_proxy.clone());
        if let Some(authorization) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        let address = shown(proxy.uri());
        let tunnelling = tunnel.call(uri);
        Box::pin(async move {
            let tunnelled = tunnelling.await;
            tunnelled.map_err(|source| {
                let source = source.into();
                ProxyFailure { address, source }.into()
            })
        })
    }
}

/// Host and port, and nothing else that may have been in the URL.
fn shown(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    match uri.port_u16() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Something that was to be a proxy. It is not named, because it may hold a password.
#[derive(Debug)]
struct UnusableProxy;

impl fmt::Display for UnusableProxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "the proxy that is asked for is not an http or https URL; change HTTPS_PROXY or \
             ALL_PROXY, or use no proxy",
        )
    }
}

impl Error for UnusableProxy {}

/// A proxy that did not give a tunnel.
#[derive(Debug)]
struct ProxyFailure {
    address: String,
    source: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for ProxyFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "no way through the proxy {}", self.address)
    }
}

impl Error for ProxyFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a request goes: the proxy's address, or directly.
    fn check(settings: &ProxySettings, url: &str, expected: Option<&str>) {
        let found = settings.rules().intercept(&url.parse().unwrap());
        let found = found.map(|proxy| proxy.uri().to_string());
        assert_eq!(found.as_deref(), expected, "{url}");
    }

    #[test]
    fn only_https_to_other_machines_goes_through_a_proxy() {
        let settings = ProxySettings::Fixed {
            url: "http://proxy.test:3128".into(),
            except: "internal.test, 10.0.0.0/8".into(),
        };
        let proxy = Some("http://proxy.test:3128/");
        for (url, expected) in [
            ("https://cloud.vtrix.ai/model/v1/generation", proxy),
            ("https://93.184.216.34/", proxy),
            ("https://internal.test/", None),
            ("https://api.internal.test/", None),
            ("https://notinternal.test/", proxy),
            ("https://10.1.2.3/", None),
            ("http://cloud.vtrix.ai/", None),
            ("http://127.0.0.1:4010/", None),
            ("https://127.0.0.1:4010/", None),
            ("https://[::1]:4010/", None),
            ("https://localhost/", None),
        ] {
            check(&settings, url, expected);
            check(&ProxySettings::Off, url, None);
        }
    }

    #[test]
    fn what_is_no_proxy_is_not_forgotten() {
        for (url, usable) in [
            ("http://proxy.test:3128", true),
            ("http://proxy.test:3128/", true),
            ("https://me:pa%23ss@proxy.test", true),
            ("proxy.test:3128", true),
            ("http://[::1]:3128", true),
            ("socks5://proxy.test", false),
            ("socks://127.0.0.1:1080", false),
            ("ftp://proxy.test", false),
            ("http://me:pa#ss@proxy.test:3128", false),
            ("http://me:pa/ss@proxy.test:3128", false),
            ("http://me:pa?ss@proxy.test:3128", false),
            ("http://me:a word@proxy.test", false),
            ("/", false),
        ] {
            assert_eq!(is_usable(url), usable, "{url}");
            let except = String::from("internal.test");
            let settings = ProxySettings::Fixed {
                url: url.into(),
                except,
            };
            let rules = settings.rules();
            assert_eq!(rules.unusable, !usable, "{url}");
            // Whatever it is, it applies to the same hosts.
            for (host, applies) in [("cloud.test", true), ("internal.test", false)] {
                let uri = format!("https://{host}/").parse().unwrap();
                assert_eq!(rules.matcher.intercept(&uri).is_some(), applies, "{url}");
            }
        }
    }
}
