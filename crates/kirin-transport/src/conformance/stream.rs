//! The bytes below HTTP, with or without TLS.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The bytes below HTTP.
pub(super) enum Io {
    Plain(TcpStream),
    #[cfg(any(feature = "rustls", feature = "ring"))]
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

impl Io {
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer).await,
            #[cfg(any(feature = "rustls", feature = "ring"))]
            Self::Tls(stream) => stream.read(buffer).await,
        }
    }

    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            #[cfg(any(feature = "rustls", feature = "ring"))]
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.shutdown().await,
            #[cfg(any(feature = "rustls", feature = "ring"))]
            Self::Tls(stream) => stream.shutdown().await,
        }
    }

    pub(super) fn set_reset(&self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.set_zero_linger(),
            #[cfg(any(feature = "rustls", feature = "ring"))]
            Self::Tls(stream) => stream.get_ref().0.set_zero_linger(),
        }
    }
}
