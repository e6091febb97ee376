//! The watch of a request, without a transport: the body is taken or withdrawn, and never both.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use http_body::Body;
use kirin_transport::{SendWatch, Sent, TransportError, TransportErrorKind, WatchedBody};

fn announced(watch: &SendWatch) -> WatchedBody {
    watch.announce(Bytes::from_static(b"{}"))
}

/// The next piece of a body, which never waits.
fn next(body: &mut WatchedBody) -> Option<Result<Bytes, TransportError>> {
    let mut context = Context::from_waker(Waker::noop());
    match Pin::new(body).poll_frame(&mut context) {
        Poll::Ready(frame) => frame.map(|frame| frame.map(|it| it.into_data().unwrap())),
        Poll::Pending => panic!("the body waits"),
    }
}

/// What a watch says: announced, taken, withdrawn.
fn says(watch: &SendWatch) -> (bool, bool, bool) {
    (watch.is_announced(), watch.is_taken(), watch.is_withdrawn())
}

#[test]
fn a_body_is_taken_when_it_is_first_polled() {
    let watch = SendWatch::new();
    assert_eq!(says(&watch), (false, false, false));
    let mut body = announced(&watch);
    assert_eq!(says(&watch), (true, false, false));
    assert!(!body.is_end_stream());
    assert_eq!(says(&watch), (true, false, false), "a look takes nothing");

    assert_eq!(next(&mut body).unwrap().unwrap(), "{}");
    assert_eq!(says(&watch), (true, true, false));
    assert!(body.is_end_stream() && next(&mut body).is_none());
    assert!(!watch.withdraw());
    assert_eq!(says(&watch), (true, true, false));
}

/// A head that announces the length and a body that never comes are no whole request.
#[test]
fn a_body_that_was_withdrawn_keeps_its_length_and_is_an_error() {
    let watch = SendWatch::new();
    let mut body = announced(&watch);
    let clone = watch.clone();
    assert!(clone.withdraw(), "clones share one state");
    assert_eq!(says(&watch), (true, false, true));
    for _ in 0..2 {
        let error = next(&mut body).unwrap().unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Withdrawn);
        assert_eq!(error.sent(), Sent::No);
    }
    assert_eq!(body.size_hint().exact(), Some(2));
    assert!(!body.is_end_stream() && !watch.is_taken());
    // One who repeats the request gets nothing either.
    assert!(next(&mut announced(&watch)).unwrap().is_err());
}

#[test]
fn nothing_is_withdrawn_that_nobody_announced() {
    let watch = SendWatch::new();
    assert!(!watch.withdraw());
    assert_eq!(says(&watch), (false, false, false));
    assert_eq!(next(&mut announced(&watch)).unwrap().unwrap(), "{}");
}

#[test]
fn a_body_without_bytes_is_taken_at_once() {
    let watch = SendWatch::new();
    let mut body = watch.announce(Bytes::new());
    assert_eq!(says(&watch), (true, true, false));
    assert!(!watch.withdraw() && body.is_end_stream());
    assert!(next(&mut body).is_none());
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn whoever_waits_for_the_taking_is_woken_by_it() {
    let count = Arc::new(Count::default());
    let waker = count.clone().into();
    let mut context = Context::from_waker(&waker);
    let watch = SendWatch::new();
    let mut taken = std::pin::pin!(watch.taken());
    for _ in 0..3 {
        assert!(taken.as_mut().poll(&mut context).is_pending());
    }
    let mut body = announced(&watch);
    assert!(taken.as_mut().poll(&mut context).is_pending());
    let woken = count.0.load(Ordering::Relaxed);
    next(&mut body).unwrap().unwrap();
    assert_eq!(count.0.load(Ordering::Relaxed), woken + 1);
    assert!(taken.as_mut().poll(&mut context).is_ready());
}

/// Two threads at once: one takes, one withdraws.
#[test]
fn a_body_is_taken_or_withdrawn_and_never_both() {
    let outcomes = (0..500).map(|_| {
        let watch = SendWatch::new();
        let mut body = announced(&watch);
        let withdrawing = std::thread::spawn({
            let watch = watch.clone();
            move || watch.withdraw()
        });
        let came = next(&mut body).unwrap().is_ok();
        let withdrawn = withdrawing.join().unwrap();
        assert_ne!(came, withdrawn);
        assert_eq!(says(&watch), (true, came, withdrawn));
        came
    });
    assert!(outcomes.count() > 0);
}
