//! What is written to a trace: by the decorator, and by every library below.

use std::{
    io,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Version};
use kirin_tests::canary::{self, Shown};
use kirin_transport::{
    HyperTransport, Sent, Traced, Transport, TransportErrorKind, from_fn, testing::Scripted,
};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    certificates::Authority,
    failures,
    server::{ANSWER, Server, Step, create},
    tls::TlsServer,
};

/// A trace in memory.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<u8>>>);

impl Trace {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Trace {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Trace {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Runs the work on this thread, and gives back all that was written meanwhile, at every level.
fn traced(work: impl Future<Output = ()>) -> String {
    // What libraries write to `log` is a part of the trace; only the first test can say so.
    let _ = tracing_log::LogTracer::init();
    let trace = Trace::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(trace.clone())
        .with_max_level(tracing::Level::TRACE)
        .without_time()
        .with_ansi(false)
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tracing::subscriber::with_default(subscriber, || runtime.block_on(work));
    let text = trace.text();
    canary::shown(Shown::Trace, &text);
    text
}

fn signed(base: &str) -> Request<Bytes> {
    let url = format!("{base}/boat.mp4?signature={}", canary::signature());
    Request::get(url).body(Bytes::new()).unwrap()
}

#[test]
fn a_span_tells_the_request_and_its_end() {
    let text = traced(async {
        let script = Scripted::new()
            .answer(http::StatusCode::ACCEPTED, "{}")
            .fail(TransportErrorKind::Closed, Sent::Maybe);
        let transport = Traced::new(script);
        transport
            .send(create("https://a.test/v1/create"))
            .await
            .unwrap();
        transport
            .send(signed("https://cdn.test"))
            .await
            .unwrap_err();
    });
    let lines: Vec<&str> = text.lines().collect();
    let [answered, failed] = lines[..] else {
        panic!("{text}");
    };
    for part in [
        "DEBUG http_request{",
        r#"http.request.method="POST""#,
        r#"server.address="a.test""#,
        r#"url.path="/v1/create""#,
        "http.response.status_code=202",
        "answered",
    ] {
        assert!(answered.contains(part), "{part} is not in {answered}");
    }
    for part in [
        r#"http.request.method="GET""#,
        r#"server.address="cdn.test""#,
        r#"error.type="Closed""#,
        r#"sent="Maybe""#,
        "failed",
    ] {
        assert!(failed.contains(part), "{part} is not in {failed}");
    }
    // Without a key, the path itself may be the secret.
    assert!(!failed.contains("boat.mp4"), "{failed}");
}

/// Exchanges over real connections, good ones and bad ones, in both versions of HTTP and over TLS, with
/// hyper and h2 as talkative as they can be.
#[test]
fn no_library_below_writes_a_secret() {
    let text = traced(async {
        let authority = Authority::new();
        let root = authority.pem();
        for (protocol, version) in [("http/1.1", Version::HTTP_11), ("h2", Version::HTTP_2)] {
            let server = TlsServer::start(authority.issue("127.0.0.1"), &[protocol]).await;
            let builder = HyperTransport::builder().extra_roots(&root);
            let transport = Traced::new(builder.build().unwrap());
            let answered = transport.send(create(&server.url())).await.unwrap();
            assert_eq!(answered.version(), version);
        }
        let transport = Traced::new(HyperTransport::plain());
        let server = Server::start().await;
        let url = server.url();
        let base = url.trim_end_matches("/v1/create");
        let steps = [Step::ReadHead, Step::Write(ANSWER)];
        let (answered, _) = tokio::join!(transport.send(signed(base)), server.serve(&steps));
        answered.unwrap();
        failures::all().await;
    });
    for library in ["hyper_util::", "h2::", "kirin_transport::"] {
        assert!(text.contains(library), "{library} wrote nothing");
    }
}

#[cfg(feature = "reqwest")]
#[test]
fn reqwest_writes_no_secret_and_names_no_signed_url() {
    let text = traced(async {
        let builder = || reqwest::Client::builder().tls_certs_only([]);
        let transport = kirin_transport::reqwest::ReqwestTransport::new(builder).unwrap();
        let server = Server::start().await;
        let url = server.url();
        let base = url.trim_end_matches("/v1/create");
        let steps = [Step::ReadHead, Step::Write(ANSWER)];
        for request in [signed(base), create(&url)] {
            let (answered, _) = tokio::join!(transport.send(request), server.serve(&steps));
            answered.unwrap();
        }
        drop(server);
        let error = transport.send(signed(base)).await.unwrap_err();
        crate::render::shown(&error);
    });
    assert!(text.contains("reqwest::"), "{text}");
}

#[test]
fn a_traced_transport_changes_nothing() {
    traced(async {
        let answer = |request: Request<Bytes>| async move {
            Ok(http::Response::new(request.into_body().into()))
        };
        let transport = Traced::new(from_fn(answer));
        let response = transport.send(create("https://a.test/")).await.unwrap();
        let body = response.into_body().collect(1024).await.unwrap();
        assert_eq!(body, create("https://a.test/").body());
    });
}
