//! What hyper can do at most: a server that always answers the same.

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use super::{Result, until_stdin_ends};

/// Prints where it is, and answers with this body until nobody holds its standard input.
pub(super) async fn serve(request_id: &str, body: &str) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?);
    let (request_id, body) = (
        HeaderValue::from_str(request_id)?,
        Bytes::from(body.to_owned()),
    );
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (request_id, body) = (request_id.clone(), body.clone());
            let answer = service_fn(move |_: Request<Incoming>| {
                let mut response = Response::new(Full::new(body.clone()));
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                headers.insert("x-request-id", request_id.clone());
                async { Ok::<_, hyper::Error>(response) }
            });
            // As the emulator has it; without it an answer would wait for an acknowledgement.
            let _ = stream.set_nodelay(true);
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(connection);
        }
    });
    until_stdin_ends().await
}
