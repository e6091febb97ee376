//! HTTPS: whom the transport trusts, and what it speaks.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{Request, Response, Version, header};
use kirin_transport::{HyperTransport, Sent, Transport, TransportError, TransportErrorKind};
use rcgen::date_time_ymd;
use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    certificates::{Authority, ServerCertificate},
    render::{chain, shown},
    server::{ANSWER, Server, create, within},
};

/// A server over TLS, which answers every request with `{}`.
pub(crate) struct TlsServer {
    pub(crate) port: u16,
    /// Connections on which the handshake succeeded.
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    accepting: tokio::task::JoinHandle<()>,
}

impl TlsServer {
    pub(crate) async fn start(certificate: ServerCertificate, protocols: &[&str]) -> Self {
        Self::answering(certificate, protocols, ANSWER).await
    }

    async fn answering(
        certificate: ServerCertificate,
        protocols: &[&str],
        answer: &'static [u8],
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = acceptor(&certificate, protocols);
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(AtomicUsize::new(0));
        let (accepted, seen) = (connections.clone(), requests.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, accepted, seen) = (acceptor.clone(), accepted.clone(), seen.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    accepted.fetch_add(1, Ordering::Relaxed);
                    match stream.get_ref().1.alpn_protocol() {
                        Some(b"h2") => serve_http2(stream, &seen).await,
                        _ => serve_http1(stream, &seen, answer).await,
                    }
                });
            }
        });
        Self {
            port,
            connections,
            requests,
            accepting,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}/v1/create", self.port)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn acceptor(certificate: &ServerCertificate, protocols: &[&str]) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = CertificateDer::pem_slice_iter(certificate.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(certificate.private_key.as_bytes());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.collect::<Result<_, _>>().unwrap(), key.unwrap())
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
    Arc::new(config).into()
}

async fn serve_http1(mut stream: TlsStream<TcpStream>, seen: &AtomicUsize, answer: &[u8]) {
    let mut read = Vec::new();
    while stream
        .read_buf(&mut read)
        .await
        .is_ok_and(|count| count > 0)
    {
        // Every create here ends so.
        if read.ends_with(b"}") {
            seen.fetch_add(1, Ordering::Relaxed);
            read.clear();
            if stream.write_all(answer).await.is_err() || stream.flush().await.is_err() {
                return;
            }
        }
    }
}

async fn serve_http2(stream: TlsStream<TcpStream>, seen: &AtomicUsize) {
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        seen.fetch_add(1, Ordering::Relaxed);
        let stream = respond.send_response(Response::new(()), false);
        let _ = stream.and_then(|mut it| it.send_data(Bytes::from_static(b"{}"), true));
    }
}

async fn ask(transport: &HyperTransport, url: &str) -> Result<Version, TransportError> {
    let response = within(transport.send(create(url))).await;
    let response = response.inspect_err(shown)?;
    let version = response.version();
    assert_eq!(response.into_body().collect(1024).await?, "{}");
    Ok(version)
}

fn trusting(authority: &Authority) -> HyperTransport {
    HyperTransport::builder()
        .extra_roots(authority.pem())
        .build()
        .unwrap()
}

// ----------------------------------------------------------------- whom it trusts

/// A request to a server with this certificate is refused by the client, for this reason, before
/// one byte of it left.
async fn check_refused(transport: HyperTransport, certificate: ServerCertificate, reason: &str) {
    let server = TlsServer::start(certificate, &["h2", "http/1.1"]).await;
    let error = ask(&transport, &server.url()).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Connect, "{error:?}");
    assert_eq!(error.sent(), Sent::No);
    let chain = chain(&error);
    assert!(chain.contains(reason), "{chain}");
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let certificate = Authority::new().issue("127.0.0.1");
    let transport = trusting(&Authority::new());
    check_refused(transport, certificate, "UnknownIssuer").await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let certificate = authority.issue_with("127.0.0.1", |params| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    check_refused(trusting(&authority), certificate, "certificate expired").await;
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let authority = Authority::new();
    let certificate = authority.issue("other.test");
    check_refused(trusting(&authority), certificate, "not valid for name").await;
}

#[tokio::test]
async fn a_redirect_out_of_tls_is_not_followed() {
    let elsewhere = Server::start().await;
    let location = elsewhere.url();
    let answer =
        format!("HTTP/1.1 307 Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
    let authority = Authority::new();
    let certificate = authority.issue("127.0.0.1");
    let server = TlsServer::answering(certificate, &[], answer.leak().as_bytes()).await;
    let transport = trusting(&authority);
    let response = within(transport.send(create(&server.url()))).await.unwrap();
    assert_eq!(response.status(), 307);
    assert_eq!(response.headers()[header::LOCATION], location);
    assert_eq!(elsewhere.waiting(), 0);
}

#[tokio::test]
async fn extra_roots_are_trusted_by_every_provider_and_beside_bundled_ones() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.issue("127.0.0.1"), &[]).await;
    let builder = || HyperTransport::builder().extra_roots(authority.pem());
    for transport in [
        builder().build(),
        #[cfg(feature = "ring")]
        builder().build_with_ring(),
        #[cfg(feature = "bundled-roots")]
        builder().bundled_roots().build(),
    ] {
        ask(&transport.unwrap(), &server.url()).await.unwrap();
    }
    // None of them told the rest of the program which provider to use.
    assert!(CryptoProvider::get_default().is_none());
}

#[cfg(feature = "bundled-roots")]
#[tokio::test]
async fn bundled_roots_do_not_know_an_authority_of_a_test() {
    let transport = HyperTransport::builder().bundled_roots().build().unwrap();
    let certificate = Authority::new().issue("127.0.0.1");
    check_refused(transport, certificate, "UnknownIssuer").await;
}

#[test]
fn roots_that_cannot_be_read_are_an_error_that_says_so() {
    for (pem, reason) in [
        ("", "no certificate in PEM form was found"),
        ("a certificate", "no certificate in PEM form was found"),
        (
            "-----BEGIN CERTIFICATE-----\nno base64!\n-----END CERTIFICATE-----\n",
            "base64",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "BadEncoding",
        ),
    ] {
        let error = HyperTransport::builder()
            .extra_roots(pem)
            .build()
            .unwrap_err();
        assert_eq!(error.sent(), Sent::No);
        let source = error.source().unwrap().to_string();
        assert!(source.contains(reason), "{source}");
    }
}

// ----------------------------------------------------------------- what it speaks

#[tokio::test]
async fn http2_is_spoken_where_the_server_offers_it() {
    let authority = Authority::new();
    for (offered, expected) in [
        (&["h2", "http/1.1"][..], Version::HTTP_2),
        (&["http/1.1"], Version::HTTP_11),
        (&[], Version::HTTP_11),
    ] {
        let server = TlsServer::start(authority.issue("127.0.0.1"), offered).await;
        let version = ask(&trusting(&authority), &server.url()).await.unwrap();
        assert_eq!(version, expected, "{offered:?}");
    }
}

#[tokio::test]
async fn http1_is_spoken_where_the_caller_wants_nothing_else() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.issue("127.0.0.1"), &["h2", "http/1.1"]).await;
    let builder = HyperTransport::builder().extra_roots(authority.pem());
    let transport = builder.http1_only().build().unwrap();
    let version = ask(&transport, &server.url()).await.unwrap();
    assert_eq!(version, Version::HTTP_11);
}

#[tokio::test]
async fn many_requests_share_one_connection_over_http2() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.issue("127.0.0.1"), &["h2"]).await;
    let transport = trusting(&authority);
    // The first one finds out that it is HTTP/2.
    ask(&transport, &server.url()).await.unwrap();
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let (transport, url) = (transport.clone(), server.url());
            tokio::spawn(async move { ask(&transport, &url).await.unwrap() })
        })
        .collect();
    for asked in asking {
        assert_eq!(asked.await.unwrap(), Version::HTTP_2);
    }
    assert_eq!((server.connections(), server.requests()), (1, 51));
}

#[tokio::test]
async fn a_plain_url_is_spoken_to_in_plain() {
    let server = Server::start().await;
    let transport = trusting(&Authority::new());
    let url = server.url();
    let asking = transport.send(Request::get(&url).body(Bytes::new()).unwrap());
    let steps = [
        crate::server::Step::ReadHead,
        crate::server::Step::Write(ANSWER),
    ];
    let (answer, _) = within(async { tokio::join!(asking, server.serve(&steps)) }).await;
    assert_eq!(answer.unwrap().status(), 200);
}
