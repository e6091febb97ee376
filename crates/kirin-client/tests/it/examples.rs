//! The examples do what they say, to the end.

#[path = "../../examples/blocking.rs"]
mod blocking;

#[cfg(feature = "callbacks")]
#[path = "../../examples/callbacks.rs"]
mod callbacks;

#[path = "../../examples/custom_transport.rs"]
mod custom_transport;

#[path = "../../examples/generate.rs"]
mod generate;

#[path = "../../examples/own_event_loop.rs"]
mod own_event_loop;

#[path = "../../examples/reqwest_transport.rs"]
mod reqwest_transport;

#[path = "../../examples/ureq_transport.rs"]
mod ureq_transport;

use std::{
    io::{Read, Write},
    net::TcpListener,
    process::Command,
    time::Duration,
};

use kirin_client::{ErrorKind, wire::Endpoint};
use kirin_emulator::{Emulator, EmulatorConfig, VideoSize, World};
use kirin_tests::canary::{self, Shown};
use kirin_transport::conformance::{self, Clause, Peer};
use kirin_types::{GenerationRequest, Timestamp};

/// Nothing here takes so long.
const LIMIT: Duration = Duration::from_secs(30);

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
    let ended = tokio::time::timeout(LIMIT, ended).await;
    ended.expect("a callback wakes").unwrap().unwrap();
}

/// The child of the test below: the example takes its client from the environment of its process.
#[test]
fn child_that_generates() {
    #[expect(clippy::disallowed_methods, reason = "only a child has it")]
    let is_child = std::env::var_os("KIRIN_TEST_CHILD").is_some();
    if is_child {
        generate::main().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_lines_generate_and_download_a_video() {
    let config = EmulatorConfig::new().task_time(Duration::from_millis(50));
    let emulator = Emulator::start(config.video_size(VideoSize::Small))
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "examples::child_that_generates"])
        .current_dir(folder.path())
        .env("KIRIN_TEST_CHILD", "1")
        .env("KIRIN_API_KEY", canary::key())
        .env("KIRIN_BASE_URL", emulator.base_url());
    let output = tokio::task::spawn_blocking(move || child.output());
    let output = output.await.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(emulator.statistics().tasks_created, 1);
    assert!(folder.path().join("boat.mp4").is_file());
    emulator.shutdown().await;
}

#[test]
fn plain_threads_generate_without_async() {
    blocking::main().unwrap();
}

/// A service that repeats the key that it refuses.
#[test]
fn plain_threads_show_no_key() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    // The create, and the look-up that follows a refusal.
    let service = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(LIMIT)).unwrap();
            assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
            let body = format!(r#"{{"message":"invalid key: {}"}}"#, canary::key());
            let head = "HTTP/1.1 401 Unauthorized\r\ncontent-length";
            write!(stream, "{head}: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    let key = canary::key().parse().unwrap();
    let endpoint = Endpoint::new(base_url.parse().unwrap(), key).unwrap();
    let error = blocking::generate(&endpoint, "order-1", LIMIT).unwrap_err();
    service.join().unwrap();
    let shown = error.to_string();
    canary::shown(Shown::Display, &shown);
    assert!(shown.contains("invalid key: (hidden)"), "{shown}");
}

#[test]
fn an_own_event_loop_generates() {
    own_event_loop::main().unwrap();
}

/// The service refuses the id as a duplicate, and finds the task that has it: a month older than the request.
#[test]
fn an_own_event_loop_takes_no_older_task_for_its_own() {
    let beginning = Timestamp::from_milliseconds(1_769_757_744_021);
    let mut world = World::new(EmulatorConfig::default(), beginning);
    let request = || {
        let request = GenerationRequest::builder("a fox").external_task_id("order-42");
        request.build().unwrap()
    };
    own_event_loop::generate(&mut world, Duration::ZERO, request()).unwrap();
    let month = Duration::from_secs(31 * 24 * 3600);
    let error = own_event_loop::generate(&mut world, month, request()).unwrap_err();
    let error = error.downcast::<kirin_client::Error>().unwrap();
    assert_eq!(error.kind(), ErrorKind::DuplicateExternalTaskId);
}

#[test]
fn a_custom_transport_conforms_and_generates() {
    custom_transport::main().unwrap();
}

#[test]
fn reqwest_conforms_and_generates() {
    reqwest_transport::main().unwrap();
}

#[test]
fn ureq_conforms_but_for_dropping_and_generates() {
    ureq_transport::main().unwrap();
}

#[tokio::test]
async fn a_blocking_transport_breaks_the_clauses_that_need_async_and_no_other() {
    let transport = ureq_transport::UreqTransport::new();
    let report = conformance::check(&transport, &Peer::http1()).await;
    let expected: Vec<Clause> = Clause::ALL
        .into_iter()
        .filter(|clause| clause.needs_async())
        .collect();
    assert_eq!(report.broken_clauses(), expected, "{report}");
    assert!(!expected.iter().any(|clause| clause.is_about_money()));
}
