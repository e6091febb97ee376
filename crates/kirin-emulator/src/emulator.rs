//! The handle of a running emulator.

use std::{io, net::SocketAddr, time::Duration};

use crate::{Duplicates, EmulatorConfig, Lookup, Statistics, server::Server};

/// A running emulator. Dropping it stops it.
///
/// ```
/// use kirin_emulator::{Emulator, EmulatorConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let emulator = Emulator::start(EmulatorConfig::new()).await?;
/// assert_eq!(emulator.base_url(), format!("http://{}", emulator.address()));
/// assert_eq!(emulator.typical_time().as_secs(), 3);
/// emulator.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Emulator {
    server: Server,
    base_url: String,
    typical_time: Duration,
    duplicates: Duplicates,
    lookup: Lookup,
}

impl Emulator {
    /// Starts an emulator on 127.0.0.1. It serves as soon as this returns.
    ///
    /// # Errors
    ///
    /// The port is taken, or the system has none to give.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with I/O and time enabled.
    pub async fn start(config: EmulatorConfig) -> io::Result<Self> {
        let (typical_time, duplicates, lookup) =
            (config.task_time, config.duplicates, config.lookup);
        let server = Server::start(config).await?;
        Ok(Self {
            base_url: format!("http://{}", server.address()),
            server,
            typical_time,
            duplicates,
            lookup,
        })
    }

    /// Stops it: connections finish the request they are at, within two seconds; what is still
    /// there then is cut.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }

    /// What stands before the path of every call, such as `http://127.0.0.1:40123`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// How long a task takes here: whoever waits for one should ask at this pace, not at the
    /// real model's.
    pub fn typical_time(&self) -> Duration {
        self.typical_time
    }

    /// What it does about an external task id that is in use: known here, not at the service.
    pub fn duplicates(&self) -> Duplicates {
        self.duplicates
    }

    /// Whether it finds tasks by external id: known here, not at the service.
    pub fn lookup(&self) -> Lookup {
        self.lookup
    }

    /// What it counted so far.
    pub fn statistics(&self) -> Statistics {
        self.server.statistics()
    }

    /// What it noticed about the requests: legal here, and maybe not at the service. The latest
    /// 1000, the oldest first.
    pub fn notes(&self) -> Vec<String> {
        self.server.notes()
    }
}
