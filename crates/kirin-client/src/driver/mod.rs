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
pub use drain::Unfinished;

mod flow;

mod generation;
pub use generation::Generation;

mod plan;

mod prepare;

mod record;

mod run;

mod spending;

mod trace;

mod wakes;

mod randomness;
#[cfg(feature = "callbacks")]
pub(crate) use randomness::mint_token;
