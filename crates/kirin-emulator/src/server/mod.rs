//! The thin server around a [`World`](crate::World): sockets, the clock, and rendering.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::{CallbackRecord, EmulatorConfig, Scenario, Statistics, World, world::LoggedRequest};

mod admin;

mod answer_body;

mod body;

mod callbacks;

mod clock;
use clock::Clock;

mod connection;

mod page;

mod listener;
use listener::Listener;

mod fault;

mod guard;

mod json_response;

mod refusal;

mod routes;

mod stream;

mod service;
use service::Service;

mod videos;

/// How long a shutdown waits for requests that are being answered.
const SHUTDOWN_TIME: Duration = Duration::from_secs(2);

/// Wait after an accept that failed, mostly because no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A listening server. Dropping it closes every connection.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    service: Arc<Service>,
    stop: watch::Sender<bool>,
    listening: JoinHandle<()>,
    calling_back: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(config: EmulatorConfig) -> io::Result<Self> {
        config.check_host_name()?;
        let listener = listener::bind((config.listen, config.port).into())?;
        let address = listener.local_addr()?;
        let clock = Clock::start(config.pace);
        let service = Arc::new(Service::new(config.port(address.port()), clock));
        let (stop, stopped) = watch::channel(false);
        let listener = Listener::new(listener, address, Arc::clone(&service));
        Ok(Self {
            address,
            calling_back: tokio::spawn(callbacks::deliver(Arc::clone(&service))),
            listening: tokio::spawn(listen(listener, Arc::clone(&service), stopped)),
            service,
            stop,
        })
    }

    pub(crate) async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // An error is a panic of the listener: then it has stopped too.
        let _ = (&mut self.listening).await;
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn base_url(&self) -> String {
        self.service.world().base_url()
    }

    /// Does something to the world at its time.
    pub(crate) fn at<T>(&self, act: impl FnOnce(&mut World, Duration) -> T) -> T {
        self.service.at(act)
    }

    pub(crate) fn advance(&self, duration: Duration) {
        self.service.advance(duration);
    }

    pub(crate) fn reset(&self) {
        self.service.reset();
    }

    pub(crate) fn set_scenario(&self, scenario: Scenario) {
        self.service.set_scenario(scenario);
    }

    pub(crate) fn statistics(&self) -> Statistics {
        self.service.world().statistics()
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.service.world().requests().cloned().collect()
    }

    pub(crate) fn callback_records(&self) -> Vec<CallbackRecord> {
        self.service.world().callback_records().cloned().collect()
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.service.world().notes().map(String::from).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The listener owns the connections, so they end with it.
        self.listening.abort();
        self.calling_back.abort();
    }
}

/// Accepts connections until it is asked to stop, then lets them finish.
async fn listen(mut listener: Listener, service: Arc<Service>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => break,
            // A connection that ended makes room for its task's memory.
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, place)) => {
                let serving = connection::serve(stream, Arc::clone(&service), stopped.clone());
                connections.spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            Err(_) => clock::pause(ACCEPT_PAUSE).await,
        }
    }
    drop(listener);
    let drain = async { while connections.join_next().await.is_some() {} };
    clock::within(SHUTDOWN_TIME, drain).await;
}
