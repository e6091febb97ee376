//! The bytes of a connection, and the faults that are injected on their way out.

use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::clock;

/// How long nothing of an answer may be taken. Who never reads must not hold a place for ever.
const WRITE_TIME: Duration = Duration::from_secs(30);

/// A connection that can be told to end badly.
pub(super) struct Stream {
    stream: TcpStream,
    end: End,
    /// Ready when nothing was taken for [`WRITE_TIME`].
    stalled: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// How a connection is to end; shared with whoever answers its requests.
#[derive(Clone, Debug, Default)]
pub(super) struct End(Arc<Mutex<Ending>>);

#[derive(Clone, Copy, Debug, Default)]
enum Ending {
    /// As its two sides like.
    #[default]
    Open,
    /// At this byte of the answer that comes next.
    Cut(Cut),
    /// With a reset.
    Reset,
}

/// How much of an answer may still pass.
#[derive(Clone, Copy, Debug)]
struct Cut {
    /// How many bytes of the end of the head were seen last; `None` behind it, or if the head
    /// counts too.
    head: Option<usize>,
    left: u64,
}

/// What ends the head of an answer.
const HEAD_END: &[u8] = b"\r\n\r\n";

impl Stream {
    pub(super) fn new(stream: TcpStream, end: End) -> Self {
        Self {
            stream,
            end,
            stalled: None,
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Stream")
            .field("stream", &self.stream)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

impl End {
    /// Nothing happens to the answer that comes next.
    pub(super) fn open(&self) {
        *self.ending() = Ending::Open;
    }

    /// The answer that comes next ends at this byte, its head included.
    pub(super) fn cut_at(&self, byte: u64) {
        let (head, left) = (None, byte);
        *self.ending() = Ending::Cut(Cut { head, left });
    }

    /// The answer that comes next ends at this byte of its body.
    pub(super) fn cut_body_at(&self, byte: u64) {
        let (head, left) = (Some(0), byte);
        *self.ending() = Ending::Cut(Cut { head, left });
    }

    /// The connection is reset as soon as it is dropped.
    pub(super) fn reset(&self) {
        *self.ending() = Ending::Reset;
    }

    fn ending(&self) -> MutexGuard<'_, Ending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many of these bytes may pass.
    fn allowed(&self, bytes: &[u8]) -> usize {
        match *self.ending() {
            Ending::Open | Ending::Reset => bytes.len(),
            Ending::Cut(mut cut) => bytes.iter().take_while(|byte| cut.pass(**byte)).count(),
        }
    }

    /// These bytes have passed.
    fn passed(&self, bytes: &[u8]) {
        if let Ending::Cut(cut) = &mut *self.ending() {
            bytes.iter().for_each(|byte| {
                cut.pass(*byte);
            });
        }
    }
}

impl Cut {
    /// Whether this byte may pass, which it then has.
    fn pass(&mut self, byte: u8) -> bool {
        match self.head {
            Some(seen) => {
                let seen = match byte == HEAD_END[seen] {
                    true => seen + 1,
                    // A carriage return begins an end again.
                    false => usize::from(byte == HEAD_END[0]),
                };
                self.head = (seen < HEAD_END.len()).then_some(seen);
                true
            }
            None if self.left == 0 => false,
            None => {
                self.left -= 1;
                true
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

/// It has no vectored writes, so hyper puts a small answer into one buffer: that is one piece to
/// count, and takes less time than two.
impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let allowed = self.end.allowed(bytes);
        if allowed == 0 && !bytes.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let written = match Pin::new(&mut self.stream).poll_write(context, &bytes[..allowed]) {
            Poll::Ready(written) => written?,
            Poll::Pending => {
                let stalled = self
                    .stalled
                    .get_or_insert_with(|| Box::pin(clock::pause(WRITE_TIME)));
                ready!(stalled.as_mut().poll(context));
                self.stalled = None;
                // The system would go on offering what it still holds.
                self.end.reset();
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        };
        self.stalled = None;
        self.end.passed(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if matches!(*self.end.ending(), Ending::Reset) {
            // If the system refuses, the connection is closed instead, which is an end too.
            let _ = self.stream.set_zero_linger();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(end: &End, bytes: &[u8]) -> usize {
        let allowed = end.allowed(bytes);
        end.passed(&bytes[..allowed]);
        allowed
    }

    #[test]
    fn an_answer_is_cut_at_its_byte_in_whatever_pieces_it_comes() {
        let answer = b"HTTP/1.1 200 OK\r\na: b\r\n\r\n0123456789";
        let head = answer.len() - 10;
        for piece in 1..=answer.len() {
            let check = |set: &dyn Fn(&End), expected| {
                let end = End::default();
                set(&end);
                let passed: usize = answer.chunks(piece).map(|bytes| passes(&end, bytes)).sum();
                assert_eq!(passed, expected, "pieces of {piece}");
            };
            for byte in 0..answer.len() {
                check(&|end| end.cut_at(byte as u64), byte);
            }
            for byte in 0..10 {
                check(&|end| end.cut_body_at(byte as u64), head + byte);
            }
            check(&End::open, answer.len());
        }
    }

    #[test]
    fn a_head_ends_only_where_it_ends() {
        let end = End::default();
        end.cut_body_at(0);
        assert_eq!(passes(&end, b"a\r\n\r\r\nb\r\r\n\r\nc"), 12);
    }
}
