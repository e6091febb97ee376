//! Where a callback goes: its URL is checked, then every address of its host, and the connection is
//! made to one of those and to nothing else. A redirect is an answer like any other.

use std::{io, net::SocketAddr, pin::pin};

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};

use super::address;
use crate::{CallbackOutcome, CallbackTargets};

/// Where a URL leads, and no address yet.
#[derive(Debug)]
pub(super) struct Target {
    uri: Uri,
    host: String,
    port: u16,
}

/// Asks the system for the addresses of a host.
pub(super) async fn resolve(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(lookup_host((host, port)).await?.collect())
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// It is none that is called.
    pub(super) fn read(url: &str) -> Result<Self, CallbackOutcome> {
        let blocked = |why: &str| CallbackOutcome::Blocked(why.into());
        let uri: Uri = url.parse().map_err(|_| blocked("it is no URL"))?;
        if uri.scheme_str() != Some("http") {
            return Err(blocked("the emulator calls http URLs only"));
        }
        let authority = uri.authority().ok_or_else(|| blocked("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(blocked("it has a user"));
        }
        Ok(Self {
            host: authority.host().into(),
            port: authority.port_u16().unwrap_or(80),
            uri,
        })
    }

    /// The addresses of the host, all of them allowed. It is resolved once, so what is connected to
    /// is what was checked, whatever the resolver says a moment later.
    pub(super) async fn addresses(
        &self,
        targets: CallbackTargets,
        resolve: impl AsyncFnOnce(String, u16) -> io::Result<Vec<SocketAddr>>,
    ) -> Result<Vec<SocketAddr>, CallbackOutcome> {
        let addresses = match address::literal(&self.host).map_err(CallbackOutcome::Blocked)? {
            Some(address) => vec![SocketAddr::new(address, self.port)],
            None => resolve(self.host.clone(), self.port)
                .await
                .map_err(failed)?,
        };
        for found in &addresses {
            address::check(found.ip(), targets).map_err(CallbackOutcome::Blocked)?;
        }
        Ok(addresses)
    }

    /// Posts to the first address that takes the connection; the status of the answer.
    pub(super) async fn post(
        &self,
        addresses: &[SocketAddr],
        body: Bytes,
    ) -> Result<u16, CallbackOutcome> {
        let stream = TcpStream::connect(addresses).await.map_err(failed)?;
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let host = self
            .uri
            .authority()
            .map_or("", |authority| authority.as_str());
        let request = Request::post(path)
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "kirin-emulator")
            .body(Full::new(body))
            .map_err(failed)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(failed)?;
        let mut response = pin!(sender.send_request(request));
        // A connection that ended has handed over its answer, or the reason why there is none.
        let response = tokio::select! {
            response = response.as_mut() => response,
            _ = connection => response.await,
        };
        Ok(response.map_err(failed)?.status().as_u16())
    }
}

fn failed(error: impl std::fmt::Display) -> CallbackOutcome {
    CallbackOutcome::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn blocked(url: &str) -> bool {
        matches!(Target::read(url), Err(CallbackOutcome::Blocked(_)))
    }

    #[test]
    fn only_plain_urls_are_called() {
        for url in [
            "https://127.0.0.1/",
            "file:///etc/passwd",
            "/hook",
            "http://user@127.0.0.1/",
            "http://127.0.0.1:80@evil.example/",
            "",
        ] {
            assert!(blocked(url), "{url}");
        }
        assert!(!blocked("http://127.0.0.1:8080/hook?a=b"));
    }

    #[tokio::test]
    async fn a_resolver_that_changes_its_answer_is_asked_once() {
        let target = Target::read("http://hooks.example:8080/").unwrap();
        let answers: [&[SocketAddr]; 3] = [
            &["8.8.8.8:8080".parse().unwrap()],
            &["169.254.169.254:8080".parse().unwrap()],
            &[
                "8.8.8.8:8080".parse().unwrap(),
                "127.0.0.1:8080".parse().unwrap(),
            ],
        ];
        let asked = Cell::new(0);
        let resolve = async |host: String, port| {
            assert_eq!((host.as_str(), port), ("hooks.example", 8080));
            let answer = answers[asked.get()].to_vec();
            asked.set(asked.get() + 1);
            Ok(answer)
        };
        let public = CallbackTargets::Public;
        let first = target.addresses(public, resolve).await;
        // What is connected to is this, and the resolver has no further say.
        assert_eq!((first.unwrap().as_slice(), asked.get()), (answers[0], 1));
        // The next attempt is checked again, and one bad address among good ones is enough.
        for expected in [2, 3] {
            let outcome = target.addresses(public, resolve).await;
            assert!(
                matches!(outcome, Err(CallbackOutcome::Blocked(_))),
                "{outcome:?}"
            );
            assert_eq!(asked.get(), expected);
        }
    }
}
