//! HTTPS: rustls with the roots of the operating system.

use std::sync::Arc;

use hyper_rustls::HttpsConnector;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

use super::{
    HyperTransport, HyperTransportBuilder,
    builder::{For, Versions},
    own_connection::Tcp,
};
use crate::{Sent, TransportError, TransportErrorKind};

/// Whose certificates are trusted.
#[derive(Clone, Default)]
pub(super) struct Roots {
    extra: Vec<CertificateDer<'static>>,
    /// Whether Mozilla's roots stand in the place of the operating system's.
    bundled: bool,
    /// What was given as PEM and is none.
    problem: Option<String>,
}

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

impl Roots {
    fn config(&self, provider: CryptoProvider) -> Result<ClientConfig, TransportError> {
        let cannot = |reason: String| {
            TransportError::new(TransportErrorKind::Connect, Sent::No).with_source(reason)
        };
        if let Some(problem) = &self.problem {
            return Err(cannot(format!("the extra roots cannot be used: {problem}")));
        }
        let provider = Arc::new(provider);
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| cannot(error.to_string()))?;
        if self.bundled {
            let mut roots = bundled();
            for root in self.extra.clone() {
                roots.add(root).map_err(|error| cannot(error.to_string()))?;
            }
            return Ok(builder.with_root_certificates(roots).with_no_client_auth());
        }
        let verifier = Verifier::new_with_extra_roots(self.extra.clone(), provider)
            .map_err(|error| cannot(error.to_string()))?;
        // The platform's verifier is rustls' own choice of a custom one: nothing is switched off.
        let builder = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        Ok(builder.with_no_client_auth())
    }
}

#[cfg(feature = "bundled-roots")]
fn bundled() -> RootCertStore {
    RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    }
}

#[cfg(not(feature = "bundled-roots"))]
fn bundled() -> RootCertStore {
    RootCertStore::empty()
}

#[cfg(test)]
pub(super) mod tests;
