//! Why an exchange failed, and whether the request may have left.

use std::{error::Error, fmt, sync::Arc};

/// Whether a failed request may have reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the two answers there are; a caller decides by both"
)]
pub enum Sent {
    /// The server may have acted on it.
    Maybe,
    /// The server cannot have acted on it: no byte of its body left and it can never become whole,
    /// or HTTP/2 says so.
    No,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The body ended before it was complete.
    Body,
    /// The connection closed before the response head was complete.
    Closed,
    /// No connection: name not found, refused, TLS handshake failed, or not in time.
    Connect,
    /// None of these.
    Other,
    /// The peer broke the HTTP protocol.
    Protocol,
    /// The request cannot be sent by this transport.
    Request,
    /// It took longer than allowed.
    Timeout,
    /// The head or the body is larger than allowed.
    TooLarge,
    /// The caller withdrew it, with [`SendWatch::withdraw`](crate::SendWatch::withdraw).
    Withdrawn,
}

/// A failed exchange. [`fmt::Display`] says what failed; [`source`](Error::source) says why. A clone has the
/// same source.
///
/// ```
/// use kirin_transport::{Sent, TransportError, TransportErrorKind};
///
/// let error = TransportError::new(TransportErrorKind::Connect, Sent::No);
/// assert_eq!(error.sent(), Sent::No);
/// assert_eq!(error.to_string(), "no connection to the server");
/// ```
#[derive(Clone, Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    sent: Sent,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl TransportError {
    /// An error without a source. Where it is not certain that nothing left, `sent` is
    /// [`Sent::Maybe`].
    pub fn new(kind: TransportErrorKind, sent: Sent) -> Self {
        Self {
            kind,
            sent,
            source: None,
        }
    }

    /// The same error, caused by `source`.
    ///
    /// ```
    /// use std::error::Error;
    ///
    /// use kirin_transport::{Sent, TransportError, TransportErrorKind};
    ///
    /// let error = TransportError::new(TransportErrorKind::Other, Sent::Maybe).with_source("reset");
    /// assert_eq!(error.source().unwrap().to_string(), "reset");
    /// ```
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// The same error within a body: the request has left, whatever was said of it.
    pub(crate) fn after_the_head(self) -> Self {
        Self {
            sent: Sent::Maybe,
            ..self
        }
    }

    /// The same error of a request that was withdrawn.
    #[cfg(feature = "tower")]
    pub(crate) fn not_sent(self) -> Self {
        Self {
            sent: Sent::No,
            ..self
        }
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the server may have acted on the request.
    pub fn sent(&self) -> Sent {
        self.sent
    }
}

impl Sent {
    /// The word for it: `maybe` or `no`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Maybe => "maybe",
            Self::No => "no",
        }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl TransportErrorKind {
    /// The word for it.
    ///
    /// ```
    /// use kirin_transport::TransportErrorKind;
    ///
    /// assert_eq!(TransportErrorKind::TooLarge.as_str(), "too_large");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Closed => "closed",
            Self::Connect => "connect",
            Self::Other => "other",
            Self::Protocol => "protocol",
            Self::Request => "request",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Sent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for TransportErrorKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.kind {
            TransportErrorKind::Body => "the answer was cut off",
            TransportErrorKind::Closed => "the connection closed before the answer",
            TransportErrorKind::Connect => "no connection to the server",
            TransportErrorKind::Other => "the exchange with the server failed",
            TransportErrorKind::Protocol => "the server broke the HTTP protocol",
            TransportErrorKind::Request => "the request cannot be sent",
            TransportErrorKind::Timeout => "the server took too long",
            TransportErrorKind::TooLarge => "the answer is larger than allowed",
            TransportErrorKind::Withdrawn => "the request was withdrawn before it was sent",
        })
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
