//! Transports that break a clause on purpose: each must be caught, at that clause and no other.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use kirin_transport::{
    Body, BodyEnd, HyperTransport, SendWatch, Sent, Transport, TransportError, TransportErrorKind,
    conformance::{self, Clause, Peer},
};

async fn check(transport: impl Transport, peer: Peer, expected: &[Clause]) {
    let report = conformance::check(&transport, &peer).await;
    assert_eq!(report.broken_clauses(), expected, "{report}");
    assert!(!report.is_conforming());
    let text = report.to_string();
    for clause in expected {
        assert!(text.contains(&format!("BROKEN  {clause} (")), "{text}");
    }
}

type Answer = Result<Response<Body>, TransportError>;

/// A sound transport, in which one thing goes wrong.
struct Broken(HyperTransport, Breakage);

#[derive(Clone, Copy)]
enum Breakage {
    AddsAcceptEncoding,
    AnnouncesAndSends,
    AnswersForTheServer,
    BuffersBodies,
    CallsAllFramed,
    EndsCutBodiesCleanly,
    GoesOnWhenDropped,
    HidesRefusals,
    RepeatsAfterErrors,
    RepeatsWhenAsked,
    SaysMaybeAlways,
    SaysNoAlways,
    SendsTwiceAtOnce,
    StripsEncodings,
    TakesStatusesForErrors,
}

fn broken(breakage: Breakage) -> Broken {
    Broken(HyperTransport::plain(), breakage)
}

#[async_trait]
impl Transport for Broken {
    async fn send(&self, mut request: Request<Bytes>) -> Answer {
        let first = request.clone();
        match self.1 {
            Breakage::AddsAcceptEncoding => {
                let gzip = HeaderValue::from_static("gzip");
                request.headers_mut().insert(header::ACCEPT_ENCODING, gzip);
                self.0.send(request).await
            }
            Breakage::AnnouncesAndSends => {
                let watch = request.extensions_mut().remove::<SendWatch>();
                let _body = watch.unwrap_or_default().announce(request.body().clone());
                self.0.send(request).await
            }
            Breakage::AnswersForTheServer => match self.0.send(request).await {
                Err(error) if error.sent() == Sent::Maybe => bad_gateway(),
                outcome => outcome,
            },
            Breakage::BuffersBodies => {
                let (head, body) = self.0.send(request).await?.into_parts();
                let body = body.collect(64 << 20).await?;
                Ok(Response::from_parts(head, body.into()))
            }
            Breakage::CallsAllFramed => {
                let mut response = self.0.send(request).await?;
                response.extensions_mut().insert(BodyEnd::Framed);
                Ok(response)
            }
            Breakage::EndsCutBodiesCleanly => {
                let (head, mut body) = self.0.send(request).await?.into_parts();
                // Where the first piece is there, the rest is taken as the end.
                let first = body.next().await;
                let mut read = match first {
                    Some(Ok(piece)) => piece.to_vec(),
                    _ => Vec::new(),
                };
                while let Some(Ok(piece)) = body.next().await {
                    read.extend_from_slice(&piece);
                }
                Ok(Response::from_parts(head, read.into()))
            }
            Breakage::GoesOnWhenDropped => {
                let transport = self.0.clone();
                let sending = tokio::spawn(async move { transport.send(request).await });
                sending.await.unwrap()
            }
            Breakage::HidesRefusals => {
                let response = self.0.send(request).await?;
                match response.status().is_success() {
                    true => Ok(response),
                    false => Err(TransportError::new(TransportErrorKind::Other, Sent::No)),
                }
            }
            Breakage::RepeatsAfterErrors => match self.0.send(first).await {
                Err(error) if error.sent() == Sent::Maybe => self.0.send(request).await,
                outcome => outcome,
            },
            Breakage::RepeatsWhenAsked => {
                let response = self.0.send(first).await?;
                match response.headers().contains_key(header::RETRY_AFTER) {
                    true => self.0.send(request).await,
                    false => Ok(response),
                }
            }
            Breakage::SaysMaybeAlways => with_sent(self.0.send(request).await, Sent::Maybe),
            Breakage::SaysNoAlways => with_sent(self.0.send(request).await, Sent::No),
            Breakage::SendsTwiceAtOnce => {
                let (first, second) = (self.0.send(first), self.0.send(request));
                tokio::select! {
                    answer = first => answer,
                    answer = second => answer,
                }
            }
            Breakage::StripsEncodings => {
                let mut response = self.0.send(request).await?;
                response.headers_mut().remove(header::CONTENT_ENCODING);
                Ok(response)
            }
            Breakage::TakesStatusesForErrors => {
                let response = self.0.send(request).await?;
                match response.status().is_server_error() {
                    true => Err(TransportError::new(TransportErrorKind::Other, Sent::Maybe)),
                    false => Ok(response),
                }
            }
        }
    }
}

fn bad_gateway() -> Answer {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    Ok(response)
}

fn with_sent(answer: Answer, sent: Sent) -> Answer {
    answer.map_err(|error| TransportError::new(error.kind(), sent))
}

#[tokio::test]
async fn any_status_is_ok() {
    let transport = broken(Breakage::TakesStatusesForErrors);
    check(transport, Peer::http1(), &[Clause::AnyStatusIsOk]).await;
}

/// A refusal that becomes "not sent" makes the client send a create again that the server has read.
#[tokio::test]
async fn a_hidden_refusal_is_no_proof() {
    let report = conformance::check(&broken(Breakage::HidesRefusals), &Peer::http1()).await;
    let about_money = |clause: &Clause| clause.is_about_money();
    let broken = report.broken_clauses();
    let costly: Vec<Clause> = broken.iter().copied().filter(about_money).collect();
    assert_eq!(
        costly,
        [Clause::SentNoOnlyIfUnsent, Clause::NoRedirect],
        "{report}"
    );
    assert!(broken.contains(&Clause::AnyStatusIsOk), "{report}");
}

/// An answer that the server never gave also hides that the request may have left.
#[tokio::test]
async fn err_means_no_head() {
    let expected = [Clause::ErrMeansNoHead, Clause::SentNoOnlyIfUnsent];
    let transport = broken(Breakage::AnswersForTheServer);
    check(transport, Peer::http1(), &expected).await;
}

#[tokio::test]
async fn a_head_has_a_limit() {
    let builder = HyperTransport::builder().max_head_bytes(1 << 30);
    let expected = [Clause::ErrMeansNoHead];
    check(builder.build_plain(), Peer::http1(), &expected).await;
}

#[tokio::test]
async fn sent_no_only_if_unsent() {
    let expected = [Clause::SentNoOnlyIfUnsent];
    for breakage in [Breakage::SaysNoAlways, Breakage::SaysMaybeAlways] {
        check(broken(breakage), Peer::http1(), &expected).await;
    }
}

/// A request that is repeated is seen again by every case that counts.
#[tokio::test]
async fn one_attempt() {
    let expected = [Clause::OneAttempt];
    check(broken(Breakage::RepeatsWhenAsked), Peer::http1(), &expected).await;

    let report = conformance::check(&broken(Breakage::RepeatsAfterErrors), &Peer::http1()).await;
    assert!(
        report.broken_clauses().contains(&Clause::OneAttempt),
        "{report}"
    );
}

/// Two streams of one connection are two requests.
#[tokio::test]
async fn one_attempt_on_one_connection() {
    let transport = HyperTransport::builder().http2_only().build_plain();
    let transport = Broken(transport, Breakage::SendsTwiceAtOnce);
    let report = conformance::check(&transport, &Peer::http2()).await;
    let broken = report.findings().iter().filter(|it| it.broken.is_some());
    let attempts = broken.filter(|it| it.clause == Clause::OneAttempt);
    assert!(attempts.count() > 5, "{report}");
}

#[tokio::test]
async fn sent_as_asked() {
    let transport = broken(Breakage::AddsAcceptEncoding);
    check(transport, Peer::http1(), &[Clause::SentAsAsked]).await;
}

/// Who waits for the whole body also cannot be told to stop within it.
#[tokio::test]
async fn bodies_stream() {
    let expected = [Clause::BodyStreams, Clause::DroppingCancels];
    check(broken(Breakage::BuffersBodies), Peer::http1(), &expected).await;
    let transport = broken(Breakage::StripsEncodings);
    check(transport, Peer::http1(), &[Clause::BodyStreams]).await;
}

#[tokio::test]
async fn cut_bodies_are_errors() {
    let report = conformance::check(&broken(Breakage::EndsCutBodiesCleanly), &Peer::http1()).await;
    assert!(
        report.broken_clauses().contains(&Clause::CutBodyIsAnError),
        "{report}"
    );
}

#[tokio::test]
async fn a_body_that_ends_with_its_connection_is_not_framed() {
    let transport = broken(Breakage::CallsAllFramed);
    check(transport, Peer::http1(), &[Clause::CutBodyIsAnError]).await;
}

#[tokio::test]
async fn dropping_cancels() {
    let transport = broken(Breakage::GoesOnWhenDropped);
    check(transport, Peer::http1(), &[Clause::DroppingCancels]).await;
}

#[tokio::test]
async fn what_was_withdrawn_never_arrives() {
    let expected = [Clause::WithdrawnNeverArrives];
    check(
        broken(Breakage::AnnouncesAndSends),
        Peer::http1(),
        &expected,
    )
    .await;

    let transport = HyperTransport::builder().http2_only().build_plain();
    let transport = Broken(transport, Breakage::AnnouncesAndSends);
    let report = conformance::check(&transport, &Peer::http2()).await;
    assert_eq!(report.broken_clauses(), expected, "{report}");
    let broken = report.findings().iter().filter(|it| it.broken.is_some());
    let queued = broken.filter(|it| it.case.contains("waits for a stream"));
    assert_eq!(queued.count(), 1, "{report}");
}

/// What HTTP/2 says of a stream above the last id is no proof of one at or below it.
#[tokio::test]
async fn sent_no_only_above_the_last_id() {
    let transport = HyperTransport::builder().http2_only().build_plain();
    let transport = Broken(transport, Breakage::SaysNoAlways);
    let report = conformance::check(&transport, &Peer::http2()).await;
    assert_eq!(
        report.broken_clauses(),
        [Clause::SentNoOnlyIfUnsent],
        "{report}"
    );
    let broken = report.findings().iter().filter(|it| it.broken.is_some());
    let goodbyes = broken.filter(|it| it.case.contains("the last id"));
    assert!(goodbyes.count() > 5, "{report}");
}

/// reqwest as it comes, without what the adapter switches off.
struct PlainReqwest(reqwest::Client);

#[async_trait]
impl Transport for PlainReqwest {
    async fn send(&self, request: Request<Bytes>) -> Answer {
        let failed = |error: reqwest::Error| {
            let sent = if error.is_connect() {
                Sent::No
            } else {
                Sent::Maybe
            };
            TransportError::new(TransportErrorKind::Other, sent).with_source(error)
        };
        let request = request.try_into().map_err(failed)?;
        let response = self.0.execute(request).await.map_err(failed)?;
        Ok(Response::<reqwest::Body>::from(response).map(Body::new))
    }
}

#[tokio::test]
async fn redirects() {
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    let transport = PlainReqwest(builder.build().unwrap());
    // It follows every redirect that has a place to go to, so their statuses are never seen.
    check(transport, Peer::http1(), &[Clause::NoRedirect]).await;
}

/// Over HTTP/2 it also repeats what a server refused.
#[tokio::test]
async fn repeated_refusals() {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .http2_prior_knowledge();
    let transport = PlainReqwest(builder.build().unwrap());
    let expected = [Clause::OneAttempt, Clause::NoRedirect];
    check(transport, Peer::http2(), &expected).await;
}
