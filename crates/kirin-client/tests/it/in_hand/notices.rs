//! The end and the notices, which drive a generation together.

use std::{
    future::{IntoFuture, poll_fn},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response};
use kirin_client::{Client, ErrorKind, PollSchedule, machine::Notice};
use kirin_tests::canary;
use kirin_transport::{Body, TransportError};
use kirin_types::Task;
use tokio::time::timeout;

use super::{COMPLETED, CREATED, LONG, client, notices_of, story, without_id};
use crate::scripted::{Answer, Scripted, json, request, shown};

/// Whoever holds the stream reads it when it wants to: awaiting the end takes nothing from it.
#[tokio::test(start_paused = true)]
async fn awaiting_the_end_takes_no_notice_from_a_stream_that_is_held() {
    let all = notices_of(28);
    for by_reference in [false, true] {
        let mut generation = client(&story(28)).generate(request()).start();
        let mut notices = generation.notices();
        let ended = match by_reference {
            true => timeout(LONG, &mut generation).await,
            false => timeout(LONG, generation).await,
        };
        ended.unwrap().unwrap();
        let mut told = 0;
        while notices.next().await.is_some() {
            told += 1;
        }
        assert_eq!(told, all);
    }
}

/// Read before, beside and after one another, in one task or in two, with either of them left alone.
#[tokio::test(start_paused = true)]
async fn the_end_and_the_notices_drive_a_generation_together_and_alone() {
    let all = notices_of(20);
    let begin = || {
        let mut generation = client(&story(20)).generate(request()).start();
        (generation.notices(), generation)
    };
    let read = async |mut notices: kirin_client::Notices| {
        let mut told = 0;
        while notices.next().await.is_some() {
            told += 1;
        }
        told
    };

    let (notices, generation) = begin();
    assert_eq!(timeout(LONG, read(notices)).await.unwrap(), all, "alone");
    assert!(timeout(LONG, generation).await.unwrap().is_ok());

    let (notices, generation) = begin();
    let both = async { tokio::join!(read(notices), generation.into_future()) };
    let (told, ended) = timeout(LONG, both).await.unwrap();
    assert_eq!((told, ended.is_ok()), (all, true), "side by side");

    let (notices, generation) = begin();
    let reading = tokio::spawn(async move {
        let mut notices = notices;
        let mut told = 0;
        while notices.next().await.is_some() {
            told += 1;
        }
        told
    });
    let ending = tokio::spawn(generation.into_future());
    assert_eq!(
        timeout(LONG, reading).await.unwrap().unwrap(),
        all,
        "two tasks"
    );
    assert!(timeout(LONG, ending).await.unwrap().unwrap().is_ok());
}

/// What the one was waiting for, the other is woken by, when the one is gone.
#[tokio::test(start_paused = true)]
async fn whoever_is_left_of_those_who_drive_a_generation_goes_on_with_it() {
    for reader_is_left in [false, true] {
        let mut generation = client(&story(20)).generate(request()).start();
        let mut notices = generation.notices();
        let reading = tokio::spawn(async move { while notices.next().await.is_some() {} });
        let handle = tokio::spawn(async move {
            let _ = timeout(Duration::from_secs(12), &mut generation).await;
            match reader_is_left {
                // It is held, and not polled any more.
                true => tokio::time::sleep(LONG).await,
                false => drop(generation.await.unwrap()),
            }
        });
        tokio::time::sleep(Duration::from_secs(7)).await;
        match reader_is_left {
            true => timeout(LONG / 2, reading).await.unwrap().unwrap(),
            false => {
                reading.abort();
                timeout(LONG / 2, handle).await.unwrap().unwrap();
            }
        }
    }
}

/// Two streams: each tells all from its beginning on.
#[tokio::test(start_paused = true)]
async fn each_stream_tells_everything_from_its_beginning_on() {
    let mut generation = client(&story(5)).generate(request()).start();
    let mut first = generation.notices();
    timeout(LONG, generation.accepted()).await.unwrap().unwrap();
    let mut second = generation.notices();
    timeout(LONG, &mut generation).await.unwrap().unwrap();
    let (mut one, mut other) = (Vec::new(), Vec::new());
    while let Some(notice) = first.next().await {
        one.push(notice);
    }
    while let Some(notice) = second.next().await {
        other.push(notice);
    }
    assert_eq!(one.len(), notices_of(5));
    assert_eq!(one[2..], other);
    assert!(matches!(one[1], Notice::Accepted { .. }));
}

/// What nobody reads is bounded, whatever it waits for.
#[tokio::test(start_paused = true)]
async fn of_what_nobody_reads_the_latest_64_are_kept_for_the_first_stream() {
    let mut generation = client(&story(200)).generate(request()).forever().start();
    timeout(LONG, &mut generation).await.unwrap().unwrap();
    let mut notices = generation.notices();
    let mut told = Vec::new();
    while let Some(notice) = notices.next().await {
        told.push(notice);
    }
    assert_eq!(told.len(), 64);
    assert_eq!(told.last(), Some(&Notice::Finished));
    assert_eq!(generation.notices().next().await, None, "they were given");
}

/// Who drops a generation stops it, also where somebody still listens: its create is free, and nothing more
/// is sent.
#[tokio::test(start_paused = true)]
async fn a_stream_that_outlives_its_generation_ends_and_holds_nothing_back() {
    for is_polled in [false, true] {
        let transport = Scripted::new([Answer::Never, json(200, COMPLETED)]);
        let client = client(&transport);
        let mut generation = client.generate(request()).start();
        let mut notices = generation.notices();
        assert!(matches!(
            notices.next().await,
            Some(Notice::Submitting { .. })
        ));
        let reading = match is_polled {
            true => {
                let reading = tokio::spawn(async move { notices.next().await });
                tokio::task::yield_now().await;
                drop(generation);
                reading
            }
            false => {
                drop(generation);
                tokio::spawn(async move { notices.next().await })
            }
        };
        assert_eq!(timeout(LONG, reading).await.unwrap().unwrap(), None);
        assert_eq!(transport.calls().len(), 1);
        let task = timeout(LONG, client.generate(request())).await.unwrap();
        assert_eq!(task.unwrap().id().as_str(), "task-1");
        assert!(transport.is_used_up());
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_awaited_by_reference_can_be_awaited_again() {
    let mut generation = client(&story(0)).generate(request()).start();
    let first = timeout(LONG, &mut generation).await.unwrap().unwrap();
    let second = timeout(LONG, &mut generation).await.unwrap().unwrap();
    assert_eq!(first, second);
    assert_eq!(generation.await.unwrap(), first);

    let refused = Scripted::new([json(200, r#"{"id":"task-1","status":"failed"}"#)]);
    let mut generation = client(&refused).generate(request()).start();
    for _ in 0..2 {
        let error = timeout(LONG, &mut generation).await.unwrap().unwrap_err();
        shown(&error);
        assert_eq!(error.kind(), ErrorKind::TaskFailed);
        assert_eq!(error.resume(), generation.handle().as_ref());
    }
}

/// On a runtime of several threads, where both are polled at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generation_that_is_driven_from_two_threads_ends_on_both() {
    for _ in 0..200 {
        let transport = kirin_transport::from_fn(|request: Request<Bytes>| async move {
            tokio::task::yield_now().await;
            let body = match *request.method() {
                Method::POST => CREATED,
                _ => COMPLETED,
            };
            Ok(Response::new(Body::from(body)))
        });
        let client = Client::builder(canary::key().parse().unwrap())
            .transport(transport)
            .schedule(PollSchedule::Fixed(Duration::ZERO))
            .requests_per_second(None)
            .build()
            .unwrap();
        let mut generation = client.generate(without_id()).start();
        let mut notices = generation.notices();
        let reading = tokio::spawn(async move {
            let mut told = 0;
            while notices.next().await.is_some() {
                told += 1;
            }
            told
        });
        let ending = tokio::spawn(generation.into_future());
        let both = async { (reading.await.unwrap(), ending.await.unwrap()) };
        let (told, ended) = timeout(Duration::from_secs(30), both)
            .await
            .expect("an end");
        assert_eq!((told, ended.is_ok()), (notices_of(0), true));
    }
}

/// Whoever wants to drive it while somebody else does would not be woken, were that one dropped before it
/// goes on: so it is woken at once.
#[tokio::test]
async fn who_is_polled_while_another_one_drives_a_generation_is_woken_after_it() {
    type End = std::pin::Pin<Box<dyn Future<Output = Result<Task, kirin_client::Error>> + Send>>;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let (end, woken) = (
        Arc::new(Mutex::new(None::<End>)),
        Arc::new(Woken::default()),
    );
    let (missed, waker) = (end.clone(), Waker::from(woken.clone()));
    let transport = kirin_transport::from_fn(move |_: Request<Bytes>| {
        let (missed, waker) = (missed.clone(), waker.clone());
        poll_fn(move |_| {
            // On another thread it would be at the same moment.
            if let Some(end) = &mut *missed.lock().unwrap() {
                assert!(
                    end.as_mut()
                        .poll(&mut Context::from_waker(&waker))
                        .is_pending()
                );
            }
            Poll::<Result<Response<Body>, TransportError>>::Pending
        })
    });
    let client = Client::builder(canary::key().parse().unwrap()).transport(transport);
    let mut generation = client.build().unwrap().generate(request()).start();
    let mut notices = generation.notices();
    *end.lock().unwrap() = Some(generation.into_future());
    let first = timeout(Duration::from_secs(10), notices.next()).await;
    assert!(matches!(first, Ok(Some(Notice::Submitting { .. }))));
    // The create goes on being polled, and tells nothing more.
    let before = woken.0.swap(0, Ordering::SeqCst);
    assert!(before > 0);
    let nothing = poll_fn(|context| {
        let mut next = std::pin::pin!(notices.next());
        Poll::Ready(next.as_mut().poll(context).is_pending())
    });
    assert!(nothing.await);
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    *end.lock().unwrap() = None;
}

/// Nothing happens while neither it nor its notices are polled.
#[tokio::test(start_paused = true)]
async fn a_generation_that_was_started_sends_nothing_before_it_is_polled() {
    let transport = Scripted::new([]);
    let mut generation = client(&transport).generate(request()).start();
    let notices = generation.notices();
    tokio::time::sleep(LONG).await;
    assert!(transport.calls().is_empty());
    drop(generation);
    let mut notices = std::pin::pin!(notices);
    let next =
        poll_fn(|context| Poll::Ready(futures_core::Stream::poll_next(notices.as_mut(), context)));
    assert_eq!(next.await, Poll::Ready(None));
    assert!(transport.calls().is_empty());
}
