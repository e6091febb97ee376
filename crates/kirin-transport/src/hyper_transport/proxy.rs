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

use super::HyperTransportBuilder;

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

impl HyperTransportBuilder {
    /// Sends HTTPS requests through the proxy at `url`, but not to the hosts in `except`, which is
    /// written as `NO_PROXY` is: `example.com, 10.0.0.0/8`. If never called, the environment says
    /// it: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case.
    ///
    /// The request goes through the proxy in a tunnel (CONNECT) and encrypted, so the proxy sees
    /// the name of the server and neither the key nor a prompt. A plain `http` request is never
    /// given to a proxy, and neither is one to this machine. A proxy is an `http` or an `https`
    /// URL; any other scheme is an error of every request, and nothing goes past the proxy.
    pub fn proxy(mut self, url: impl Into<String>, except: impl Into<String>) -> Self {
        let (url, except) = (url.into(), except.into());
        self.proxy = ProxySettings::Fixed { url, except };
        self
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = ProxySettings::Off;
        self
    }
}

impl ProxySettings {
    pub(super) fn matcher(&self) -> Matcher {
        match self {
            #[expect(
                clippy::disallowed_methods,
                reason = "where no proxy is set, the environment names it, as everybody expects"
            )]
            Self::Environment => Matcher::from_env(),
            Self::Fixed { url, except } => Matcher::builder()
                .https(url.as_str())
                .no(except.as_str())
                .build(),
            Self::Off => Matcher::builder().build(),
        }
    }
}

/// A connector that goes through a proxy where one is to be used.
#[derive(Clone)]
pub(super) struct Proxied<C> {
    pub(super) matcher: Arc<Matcher>,
    pub(super) direct: C,
    /// The way to the proxy itself, which may be another HTTPS server.
    pub(super) to_proxy: HttpsConnector<C>,
}

impl<C> Proxied<C> {
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
        let Some(proxy) = self.intercept(&uri) else {
            let connecting = self.direct.call(uri);
            return Box::pin(async {
                let stream = connecting.await.map_err(Into::into)?;
                Ok(MaybeHttpsStream::Http(stream))
            });
        };
        let address = proxy.uri().clone();
        if !matches!(address.scheme_str(), Some("http" | "https")) {
            return Box::pin(async { Err(UnsupportedProxy(address).into()) });
        }
        let mut tunnel = Tunnel::new(address.clone(), self.to_proxy.clone());
        if let Some(authorization) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        let tunnelling = tunnel.call(uri);
        Box::pin(async move {
            let tunnelled = tunnelling.await;
            tunnelled.map_err(|source| {
                ProxyFailure {
                    address,
                    source: source.into(),
                }
                .into()
            })
        })
    }
}

/// A proxy that this transport cannot speak to.
#[derive(Debug)]
struct UnsupportedProxy(Uri);

impl fmt::Display for UnsupportedProxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the proxy {} is neither http nor https; change HTTPS_PROXY, or use no proxy",
            self.0
        )
    }
}

impl Error for UnsupportedProxy {}

/// A proxy that did not give a tunnel.
#[derive(Debug)]
struct ProxyFailure {
    address: Uri,
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
        let proxied = Proxied {
            matcher: Arc::new(settings.matcher()),
            direct: (),
            to_proxy: HttpsConnector::from(((), super::super::tls::tests::config_without_roots())),
        };
        let found = proxied.intercept(&url.parse().unwrap());
        let found = found.map(|proxy| proxy.uri().to_string());
        assert_eq!(found.as_deref(), expected, "{url}");
    }

    #[test]
    fn h09_only_https_to_other_machines_goes_through_a_proxy() {
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
}
