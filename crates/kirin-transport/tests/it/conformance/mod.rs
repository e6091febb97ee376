//! The conformance suite: our transports pass it, and one that breaks a clause is caught.

mod broken;

use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use kirin_transport::{
    HyperTransport, Transport,
    conformance::{self, Clause, Peer},
    read_hyper_error,
    reqwest::ReqwestTransport,
    tower::{TowerTransport, TransportService},
};

use crate::certificates::Authority;

async fn check(transport: &dyn Transport, peer: &Peer) {
    let report = conformance::check(transport, peer).await;
    assert!(report.is_conforming(), "{peer:?}\n{report}");
    for clause in Clause::ALL {
        let cases = report.findings().iter().filter(|it| it.clause == clause);
        assert!(cases.count() >= 2, "{clause}: hardly tested");
    }
}

fn tls(peer: Peer) -> (Peer, String) {
    let authority = Authority::new();
    let server = authority.issue("127.0.0.1");
    let peer = peer.with_tls(server.certificate, server.private_key);
    (peer.unwrap(), authority.pem())
}

#[tokio::test]
async fn hyper_over_http1() {
    check(&HyperTransport::plain(), &Peer::http1()).await;
}

#[tokio::test]
async fn hyper_over_http2() {
    let transport = HyperTransport::builder().http2_only().build_plain();
    check(&transport, &Peer::http2()).await;
}

#[tokio::test]
async fn hyper_over_http1_and_tls() {
    let (peer, root) = tls(Peer::http1());
    let transport = HyperTransport::builder().extra_roots(root).build();
    check(&transport.unwrap(), &peer).await;
}

/// The transport does not know that it will speak HTTP/2: the handshake says so.
#[tokio::test]
async fn hyper_over_http2_and_tls() {
    let (peer, root) = tls(Peer::http2());
    let transport = HyperTransport::builder().extra_roots(root).build();
    check(&transport.unwrap(), &peer).await;
}

#[cfg(feature = "ring")]
#[tokio::test]
async fn hyper_over_tls_with_ring() {
    let (peer, root) = tls(Peer::http2());
    let transport = HyperTransport::builder().extra_roots(root);
    check(&transport.build_with_ring().unwrap(), &peer).await;
}

#[tokio::test]
async fn a_tower_service_over_http1() {
    let client = Client::builder(TokioExecutor::new())
        .http1_max_buf_size(64 << 10)
        .build_http::<Full<bytes::Bytes>>();
    let transport = TowerTransport::new(client).read_errors(read_hyper_error);
    check(&transport, &Peer::http1()).await;
}

#[tokio::test]
async fn a_tower_service_over_http2() {
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http::<Full<bytes::Bytes>>();
    let transport = TowerTransport::new(client).read_errors(read_hyper_error);
    check(&transport, &Peer::http2()).await;
}

/// There and back again: nothing of what an error says gets lost on the way.
#[tokio::test]
async fn a_transport_as_a_tower_service_as_a_transport() {
    let service = TransportService::new(HyperTransport::plain());
    let transport = TowerTransport::<_, bytes::Bytes>::new(service);
    check(&transport, &Peer::http1()).await;
}

/// Without the roots of the operating system, which a bare container lacks.
fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder().tls_certs_only([])
}

#[tokio::test]
async fn streams_of_ones_own() {
    let transport = HyperTransport::builder().build_over(|url| async move {
        let address = url.authority().unwrap().to_string();
        tokio::net::TcpStream::connect(address).await
    });
    check(&transport, &Peer::http1()).await;
}

#[tokio::test]
async fn reqwest_over_http1() {
    let transport = ReqwestTransport::new(builder);
    check(&transport.unwrap(), &Peer::http1()).await;
}

#[tokio::test]
async fn reqwest_over_http2() {
    let transport = ReqwestTransport::new(|| builder().http2_prior_knowledge());
    check(&transport.unwrap(), &Peer::http2()).await;
}
