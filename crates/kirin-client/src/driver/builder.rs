//! How a client is made.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use kirin_transport::{Transport, TransportError};

use super::client::{Client, Shared};
use crate::{
    ApiKey, BaseUrl, Budget, HostCapabilities, Journal, PollSchedule,
    wire::{Endpoint, InvalidEndpoint},
};

/// Collects what a [`Client`] needs.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_client::Client;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let client = Client::builder("any-key".parse()?)
///     .base_url("http://127.0.0.1:4010".parse()?)
///     .deadline(Duration::from_secs(600))
///     .build()?;
/// # let _ = client;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder {
    key: ApiKey,
    base_url: BaseUrl,
    transport: Option<Arc<dyn Transport>>,
    journal: Option<Arc<dyn Journal>>,
    budget: Option<Arc<Budget>>,
    capabilities: HostCapabilities,
    pub(super) deadline: Option<Option<Duration>>,
    pub(super) schedule: Option<PollSchedule>,
}

impl ClientBuilder {
    pub(super) fn new(key: ApiKey) -> Self {
        Self {
            key,
            base_url: BaseUrl::default(),
            transport: None,
            journal: None,
            budget: None,
            capabilities: HostCapabilities::default(),
            deadline: None,
            schedule: None,
        }
    }

    /// Sets where the API is; <https://cloud.vtrix.ai> if never called (documented).
    pub fn base_url(mut self, base_url: BaseUrl) -> Self {
        self.base_url = base_url;
        self
    }

    /// Sets what sends the requests; hyper if never called.
    ///
    /// ```
    /// use kirin_client::Client;
    /// use kirin_transport::{Sent, TransportError, TransportErrorKind, from_fn};
    ///
    /// let offline = from_fn(|_request| async {
    ///     Err(TransportError::new(TransportErrorKind::Connect, Sent::No))
    /// });
    /// let client = Client::builder("any-key".parse()?).transport(offline).build()?;
    /// # let _ = client;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets what remembers creates; nothing does if never called. With a journal, nothing is sent that
    /// is not written down first.
    pub fn journal(mut self, journal: Arc<dyn Journal>) -> Self {
        self.journal = Some(journal);
        self
    }

    /// Sets what may be spent; there is no limit if never called.
    pub fn budget(mut self, budget: Arc<Budget>) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Declares what the host can do; nothing if never called. It decides whether a create whose
    /// answer was lost can be sent again.
    pub fn capabilities(mut self, capabilities: HostCapabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Sets how long an operation waits for a task; twenty times the model's typical time if
    /// never called, 15 minutes for the reference model. Passing it is "still running", never
    /// "failed".
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(Some(deadline));
        self
    }

    /// Waits for a task for ever.
    pub fn forever(mut self) -> Self {
        self.deadline = Some(None);
        self
    }

    /// Sets when tasks are queried; [`PollSchedule::optimum`] for the model's typical time if
    /// never called.
    pub fn schedule(mut self, schedule: PollSchedule) -> Self {
        self.schedule = Some(schedule);
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// The key is for an emulator and the host is not this machine, or the default transport
    /// cannot be made.
    pub fn build(mut self) -> Result<Client, BuildError> {
        let fingerprint = self.key.fingerprint();
        let endpoint =
            Endpoint::new(self.base_url.clone(), self.key.clone()).map_err(BuildError::Endpoint)?;
        let transport = match self.transport.take() {
            Some(transport) => transport,
            None => default_transport(&self.base_url)?,
        };
        Ok(Client(Arc::new(Shared {
            endpoint,
            fingerprint,
            transport,
            journal: self.journal,
            budget: self.budget,
            capabilities: Mutex::new(self.capabilities),
            deadline: self.deadline,
            schedule: self.schedule,
        })))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientBuilder")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

/// The roots of the operating system are only read where TLS is spoken: a bare container has
/// none, and still talks to itself.
#[cfg(feature = "hyper")]
fn default_transport(base_url: &BaseUrl) -> Result<Arc<dyn Transport>, BuildError> {
    use kirin_transport::HyperTransport;

    if base_url.as_str().starts_with("http://") {
        return Ok(Arc::new(HyperTransport::plain()));
    }
    #[cfg(feature = "rustls")]
    return Ok(Arc::new(
        HyperTransport::new().map_err(BuildError::Transport)?,
    ));
    #[cfg(all(feature = "ring", not(feature = "rustls")))]
    return Ok(Arc::new(
        HyperTransport::with_ring().map_err(BuildError::Transport)?,
    ));
    #[cfg(not(any(feature = "ring", feature = "rustls")))]
    Err(BuildError::NoTransport)
}

#[cfg(not(feature = "hyper"))]
fn default_transport(_base_url: &BaseUrl) -> Result<Arc<dyn Transport>, BuildError> {
    Err(BuildError::NoTransport)
}

/// Why a client cannot be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The key must not be sent to this base URL.
    Endpoint(InvalidEndpoint),
    /// No transport was given, and the features that bring a fitting one are off.
    NoTransport,
    /// The default transport cannot be made.
    Transport(TransportError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Endpoint(_) => "the key cannot be used with this base URL",
            Self::NoTransport => {
                "no transport: give one, or turn on the features hyper and rustls of kirin-client"
            }
            Self::Transport(_) => "the default transport cannot be made",
        })
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Endpoint(source) => Some(source),
            Self::NoTransport => None,
            Self::Transport(source) => Some(source),
        }
    }
}
