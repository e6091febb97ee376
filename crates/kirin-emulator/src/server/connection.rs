//! One TCP connection.

use std::{pin::pin, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpStream, sync::watch};

use super::{
    routes,
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
        async move { routes::answer(&service, request, &end).await }
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::{
        EmulatorConfig, Pace,
        server::{
            clock::{Clock, measured, pause},
            listener,
        },
    };

    const PAGE: &str = "GET /_emulator/page.js HTTP/1.1\r\nhost: localhost\r\n\r\n";

    /// How long a connection is served on which this is sent. The time is that of tokio, which passes while
    /// everyone waits.
    async fn served(sent: &str, reader: impl AsyncFnOnce(TcpStream)) -> Duration {
        let clock = Clock::start(Pace::Real);
        let service = Arc::new(Service::new(EmulatorConfig::new(), clock));
        let listener = listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        client.write_all(sent.as_bytes()).await.unwrap();
        let (_stop, stopped) = watch::channel(false);
        let served = measured(serve(stream, service, stopped));
        tokio::join!(served, reader(client)).0
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_10_seconds_and_a_body_30() {
        let create =
            "POST /model/v1/generation HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{";
        for (sent, seconds) in [("", 10), ("GET / HT", 10), (PAGE, 10), (create, 30)] {
            let wait = async |mut client: TcpStream| {
                let mut rest = Vec::new();
                client.read_to_end(&mut rest).await.unwrap();
            };
            assert_eq!(served(sent, wait).await.as_secs(), seconds, "{sent:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_reads_loses_the_connection_after_30_seconds() {
        let held = served(&PAGE.repeat(500), async |mut client| {
            pause(Duration::from_secs(3600)).await;
            let mut rest = Vec::new();
            let reset = client.read_to_end(&mut rest).await.unwrap_err();
            assert_eq!(reset.kind(), std::io::ErrorKind::ConnectionReset);
        })
        .await;
        assert_eq!(held.as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_four_kilobytes_a_second_is_answered_to_the_end() {
        let held = served(&PAGE.repeat(500), async |mut client| {
            let mut piece = [0; 4096];
            while client.read(&mut piece).await.unwrap() > 0 {
                pause(Duration::from_secs(1)).await;
            }
        })
        .await;
        assert!(held > Duration::from_secs(300), "{held:?}");
    }
}
