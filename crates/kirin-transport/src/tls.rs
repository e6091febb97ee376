//! HTTPS: rustls with the roots of the operating system.

use std::sync::Arc;

use hyper_rustls::HttpsConnectorBuilder;
use rustls::{ClientConfig, crypto::CryptoProvider};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::{HyperTransport, Sent, TransportError, TransportErrorKind, hyper_transport::tcp};

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
        with_provider(rustls::crypto::aws_lc_rs::default_provider())
    }

    /// As [`new`](Self::new), with the provider ring.
    ///
    /// # Errors
    ///
    /// The roots of the operating system cannot be read.
    #[cfg(feature = "ring")]
    pub fn with_ring() -> Result<Self, TransportError> {
        with_provider(rustls::crypto::ring::default_provider())
    }
}

fn with_provider(provider: CryptoProvider) -> Result<HyperTransport, TransportError> {
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|source| {
            TransportError::new(TransportErrorKind::Connect, Sent::No).with_source(source)
        })?
        .with_no_client_auth();
    Ok(with_config(config))
}

fn with_config(config: ClientConfig) -> HyperTransport {
    let builder = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_http1();
    #[cfg(feature = "http2")]
    let builder = builder.enable_http2();
    HyperTransport::over(builder.wrap_connector(tcp(false)))
}

#[cfg(test)]
mod tests;
