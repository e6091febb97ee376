//! A client of raw bytes over TCP, so that no HTTP library helps the server.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

use kirin_emulator::Emulator;
use serde_json::Value;

/// Bound of every wait: only a broken server reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to an emulator.
pub(crate) struct Wire(TcpStream);

/// An answer, as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Status line and headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Wire {
    pub(crate) fn connect(emulator: &Emulator) -> Self {
        let stream = TcpStream::connect(emulator.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).unwrap();
    }

    /// Whether the server still takes these bytes.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).is_ok()
    }

    /// Reads one answer whose request was not a `HEAD`.
    pub(crate) fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        let length = answer.header("content-length").unwrap().parse().unwrap();
        answer.body = vec![0; length];
        self.0.read_exact(&mut answer.body).unwrap();
        answer
    }

    /// Reads an answer's head and nothing more.
    pub(crate) fn head(&mut self) -> Answer {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: Vec::new(),
        }
    }

    /// Whether the server has closed the connection, after what it still sent.
    pub(crate) fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        // A reset is an end too.
        self.0.read_to_end(&mut rest).is_ok() || rest.is_empty()
    }

    /// Everything that still comes, and whether its end is a close or a reset.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, io::Result<()>) {
        let mut rest = Vec::new();
        let end = self.0.read_to_end(&mut rest);
        (rest, end.map(drop))
    }

    /// Everything that comes within this time.
    pub(crate) fn within(&mut self, time: Duration) -> Vec<u8> {
        self.0.set_read_timeout(Some(time)).unwrap();
        let (rest, end) = self.rest();
        let kind = end.unwrap_err().kind();
        assert!([io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&kind));
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
        rest
    }

    /// Sends a request and leaves its answer to be read.
    pub(crate) fn send_call(&mut self, method: &str, path: &str, body: &str) {
        let length = body.len();
        self.send(format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer any\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ));
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &str) -> Answer {
        self.send_call(method, path, body);
        self.answer()
    }

    /// A keyless download.
    pub(crate) fn download(&mut self, path: &str, headers: &str) -> Answer {
        self.send(format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n"
        ));
        self.answer()
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}
