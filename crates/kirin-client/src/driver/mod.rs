//! The thin shell around the machine: it sends, sleeps and keeps the only clock.

mod builder;
pub use builder::ClientBuilder;

mod call;

mod claims;

mod client;
pub use client::Client;

mod default_transport;

mod build_error;
pub use build_error::{BuildError, InvalidEnvironment};

mod drain;
pub use drain::Unfinished;

mod driving;

mod environment;

mod flow;

mod generation;
pub use generation::Generation;

mod generation_builder;
pub use generation_builder::{GenerationBuilder, operation};

mod headers;

#[cfg(feature = "metrics")]
mod measures;
#[cfg(not(feature = "metrics"))]
#[path = "unmeasured.rs"]
mod measures;
pub(crate) use measures::downloaded;

mod operations;

mod notices;
pub use notices::Notices;

mod plain_http;

mod plan;

mod prepare;

mod record;

mod run;

mod spending;

mod shared_progress;

mod trace;

mod typical_time;

mod uncancelled;

mod under_way;

mod wakes;
pub use wakes::Wakes;

mod randomness;
#[cfg(feature = "callbacks")]
pub(crate) use randomness::mint_token;
