//! tower services as transports, and transports as tower services.

use std::{
    error::Error,
    fmt,
    future::{Future, poll_fn},
    iter,
    marker::PhantomData,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use crate::{
    Body, BodyEnd, SendWatch, Sent, Transport, TransportError, TransportErrorKind, lock::lock,
};

/// What an error of a service means: the kind of failure, and whether the request may have left.
pub type ErrorReader = fn(&(dyn Error + 'static)) -> (TransportErrorKind, Sent);

/// Any tower service of HTTP as a transport: a stack of layers, a client of another library.
///
/// The service is cloned for each request, as tower means it to be, and asked whether it is ready.
/// An error from that is [`Sent::No`]. What other errors mean, the service's own words must say:
/// where a [`TransportError`] is among the causes, it is believed, and everything else is
/// [`Sent::Maybe`] unless an [`ErrorReader`] knows better, or the request was still waiting in a
/// transport below and is withdrawn (see [`SendWatch`]).
///
/// A layer that repeats requests or follows redirects breaks the contract of [`Transport`], and
/// with it the promise of the client above: leave both out.
///
/// ```
/// use http_body_util::Full;
/// use hyper_util::{client::legacy::Client, rt::TokioExecutor};
/// use kirin_transport::{read_hyper_error, tower::TowerTransport};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let client = Client::builder(TokioExecutor::new())
///     .retry_canceled_requests(false)
///     .build_http::<Full<bytes::Bytes>>();
/// let transport = TowerTransport::new(client).read_errors(read_hyper_error);
/// # fn takes_any(_: impl kirin_transport::Transport) {}
/// # takes_any(transport);
/// # });
/// ```
pub struct TowerTransport<S, B> {
    service: Mutex<S>,
    read: Option<ErrorReader>,
    body: PhantomData<fn(B)>,
}

impl<S, B> TowerTransport<S, B> {
    /// Sends through `service`, which takes requests with bodies of type `B`.
    pub fn new(service: S) -> Self {
        Self {
            service: Mutex::new(service),
            read: None,
            body: PhantomData,
        }
    }

    /// Asks `read` what the service's errors mean. It must say [`Sent::No`] only where the contract
    /// of [`Transport`] allows it.
    pub fn read_errors(mut self, read: ErrorReader) -> Self {
        self.read = Some(read);
        self
    }

    fn failed(&self, error: Box<dyn Error + Send + Sync>) -> TransportError {
        let error = match error.downcast::<TransportError>() {
            Ok(error) => return *error,
            Err(error) => error,
        };
        let outermost: &(dyn Error + 'static) = &*error;
        let mut causes = iter::successors(Some(outermost), |cause| (*cause).source());
        let own = causes.find_map(|cause| cause.downcast_ref::<TransportError>());
        let (kind, sent) = match (own, self.read) {
            (Some(own), _) => (own.kind(), own.sent()),
            (None, Some(read)) => read(outermost),
            (None, None) => (TransportErrorKind::Other, Sent::Maybe),
        };
        TransportError::new(kind, sent).with_source(error)
    }
}

impl<S, B> fmt::Debug for TowerTransport<S, B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TowerTransport")
    }
}

#[async_trait]
impl<S, B, R> Transport for TowerTransport<S, B>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    S::Future: Send,
    B: From<Bytes> + Send,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<Box<dyn Error + Send + Sync>>,
{
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let mut service = lock(&self.service).clone();
        let ready = poll_fn(|context| service.poll_ready(context)).await;
        ready.map_err(|error| {
            TransportError::new(TransportErrorKind::Other, Sent::No).with_source(error)
        })?;
        let watch = request.extensions().get::<SendWatch>().cloned();
        let answered = service.call(request.map(B::from)).await;
        let response = answered.map_err(|error| {
            let error = self.failed(error.into());
            // A layer that gave up has dropped what waited.
            match watch.is_some_and(|watch| watch.given_up() == Sent::No) {
                true => error.not_sent(),
                false => error,
            }
        })?;
        let (mut head, body) = response.into_parts();
        // What a transport below has said is known better than what is left of the head.
        if head.extensions.get::<BodyEnd>().is_none() {
            head.extensions.insert(BodyEnd::of_http1(&head));
        }
        Ok(Response::from_parts(head, Body::new(body)))
    }
}

/// Any transport as a tower service, to put layers around it. Clones send through the same
/// transport; it is always ready.
///
/// ```
/// use kirin_transport::{Body, from_fn, tower::TransportService};
///
/// let transport = from_fn(|_request| async { Ok(http::Response::new(Body::empty())) });
/// let service = TransportService::new(transport);
/// # let _ = service;
/// ```
pub struct TransportService<T>(Arc<T>);

impl<T: Transport> TransportService<T> {
    /// A service that sends through `transport`.
    pub fn new(transport: T) -> Self {
        Self(Arc::new(transport))
    }
}

impl<T> Clone for TransportService<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for TransportService<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TransportService")
    }
}

impl<T: Transport + 'static> Service<Request<Bytes>> for TransportService<T> {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let transport = self.0.clone();
        Box::pin(async move { transport.send(request).await })
    }
}
