//! The thin shell around the machine: it sends, sleeps and keeps the only clock.

mod builder;
pub use builder::{BuildError, ClientBuilder};

mod call;

mod claims;

mod client;
pub use client::Client;

mod clock;
pub(crate) use clock::{Moment, pause, within};

mod default_transport;

mod drain;
mod driving;
pub use drain::Unfinished;

mod environment;
pub use environment::InvalidEnvironment;

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

mod notices;
pub use notices::Notices;

mod plain_http;

mod plan;

mod prepare;

mod record;

mod run;

mod spending;

mod told;

mod trace;

mod typical_time;

mod uncancelled;

mod wakes;
pub use wakes::Wakes;

mod randomness;
#[cfg(feature = "callbacks")]
pub(crate) use randomness::mint_token;
