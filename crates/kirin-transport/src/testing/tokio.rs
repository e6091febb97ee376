//! Streams that break.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use ::tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};

use super::fault::{Direction, FaultPlan, Lane, Next};

/// The client's end of a stream on which a [`FaultPlan`] is carried out.
///
/// Over a pipe in memory, with the server's end in the hands of the test:
///
/// ```
/// use kirin_transport::{HyperTransport, testing::{Direction, Fault, FaultPipe, FaultPlan}};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let plan = FaultPlan::default().with(Direction::ToClient, Fault::Cut(17));
/// let transport = HyperTransport::builder().build_over(move |_url| {
///     let (client, server) = FaultPipe::duplex(&plan);
///     tokio::spawn(async move { drop(server) });
///     std::future::ready(Ok(client))
/// });
/// # let _ = transport;
/// # });
/// ```
///
/// Over TCP:
///
/// ```
/// use kirin_transport::{HyperTransport, testing::{FaultPipe, FaultPlan}};
/// use tokio::net::TcpStream;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let transport = HyperTransport::builder().build_over(|url| async move {
///     let address = url.authority().map(|it| it.to_string()).unwrap_or_default();
///     let stream = TcpStream::connect(address).await?;
///     Ok(FaultPipe::new(stream, &FaultPlan::from_seed(7, 1000)))
/// });
/// # let _ = transport;
/// # });
/// ```
#[derive(Debug)]
pub struct FaultPipe<S> {
    inner: S,
    to_client: Lane,
    to_server: Lane,
    is_reset: bool,
}

impl<S> FaultPipe<S> {
    /// Carries out `plan` on `inner`.
    pub fn new(inner: S, plan: &FaultPlan) -> Self {
        Self {
            inner,
            to_client: plan.lane(Direction::ToClient),
            to_server: plan.lane(Direction::ToServer),
            is_reset: false,
        }
    }

    fn reset(&mut self) -> io::Error {
        self.is_reset = true;
        io::ErrorKind::ConnectionReset.into()
    }
}

impl FaultPipe<DuplexStream> {
    /// A pipe in memory: the client's end, with the faults, and the server's. Each direction holds
    /// 64 KiB that nobody has read.
    pub fn duplex(plan: &FaultPlan) -> (Self, DuplexStream) {
        let (client, server) = duplex(64 << 10);
        (Self::new(client, plan), server)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FaultPipe<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let pipe = &mut *self;
        if pipe.is_reset {
            return Poll::Ready(Err(pipe.reset()));
        }
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let (room, mask) = match pipe.to_client.next(buffer.remaining()) {
            Next::Bytes(room) => (room, 0),
            Next::Corrupted(mask) => (1, mask),
            Next::Cut => return Poll::Ready(Ok(())),
            Next::Reset => return Poll::Ready(Err(pipe.reset())),
            Next::Stall => return Poll::Pending,
        };
        let mut piece = vec![0; room];
        let mut piece = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut pipe.inner).poll_read(context, &mut piece))?;
        for byte in piece.filled_mut() {
            *byte ^= mask;
        }
        pipe.to_client.pass(piece.filled().len());
        buffer.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FaultPipe<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let pipe = &mut *self;
        if pipe.is_reset {
            return Poll::Ready(Err(pipe.reset()));
        }
        let Some(first) = bytes.first() else {
            return Poll::Ready(Ok(0));
        };
        let corrupted;
        let passing = match pipe.to_server.next(bytes.len()) {
            Next::Bytes(room) => &bytes[..room],
            Next::Corrupted(mask) => {
                corrupted = [first ^ mask];
                &corrupted[..]
            }
            Next::Cut => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            Next::Reset => return Poll::Ready(Err(pipe.reset())),
            Next::Stall => return Poll::Pending,
        };
        let count = ready!(Pin::new(&mut pipe.inner).poll_write(context, passing))?;
        pipe.to_server.pass(count);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
