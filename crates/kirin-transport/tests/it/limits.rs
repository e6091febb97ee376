//! No limit that a builder takes makes anything panic, also not in the background.

use std::{
    panic,
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::Request;
use kirin_transport::HyperTransport;

use crate::server::{ANSWER, Server, Step, ask, play, within};

/// Panics of the libraries below. Those of a task in the background are seen by nobody else.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            let file = what.location().map_or("", |location| location.file());
            let is_below = ["hyper", "tokio", "/time"]
                .iter()
                .any(|name| file.contains(name));
            PANICS.fetch_add(usize::from(is_below), Ordering::Relaxed);
            before(what);
        }));
    });
}

/// Reads two answers through a transport: where the first connection is kept, the second comes over it.
async fn exchange(transport: HyperTransport) {
    let server = Server::start().await;
    let asking = async {
        for _ in 0..2 {
            let request = Request::get(server.url()).body(Bytes::new()).unwrap();
            // Whether there is time for it is not the question.
            let _ = ask(&transport, request).await;
        }
    };
    let serving = async {
        loop {
            let mut connection = server.accept().await;
            let steps = [Step::ReadRequest, Step::Write(ANSWER)];
            let twice = [steps, steps].concat();
            tokio::spawn(async move { play(&mut connection, &twice).await });
        }
    };
    within(async {
        tokio::select! {
            () = asking => {}
            () = serving => {}
        }
    })
    .await;
}

#[tokio::test]
async fn pool_that_keeps_connections_for_ever_does_not_panic_in_the_background() {
    count_panics();
    let builder = HyperTransport::builder().pool_idle_timeout(Duration::MAX);
    exchange(builder.build_plain()).await;
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
}

mod prop {
    use kirin_tests::{
        property,
        proptest::{prelude::*, sample::select},
    };
    use tokio::runtime::Builder;

    use super::*;

    const EXTREMES: [Duration; 5] = [
        Duration::ZERO,
        Duration::from_nanos(1),
        Duration::from_secs(30),
        Duration::from_secs(u64::MAX / 1000),
        Duration::MAX,
    ];

    fn limits() -> impl Strategy<Value = Duration> {
        let any = any::<(u64, u32)>().prop_map(|(seconds, nanos)| {
            Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanos.into()))
        });
        prop_oneof![select(&EXTREMES[..]), any]
    }

    #[test]
    fn no_limit_of_a_transport_makes_it_panic() {
        count_panics();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let durations = (limits(), limits(), limits(), limits());
        let sizes = select(&[0, 1, usize::MAX][..]);
        property!((durations, sizes), |(durations, size)| {
            let (connect, attempt, idle, pool) = durations;
            let transport = HyperTransport::builder()
                .connect_timeout(connect)
                .attempt_timeout(attempt)
                .idle_timeout(idle)
                .pool_idle_timeout(pool)
                .pool_max_idle_per_host(size)
                .max_head_bytes(size)
                .max_body_bytes(size as u64)
                .build_plain();
            runtime.block_on(exchange(transport));
            prop_assert_eq!(PANICS.load(Ordering::Relaxed), 0);
            Ok(())
        });
    }
}
