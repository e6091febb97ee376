//! Plain HTTP to one host that the caller names, and to no other.

use kirin_client::{
    BaseUrl, BuildError, Client, ClientBuilder, DownloadErrorKind, GenerationHandle,
};
use kirin_types::Task;

use crate::scripted::{Answer, Scripted, json, request, with_headers};

const NAMED: &str = "emulator:4010";

fn builder() -> ClientBuilder {
    Client::builder("emulator-key".parse().unwrap()).transport(Scripted::default())
}

fn task(url: &str) -> Task {
    let task = format!(
        r#"{{"id":"task-1","status":"completed","output":[{{"content":[{{"type":"audio","url":"{url}"}}]}}]}}"#
    );
    Task::from_json(task.as_bytes()).unwrap()
}

fn film() -> Answer {
    with_headers(200, &[("content-length", "3")], "abc")
}

/// What a download of this URL comes to, and which requests there were.
async fn download(
    builder: ClientBuilder,
    url: &str,
    answers: Vec<Answer>,
) -> (Option<DownloadErrorKind>, Vec<String>) {
    let transport = Scripted::new(answers);
    let client = builder.transport(transport.clone()).build().unwrap();
    let mut stream = client.download_stream(&task(url));
    let mut ended = None;
    while let Some(data) = stream.next().await {
        ended = data.err().map(|error| error.kind());
    }
    (ended, transport.calls())
}

#[tokio::test(start_paused = true)]
async fn the_named_host_is_spoken_to_and_its_outputs_are_fetched() {
    let transport = Scripted::new([
        json(200, r#"{"id":"task-1","status":"in_progress"}"#),
        json(
            200,
            serde_json::to_string(&task("http://emulator:4010/a.mp4")).unwrap(),
        ),
    ]);
    let client = builder()
        .plain_http_to("EMULATOR:4010")
        .transport(transport.clone());
    let client = client.build().unwrap();
    assert_eq!(client.base_url().as_str(), "http://emulator:4010");
    let mut generation = client.generate(request()).start();
    let handle = generation.accepted().await.unwrap();
    // A handle is read again in another process.
    let written = serde_json::to_string(&handle).unwrap();
    let read: GenerationHandle = serde_json::from_str(&written).unwrap();
    assert_eq!(read.base_url, *client.base_url());
    generation.await.unwrap();
    for call in transport.calls() {
        assert!(call.contains(" http://emulator:4010/model/v1/"), "{call}");
    }
    let url = "http://emulator:4010/a.mp4";
    let (ended, calls) = download(builder().plain_http_to(NAMED), url, vec![film()]).await;
    assert_eq!((ended, calls), (None, vec![format!("GET {url}")]));
}

#[test]
fn a_base_url_with_a_path_is_plain_http_to_the_named_host_alone() {
    let built = |text: &str, named: Option<&str>| {
        let builder = builder().base_url(BaseUrl::with_plain_http(text).unwrap());
        let builder = match named {
            Some(named) => builder.plain_http_to(named),
            None => builder,
        };
        builder.build().map(|client| client.base_url().to_string())
    };
    let url = "http://emulator:4010/kirin";
    assert_eq!(built(url, Some(NAMED)).unwrap(), url);
    for (url, named) in [
        (url, None),
        (url, Some("emulator")),
        (url, Some("emulator:4011")),
        (url, Some("other:4010")),
        ("http://emulator", Some(NAMED)),
        ("http://emulator.example:4010", Some(NAMED)),
        // The key is an emulator's.
        ("https://emulator:4010", Some(NAMED)),
    ] {
        let refused = built(url, named).unwrap_err();
        assert!(
            matches!(refused, BuildError::Endpoint(_)),
            "{url} {named:?}: {refused:?}"
        );
    }
    // This machine needs no name.
    built("http://127.0.0.1:4010", None).unwrap();
    built("http://127.0.0.1:4010", Some(NAMED)).unwrap();
}

#[test]
fn what_names_no_host_is_refused() {
    for text in [
        "",
        "http://emulator:4010",
        "emulator:4010/",
        "a b",
        "user@emulator",
        "emulator:x",
    ] {
        let refused = builder().plain_http_to(text).build().unwrap_err();
        assert!(
            matches!(refused, BuildError::PlainHost(_)),
            "{text:?}: {refused:?}"
        );
        assert!(refused.to_string().contains("emulator:4010"), "{refused}");
    }
}

#[test]
fn a_base_url_with_a_port_that_is_no_port_is_refused() {
    for text in [
        "https://example.com:65536",
        "https://example.com:port",
        "http://localhost:99999",
    ] {
        assert!(text.parse::<BaseUrl>().is_err(), "{text}");
        assert!(BaseUrl::with_plain_http(text).is_err(), "{text}");
    }
    assert!("https://example.com:".parse::<BaseUrl>().is_ok());
}

#[tokio::test(start_paused = true)]
async fn outputs_at_any_other_host_over_plain_http_are_not_fetched() {
    for url in [
        "http://emulator:4011/a.mp4",
        "http://emulator/a.mp4",
        "http://other:4010/a.mp4",
        "http://emulator.example:4010/a.mp4",
        "http://example.com/a.mp4",
        "http://10.0.0.1:4010/a.mp4",
        "http://127.0.0.1:4010/a.mp4",
        "https://10.0.0.1/a.mp4",
    ] {
        let (ended, calls) = download(builder().plain_http_to(NAMED), url, Vec::new()).await;
        assert_eq!(ended, Some(DownloadErrorKind::RefusedUrl), "{url}");
        assert_eq!(calls, [""; 0], "{url}");
        let redirect = with_headers(302, &[("location", url)], "");
        let from = "https://cdn.example.com/a.mp4";
        let (ended, calls) = download(builder().plain_http_to(NAMED), from, vec![redirect]).await;
        assert_eq!(ended, Some(DownloadErrorKind::RefusedUrl), "{url}");
        assert_eq!(calls, [format!("GET {from}")], "{url}");
    }
    // Without a name, none is.
    let secure = Client::builder("any-key".parse().unwrap());
    let (ended, calls) = download(secure, "http://emulator:4010/a.mp4", Vec::new()).await;
    assert_eq!(
        (ended, calls),
        (Some(DownloadErrorKind::RefusedUrl), Vec::new())
    );
}

/// As in a network of containers: the emulator has a name there, and its videos are under it.
#[cfg(feature = "hyper")]
#[tokio::test]
async fn an_emulator_with_a_name_is_used_over_plain_http_to_that_name() {
    use std::sync::Arc;

    use http::{Request, header};
    use kirin_emulator::{Emulator, EmulatorConfig, VideoSize};
    use kirin_transport::{HyperTransport, Transport, from_fn};

    let config = EmulatorConfig::new()
        .host_name("emulator")
        .video_size(VideoSize::Small)
        .task_time(std::time::Duration::from_millis(50));
    let emulator = Emulator::start(config).await.unwrap();
    let (address, named) = (emulator.address(), emulator.base_url().to_owned());
    let named = named.strip_prefix("http://").unwrap().to_owned();
    // What the name server of the network does.
    let (plain, host) = (Arc::new(HyperTransport::plain()), named.clone());
    let resolving = from_fn(move |mut request: Request<bytes::Bytes>| {
        let plain = Arc::clone(&plain);
        let url = request.uri().to_string();
        let reached = url.replace(&host, &address.to_string());
        assert_ne!(reached, url, "another host is asked");
        *request.uri_mut() = reached.parse().unwrap();
        let host = host.parse().unwrap();
        request.headers_mut().insert(header::HOST, host);
        async move { plain.send(request).await }
    });
    let client = Client::builder("emulator-key".parse().unwrap());
    let client = client
        .plain_http_to(&*named)
        .transport(resolving)
        .build()
        .unwrap();
    let task = client.generate(request()).await.unwrap();
    let mut stream = client.download_stream(&task);
    let mut bytes = 0;
    while let Some(data) = stream.next().await {
        bytes += data.unwrap().len();
    }
    assert!(bytes > 1_000, "{bytes}");
    emulator.assert_charged_once();
    emulator.assert_downloads_without_key();
}
