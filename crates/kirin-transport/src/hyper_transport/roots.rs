//! Whose certificates are trusted: those of the operating system, unless you choose others.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider, pki_types::CertificateDer};
use rustls_platform_verifier::Verifier;

use crate::{Sent, TransportError, TransportErrorKind};

/// Whose certificates are trusted.
#[derive(Clone, Default)]
pub(super) struct Roots {
    pub(super) extra: Vec<CertificateDer<'static>>,
    /// Whether Mozilla's roots replace the operating system's.
    pub(super) bundled: bool,
    /// What was given as PEM and is none.
    pub(super) problem: Option<String>,
}

impl Roots {
    pub(super) fn config(&self, provider: CryptoProvider) -> Result<ClientConfig, TransportError> {
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
