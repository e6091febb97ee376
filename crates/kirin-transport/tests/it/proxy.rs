//! The way through a proxy: HTTPS only, encrypted to the end, and never in the clear.

use std::{
    error::Error,
    sync::{Arc, Mutex},
};

use kirin_tests::canary;
use kirin_transport::{HyperTransport, Sent, Transport, TransportError, TransportErrorKind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    certificates::Authority,
    child,
    render::{chain, shown},
    server::{Server, create, within},
    tls::TlsServer,
};

/// A proxy that leads every tunnel to one port of this machine, and keeps what clients say to it.
struct Proxy {
    port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// `answer` is what it says to a CONNECT; after a 200 it opens the tunnel.
    async fn start(target: u16, answer: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = heard.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(tunnel(client, target, answer, kept.clone()));
            }
        });
        Self {
            port,
            heard,
            accepting,
        }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn tunnel(mut client: TcpStream, target: u16, answer: &str, heard: Arc<Mutex<Vec<u8>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    heard.lock().unwrap().extend_from_slice(&head);
    let _ = client.write_all(answer.as_bytes()).await;
    if !answer.contains("200") {
        return;
    }
    let mut server = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let upwards = async {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
            heard.lock().unwrap().extend_from_slice(&buffer[..count]);
            if to_server.write_all(&buffer[..count]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = upwards => {}
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
    }
}

const OPEN: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

async fn ask(transport: &HyperTransport, url: &str) -> Result<u16, TransportError> {
    let sent = within(transport.send(create(url))).await;
    sent.map(|response| response.status().as_u16())
        .inspect_err(shown)
}

fn contains(heard: &[u8], text: &str) -> bool {
    heard
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

#[tokio::test]
async fn a_proxy_sees_the_name_of_the_server_and_not_the_key() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.issue("cloud.test"), &[]).await;
    let proxy = Proxy::start(server.port, OPEN).await;
    let transport = HyperTransport::builder()
        .extra_roots(authority.pem())
        .proxy(format!("http://me:word@127.0.0.1:{}", proxy.port), "")
        .build()
        .unwrap();
    let status = ask(&transport, "https://cloud.test/v1/create")
        .await
        .unwrap();
    assert_eq!((status, server.requests()), (200, 1));
    let heard = proxy.heard();
    assert!(heard.starts_with(b"CONNECT cloud.test:443 HTTP/1.1\r\n"));
    // "me:word", as a proxy takes it.
    assert!(contains(
        &heard,
        "Proxy-Authorization: Basic bWU6d29yZA==\r\n"
    ));
    for secret in [
        canary::key(),
        "authorization: Bearer",
        "paper boat",
        "/v1/create",
    ] {
        assert!(!contains(&heard, secret), "the proxy heard {secret}");
    }
}

/// The certificate is the server's and not the proxy's to show.
#[tokio::test]
async fn a_proxy_that_answers_in_the_place_of_the_server_is_refused() {
    let authority = Authority::new();
    let impostor = TlsServer::start(Authority::new().issue("cloud.test"), &[]).await;
    let proxy = Proxy::start(impostor.port, OPEN).await;
    let transport = HyperTransport::builder()
        .extra_roots(authority.pem())
        .proxy(proxy.url(), "")
        .build()
        .unwrap();
    let error = ask(&transport, "https://cloud.test/v1/create")
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (TransportErrorKind::Connect, Sent::No)
    );
    assert_eq!(impostor.requests(), 0);
}

#[tokio::test]
async fn a_plain_request_is_never_given_to_a_proxy() {
    let server = Server::start().await;
    let proxy = Proxy::start(1, OPEN).await;
    let transport = HyperTransport::builder()
        .extra_roots(Authority::new().pem())
        .proxy(proxy.url(), "")
        .build()
        .unwrap();
    let answer = crate::server::Step::Write(crate::server::ANSWER);
    let steps = [crate::server::Step::ReadRequest, answer];
    let url = server.url();
    let (status, _) = tokio::join!(ask(&transport, &url), within(server.serve(&steps)));
    assert_eq!(status.unwrap(), 200);
    assert_eq!(proxy.heard(), b"");
}

/// What a failing proxy comes to: nothing was sent, and the error names the proxy without the
/// password.
async fn check_failing(proxy: &str, reason: &str) {
    let builder = HyperTransport::builder().extra_roots(Authority::new().pem());
    let transport = builder.proxy(proxy, "").build().unwrap();
    let error = ask(&transport, "https://cloud.test/v1/create")
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (TransportErrorKind::Connect, Sent::No)
    );
    assert!(error.source().is_some());
    let chain = chain(&error);
    assert!(chain.contains(reason), "{chain}");
    assert!(!chain.contains("word"), "{chain}");
}

#[tokio::test]
async fn a_proxy_that_fails_sent_nothing() {
    for (answer, reason) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "proxy authorization required",
        ),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "unsuccessful"),
        ("", "unexpected end of file"),
    ] {
        let proxy = Proxy::start(1, answer).await;
        let url = format!("http://me:word@127.0.0.1:{}", proxy.port);
        let named = format!("no way through the proxy 127.0.0.1:{}", proxy.port);
        check_failing(&url, &named).await;
        check_failing(&url, reason).await;
    }
    for url in [
        "socks5://me:word@127.0.0.1:1080",
        "ftp://me:word@127.0.0.1:1080",
        "http://me:#word@127.0.0.1:1080",
    ] {
        check_failing(url, "is not an http or https URL").await;
    }
}

// ----------------------------------------------------------------- the environment

/// What a process with these variables does; `true` if it went through the proxy.
async fn check_environment(variables: fn(&str) -> Vec<(&'static str, String)>, proxied: bool) {
    let authority = Authority::new();
    let server = TlsServer::start(authority.issue("cloud.test"), &[]).await;
    let proxy = Proxy::start(server.port, OPEN).await;
    let mut variables = variables(&proxy.url());
    variables.push(("KIRIN_TEST_ROOT", authority.pem()));
    let told = tokio::task::spawn_blocking(move || {
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, it)| (*name, it.as_str()))
            .collect();
        child::run("proxy::asks_as_the_environment_says", &variables)
    });
    let told = told.await.unwrap();
    // Without the proxy there is no such host, or nobody there.
    let expected = if proxied {
        "Ok(200)"
    } else {
        "Err(Connect, No)"
    };
    assert_eq!(told, expected);
    assert_eq!(!proxy.heard().is_empty(), proxied);
}

#[tokio::test]
async fn the_environment_names_a_proxy_unless_it_is_switched_off() {
    check_environment(|url| vec![("HTTPS_PROXY", url.into())], true).await;
    check_environment(|url| vec![("https_proxy", url.into())], true).await;
    check_environment(|url| vec![("ALL_PROXY", url.into())], true).await;
    check_environment(|url| vec![("HTTP_PROXY", url.into())], false).await;
    check_environment(
        |url| {
            vec![
                ("HTTPS_PROXY", url.into()),
                ("NO_PROXY", "cloud.test".into()),
            ]
        },
        false,
    )
    .await;
    check_environment(
        |url| {
            vec![
                ("HTTPS_PROXY", url.into()),
                ("KIRIN_TEST_NO_PROXY", "1".into()),
            ]
        },
        false,
    )
    .await;
}

#[tokio::test]
#[ignore = "a process with an environment of its own, started by the test above"]
async fn asks_as_the_environment_says() {
    let mut builder = HyperTransport::builder().extra_roots(child::told("KIRIN_TEST_ROOT"));
    if child::is_told("KIRIN_TEST_NO_PROXY") {
        builder = builder.no_proxy();
    }
    let transport = builder.build().unwrap();
    match ask(&transport, "https://cloud.test/v1/create").await {
        Ok(status) => child::tell(&format!("Ok({status})")),
        Err(error) => child::tell(&format!("Err({:?}, {:?})", error.kind(), error.sent())),
    }
}

// ----------------------------------------------------------------- reqwest's own proxy

/// reqwest gives plain requests to a proxy, with all that is in them; under the adapter it does not.
#[cfg(feature = "reqwest")]
#[tokio::test]
async fn reqwest_gives_no_plain_request_to_a_proxy() {
    let server = Server::start().await;
    let proxy = Proxy::start(1, OPEN).await;
    let url = proxy.url();
    let transport = kirin_transport::reqwest::ReqwestTransport::new(|| {
        let proxy = reqwest::Proxy::all(&url).unwrap();
        reqwest::Client::builder().proxy(proxy).tls_certs_only([])
    });
    let transport = transport.unwrap();
    let answer = crate::server::Step::Write(crate::server::ANSWER);
    let steps = [crate::server::Step::ReadRequest, answer];
    let asking = transport.send(create(&server.url()));
    let (answer, _) = tokio::join!(within(asking), within(server.serve(&steps)));
    assert_eq!(answer.unwrap().status(), 200);

    // An https request goes into a tunnel, or nowhere.
    let error = within(transport.send(create("https://cloud.test/v1/create"))).await;
    assert_eq!(error.unwrap_err().sent(), Sent::No);
    let heard = proxy.heard();
    assert!(heard.starts_with(b"CONNECT cloud.test:443 HTTP/1.1\r\n"));
    assert!(!contains(&heard, canary::key()));
}

#[cfg(feature = "reqwest")]
#[tokio::test]
async fn reqwest_asks_for_no_other_path() {
    let server = Server::start().await;
    let base = server.url();
    let make = || reqwest::Client::builder().tls_certs_only([]);
    let transport = kirin_transport::reqwest::ReqwestTransport::new(make).unwrap();
    for path in ["/../secret", "/%2E%2E/secret", "?file='a'"] {
        let error = within(transport.send(create(&format!("{base}{path}"))))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.sent()),
            (TransportErrorKind::Request, Sent::No)
        );
    }
    assert_eq!(server.waiting(), 0);
}
