//! tower services as transports: what their errors mean.

use std::{
    error::Error,
    fmt,
    future::{Ready, ready},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use kirin_transport::{
    Body, BodyEnd, HyperTransport, SendWatch, Sent, Transport, TransportError, TransportErrorKind,
    from_fn,
    tower::{TowerTransport, TransportService},
};
use tower_service::Service;

use crate::server::create;

/// A service that fails in one way.
#[derive(Clone)]
enum Failing {
    WhenAsked(fn() -> Box<dyn Error + Send + Sync>),
    WhenReady,
}

impl Service<Request<Full<Bytes>>> for Failing {
    type Response = Response<Full<Bytes>>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        match self {
            Self::WhenAsked(_) => Poll::Ready(Ok(())),
            Self::WhenReady => Poll::Ready(Err("overloaded".into())),
        }
    }

    fn call(&mut self, _request: Request<Full<Bytes>>) -> Self::Future {
        match self {
            Self::WhenAsked(error) => ready(Err(error())),
            Self::WhenReady => panic!("it was not ready"),
        }
    }
}

/// A layer's error around another one.
#[derive(Debug)]
struct Layered(TransportError);

impl fmt::Display for Layered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a layer failed")
    }
}

impl Error for Layered {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

async fn fail(service: Failing) -> TransportError {
    let transport = TowerTransport::new(service);
    transport.send(create("http://a.test/")).await.unwrap_err()
}

#[tokio::test]
async fn what_was_never_handed_over_was_not_sent() {
    let error = fail(Failing::WhenReady).await;
    assert_eq!(
        (error.kind(), error.sent()),
        (TransportErrorKind::Other, Sent::No)
    );
    assert_eq!(error.source().unwrap().to_string(), "overloaded");
}

#[tokio::test]
async fn an_error_that_says_nothing_may_have_been_sent() {
    let error = fail(Failing::WhenAsked(|| "connection refused".into())).await;
    assert_eq!(
        (error.kind(), error.sent()),
        (TransportErrorKind::Other, Sent::Maybe)
    );
}

#[tokio::test]
async fn an_error_of_ours_is_believed_however_deep_it_lies() {
    fn own() -> TransportError {
        TransportError::new(TransportErrorKind::Connect, Sent::No).with_source("as asked")
    }
    let error = fail(Failing::WhenAsked(|| own().into())).await;
    assert_eq!(
        (error.kind(), error.sent()),
        (TransportErrorKind::Connect, Sent::No)
    );
    assert_eq!(error.source().unwrap().to_string(), "as asked");

    let error = fail(Failing::WhenAsked(|| Layered(own()).into())).await;
    assert_eq!(
        (error.kind(), error.sent()),
        (TransportErrorKind::Connect, Sent::No)
    );
    assert_eq!(error.source().unwrap().to_string(), "a layer failed");
}

#[tokio::test]
async fn what_else_an_error_means_its_reader_says() {
    let transport = TowerTransport::<_, Full<Bytes>>::new(Failing::WhenAsked(|| "refused".into()))
        .read_errors(|error| match error.to_string().as_str() {
            "refused" => (TransportErrorKind::Connect, Sent::No),
            _ => (TransportErrorKind::Other, Sent::Maybe),
        });
    let error = transport.send(create("http://a.test/")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (TransportErrorKind::Connect, Sent::No)
    );
}

#[tokio::test]
async fn a_transport_is_a_service_that_is_always_ready() {
    let script =
        from_fn(
            |request: Request<Bytes>| async move { Ok(Response::new(request.into_body().into())) },
        );
    let mut service = TransportService::new(script);
    std::future::poll_fn(|context| service.poll_ready(context))
        .await
        .unwrap();
    let response = service
        .clone()
        .call(create("http://a.test/"))
        .await
        .unwrap();
    let body = response.into_body().collect(1024).await.unwrap();
    assert_eq!(body, create("http://a.test/").body());
}

/// A layer that drops a request as soon as it waits, as one with a time-out does later.
#[derive(Clone)]
struct Impatient(TransportService<HyperTransport>);

impl Service<Request<Bytes>> for Impatient {
    type Response = Response<Body>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let mut sending = self.0.call(request);
        Box::pin(async move {
            tokio::select! {
                biased;
                answered = &mut sending => Ok(answered?),
                () = tokio::task::yield_now() => Err("no patience".into()),
            }
        })
    }
}

/// The connection is never there, so the create waits in the transport below the layer.
#[tokio::test]
async fn what_a_layer_drops_while_it_waits_below_was_not_sent() {
    for (watched, expected) in [(true, Sent::No), (false, Sent::Maybe)] {
        let never = |_url| std::future::pending::<std::io::Result<tokio::net::TcpStream>>();
        let below = HyperTransport::builder().build_over(never);
        let transport = TowerTransport::<_, Bytes>::new(Impatient(TransportService::new(below)));
        let mut request = create("http://a.test/");
        if watched {
            request.extensions_mut().insert(SendWatch::new());
        }
        let error = transport.send(request).await.unwrap_err();
        assert_eq!(error.sent(), expected, "watched: {watched}");
        assert_eq!(error.source().unwrap().to_string(), "no patience");
    }
}

#[tokio::test]
async fn what_a_transport_below_says_of_the_end_of_a_body_is_passed_on() {
    for (said, chunked, expected) in [
        (Some(BodyEnd::Framed), false, BodyEnd::Framed),
        (Some(BodyEnd::Closed), true, BodyEnd::Closed),
        (None, true, BodyEnd::Framed),
        (None, false, BodyEnd::Closed),
    ] {
        let below = from_fn(move |_| async move {
            let mut response = Response::new(Body::from("video"));
            if chunked {
                let value = "chunked".parse().unwrap();
                response.headers_mut().insert("transfer-encoding", value);
            }
            if let Some(said) = said {
                response.extensions_mut().insert(said);
            }
            Ok(response)
        });
        let transport = TowerTransport::<_, Bytes>::new(TransportService::new(below));
        let response = transport.send(create("http://a.test/")).await.unwrap();
        assert_eq!(BodyEnd::of(response.extensions()), expected);
    }
}
