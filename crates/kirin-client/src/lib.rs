#![cfg_attr(feature = "tokio", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "tokio"),
    doc = "Generates videos with the Kirin text-to-video API: the pure half, without `Client`."
)]
//!
//! | feature | adds |
//! |---|---|
//! | `hyper` | the default transport of `Client`, over plain HTTP/1.1 |
//! | `http2` | HTTP/2 to it |
//! | `rustls` | HTTPS to it, with the provider aws-lc-rs and the roots of the operating system |
//! | `proxy` | `HTTPS_PROXY` and `NO_PROXY` to its HTTPS |
//! | `ring` | HTTPS with the provider ring, where `rustls` is off |
//! | `tokio` | `Client`, over a transport of your own |
//! | `blocking` | `blocking::Client`, for programs without async |
//! | `callbacks` | `CallbackReceiver`, a small server that the service calls back |
//! | `conformance` | `journal_conformance`, which checks a journal of your own |
//! | `metrics` | the counters, gauges and histograms that the module `metrics` lists |
//! | `tracing` | a span `kirin_generation` of level INFO for each generation, and a span `kirin_call` of level DEBUG for each of its calls |
//!
//! The first four are on by default, and every one turns on `tokio`. Without features there is no tokio
//! and no hyper. Spans have ids, your tags, attempts, sizes and kinds of failure, and never a key, a URL or a
//! text of the service.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub use async_trait;
pub use bytes;
#[cfg(feature = "tokio")]
pub use futures_core;
pub use http;
pub use kirin_transport;
pub use kirin_types;
pub use secrecy;
pub use serde_json;

mod host;

mod base_url;
pub use base_url::{BaseUrl, InvalidBaseUrl};

mod account;
pub use account::{AccountName, InvalidAccountName};

mod api_key;
pub use api_key::{ApiKey, InvalidApiKey, InvalidKeyFingerprint, KeyFingerprint};

mod call_policy;
pub use call_policy::CallPolicy;

#[cfg(feature = "tokio")]
mod plain_host;
#[cfg(feature = "tokio")]
pub use plain_host::InvalidPlainHost;

mod capabilities;
pub use capabilities::{DuplicateIds, HostCapabilities, Lookup};

mod control;
pub use control::Control;

mod schedule;
pub use schedule::PollSchedule;

mod backoff;

mod split_mix;

mod lock;

mod signed_url;
pub use signed_url::without_url_queries;

pub mod machine;

pub mod wire;

mod budget;
pub use budget::{Budget, Reservation};

mod journal;
pub use journal::{
    CreateId, Intent, InvalidOperationId, Journal, JournalChange, JournalEntry, JournalError,
    JournalState, JournalWrite, MemoryJournal, OperationId, Recalled, TakenBack,
};

#[cfg(feature = "conformance")]
pub use journal::conformance as journal_conformance;

mod handle;
pub use handle::GenerationHandle;

mod last_word;

mod error;
pub use error::{Billing, Error, ErrorKind};

#[cfg(feature = "tokio")]
mod clock;

#[cfg(feature = "tokio")]
mod driver;
#[cfg(feature = "tokio")]
pub use driver::{
    BuildError, Client, ClientBuilder, Generation, GenerationBuilder, InvalidEnvironment, Notices,
    Unfinished, Wakes, operation,
};

#[cfg(feature = "callbacks")]
mod callbacks;
#[cfg(feature = "callbacks")]
pub use callbacks::{CallbackCounts, CallbackReceiver, CallbackReceiverBuilder};

#[cfg(feature = "blocking")]
mod in_async_task;

#[cfg(feature = "blocking")]
pub mod blocking;

#[cfg(feature = "metrics")]
pub mod metrics;

mod file_digest;
pub use file_digest::FileDigest;

#[cfg(feature = "tokio")]
mod download;
#[cfg(feature = "tokio")]
pub use download::{
    Download, DownloadError, DownloadErrorKind, DownloadEvent, DownloadStream, file_name,
};
