//! The examples do what they say, to the end.

#[path = "../../examples/blocking.rs"]
mod blocking;

#[cfg(feature = "callbacks")]
#[path = "../../examples/callbacks.rs"]
mod callbacks;

#[path = "../../examples/custom_transport.rs"]
mod custom_transport;

#[path = "../../examples/reqwest_transport.rs"]
mod reqwest_transport;

/// Far sooner than the 45 s after which it would ask by itself.
#[cfg(feature = "callbacks")]
#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "the example must end long before it would without a callback"
)]
async fn a_callback_ends_the_wait() {
    let ended =
        tokio::task::spawn_blocking(|| callbacks::main().map_err(|error| error.to_string()));
    let limit = std::time::Duration::from_secs(30);
    let ended = tokio::time::timeout(limit, ended).await;
    ended.expect("a callback wakes").unwrap().unwrap();
}

#[test]
fn plain_threads_generate_without_async() {
    blocking::main().unwrap();
}

#[test]
fn a_custom_transport_conforms_and_generates() {
    custom_transport::main().unwrap();
}

#[test]
fn reqwest_conforms_and_generates() {
    reqwest_transport::main().unwrap();
}
