//! What a receiver does with callbacks that come over the wire.

use std::time::Duration;

use kirin_client::PollSchedule;
use tokio::{io::AsyncReadExt, net::TcpListener};

use super::{
    posts::{UNKNOWN, connect, idle, post, receive, secret_path, send},
    service::{EXTERNAL_ID, ID, Service, assert_real, request},
};

/// So long that only a callback can lead to a query.
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_posted_callback_wakes_the_client_and_the_query_decides() {
    let service = Service::new(Duration::ZERO);
    let client = service.builder().schedule(PollSchedule::Fixed(HOUR));
    let client = client.deadline(2 * HOUR).build().unwrap();
    let receiver = receive(&client, 8).await;
    let request = request(&receiver.url("https://hooks.example.com"));
    let generation = client.submit(request).await.unwrap();

    let path = secret_path(&receiver);
    let forged = format!(r#"{{"id":"{ID}","status":"failed","error":{{"code":"1"}}}}"#);
    let kling = format!(
        r#"{{"task_id":"8293","task_status":"failed","task_info":{{"external_task_id":"{EXTERNAL_ID}"}}}}"#
    );
    for body in [&forged, &kling, &forged] {
        assert_eq!(send(&receiver, &post(&path, body)).await.0, 200);
    }
    assert_eq!(receiver.counts().woken, 3);
    assert_real(&generation.await.unwrap());
    assert_eq!(service.queries().len(), 1);
}

#[tokio::test]
async fn a_callback_for_an_unknown_task_is_answered_200_and_counted() {
    let receiver = idle(8).await;
    let path = secret_path(&receiver);
    assert_eq!(send(&receiver, &post(&path, UNKNOWN)).await.0, 200);
    assert_eq!(send(&receiver, &post(&path, r#"{"news":1}"#)).await.0, 200);
    let counts = receiver.counts();
    assert_eq!(
        (counts.unknown_task, counts.no_callback, counts.woken),
        (1, 1, 0)
    );
}

/// The sender was told that it has arrived, and the process ended before it meant anything.
#[tokio::test]
async fn a_crash_after_a_callback_was_accepted_loses_nothing() {
    let service = Service::new(Duration::ZERO);
    let client = service.builder().expects_callbacks().build().unwrap();
    let receiver = receive(&client, 8).await;
    let generation = client.submit(request(&receiver.url("https://example.com")));
    let generation = generation.await.unwrap();
    let handle = generation.handle().unwrap();
    let body = format!(r#"{{"id":"{ID}","status":"completed"}}"#);
    let accepted = send(&receiver, &post(&secret_path(&receiver), body)).await;
    assert_eq!(accepted.0, 200);
    drop((generation, receiver, client));

    let next = service.builder().build().unwrap();
    assert_real(&next.resume(handle).await.unwrap());
}

#[tokio::test]
async fn two_receivers_have_different_paths_of_128_bits_and_show_none() {
    let (one, other) = (idle(1).await, idle(1).await);
    let path = secret_path(&one);
    assert_ne!(path, secret_path(&other));
    let token = path.strip_prefix('/').unwrap();
    assert_eq!(token.len(), 32);
    assert!(token.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(
        one.url("https://a.example/b/"),
        format!("https://a.example/b{path}")
    );
    assert_eq!(
        one.url("https://a.example"),
        format!("https://a.example{path}")
    );
    assert!(!format!("{one:?} {one:#?}").contains(token));
}

#[tokio::test]
async fn a_dropped_receiver_closes_its_connections_and_frees_its_address() {
    let receiver = idle(8).await;
    let address = receiver.address();
    let mut waiting = connect(&receiver).await;
    assert_eq!(send(&receiver, &post("/", UNKNOWN)).await.0, 200);
    drop(receiver);
    // An end or a reset.
    assert_eq!(waiting.read(&mut [0; 1]).await.unwrap_or(0), 0);
    TcpListener::bind(address).await.unwrap();
}
