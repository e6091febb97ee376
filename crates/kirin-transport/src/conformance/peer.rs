//! How the server speaks.

use std::{fmt, io};

use tokio::net::TcpStream;

use super::stream::Io;

/// How the servers of [`check`](super::check) speak.
#[derive(Clone)]
pub struct Peer {
    pub(super) version: Version,
    #[cfg(any(feature = "rustls", feature = "ring"))]
    tls: Option<tokio_rustls::TlsAcceptor>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Version {
    Http1,
    Http2,
}

impl Peer {
    /// HTTP/1.1.
    pub fn http1() -> Self {
        Self::new(Version::Http1)
    }

    /// HTTP/2, by agreement: the transport must not ask for it. With TLS it is offered by ALPN, and
    /// nothing else is. The heads of requests are not decoded, so only their bodies are compared with
    /// what was asked.
    pub fn http2() -> Self {
        Self::new(Version::Http2)
    }

    fn new(version: Version) -> Self {
        Self {
            version,
            #[cfg(any(feature = "rustls", feature = "ring"))]
            tls: None,
        }
    }

    pub(super) fn scheme(&self) -> &'static str {
        #[cfg(any(feature = "rustls", feature = "ring"))]
        if self.tls.is_some() {
            return "https";
        }
        "http"
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<Io> {
        stream.set_nodelay(true)?;
        #[cfg(any(feature = "rustls", feature = "ring"))]
        if let Some(acceptor) = &self.tls {
            return Ok(Io::Tls(Box::new(acceptor.accept(stream).await?)));
        }
        Ok(Io::Plain(stream))
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Peer")
            .field("version", &self.version)
            .field("scheme", &self.scheme())
            .finish_non_exhaustive()
    }
}

#[cfg(any(feature = "rustls", feature = "ring"))]
mod tls {
    use std::{error::Error, fmt, sync::Arc};

    use rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    };

    use super::{Peer, Version};

    impl Peer {
        /// The same over TLS, with a certificate for 127.0.0.1 that the transport trusts, and its
        /// private key, both in PEM form.
        ///
        /// # Errors
        ///
        /// The certificate or the key cannot be read, or they do not belong together.
        pub fn with_tls(
            self,
            certificate: impl AsRef<[u8]>,
            private_key: impl AsRef<[u8]>,
        ) -> Result<Self, InvalidCertificate> {
            let invalid = |error: &dyn Error| InvalidCertificate(error.to_string());
            let certificates: Result<Vec<_>, _> =
                CertificateDer::pem_slice_iter(certificate.as_ref()).collect();
            let certificates = certificates.map_err(|error| invalid(&error))?;
            let private_key = PrivateKeyDer::from_pem_slice(private_key.as_ref());
            let private_key = private_key.map_err(|error| invalid(&error))?;
            let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
                .with_safe_default_protocol_versions()
                .and_then(|builder| {
                    let builder = builder.with_no_client_auth();
                    builder.with_single_cert(certificates, private_key)
                })
                .map_err(|error| invalid(&error))?;
            config.alpn_protocols = vec![match self.version {
                Version::Http1 => b"http/1.1".to_vec(),
                Version::Http2 => b"h2".to_vec(),
            }];
            Ok(Self {
                tls: Some(Arc::new(config).into()),
                ..self
            })
        }
    }

    #[cfg(feature = "rustls")]
    fn provider() -> rustls::crypto::CryptoProvider {
        rustls::crypto::aws_lc_rs::default_provider()
    }

    #[cfg(not(feature = "rustls"))]
    fn provider() -> rustls::crypto::CryptoProvider {
        rustls::crypto::ring::default_provider()
    }

    /// A certificate or a private key that a server cannot use.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct InvalidCertificate(String);

    impl fmt::Display for InvalidCertificate {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(formatter, "the certificate cannot be used: {}", self.0)
        }
    }

    impl Error for InvalidCertificate {}
}
#[cfg(any(feature = "rustls", feature = "ring"))]
pub use tls::InvalidCertificate;
