//! The server: a listener, its connections, and the client to wake.

use std::{
    fmt, io,
    net::SocketAddr,
    num::NonZeroU16,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use http::{Method, Request, Response, header::ALLOW};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use kirin_transport::{Body, TransportError, TransportErrorKind};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
};

use super::{CallbackCounts, path::SecretPath, verdict::Verdict};
use crate::{
    Wakes,
    clock::{pause, within},
    driver::mint_token,
    lock::lock,
};

/// Longest head of a request, in bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// Wait after an accept that failed, mostly because no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A small HTTP server that takes the service's callbacks and wakes a client.
///
/// It speaks plain HTTP/1.1, one request a connection. The service has to reach it, so there is
/// usually a proxy with a public name and a certificate before it. Its path cannot be guessed: 128
/// bits of the operating system's randomness, new for each receiver. So the callbacks of tasks that an earlier
/// process created wake no one, and these tasks are queried as usual. A web server of your own, with
/// [`Client::wake`](crate::Client::wake), can keep its path.
///
/// Nothing is believed of a callback but which task it is about, so whatever happens to a receiver,
/// no task is lost by it: the client queries seldom by itself (see
/// [`ClientBuilder::expects_callbacks`](crate::ClientBuilder::expects_callbacks)).
///
/// Dropping it closes the listener and every connection.
///
/// ```
/// use kirin_client::{CallbackReceiver, Client};
/// use kirin_types::GenerationRequest;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let offline = kirin_transport::from_fn(|_| async { unreachable!("nothing is sent") });
/// # let builder = Client::builder("any-key".parse()?).transport(offline);
/// # let client = builder.expects_callbacks().build()?;
/// // With `client`, which was built with `expects_callbacks()`:
/// let receiver = CallbackReceiver::builder(&client).bind("127.0.0.1:0".parse()?).await?;
/// let request = GenerationRequest::builder("a fox")
///     .callback_url(receiver.url("https://hooks.example.com/kirin"))
///     .build()?;
/// // let task = client.generate(request).await?;
/// # let _ = request;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CallbackReceiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

struct Shared {
    wakes: Wakes,
    path: SecretPath,
    counts: Mutex<CallbackCounts>,
}

impl CallbackReceiver {
    /// Most bytes of a body: 1 MiB. More is answered 413.
    ///
    /// ```
    /// assert_eq!(kirin_client::CallbackReceiver::MAX_BODY_BYTES, 1024 * 1024);
    /// ```
    pub const MAX_BODY_BYTES: usize = 1024 * 1024;

    /// How long the head of a request may take. The connection is closed after it.
    ///
    /// ```
    /// assert_eq!(kirin_client::CallbackReceiver::HEAD_TIME.as_secs(), 10);
    /// ```
    pub const HEAD_TIME: Duration = Duration::from_secs(10);

    /// How long a connection may last in all, from its acceptance to the end of the answer.
    ///
    /// ```
    /// assert_eq!(kirin_client::CallbackReceiver::CONNECTION_TIME.as_secs(), 30);
    /// ```
    pub const CONNECTION_TIME: Duration = Duration::from_secs(30);

    /// Starts a receiver that wakes the generations of a `&Client` and of its clones, or of all clients that
    /// share a `&Wakes`.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use kirin_client::{CallbackReceiver, Client, Wakes};
    ///
    /// let wakes = Wakes::new();
    /// let receiver = CallbackReceiver::builder(&wakes).bind("127.0.0.1:0".parse()?).await?;
    /// let client = Client::builder("my-key".parse()?).wakes(&wakes).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(wakes: impl Into<Wakes>) -> CallbackReceiverBuilder {
        CallbackReceiverBuilder {
            wakes: wakes.into(),
            connections: CallbackReceiverBuilder::CONNECTIONS,
        }
    }

    /// The `callback_url` to put into requests, for a receiver that the service reaches at `base`. It
    /// is to be kept secret.
    ///
    /// The path of `base` may be there or not when a request arrives here: a proxy can pass it on or
    /// take it away.
    pub fn url(&self, base: &str) -> String {
        self.shared.path.below(base)
    }

    /// Where it listens, with the port that was free if port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The results of the requests so far.
    ///
    /// ```
    /// # async fn example(client: kirin_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use kirin_client::{CallbackCounts, CallbackReceiver};
    ///
    /// let receiver = CallbackReceiver::builder(&client).bind("127.0.0.1:0".parse()?).await?;
    /// assert_eq!(receiver.counts(), CallbackCounts::default());
    /// # Ok(())
    /// # }
    /// ```
    pub fn counts(&self) -> CallbackCounts {
        *self.shared.counts()
    }
}

impl Drop for CallbackReceiver {
    fn drop(&mut self) {
        // The listener owns the connections, so they end with it.
        self.listening.abort();
    }
}

impl fmt::Debug for CallbackReceiver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CallbackReceiver")
            .field("address", &self.address)
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

/// Collects what a [`CallbackReceiver`] needs.
#[derive(Debug)]
#[must_use = "a builder does nothing until `bind` is called"]
pub struct CallbackReceiverBuilder {
    wakes: Wakes,
    connections: NonZeroU16,
}

impl CallbackReceiverBuilder {
    /// How many connections are served at once, unless [`connections`](Self::connections) says
    /// otherwise.
    ///
    /// ```
    /// assert_eq!(kirin_client::CallbackReceiverBuilder::CONNECTIONS.get(), 256);
    /// ```
    // It is not zero.
    pub const CONNECTIONS: NonZeroU16 = NonZeroU16::new(256).expect("not zero");

    /// Sets how many connections are served at once; [`Self::CONNECTIONS`] if never called. More wait
    /// to be accepted. Each takes up to about 2 MiB of memory while a large body comes in.
    ///
    /// ```
    /// # async fn example(client: kirin_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use kirin_client::CallbackReceiver;
    ///
    /// let builder = CallbackReceiver::builder(&client).connections(16.try_into()?);
    /// let receiver = builder.bind("127.0.0.1:0".parse()?).await?;
    /// println!("listening on {}", receiver.address());
    /// # Ok(())
    /// # }
    /// ```
    pub fn connections(mut self, connections: NonZeroU16) -> Self {
        self.connections = connections;
        self
    }

    /// Listens. It continues beside the caller, on the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on, or the operating system gives no randomness.
    pub async fn bind(self, address: SocketAddr) -> io::Result<CallbackReceiver> {
        let path = SecretPath::new(mint_token()?);
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            wakes: self.wakes,
            path,
            counts: Mutex::default(),
        });
        let listening = listen(listener, Arc::clone(&shared), self.connections);
        Ok(CallbackReceiver {
            address,
            shared,
            listening: tokio::spawn(listening),
        })
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>, connections: NonZeroU16) {
    let places = Arc::new(Semaphore::new(connections.get().into()));
    let mut connections = JoinSet::new();
    // It is never closed, so there is always a place some time.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        // The memory of those that have ended.
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    within(CallbackReceiver::CONNECTION_TIME, serve(stream, shared)).await;
                    drop(place);
                });
            }
            Err(_) => pause(ACCEPT_PAUSE).await,
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let answer = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { shared.answer(request).await }
    });
    // How a connection ends is its caller's affair: the error has no reader here.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(CallbackReceiver::HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .keep_alive(false)
        // A sender may say that it has no more to say, and still wants its answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

impl Shared {
    /// # Errors
    ///
    /// The connection ended before the body did.
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, TransportError> {
        let (head, body) = request.into_parts();
        let body = match head.method {
            Method::POST => read(body).await?,
            _ => None,
        };
        let verdict = Verdict::of(&head.method, head.uri.path(), body.as_deref(), &self.path);
        let was_awaited = match &verdict {
            Verdict::Callback(callback) => self.wakes.wake(callback),
            _ => false,
        };
        self.counts().count(&verdict, was_awaited);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = verdict.status();
        if let Verdict::WrongMethod = verdict {
            response
                .headers_mut()
                .insert(ALLOW, http::HeaderValue::from_static("POST"));
        }
        Ok(response)
    }

    fn counts(&self) -> MutexGuard<'_, CallbackCounts> {
        lock(&self.counts)
    }
}

/// Reads a body; `None` if it is too large, at once if it says so itself.
async fn read(body: Incoming) -> Result<Option<bytes::Bytes>, TransportError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > CallbackReceiver::MAX_BODY_BYTES {
        return Ok(None);
    }
    match Body::new(body)
        .collect(CallbackReceiver::MAX_BODY_BYTES)
        .await
    {
        Ok(body) => Ok(Some(body)),
        Err(error) if error.kind() == TransportErrorKind::TooLarge => Ok(None),
        Err(error) => Err(error),
    }
}
