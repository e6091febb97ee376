//! Where connections come in: a listener with a bound, which a fault can close for a while.

use std::{fmt, future::Future, io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::{clock, service::Service};

/// How many connections are served at once; more wait to be accepted.
const CONNECTIONS: usize = 512;

/// How many connections wait to be accepted.
const BACKLOG: u32 = 1024;

/// Bytes that the system may hold of an answer until they are read. With its own default, of megabytes, a
/// reader of tens of kilobytes a second would seem to take nothing for longer than an answer may lie.
const SEND_BUFFER: u32 = 64 * 1024;

/// Wait between two tries to open the port again.
const OPEN_PAUSE: Duration = Duration::from_millis(20);

/// The port. Dropping it closes it.
pub(super) struct Listener {
    address: SocketAddr,
    service: Arc<Service>,
    places: Arc<Semaphore>,
    listener: Option<TcpListener>,
    /// Ready when the port is to be opened again; it continues where someone stops to wait for it.
    closed: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Listener {
    pub(super) fn new(listener: TcpListener, address: SocketAddr, service: Arc<Service>) -> Self {
        let mut opened = Self {
            address,
            service,
            places: Arc::new(Semaphore::new(CONNECTIONS)),
            listener: Some(listener),
            closed: None,
        };
        opened.decide();
        opened
    }

    /// The next connection, and its place among those that are served. It loses nothing when it is
    /// dropped before it is ready.
    ///
    /// # Errors
    ///
    /// The system gives none, mostly because no file descriptor is left.
    pub(super) async fn accept(&mut self) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
        let place = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let service = Arc::clone(&self.service);
        loop {
            let listener = self.open().await;
            tokio::select! {
                accepted = listener.accept() => {
                    let (stream, _) = accepted?;
                    // Before anyone is answered, so that who was answered finds the port as it
                    // is to be.
                    self.decide();
                    return Ok((stream, place));
                }
                () = service.scenario_changed() => self.decide(),
            }
        }
    }

    /// Asks whether the next connection is refused, and closes the port if so.
    fn decide(&mut self) {
        if let Some(time) = self.service.world().refuses_connections() {
            self.listener = None;
            self.closed = Some(Box::pin(clock::pause(time)));
        }
    }

    /// The listener, after the time for which the port is to be closed.
    async fn open(&mut self) -> &TcpListener {
        if let Some(closed) = &mut self.closed {
            closed.await;
            self.closed = None;
        }
        let listener = match self.listener.take() {
            Some(listener) => listener,
            None => bind_again(self.address).await,
        };
        self.listener.insert(listener)
    }
}

/// Opens the port again. Someone else may have taken it meanwhile: then it is tried until it is free.
async fn bind_again(address: SocketAddr) -> TcpListener {
    loop {
        match bind(address) {
            Ok(listener) => return listener,
            Err(_) => clock::pause(OPEN_PAUSE).await,
        }
    }
}

/// Opens a port.
///
/// # Errors
///
/// It is taken, or the system gives none.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As `TcpListener::bind` has it: elsewhere the last connections would keep the port for minutes, and on
    // Windows it would let two programs have it.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    // What it accepts inherits it.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Listener")
            .field("address", &self.address)
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}
