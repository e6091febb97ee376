//! What is downloaded: whatever was paid for and is whole, from wherever it is.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use kirin_tests::canary;
use rcgen::{CertificateParams, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};

use crate::{
    kirin::Kirin,
    service::{Answer, Server, TASK, video},
};

/// A server with a task whose file is answered in this way.
fn with_file(file: impl Fn() -> Answer + Clone + Send + 'static) -> Server {
    Server::start(move |request, base_url| match request {
        _ if request.starts_with("GET /files") => file(),
        _ => Answer::completed(base_url),
    })
}

fn generate(server: &Server) -> Kirin {
    Kirin::generate()
        .args(["--output", "boat.mp4"])
        .at(&server.base_url)
}

#[test]
fn a_whole_video_with_something_behind_it_is_taken_with_a_warning() {
    let tag = [&b"TAGa boat"[..], &[0; 119]].concat();
    for behind in [&[0][..], &[0; 4], &[0; 7], b"\n", &tag] {
        let film = [&video()[..], behind].concat();
        let sent = film.clone();
        let server = with_file(move || Answer::File("text/plain", sent.clone()));
        for quiet in [&[][..], &["--quiet"]] {
            let run = generate(&server).args(quiet).run().ended_with(0);
            assert_eq!(std::fs::read(run.path("boat.mp4")).unwrap(), film);
            assert_eq!(run.stdout, "boat.mp4\n");
            let warning = format!("{} bytes stand behind the end of the film", behind.len());
            assert!(run.stderr.contains(&warning), "{run:#?}");
        }
        let run = generate(&server).arg("--json=events").run().ended_with(0);
        assert!(
            run.stdout.contains(r#""event":"download_unusual""#),
            "{run:#?}"
        );
    }
}

#[test]
fn what_is_no_video_is_kept_beside_its_name_and_it_is_said_where() {
    let page = b"<!DOCTYPE html><html>log in first</html>";
    let server = with_file(|| Answer::File("video/mp4", page.to_vec()));
    let run = generate(&server).run().ended_with(1);
    assert_eq!(run.files(), ["boat.mp4.part", "boat.mp4.part.json"]);
    assert_eq!(std::fs::read(run.path("boat.mp4.part")).unwrap(), page);
    for part in [
        "a page of HTML came in place of a video; what came is kept in boat.mp4.part",
        &format!("kirin download {TASK} --output boat.mp4 --base-url"),
    ] {
        assert!(run.stderr.contains(part), "{part}: {run:#?}");
    }
}

/// The store is late by two requests.
#[test]
fn a_file_that_is_not_there_yet_is_asked_for_again() {
    for status in [403, 404] {
        let server = Server::start({
            let late = Arc::new(AtomicUsize::new(0));
            move |request, base_url| match request.starts_with("GET /files") {
                true if late.fetch_add(1, Ordering::Relaxed) < 2 => {
                    Answer::Json(status, r#"{"message":"no such key"}"#.into())
                }
                true => Answer::Video,
                false => Answer::completed(base_url),
            }
        });
        let run = generate(&server).run().ended_with(0);
        assert_eq!(run.files(), ["boat.mp4"]);
        let waits = "the output is not there yet: HTTP 40";
        assert!(run.stderr.contains(waits), "{run:#?}");
        let requests = server.requests();
        let files = requests.iter().filter(|it| it.starts_with("GET /files"));
        assert_eq!(files.count(), 3, "{requests:?}");
    }
}

/// The URL of a server with TLS that sends this to everybody, and the certificate to trust.
fn over_tls(body: Vec<u8>) -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let names = ["localhost".to_owned()];
    let certificate = CertificateParams::new(names).expect("a name");
    let certificate = certificate.self_signed(&key).expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let private_key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private_key)
        .expect("a certificate and its key");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let config = Arc::new(config);
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(config.clone()).expect("a connection");
            let mut stream = StreamOwned::new(connection, socket);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            // Whatever it asks, in one piece. The program may have gone away.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
            let _ = stream.flush();
        }
    });
    let signature = canary::signature();
    let url = format!("https://localhost:{port}/files/my boat.mp4?sig={signature}\n");
    (url, certificate.pem())
}

#[test]
fn an_https_video_is_fetched_beside_an_api_over_http() {
    let (url, pem) = over_tls(video());
    let server = Server::start(move |_, _| Answer::completed_at(&url));
    for verbose in [&[][..], &["--verbose"]] {
        let kirin = generate(&server).args(verbose).with_file("root.pem", &pem);
        let root = kirin.folder().join("root.pem");
        let run = kirin.env("SSL_CERT_FILE", root).run().ended_with(0);
        assert_eq!(std::fs::read(run.path("boat.mp4")).unwrap(), video());
    }
}

/// A bare container has no certificates, and talks to itself all the same.
#[test]
fn an_api_over_http_needs_no_certificates_until_a_url_does() {
    let server = with_file(|| Answer::Video);
    let none = |kirin: Kirin| {
        kirin
            .env("SSL_CERT_FILE", "none.pem")
            .env("SSL_CERT_DIR", "none")
    };
    none(generate(&server)).run().ended_with(0);
    let (url, _) = over_tls(video());
    let server = Server::start(move |_, _| Answer::completed_at(&url));
    let run = none(generate(&server)).run().ended_with(8);
    assert!(!run.stderr.contains("scheme is not http"), "{run:#?}");
}
