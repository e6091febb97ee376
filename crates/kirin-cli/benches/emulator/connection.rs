//! A client that costs as little as can be: what is compared are the servers.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::Result;

/// A connection that is kept alive, with one request at a time.
pub(super) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

const HEAD_END: &[u8] = b"\r\n\r\n";

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let answer = Vec::with_capacity(4096);
        Ok(Self { stream, answer })
    }

    pub(super) async fn health(&mut self) -> Result<()> {
        let request = "GET /_emulator/health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
        let (_, body) = self.ask(request.as_bytes()).await?;
        match body {
            br#"{"status":"ok"}"# => Ok(()),
            _ => Err("not healthy".into()),
        }
    }

    /// Head and body of the answer to a request.
    pub(super) async fn ask(&mut self, request: &[u8]) -> Result<(&str, &[u8])> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err("the connection ended".into());
            }
            if let Some((head, body)) = whole(&self.answer)? {
                // Borrowed again, because a loop cannot give away what it reads into.
                return Ok((
                    std::str::from_utf8(&self.answer[..head])?,
                    &self.answer[body..],
                ));
            }
        }
    }
}

/// Where the head of an answer ends and its body begins, once all of it is there.
fn whole(answer: &[u8]) -> Result<Option<(usize, usize)>> {
    let end = answer
        .windows(HEAD_END.len())
        .position(|bytes| bytes == HEAD_END);
    let Some(head) = end else { return Ok(None) };
    let body = head + HEAD_END.len();
    let length = header(std::str::from_utf8(&answer[..head])?, "content-length");
    let length: usize = length.ok_or("no length")?.parse()?;
    Ok((answer.len() == body + length).then_some((head, body)))
}

/// The value of a header that a server writes in lower case.
pub(super) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let values = head.lines().filter_map(|line| line.split_once(": "));
    values
        .into_iter()
        .find(|(header, _)| *header == name)
        .map(|(_, value)| value)
}
