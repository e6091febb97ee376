#![doc = include_str!("../README.md")]
//!
//! | feature | adds |
//! |---|---|
//! | `hyper` | `HyperTransport`, over plain HTTP/1.1 |
//! | `http2` | HTTP/2 to it, by ALPN or by agreement |
//! | `rustls` | HTTPS to it, with the provider aws-lc-rs and the roots of the operating system |
//! | `proxy` | `HTTPS_PROXY` and `NO_PROXY` to its HTTPS |
//! | `ring` | HTTPS with the provider ring |
//! | `bundled-roots` | Mozilla's roots, for containers without any |
//! | `tower` | any tower service as a transport, and the other way round |
//! | `reqwest` | a transport over reqwest |
//! | `tokio` | the decorator `Timeout` |
//! | `tracing` | the decorator `Traced` |
//! | `serde` | `Serialize` for [`Sent`] and [`TransportErrorKind`] |
//! | `testing` | scripts, cassettes and broken streams for tests |
//! | `conformance` | a check of any transport against the contract |
//!
//! The first four are on by default. Without features there is no hyper and no tokio.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub use async_trait;
pub use bytes;
pub use http;
pub use http_body;

mod transport;
pub use transport::{FromFn, PreferFreshConnection, Transport, from_fn};

mod send_watch;
pub use send_watch::{SendWatch, WatchedBody};

mod error;
pub use error::{Sent, TransportError, TransportErrorKind};

mod body;
pub use body::Body;

mod reader_body;

mod body_end;
pub use body_end::BodyEnd;

mod lock;

pub mod escapes;

#[cfg(feature = "hyper")]
mod hyper_transport;
#[cfg(all(feature = "proxy", any(feature = "rustls", feature = "ring")))]
pub use hyper_transport::{EnvironmentProxy, environment_proxy};
#[cfg(feature = "hyper")]
pub use hyper_transport::{HyperTransport, HyperTransportBuilder, read_hyper_error};

#[cfg(feature = "tower")]
pub mod tower;

#[cfg(feature = "reqwest")]
pub mod reqwest;

#[cfg(feature = "tokio")]
mod timeout;
#[cfg(feature = "tokio")]
pub use timeout::Timeout;

#[cfg(feature = "tracing")]
mod traced;
#[cfg(feature = "tracing")]
pub use traced::Traced;

#[cfg(feature = "testing")]
pub mod testing;

#[cfg(feature = "conformance")]
pub mod conformance;
