//! The thin shell around the machine: it sends, sleeps and keeps the only clock.

mod builder;
pub use builder::{BuildError, ClientBuilder};

mod client;
pub use client::Client;

mod clock;
pub(crate) use clock::{pause, within};

mod operation;
mod record;
pub use operation::Operation;

mod randomness;
