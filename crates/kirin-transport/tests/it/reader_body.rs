//! Bodies whose bytes come from a reader that blocks.

use std::{
    error::Error,
    io::{self, Cursor, ErrorKind, Read},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use http_body::Body as _;
use kirin_transport::{Body, SendWatch, Sent, TransportError, TransportErrorKind};

const LIMIT: Duration = Duration::from_secs(10);

#[expect(clippy::disallowed_methods, reason = "a test that hangs must end")]
async fn collect(body: Body) -> Result<bytes::Bytes, TransportError> {
    let collected = tokio::time::timeout(LIMIT, body.collect(64 << 20)).await;
    collected.expect("the body comes to an end")
}

/// A reader that is a function.
struct Reading<F>(F);

impl<F: FnMut(&mut [u8]) -> io::Result<usize>> Read for Reading<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (self.0)(buffer)
    }
}

/// One that gives these, one after the other, and then its end.
fn steps(steps: Vec<io::Result<&'static str>>) -> impl Read + Send + 'static {
    let mut steps = steps.into_iter();
    Reading(move |buffer: &mut [u8]| {
        let text = steps.next().unwrap_or(Ok(""))?;
        buffer[..text.len()].copy_from_slice(text.as_bytes());
        Ok(text.len())
    })
}

#[tokio::test]
async fn a_reader_is_a_body() {
    for length in [0, 1, 16 << 10, (16 << 10) + 1, 1 << 20] {
        let content: Vec<u8> = (0..length).map(|number| number as u8).collect();
        let body = Body::from_reader(Cursor::new(content.clone()));
        assert_eq!(collect(body).await.unwrap(), content);
        let body = Body::from_reader_with_length(Cursor::new(content.clone()), length);
        assert_eq!(body.size_hint().exact(), Some(length));
        assert_eq!(collect(body).await.unwrap(), content);
    }
}

#[tokio::test]
async fn a_reader_that_ends_before_its_length_is_an_error() {
    for came in ["", "h", "hell"] {
        let body = Body::from_reader_with_length(Cursor::new(came), 5);
        let error = collect(body).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Body);
        let source = error.source().unwrap();
        let expected = format!("the body ended {} bytes before its length", 5 - came.len());
        assert_eq!(source.to_string(), expected);
        let source = source.downcast_ref::<io::Error>().unwrap();
        assert_eq!(source.kind(), ErrorKind::UnexpectedEof);
    }
}

/// A connection that stays open has no end behind the body.
#[tokio::test]
async fn nothing_is_read_beyond_the_length() {
    let mut left = 5;
    let reader = Reading(move |buffer: &mut [u8]| {
        assert!(left > 0, "read beyond the length");
        let count = buffer.len().min(left).min(2);
        buffer[..count].fill(b'x');
        left -= count;
        Ok(count)
    });
    let mut body = Body::from_reader_with_length(reader, 5);
    let mut read = 0;
    while let Some(piece) = body.next().await {
        read += piece.unwrap().len();
    }
    assert_eq!(read, 5);
    assert!(body.is_end_stream());
    assert!(body.next().await.is_none());
}

#[tokio::test]
async fn the_error_of_a_reader_is_kept() {
    let lost = io::Error::new(ErrorKind::ConnectionReset, "reset by peer");
    let mut body = Body::from_reader(steps(vec![Ok("hel"), Err(lost)]));
    assert_eq!(body.next().await.unwrap().unwrap(), "hel");
    let error = body.next().await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (TransportErrorKind::Body, Sent::Maybe)
    );
    let source = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
    assert_eq!(source.kind(), ErrorKind::ConnectionReset);
    assert_eq!(source.to_string(), "reset by peer");
    assert!(body.next().await.is_none(), "an error is the end");
}

#[tokio::test]
async fn a_signal_is_no_end() {
    let interrupted = io::Error::from(ErrorKind::Interrupted);
    let body = Body::from_reader(steps(vec![Ok("he"), Err(interrupted), Ok("llo")]));
    assert_eq!(collect(body).await.unwrap(), "hello");
}

#[tokio::test]
async fn a_reader_that_panics_is_an_error() {
    for length in [None, Some(5)] {
        let mut begun = false;
        let reader = Reading(move |buffer: &mut [u8]| {
            assert!(!std::mem::replace(&mut begun, true), "a bug of the reader");
            buffer[0] = b'h';
            Ok(1)
        });
        let body = match length {
            None => Body::from_reader(reader),
            Some(length) => Body::from_reader_with_length(reader, length),
        };
        let error = collect(body).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Body);
        let source = error.source().unwrap().to_string();
        assert_eq!(source, "the reader of the body panicked");
    }
}

/// A reader that says it gave more than there was room for.
#[tokio::test]
async fn a_reader_that_lies_is_an_error() {
    let body = Body::from_reader(Reading(|buffer: &mut [u8]| Ok(buffer.len() + 1)));
    collect(body).await.unwrap_err();
}

#[tokio::test]
async fn a_reader_is_read_one_piece_ahead_at_most() {
    let reads = Arc::new(AtomicUsize::new(0));
    let (counted, (began, begins)) = (Arc::clone(&reads), mpsc::channel());
    let reader = Reading(move |buffer: &mut [u8]| {
        counted.fetch_add(1, Ordering::SeqCst);
        let _ = began.send(());
        buffer.fill(b'x');
        Ok(buffer.len())
    });
    let mut body = Body::from_reader(reader);
    assert_eq!(reads.load(Ordering::SeqCst), 0, "nobody has asked yet");
    let piece = body.next().await.unwrap().unwrap();
    assert!(piece.len() <= 16 << 10);
    // The one that was taken, one that waits, and one that is being handed over.
    for _ in 0..3 {
        begins.recv_timeout(LIMIT).unwrap();
    }
    assert!(begins.recv_timeout(Duration::from_millis(100)).is_err());
    assert_eq!(reads.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_reader_is_dropped_with_its_body() {
    struct Dropped(mpsc::Sender<()>);
    impl Read for Dropped {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            Ok(buffer.len())
        }
    }
    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    for is_begun in [false, true] {
        let (sender, dropped) = mpsc::channel();
        let mut body = Body::from_reader(Dropped(sender));
        if is_begun {
            body.next().await.unwrap().unwrap();
        }
        assert!(dropped.try_recv().is_err());
        drop(body);
        dropped.recv_timeout(LIMIT).unwrap();
    }
}

/// The reader waits for the test: whoever polls the body must not.
#[tokio::test]
async fn a_reader_that_blocks_stops_nobody_else() {
    let (go_on, waits) = mpsc::channel::<&'static str>();
    let reader = Reading(move |buffer: &mut [u8]| {
        let text = waits.recv_timeout(LIMIT).map_err(io::Error::other)?;
        buffer[..text.len()].copy_from_slice(text.as_bytes());
        Ok(text.len())
    });
    let other = async {
        tokio::task::yield_now().await;
        go_on.send("hello").unwrap();
        go_on.send("").unwrap();
    };
    let (collected, ()) = tokio::join!(collect(Body::from_reader(reader)), other);
    assert_eq!(collected.unwrap(), "hello");
}

#[test]
fn a_watched_body_is_taken_when_it_is_read() {
    let watch = SendWatch::new();
    let mut body = watch.announce("hello".into());
    assert!(!watch.is_taken());
    assert_eq!(body.read(&mut [0; 2]).unwrap(), 2);
    assert!(watch.is_taken());
    assert!(!watch.withdraw());
    let mut rest = String::new();
    body.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "llo");
}

#[test]
fn a_watched_body_that_was_withdrawn_is_not_read() {
    let watch = SendWatch::new();
    let mut body = watch.announce("hello".into());
    assert!(watch.withdraw());
    let error = body.read(&mut [0; 2]).unwrap_err();
    let inner = error.get_ref().unwrap();
    let inner = inner.downcast_ref::<TransportError>().unwrap();
    assert_eq!(
        (inner.kind(), inner.sent()),
        (TransportErrorKind::Withdrawn, Sent::No)
    );
    assert!(!watch.is_taken());
}
