//! How many operations are under way, however they end.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kirin_client::GenerationHandle;
use kirin_transport::{Body, SendWatch, TransportError};
use kirin_types::TaskId;
use tokio::time::timeout;

use super::*;

const IN_FLIGHT: &str = "kirin.in_flight";

/// A transport that does as its name says with every request.
enum Fault {
    Panics,
    /// The body waits for a connection, for ever.
    Queues,
}

#[async_trait]
impl Transport for Fault {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let Self::Queues = self else {
            panic!("a transport's own fault");
        };
        let watch = request.extensions_mut().remove::<SendWatch>();
        let _body = watch.unwrap_or_default().announce(request.into_body());
        std::future::pending().await
    }
}

/// What a generation over this transport records that is dropped after a second.
fn dropped(transport: impl Transport + 'static) -> Recorded {
    recorded(|| async move {
        let client = builder(transport).build().unwrap();
        let generation = client.generate(request()).into_future();
        let ended = timeout(Duration::from_secs(1), generation).await;
        assert!(ended.is_err(), "it is dropped");
    })
}

#[test]
fn an_operation_counts_from_its_first_poll_to_its_end() {
    let recorded = recorded(|| async {
        let answers = [CREATED, COMPLETED].map(|body| json(200, body));
        let client = builder(Scripted::new(answers)).build().unwrap();
        // Nothing begins before it is polled.
        drop(client.generate(request()).start());
        client.generate(request()).await.unwrap();
    });
    assert_eq!(recorded.values(IN_FLIGHT), [1.0, -1.0]);
}

#[test]
fn a_generation_that_is_dropped_is_in_flight_no_more_and_its_post_is_in_doubt() {
    let recorded = dropped(Scripted::new([Answer::Never]));
    assert_eq!(recorded.values(IN_FLIGHT), [1.0, -1.0]);
    assert_eq!(recorded.values("kirin.create.ambiguous"), [1.0]);
    assert_eq!(recorded.values("kirin.create.posts"), [1.0]);
    assert_eq!(recorded.values("kirin.cost"), [0.21]);
}

/// The transport never took the body, and never will.
#[test]
fn a_generation_that_is_dropped_before_its_create_left_has_sent_nothing() {
    let recorded = dropped(Fault::Queues);
    assert_eq!(recorded.values(IN_FLIGHT), [1.0, -1.0]);
    for name in ["kirin.create.ambiguous", "kirin.create.posts", "kirin.cost"] {
        assert!(recorded.values(name).is_empty(), "{name}");
    }
}

#[test]
fn a_generation_whose_transport_panics_is_in_flight_no_more() {
    let recorded = recorded(|| async {
        let client = builder(Fault::Panics).build().unwrap();
        let generation = client.generate(request()).into_future();
        let spawned = async { tokio::task::spawn_local(generation).await };
        let ended = tokio::task::LocalSet::new().run_until(spawned).await;
        assert!(ended.unwrap_err().is_panic());
    });
    assert_eq!(recorded.values(IN_FLIGHT), [1.0, -1.0]);
    assert_eq!(recorded.values("kirin.create.posts"), [1.0]);
}

/// What does not begin at all is counted up and down as well.
#[test]
fn what_is_refused_before_it_begins_is_in_flight_no_more() {
    let recorded = recorded(|| async {
        let client = builder(Scripted::default()).build().unwrap();
        let task: TaskId = "task-1".parse().unwrap();
        let elsewhere = "https://example.com".parse().unwrap();
        let key = client.key_fingerprint().clone();
        let handle = GenerationHandle::new(elsewhere, key, task);
        client.resume(handle).await.unwrap_err();
    });
    assert_eq!(recorded.values(IN_FLIGHT), [1.0, -1.0]);
}
