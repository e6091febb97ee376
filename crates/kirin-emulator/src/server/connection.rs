//! One TCP connection.

use std::{pin::pin, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpStream, sync::watch};

use super::{
    service::Service,
    stream::{End, Stream},
};

/// How long a head may take to arrive, and how long a connection may lie idle between two.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// Longest head of a request, in bytes.
const HEAD_BYTES: usize = 64 * 1024;

/// Serves the requests of a connection until it ends or the server stops.
pub(super) async fn serve(
    stream: TcpStream,
    service: Arc<Service>,
    mut stopped: watch::Receiver<bool>,
) {
    // Answers are small; without this they would wait for an acknowledgement. It is no harm if
    // the system refuses.
    let _ = stream.set_nodelay(true);
    let end = End::default();
    let stream = Stream::new(stream, end.clone());
    let mut reloads = service.watch_reloads();
    let answer = service_fn(move |request| {
        let (service, end) = (Arc::clone(&service), end.clone());
        async move { service.answer(request, &end).await }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), answer)
    );
    // How a connection ends is its caller's affair: the error has no reader here.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => {}
        _ = reloads.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
