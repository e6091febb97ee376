//! The connections of creates: their own over HTTP/1.1, shared over HTTP/2, and reset when given up.

use std::{io, time::Duration};

use bytes::Bytes;
use http::Request;
use kirin_transport::{HyperTransport, PreferFreshConnection, SendWatch, Sent, Transport};
use tokio::{
    io::AsyncReadExt,
    net::{TcpSocket, TcpStream},
};

use crate::server::{ANSWER, Server, Step, ask, create, play, within};

fn create_fresh(url: &str) -> Request<Bytes> {
    let mut request = create(url);
    request.extensions_mut().insert(PreferFreshConnection);
    request
}

async fn turns() {
    for _ in 0..500 {
        tokio::task::yield_now().await;
    }
}

// ----------------------------------------------------------------- how a connection ends

/// A create is cut after the server's steps; how its connection ended then.
async fn end_after(steps: &[Step<'_>], request: Request<Bytes>, server: &Server) -> io::Result<()> {
    let transport = HyperTransport::plain();
    let sending = ask(&transport, request);
    let mut stream = within(async {
        tokio::select! {
            outcome = sending => panic!("no whole answer was sent: {outcome:?}"),
            stream = begin(server, steps) => stream,
        }
    })
    .await;
    // The future is dropped, and its transport lives on.
    let end = end(&mut stream).await;
    drop(transport);
    end
}

async fn begin(server: &Server, steps: &[Step<'_>]) -> TcpStream {
    let mut stream = server.accept().await;
    play(&mut stream, steps).await;
    // A future is not dropped before it could do what it was going to.
    turns().await;
    stream
}

/// Reads to the end: a goodbye, or a reset.
async fn end(stream: &mut TcpStream) -> io::Result<()> {
    within(stream.read_to_end(&mut Vec::new())).await.map(drop)
}

const HALF_AN_ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{";

#[tokio::test]
async fn the_connection_of_a_create_that_is_given_up_is_reset() {
    let head: &[Step<'_>] = &[Step::ReadHead];
    let request: &[Step<'_>] = &[Step::ReadRequest];
    let half: &[Step<'_>] = &[Step::ReadRequest, Step::Write(HALF_AN_ANSWER)];
    for steps in [head, request, half] {
        let server = Server::start().await;
        let end = end_after(steps, create_fresh(&server.url()), &server).await;
        let kind = end.expect_err("the server saw a goodbye").kind();
        assert_eq!(kind, io::ErrorKind::ConnectionReset, "{steps:?}");
        // Another request says goodbye. What it has not read, the kernel answers with a reset.
        if steps.len() == 1 {
            let server = Server::start().await;
            let end = end_after(steps, create(&server.url()), &server).await;
            end.expect("a goodbye");
        }
    }
}

#[tokio::test]
async fn the_connection_of_a_create_that_times_out_is_reset() {
    let server = Server::start().await;
    let builder = HyperTransport::builder().attempt_timeout(Duration::from_millis(100));
    let transport = builder.build_plain();
    let asking = ask(&transport, create_fresh(&server.url()));
    let serving = async {
        let mut stream = begin(&server, &[Step::ReadRequest]).await;
        end(&mut stream).await
    };
    let (outcome, end) = within(async { tokio::join!(asking, serving) }).await;
    assert_eq!(outcome.unwrap_err().sent(), Sent::Maybe);
    let kind = end.expect_err("the server saw a goodbye").kind();
    assert_eq!(kind, io::ErrorKind::ConnectionReset);
}

/// A runtime that ends takes its connections with it, and their creates.
#[test]
fn the_connection_of_a_create_is_reset_when_its_runtime_ends() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/v1/create", listener.local_addr().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let transport = HyperTransport::plain();
        tokio::spawn(async move { transport.send(create_fresh(&url)).await });
        turns().await;
    });
    let (mut stream, _) = listener.accept().unwrap();
    drop(runtime);
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let end = io::Read::read_to_end(&mut stream, &mut Vec::new());
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn the_connection_of_an_answered_create_ends_with_a_goodbye() {
    let server = Server::start().await;
    let transport = HyperTransport::plain();
    let asking = ask(&transport, create_fresh(&server.url()));
    let serving = begin(&server, &[Step::ReadRequest, Step::Write(ANSWER)]);
    let (outcome, mut stream) = within(async { tokio::join!(asking, serving) }).await;
    assert_eq!(outcome.unwrap().into_body().unwrap(), "{}");
    // It is not kept, though the transport is.
    end(&mut stream).await.expect("a goodbye");
    drop(transport);
}

// ----------------------------------------------------------------- what the kernel delivers

/// The server's own buffer is full, so the rest of a create that hyper has written waits in the
/// kernel of the client. When the client has given it up, it must not come.
#[tokio::test]
async fn the_kernel_delivers_nothing_of_a_create_that_was_given_up() {
    for (fresh, arrives) in [(true, false), (false, true)] {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = socket.listen(1).unwrap();
        let url = format!("http://{}/v1/create", listener.local_addr().unwrap());
        let mut request = create(&url).map(|_| Bytes::from(vec![b'x'; 200_000]));
        if fresh {
            request.extensions_mut().insert(PreferFreshConnection);
        }
        let transport = HyperTransport::plain();
        let watch = SendWatch::new();
        request.extensions_mut().insert(watch.clone());
        let sending = transport.send(request);
        let (mut stream, _) = within(async {
            tokio::select! {
                outcome = sending => panic!("nobody answers: {outcome:?}"),
                accepted = async {
                    watch.taken().await;
                    turns().await;
                    listener.accept().await
                } => accepted.unwrap(),
            }
        })
        .await;
        turns().await;
        let mut read = Vec::new();
        let end = within(stream.read_to_end(&mut read)).await;
        assert_eq!(
            read.len() > 200_000,
            arrives,
            "fresh: {fresh}, {} came",
            read.len()
        );
        assert_eq!(end.is_ok(), arrives, "{end:?}");
    }
}

// ----------------------------------------------------------------- shared over HTTP/2

/// Creates over TLS, where the handshake says which version of HTTP it is.
#[cfg(all(feature = "http2", feature = "rustls"))]
#[tokio::test]
async fn a_hundred_creates_share_one_connection_over_http2_and_take_a_hundred_over_http1() {
    for (offered, expected) in [("h2", 1), ("http/1.1", 100)] {
        let authority = crate::certificates::Authority::new();
        let server = crate::tls::TlsServer::start(authority.issue("127.0.0.1"), &[offered]).await;
        let builder = HyperTransport::builder().extra_roots(authority.pem());
        let transport = builder.build().unwrap();
        // Those that begin together before there is a connection open several: which version it
        // will be is not known yet.
        within(ask(&transport, create_fresh(&server.url())))
            .await
            .unwrap();
        let mut creates = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (transport, request) = (transport.clone(), create_fresh(&server.url()));
            creates.spawn(async move { ask(&transport, request).await.unwrap() });
        }
        within(creates.join_all()).await;
        for _ in 0..49 {
            within(ask(&transport, create_fresh(&server.url())))
                .await
                .unwrap();
        }
        assert_eq!(server.requests(), 100);
        assert_eq!(server.connections(), expected, "{offered}");
    }
}

/// Where the version is agreed, not even those that begin together open more than one.
#[cfg(feature = "http2")]
#[tokio::test]
async fn a_hundred_creates_at_once_share_one_connection_over_agreed_http2() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!("http://{}/v1/create", listener.local_addr().unwrap());
    let (connections, counted) = tokio::sync::watch::channel(0);
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.send_modify(|count| *count += 1);
            tokio::spawn(serve_http2(stream));
        }
    });
    let transport = HyperTransport::builder().http2_only().build_plain();
    let mut creates = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (transport, request) = (transport.clone(), create_fresh(&url));
        creates.spawn(async move { ask(&transport, request).await.unwrap() });
    }
    within(creates.join_all()).await;
    assert_eq!(*counted.borrow(), 1);
    serving.abort();
}

#[cfg(feature = "http2")]
async fn serve_http2(stream: TcpStream) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        let mut body = respond
            .send_response(http::Response::new(()), false)
            .unwrap();
        body.send_data(Bytes::from_static(b"{}"), true).unwrap();
    }
}
