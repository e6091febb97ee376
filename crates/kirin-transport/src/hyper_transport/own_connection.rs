//! Connections for creates: over HTTP/1.1 one for each, which is reset when it is given up.
//!
//! What the kernel holds of a request when its connection is closed, it still delivers, with its
//! own patience; a create that was given up would be charged later. A reset throws it away.

use std::{
    error::Error,
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Extensions, Uri};
use http_body::{Body, Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection, HttpConnector},
    rt::TokioIo,
};
use socket2::SockRef;
use tokio::net::TcpStream;
use tower_service::Service;

/// What is known of a create's connection. It begins with a create on it, so that one whose program
/// is killed is reset too.
#[derive(Clone, Debug, Default)]
pub(super) struct Link(Arc<AtomicU8>);

const CREATE_ON_IT: u8 = 0;
const ANSWERED: u8 = 1;
/// It speaks HTTP/2, which ends a stream without its connection.
const SHARED: u8 = 2;

impl Link {
    pub(super) fn is_answered(&self) {
        self.change(CREATE_ON_IT, ANSWERED);
    }

    fn is_given_up(&self) {
        self.change(ANSWERED, CREATE_ON_IT);
    }

    fn is_shared(&self) {
        self.change(CREATE_ON_IT, SHARED);
    }

    fn change(&self, from: u8, to: u8) {
        let _ = self
            .0
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
    }

    fn closes_in_peace(&self) -> bool {
        self.0.load(Ordering::Acquire) != CREATE_ON_IT
    }
}

/// Opens TCP connections, and those for creates so that a close is a reset.
#[derive(Clone)]
pub(super) struct Tcp {
    pub(super) connector: HttpConnector,
    pub(super) for_creates: bool,
}

impl Service<Uri> for Tcp {
    type Response = Socket;
    type Error = <HttpConnector as Service<Uri>>::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Socket, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.connector.call(uri);
        let for_creates = self.for_creates;
        Box::pin(async move {
            let stream = connecting.await?;
            Ok(match for_creates {
                true => Socket::for_a_create(stream),
                false => Socket { stream, link: None },
            })
        })
    }
}

/// A TCP connection.
pub(super) struct Socket {
    stream: TokioIo<TcpStream>,
    link: Option<Link>,
}

impl Socket {
    fn for_a_create(stream: TokioIo<TcpStream>) -> Self {
        let socket = Self {
            stream,
            link: Some(Link::default()),
        };
        socket.close_by(Close::Reset);
        socket
    }

    /// A socket that refuses the option closes as sockets do, which is what it would do anyway.
    fn close_by(&self, close: Close) {
        let linger = match close {
            Close::Goodbye => None,
            Close::Reset => Some(Duration::ZERO),
        };
        let _ = SockRef::from(self.stream.inner()).set_linger(linger);
    }
}

enum Close {
    Goodbye,
    Reset,
}

impl Connection for Socket {
    fn connected(&self) -> Connected {
        match &self.link {
            Some(link) => self.stream.connected().extra(link.clone()),
            None => self.stream.connected(),
        }
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// hyper says goodbye to a connection whose create no one waits for, too. That would let the
    /// kernel deliver the rest, so it is left out, and the close that follows is a reset.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(link) = &self.link {
            if !link.closes_in_peace() {
                return Poll::Ready(Ok(()));
            }
            self.close_by(Close::Goodbye);
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}

/// A stream whose version of HTTP is known: one for a create is used once, unless it can be shared.
pub(super) struct Own<S> {
    pub(super) stream: S,
    pub(super) reuse: Reuse,
}

#[derive(Clone, Copy)]
pub(super) enum Reuse {
    Always,
    /// The connections of creates. Without the handshake's word they are taken for HTTP/1.1.
    IfHttp2,
    /// The connections of creates to a server that is known to speak HTTP/2.
    #[cfg(feature = "http2")]
    IsHttp2,
}

impl<S: Connection> Connection for Own<S> {
    fn connected(&self) -> Connected {
        let connected = self.stream.connected();
        let is_http2 = match self.reuse {
            Reuse::Always => return connected,
            Reuse::IfHttp2 => connected.is_negotiated_h2(),
            #[cfg(feature = "http2")]
            Reuse::IsHttp2 => true,
        };
        let mut extras = Extensions::new();
        connected.get_extras(&mut extras);
        match (is_http2, extras.get::<Link>()) {
            (true, Some(link)) => link.is_shared(),
            (true, None) => {}
            (false, _) => connected.poison(),
        }
        connected
    }
}

impl<S: Read + Unpin> Read for Own<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: Write + Unpin> Write for Own<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}

impl<S> fmt::Debug for Own<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Own")
    }
}

/// The answer's body; a create's own connection is reset if it is given up before its end.
pub(super) struct AnswerBody<B> {
    pub(super) body: B,
    pub(super) link: Option<Link>,
    /// Whether an end without HTTP/2's END_STREAM is a cut. Where the server resets the stream and says
    /// that this is no error, hyper 1.12.0 ends the body as if it were whole.
    pub(super) must_end_its_stream: bool,
}

impl<B> Body for AnswerBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let is_at_end = self.body.is_end_stream();
        if frame.is_none() || is_at_end {
            self.link = None;
        }
        Poll::Ready(match frame {
            None if self.must_end_its_stream && !is_at_end => {
                self.must_end_its_stream = false;
                Some(Err("the server reset the stream before its end".into()))
            }
            frame => frame.map(|frame| frame.map_err(Into::into)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for AnswerBody<B> {
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            link.is_given_up();
        }
    }
}

#[cfg(all(
    test,
    any(target_os = "android", target_os = "fuchsia", target_os = "linux")
))]
mod tests {
    use super::*;
    use crate::hyper_transport::{HyperTransport, builder::For};

    /// How long the kernel delivers, and how it closes.
    async fn options(
        requests: For,
        attempt_timeout: Duration,
    ) -> (Option<Duration>, Option<Duration>) {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let builder = HyperTransport::builder().attempt_timeout(attempt_timeout);
        let mut tcp = builder.settings.tcp(requests);
        let socket = tcp.call(url.parse().unwrap()).await.unwrap();
        let socket = SockRef::from(socket.stream.inner());
        (socket.tcp_user_timeout().unwrap(), socket.linger().unwrap())
    }

    #[tokio::test]
    async fn the_kernel_delivers_a_create_no_longer_than_its_attempt_and_closes_by_a_reset() {
        let limit = Duration::from_secs(17);
        let expected = (Some(limit), Some(Duration::ZERO));
        assert_eq!(options(For::Creates, limit).await, expected);
        assert_eq!(options(For::Others, limit).await, (None, None));
    }

    /// Whoever looks up a create of another process does not know what was set there.
    #[tokio::test]
    async fn no_attempt_is_so_long_that_the_kernel_delivers_a_create_after_half_a_minute() {
        for limit in [Duration::from_secs(90), Duration::MAX] {
            let (delivers, _) = options(For::Creates, limit).await;
            assert_eq!(delivers, Some(Duration::from_secs(30)), "{limit:?}");
        }
    }
}
