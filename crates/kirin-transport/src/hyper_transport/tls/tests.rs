//! TLS handshakes that come to nothing: no byte of the request has left by then.

use std::{error::Error, sync::Arc};

use ::tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use bytes::Bytes;
use http::Request;
use rustls::RootCertStore;

use super::*;
use crate::{Sent, Transport, TransportErrorKind};

/// As the public constructors make it, but without the roots of an operating system, which a bare
/// container lacks.
pub(in crate::hyper_transport) fn config_without_roots() -> ClientConfig {
    #[cfg(feature = "rustls")]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "rustls"))]
    let provider = rustls::crypto::ring::default_provider();
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty());
    config.with_no_client_auth()
}

/// What the server does with the client's greeting.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Handshake {
    Answered(&'static [u8]),
    Closed,
    Stalled,
}

async fn check(handshake: Handshake) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://{}/v1/create", listener.local_addr().unwrap());
    let sending = ::tokio::spawn(async move {
        let request = Request::post(url).body(Bytes::from_static(b"{}")).unwrap();
        HyperTransport::builder()
            .build_with_config(config_without_roots())
            .send(request)
            .await
            .unwrap_err()
    });
    let (mut server, _) = listener.accept().await.unwrap();
    let mut greeting = [0; 3];
    server.read_exact(&mut greeting).await.unwrap();
    assert_eq!(greeting[..2], [22, 3], "a TLS handshake begins");
    match handshake {
        Handshake::Answered(words) => server.write_all(words).await.unwrap(),
        Handshake::Closed => drop(server),
        // From here on nothing happens but time, and a paused clock does not wait for it.
        Handshake::Stalled => ::tokio::time::pause(),
    }
    let error = sending.await.unwrap();
    assert_eq!(error.kind(), TransportErrorKind::Connect, "{handshake:?}");
    assert_eq!(error.sent(), Sent::No, "{handshake:?}");
    let reason = error.source().unwrap().to_string();
    let in_time = reason != "no connection within 3 s";
    assert_eq!(in_time, handshake != Handshake::Stalled, "{reason}");
}

#[::tokio::test]
async fn a_handshake_that_is_answered_in_plain_sent_nothing() {
    check(Handshake::Answered(b"HTTP/1.1 400 Bad Request\r\n\r\n")).await;
}

#[::tokio::test]
async fn a_handshake_that_is_refused_sent_nothing() {
    // A fatal alert: handshake_failure.
    check(Handshake::Answered(&[21, 3, 3, 0, 2, 2, 40])).await;
}

#[::tokio::test]
async fn a_handshake_that_is_closed_sent_nothing() {
    check(Handshake::Closed).await;
}

#[::tokio::test]
async fn a_handshake_that_stalls_sent_nothing() {
    check(Handshake::Stalled).await;
}
