//! What is a transport without a network: closures, pointers, and wrappers over either.

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use kirin_transport::{
    Body, FromFn, PreferFreshConnection, SendWatch, Sent, Transport, TransportError,
    TransportErrorKind, from_fn,
};

/// Answers with what it was asked, and fails for the path `/fail`.
fn echo() -> impl Transport + Clone + 'static {
    from_fn(|request: Request<Bytes>| async move {
        if request.uri().path() == "/fail" {
            let error = TransportError::new(TransportErrorKind::Connect, Sent::No);
            return Err(error.with_source("as asked"));
        }
        let fresh = request
            .extensions()
            .get::<PreferFreshConnection>()
            .is_some();
        let (method, uri) = (request.method(), request.uri());
        let watched = request.extensions().get::<SendWatch>().is_some();
        let head = format!("{method} {uri} fresh={fresh} watched={watched} ");
        let body = [head.as_bytes(), request.body().as_ref()].concat();
        let response = Response::builder().status(StatusCode::IM_A_TEAPOT);
        Ok(response.body(Body::from(body)).unwrap())
    })
}

/// Sends through any transport, as a library that knows nothing of the type would.
async fn check(transport: impl Transport) {
    let mut request = Request::post("http://a.test/b?c=d")
        .body(Bytes::from_static(b"hello"))
        .unwrap();
    request.extensions_mut().insert(PreferFreshConnection);
    request.extensions_mut().insert(SendWatch::new());
    let response = transport.send(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
    let body = response.into_body().collect(1024).await.unwrap();
    assert_eq!(
        body,
        "POST http://a.test/b?c=d fresh=true watched=true hello"
    );

    let request = Request::get("http://a.test/fail")
        .body(Bytes::new())
        .unwrap();
    let error = transport.send(request).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert_eq!(error.sent(), Sent::No);
    assert_eq!(error.source().unwrap().to_string(), "as asked");
}

#[tokio::test]
async fn every_adapter_passes_requests_answers_and_errors_through() {
    check(echo()).await;
    check(Arc::new(echo())).await;
    check(Box::new(echo())).await;
    check(Arc::new(echo()) as Arc<dyn Transport>).await;
    check(Box::new(echo()) as Box<dyn Transport>).await;
    check(Arc::new(Box::new(echo()) as Box<dyn Transport>)).await;
    check(Box::new(Arc::new(echo()) as Arc<dyn Transport>) as Box<dyn Transport>).await;
}

#[tokio::test]
async fn one_transport_serves_many_tasks() {
    let shared: Arc<dyn Transport> = Arc::new(echo());
    let tasks: Vec<_> = (0..8)
        .map(|_| tokio::spawn(check(shared.clone())))
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_closure_may_borrow_what_it_counts_with() {
    let asked = std::sync::Mutex::new(Vec::new());
    let transport = from_fn(|request: Request<Bytes>| {
        asked.lock().unwrap().push(request.uri().path().to_owned());
        async { Ok(Response::new(Body::empty())) }
    });
    for path in ["/one", "/two"] {
        let request = Request::get(path).body(Bytes::new()).unwrap();
        transport.send(request).await.unwrap();
    }
    assert_eq!(*asked.lock().unwrap(), ["/one", "/two"]);
}

#[test]
fn everything_can_cross_threads() {
    fn crosses<T: Send + Sync + ?Sized>() {}
    fn moves<T: Send>() {}
    crosses::<dyn Transport>();
    crosses::<Arc<dyn Transport>>();
    crosses::<Box<dyn Transport>>();
    crosses::<FromFn<fn()>>();
    crosses::<TransportError>();
    crosses::<PreferFreshConnection>();
    crosses::<SendWatch>();
    // A body is read by one task, which need not be the one that asked.
    moves::<Body>();
    #[cfg(feature = "hyper")]
    crosses::<kirin_transport::HyperTransport>();
}

#[test]
fn debug_names_the_type_and_nothing_else() {
    assert_eq!(format!("{:?}", from_fn(answer_nothing)), "FromFn");
}

async fn answer_nothing(_request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
    Ok(Response::new(Body::empty()))
}
