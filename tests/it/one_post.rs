//! One create against a real server that loses answers or is in trouble: how many POSTs reach it.
//! `tests/peers/measure.py` counts the same for the released libraries of other services.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use kirin_client::{Client, Error, ErrorKind, Generation, HostCapabilities, Lookup};
use kirin_transport::HyperTransport;
use kirin_types::GenerationRequest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What the server does with a create; a query finds no task.
#[derive(Clone, Copy)]
enum Trouble {
    /// Reads it and closes.
    Dropped,
    NeverAnswered,
    /// Answers with this status.
    Status(u16),
    /// Refuses so many with 429, and takes the next one.
    Refuses(usize),
}

async fn serve(mut stream: TcpStream, trouble: Trouble, posts: Arc<AtomicUsize>) {
    let mut read = Vec::new();
    while stream
        .read_buf(&mut read)
        .await
        .is_ok_and(|count| count > 0)
    {
        let is_post = read.starts_with(b"POST ");
        let ends = if is_post { &b"}]}"[..] } else { b"\r\n\r\n" };
        if !read.ends_with(ends) {
            continue;
        }
        read.clear();
        let not_found = r#"{"message":"task not found"}"#;
        let (status, body) = match (is_post, trouble) {
            (false, _) => (404, not_found),
            (true, trouble) => {
                let before = posts.fetch_add(1, Ordering::SeqCst);
                match trouble {
                    Trouble::Dropped => return,
                    Trouble::NeverAnswered => std::future::pending().await,
                    Trouble::Refuses(count) if before >= count => {
                        (200, r#"{"id":"task-1","status":"in_progress"}"#)
                    }
                    Trouble::Refuses(_) => (429, r#"{"message":"slow down"}"#),
                    Trouble::Status(status) => (status, r#"{"message":"trouble"}"#),
                }
            }
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The result of one create, and the number of POSTs.
async fn create(trouble: Trouble) -> (Result<Generation, Error>, usize) {
    create_at(HostCapabilities::default(), trouble).await
}

async fn create_at(
    declared: HostCapabilities,
    trouble: Trouble,
) -> (Result<Generation, Error>, usize) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let posts = Arc::new(AtomicUsize::new(0));
    let counted = posts.clone();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, trouble, counted.clone()));
        }
    });
    let transport = HyperTransport::builder().attempt_timeout(Duration::from_secs(1));
    let client = Client::builder(kirin_tests::canary::key().parse().unwrap())
        .base_url(base_url.parse().unwrap())
        .transport(transport.build_plain())
        .capabilities(declared)
        // A lookup or two; what is known then does not become more.
        .deadline(Duration::from_secs(5))
        .build()
        .unwrap();
    let request = GenerationRequest::builder("a paper boat").build().unwrap();
    let outcome = client.submit(request).await;
    serving.abort();
    (outcome, posts.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_one_post() {
    let created = tokio::join!(
        create(Trouble::Dropped),
        create(Trouble::NeverAnswered),
        create(Trouble::Status(500)),
        create(Trouble::Status(503)),
    );
    for (outcome, posts) in <[_; 4]>::from(created) {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unresolved, "{error}");
        assert!(error.external_task_id().is_some());
        assert_eq!(posts, 1, "{error}");
    }
}

/// Each refusal says that nothing was created, and a lookup after the lag says that it was not sent twice.
#[tokio::test]
async fn a_create_that_is_refused_by_a_limit_is_repeated_until_it_is_let_in() {
    let declared = HostCapabilities::default()
        .with_lookup(Lookup::Proven)
        .with_lookup_lag(Duration::from_millis(100));
    let (outcome, posts) = create_at(declared, Trouble::Refuses(2)).await;
    let handle = outcome.unwrap().handle().unwrap();
    assert_eq!(handle.task_id.as_str(), "task-1");
    assert_eq!(posts, 3);
}

/// How long a lookup lags is not known here, so a repetition would come after 30 s at the earliest.
#[tokio::test]
async fn a_create_that_is_refused_by_a_limit_is_not_repeated_before_its_look_up_can_tell() {
    let (outcome, posts) = create(Trouble::Refuses(2)).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimit, "{error}");
    assert_eq!(posts, 1);
}
