//! The handle of a running emulator.

use std::{io, net::SocketAddr, time::Duration};

use crate::{
    CallbackRecord, CannotEnd, Duplicates, EmulatorConfig, Ledger, Lookup, Scenario, Scope,
    Statistics, World, server::Server, world::LoggedRequest,
};

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
    /// Starts an emulator, on 127.0.0.1 unless it is set to [another address](EmulatorConfig::listen). It serves
    /// as soon as this returns.
    ///
    /// # Errors
    ///
    /// The port is taken, or the system has none to give; or its
    /// [host name](EmulatorConfig::host_name) cannot be one.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with I/O and time enabled.
    pub async fn start(config: EmulatorConfig) -> io::Result<Self> {
        let (typical_time, duplicates, lookup) =
            (config.typical_time(), config.duplicates, config.lookup);
        let server = Server::start(config).await?;
        Ok(Self {
            base_url: server.base_url(),
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

    /// How long a task takes here, on the wall. Each answer says it too, so a client of this workspace waits
    /// accordingly; another one should ask at this pace, not at the real model's.
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

    /// Lets its time jump forward at once: tasks end, videos expire, and no one waits.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kirin_emulator::{Emulator, EmulatorConfig, Pace};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let emulator = Emulator::start(EmulatorConfig::new().clock(Pace::Frozen)).await?;
    /// // Whatever is created now is in progress for as long as the test wants.
    /// emulator.advance(Duration::from_secs(3));
    /// // Now it is completed.
    /// # emulator.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn advance(&self, duration: Duration) {
        self.server.advance(duration);
    }

    /// Completes a task now, by either of its ids, whatever it was waiting for.
    ///
    /// # Errors
    ///
    /// There is no such task, or it has ended already.
    ///
    /// ```
    /// use kirin_emulator::{CannotEnd, Emulator, EmulatorConfig, Lifecycle};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let emulator = Emulator::start(EmulatorConfig::new().lifecycle(Lifecycle::by_hand())).await?;
    /// // Nobody has created this task yet.
    /// assert_eq!(emulator.complete("order-42"), Err(CannotEnd::NoSuchTask));
    /// assert_eq!(emulator.fail("order-42", "002011095"), Err(CannotEnd::NoSuchTask));
    /// # emulator.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn complete(&self, task_id: &str) -> Result<(), CannotEnd> {
        self.server
            .at(|world, elapsed| world.complete(elapsed, task_id))
    }

    /// Lets a task fail now with this `error.code`, by either of its ids.
    ///
    /// # Errors
    ///
    /// There is no such task, or it has ended already.
    pub fn fail(&self, task_id: &str, code: &str) -> Result<(), CannotEnd> {
        self.server
            .at(|world, elapsed| world.fail(elapsed, task_id, code))
    }

    /// Lets other things go wrong from now on; the rules count from zero. [`Scenario::default`] has
    /// none and ends all faults.
    ///
    /// ```
    /// use kirin_emulator::{Emulator, EmulatorConfig, Scenario};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let emulator = Emulator::start(EmulatorConfig::new()).await?;
    /// let unavailable = r#"{"rules": [{"fault": "unavailable", "scope": "query"}]}"#;
    /// emulator.set_scenario(Scenario::from_json(unavailable)?);
    /// // Queries fail here.
    /// emulator.set_scenario(Scenario::default());
    /// // And here they are answered again.
    /// # emulator.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_scenario(&self, scenario: Scenario) {
        self.server.set_scenario(scenario);
    }

    /// Forgets its tasks, charges, requests, notes and counts, and goes back to the scenario that it
    /// was started with: the next test begins as with a new one, at the same address. Its time
    /// passes on.
    ///
    /// ```
    /// use kirin_emulator::{Emulator, EmulatorConfig};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let emulator = Emulator::start(EmulatorConfig::new()).await?;
    /// // Here is one test.
    /// emulator.reset();
    /// assert_eq!(emulator.statistics().requests_received, 0);
    /// // Here is another.
    /// # emulator.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset(&self) {
        self.server.reset();
    }

    /// What it charged so far.
    pub fn ledger(&self) -> Ledger {
        self.server.at(World::ledger)
    }

    /// Fails a test whose client was charged twice for one external task id.
    ///
    /// # Panics
    ///
    /// There are [double charges](Ledger::double_charges); the message lists them.
    ///
    /// ```
    /// use kirin_emulator::{Emulator, EmulatorConfig};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let emulator = Emulator::start(EmulatorConfig::new()).await?;
    /// // Here the client under test creates its tasks.
    /// assert!(emulator.ledger().double_charges().is_empty());
    /// emulator.assert_charged_once();
    /// # emulator.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn assert_charged_once(&self) {
        self.ledger().assert_charged_once();
    }

    /// Checks that no download carried a key: videos may lie on other hosts, which must not see it. An
    /// emulator that a redirect leads to is such a host itself; none of its `requests` may have one.
    ///
    /// ```
    /// use kirin_emulator::{Emulator, EmulatorConfig};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let emulator = Emulator::start(EmulatorConfig::new()).await?;
    /// // Here a client generates and downloads.
    /// emulator.assert_downloads_without_key();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// One did, among the latest 1000 requests.
    pub fn assert_downloads_without_key(&self) {
        let requests = self.requests();
        let mut downloads = requests
            .iter()
            .filter(|request| request.scope == Some(Scope::Artifact));
        if let Some(request) = downloads.find(|request| request.has_key) {
            panic!("a download carried the key: {}", request.target);
        }
    }

    /// What it counted so far.
    pub fn statistics(&self) -> Statistics {
        self.server.statistics()
    }

    /// Every attempt to send a callback; the latest 1000, the oldest first.
    ///
    /// ```
    /// use kirin_emulator::{Emulator, EmulatorConfig};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let emulator = Emulator::start(EmulatorConfig::new()).await?;
    /// // Here a client creates a task with a callback_url.
    /// assert!(emulator.callback_records().is_empty(), "none was created above");
    /// # Ok(())
    /// # }
    /// ```
    pub fn callback_records(&self) -> Vec<CallbackRecord> {
        self.server.callback_records()
    }

    /// What it noticed about the requests: legal here, and maybe not at the service. The latest
    /// 1000, the oldest first.
    pub fn notes(&self) -> Vec<String> {
        self.server.notes()
    }

    /// The requests to the API that it received and what became of them, without the secrets in
    /// them. The latest 1000, the oldest first.
    ///
    /// ```
    /// use kirin_emulator::{Emulator, EmulatorConfig, Scope};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let emulator = Emulator::start(EmulatorConfig::new()).await?;
    /// // Here a client does what is tested.
    /// let requests = emulator.requests();
    /// let creates = requests.iter().filter(|request| request.scope == Some(Scope::Create));
    /// assert_eq!(creates.count(), 0, "nothing was sent above");
    /// # Ok(())
    /// # }
    /// ```
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.server.requests()
    }
}
