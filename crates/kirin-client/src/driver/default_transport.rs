//! What sends the requests of a client that was given nothing else.

use std::sync::Arc;

use kirin_transport::Transport;

use super::BuildError;
use crate::{BaseUrl, CallPolicy};

/// One that gives each call the time that a policy has for it.
pub(super) fn with_policy(
    base_url: &BaseUrl,
    policy: &CallPolicy,
) -> Result<Arc<dyn Transport>, BuildError> {
    #[cfg(feature = "hyper")]
    return hyper::transport(
        base_url,
        policy.longest_create().max(policy.query_timeout()),
    );
    #[cfg(not(feature = "hyper"))]
    {
        let _ = (base_url, policy);
        Err(BuildError::NoTransport)
    }
}

#[cfg(feature = "hyper")]
mod hyper {
    use std::{
        sync::{Arc, OnceLock},
        time::Duration,
    };

    use async_trait::async_trait;
    use bytes::Bytes;
    use http::{Request, Response};
    use kirin_transport::{
        Body, HyperTransport, HyperTransportBuilder, Sent, Transport, TransportError,
        TransportErrorKind,
    };

    use super::super::BuildError;
    use crate::BaseUrl;

    pub(super) fn transport(
        base_url: &BaseUrl,
        limit: Duration,
    ) -> Result<Arc<dyn Transport>, BuildError> {
        let builder = HyperTransport::builder().attempt_timeout(limit);
        if base_url.as_str().starts_with("http://") {
            return Ok(Arc::new(TlsWhenNeeded {
                plain: builder.clone().build_plain(),
                builder,
                tls: OnceLock::new(),
            }));
        }
        Ok(Arc::new(with_tls(builder)?))
    }

    fn with_tls(builder: HyperTransportBuilder) -> Result<HyperTransport, BuildError> {
        #[cfg(feature = "rustls")]
        return builder.build().map_err(BuildError::Transport);
        #[cfg(all(feature = "ring", not(feature = "rustls")))]
        return builder.build_with_ring().map_err(BuildError::Transport);
        #[cfg(not(any(feature = "ring", feature = "rustls")))]
        {
            let _ = builder;
            Err(BuildError::NoTransport)
        }
    }

    struct TlsWhenNeeded {
        plain: HyperTransport,
        builder: HyperTransportBuilder,
        tls: OnceLock<HyperTransport>,
    }

    impl TlsWhenNeeded {
        fn over_tls(&self) -> Result<&HyperTransport, TransportError> {
            if let Some(transport) = self.tls.get() {
                return Ok(transport);
            }
            let transport = with_tls(self.builder.clone()).map_err(|error| {
                TransportError::new(TransportErrorKind::Connect, Sent::No).with_source(error)
            })?;
            Ok(self.tls.get_or_init(|| transport))
        }
    }

    #[async_trait]
    impl Transport for TlsWhenNeeded {
        async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
            match request.uri().scheme_str() {
                Some("https") => self.over_tls()?.send(request).await,
                _ => self.plain.send(request).await,
            }
        }
    }
}
