//! What the transport says when a connection breaks, over pipes in memory that count every byte.

mod connecting;
mod http2;
pub(crate) mod offsets;
mod withdrawn;

use bytes::Bytes;
use http::Request;
use kirin_transport::{
    HyperTransport, HyperTransportBuilder, Sent, Transport, TransportErrorKind,
    testing::{FaultPipe, FaultPlan},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    sync::mpsc,
};

use crate::server::ANSWER;

/// The server's ends of the pipes that a transport opens.
type ServerEnds = mpsc::UnboundedReceiver<DuplexStream>;

/// A transport over pipes on which `plan` is carried out.
fn over_pipes(builder: HyperTransportBuilder, plan: FaultPlan) -> (HyperTransport, ServerEnds) {
    let (servers, accepted) = mpsc::unbounded_channel();
    let transport = builder.build_over(move |_url| {
        let (client, server) = FaultPipe::duplex(&plan);
        // A test that is over takes no more connections.
        let _ = servers.send(server);
        std::future::ready(Ok(client))
    });
    (transport, accepted)
}

fn http1() -> HyperTransportBuilder {
    HyperTransport::builder().http1_only()
}

const CREATE: &str = r#"{"prompt":"a paper boat"}"#;

fn create() -> Request<Bytes> {
    create_of(Bytes::from_static(CREATE.as_bytes()))
}

fn create_of(body: Bytes) -> Request<Bytes> {
    let request = Request::post("http://a.test/v1/create");
    request.body(body).unwrap()
}

/// The server closes a kept connection in the moment before the next request: too late for hyper
/// to look, and early enough that not a byte is written. hyper hands the request back, and would
/// send it again by itself if it were let: it is the caller who decides.
#[tokio::test]
async fn a_request_for_a_dead_connection_is_handed_back_and_not_repeated() {
    let (transport, mut accepted) = over_pipes(http1(), FaultPlan::default());
    let serving = async {
        let mut server = accepted.recv().await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(CREATE.as_bytes()) {
            read.push(server.read_u8().await.unwrap());
        }
        server.write_all(ANSWER).await.unwrap();
        server
    };
    let asking = async {
        let response = transport.send(create()).await.unwrap();
        response.into_body().collect(1024).await.unwrap()
    };
    let (answer, server) = tokio::join!(asking, serving);
    assert_eq!(answer, "{}");
    // Time for hyper to keep the connection.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }

    drop(server);
    let error = tokio::select! {
        second = transport.send(create()) => second.unwrap_err(),
        _ = accepted.recv() => panic!("the request was sent again"),
    };
    assert_eq!(error.kind(), TransportErrorKind::Closed, "{error:?}");
    assert_eq!(error.sent(), Sent::No, "{error:?}");
}
