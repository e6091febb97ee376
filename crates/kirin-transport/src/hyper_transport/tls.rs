//! HTTPS: a transport over rustls.

use hyper_rustls::HttpsConnector;
use rustls::{
    ClientConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::{
    HyperTransport, HyperTransportBuilder,
    builder::{For, Versions},
    own_connection::Tcp,
};
use crate::TransportError;

impl HyperTransport {
    /// A transport for HTTPS (and plain HTTP) that trusts what the operating system trusts. The
    /// provider of cryptography is aws-lc-rs, rustls' own default; a provider that the program
    /// installed for itself is left alone.
    ///
    /// # Errors
    ///
    /// The roots of the operating system cannot be read.
    ///
    /// ```no_run
    /// use kirin_transport::HyperTransport;
    ///
    /// let transport = HyperTransport::new()?;
    /// # Ok::<(), kirin_transport::TransportError>(())
    /// ```
    #[cfg(feature = "rustls")]
    pub fn new() -> Result<Self, TransportError> {
        Self::builder().build()
    }

    /// As [`new`](Self::new), with the provider ring.
    ///
    /// # Errors
    ///
    /// The roots of the operating system cannot be read.
    #[cfg(feature = "ring")]
    pub fn with_ring() -> Result<Self, TransportError> {
        Self::builder().build_with_ring()
    }
}

#[cfg(feature = "proxy")]
impl HyperTransportBuilder {
    /// Sends HTTPS requests through the proxy at `url`, but not to the hosts in `except`, which is
    /// written as `NO_PROXY` is: `example.com, 10.0.0.0/8`. If never called, the environment says
    /// it: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case.
    ///
    /// The request goes through the proxy in a tunnel (CONNECT) and encrypted, so the proxy sees
    /// the name of the server and neither the key nor a prompt. A plain `http` request is never
    /// given to a proxy, and neither is one to this machine. A proxy is an `http` or an `https`
    /// URL; anything else is an error of every request that would go through it, and nothing goes past
    /// the proxy.
    pub fn proxy(mut self, url: impl Into<String>, except: impl Into<String>) -> Self {
        let (url, except) = (url.into(), except.into());
        self.proxy = super::proxy::ProxySettings::Fixed { url, except };
        self
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = super::proxy::ProxySettings::Off;
        self
    }
}

impl HyperTransportBuilder {
    /// Trusts the certificates in `pem` too, besides what is trusted anyway: the root of a company's
    /// proxy, or of a test. Text in PEM form, with at least one certificate.
    ///
    /// ```no_run
    /// use kirin_transport::HyperTransport;
    ///
    /// let transport = HyperTransport::builder()
    ///     .extra_roots(std::fs::read("company-root.pem")?)
    ///     .build()?;
    /// # let _ = transport;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn extra_roots(mut self, pem: impl AsRef<[u8]>) -> Self {
        let certificates: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(pem.as_ref()).collect();
        match certificates {
            Ok(certificates) if !certificates.is_empty() => self.roots.extra.extend(certificates),
            Ok(_) => self.roots.problem = Some("no certificate in PEM form was found".into()),
            Err(error) => self.roots.problem = Some(error.to_string()),
        }
        self
    }

    /// Trusts Mozilla's roots, as they were when this program was built, in place of the operating
    /// system's: for a bare container that has none. Behind a company's proxy they fail, which is
    /// why they are not the default.
    #[cfg(feature = "bundled-roots")]
    pub fn bundled_roots(mut self) -> Self {
        self.roots.bundled = true;
        self
    }

    /// Makes a transport for HTTPS (and plain HTTP), with the provider aws-lc-rs. A provider that
    /// the program installed for itself is neither used nor changed.
    ///
    /// # Errors
    ///
    /// The roots cannot be read.
    #[cfg(feature = "rustls")]
    pub fn build(self) -> Result<HyperTransport, TransportError> {
        self.build_with(rustls::crypto::aws_lc_rs::default_provider())
    }

    /// As [`build`](Self::build), with the provider ring.
    ///
    /// # Errors
    ///
    /// The roots cannot be read.
    #[cfg(feature = "ring")]
    pub fn build_with_ring(self) -> Result<HyperTransport, TransportError> {
        self.build_with(rustls::crypto::ring::default_provider())
    }

    fn build_with(self, provider: CryptoProvider) -> Result<HyperTransport, TransportError> {
        let config = self.roots.config(provider)?;
        Ok(self.build_with_config(config))
    }

    fn build_with_config(self, mut config: ClientConfig) -> HyperTransport {
        let (keeping, creates) = (
            self.way_to_server(For::Others, &config),
            self.way_to_server(For::Creates, &config),
        );
        config.alpn_protocols = offered(self.settings.versions);
        let keeping = HttpsConnector::from((keeping, config.clone()));
        let creates = HttpsConnector::from((creates, config));
        self.settings.over(keeping, creates)
    }

    #[cfg(feature = "proxy")]
    fn way_to_server(&self, requests: For, config: &ClientConfig) -> super::proxy::Proxied<Tcp> {
        let direct = self.tcp_to_https(requests);
        super::proxy::Proxied {
            rules: self.proxy.rules(),
            to_proxy: HttpsConnector::from((direct.clone(), config.clone())),
            direct,
        }
    }

    #[cfg(not(feature = "proxy"))]
    fn way_to_server(&self, requests: For, _config: &ClientConfig) -> Tcp {
        self.tcp_to_https(requests)
    }

    fn tcp_to_https(&self, requests: For) -> Tcp {
        let mut tcp = self.settings.tcp(requests);
        tcp.connector.enforce_http(false);
        tcp
    }
}

fn offered(versions: Versions) -> Vec<Vec<u8>> {
    match versions {
        #[cfg(feature = "http2")]
        Versions::Any => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        #[cfg(feature = "http2")]
        Versions::Http2 => vec![b"h2".to_vec()],
        _ => vec![b"http/1.1".to_vec()],
    }
}

#[cfg(test)]
pub(super) mod tests;
