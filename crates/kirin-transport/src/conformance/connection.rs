//! One connection, as the server sees it.

use std::{collections::BTreeMap, io};

use super::{
    clock::within,
    http1,
    http2::{self, ACK, DATA, END_STREAM, HEADERS, PADDED, PING, PREFACE, RST_STREAM, SETTINGS},
    log::{Received, Shared},
    peer::Version,
    stream::Io,
};

/// How far the request at hand is.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(super) enum Progress {
    Nothing,
    Begun,
    Head,
    Whole,
}

pub(super) struct Connection {
    io: Io,
    version: Version,
    shared: Shared,
    /// What was read and not yet understood.
    unread: Vec<u8>,
    request: Received,
    progress: Progress,
    /// HTTP/2: whether the client's preface was read.
    greeted: bool,
    /// HTTP/2: the stream of the request, and the highest that the client has opened.
    stream: u32,
    last_stream: u32,
    /// HTTP/2: requests that come while another one is at hand, and whether they are whole.
    others: BTreeMap<u32, (Vec<u8>, bool)>,
    /// HTTP/2: streams of whole requests that nothing was said to.
    unanswered: Vec<u32>,
    /// HTTP/2: how many of the server's SETTINGS the client has applied.
    applied: usize,
    number: usize,
    /// Whether the client has closed, or given up the stream.
    is_over: bool,
}

impl Connection {
    pub(super) async fn begin(io: Io, version: Version, shared: Shared) -> io::Result<Self> {
        let number = shared.log().connections;
        let mut connection = Self {
            io,
            version,
            shared,
            unread: Vec::new(),
            request: Received::default(),
            progress: Progress::Nothing,
            greeted: false,
            stream: 1,
            last_stream: 0,
            others: BTreeMap::new(),
            unanswered: Vec::new(),
            applied: 0,
            number,
            is_over: false,
        };
        if version == Version::Http2 {
            connection.write(&http2::frame(SETTINGS, 0, 0, &[])).await?;
        }
        Ok(connection)
    }

    pub(super) fn stream(&self) -> u32 {
        self.stream
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.io.write_all(bytes).await
    }

    pub(super) async fn finish_writing(&mut self) -> io::Result<()> {
        self.io.shutdown().await
    }

    pub(super) fn set_reset(&self) -> io::Result<()> {
        self.io.set_reset()
    }

    /// HTTP/2: lets the client have one stream at a time, and waits until it heeds that.
    pub(super) async fn allow_one_stream(&mut self) -> io::Result<()> {
        let one = [0, 3, 0, 0, 0, 1];
        self.write(&http2::frame(SETTINGS, 0, 0, &one)).await?;
        // The first SETTINGS of the server are those of its greeting.
        while self.applied < 2 {
            if !self.read_some(Progress::Whole).await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// HTTP/2: the streams up to `last` that nothing was said to, which is now said.
    pub(super) fn take_unanswered(&mut self, last: u32) -> Vec<u32> {
        let taken = self.unanswered.extract_if(.., |stream| *stream <= last);
        taken.collect()
    }

    /// Reads all that comes, until nothing does for so long as it takes `grace` to pass.
    pub(super) async fn read_all(&mut self, grace: std::time::Duration) -> io::Result<()> {
        while let Some(read) = within(grace, self.read_some(Progress::Whole)).await {
            if !read? {
                break;
            }
        }
        Ok(())
    }

    /// Reads until the request is so far; the next one, if the last was whole.
    pub(super) async fn read_until(&mut self, wanted: Progress) -> io::Result<()> {
        if self.progress == Progress::Whole {
            self.attend_to_the_next();
        }
        self.understand().await?;
        while self.progress < wanted {
            if self.is_over || !self.read_some(wanted).await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Reads until the client has closed, or given up its stream.
    pub(super) async fn read_to_end(&mut self) -> io::Result<()> {
        loop {
            if self.progress == Progress::Whole {
                self.attend_to_the_next();
                self.understand().await?;
            }
            // A reset is an end too.
            if self.is_over || !self.read_some(Progress::Whole).await.unwrap_or(false) {
                return Ok(());
            }
        }
    }

    /// The request at hand is done with: the next one may have come already.
    fn attend_to_the_next(&mut self) {
        self.progress = Progress::Nothing;
        if let Some((stream, (body, is_whole))) = self.others.pop_first() {
            self.stream = stream;
            self.request.body = body;
            self.progress = match is_whole {
                true => Progress::Whole,
                false => Progress::Head,
            };
        }
    }

    /// Reads what is there, one byte at a time while no more than the beginning is wanted.
    async fn read_some(&mut self, wanted: Progress) -> io::Result<bool> {
        let mut buffer = [0; 16 << 10];
        let room = if wanted < Progress::Head {
            1
        } else {
            buffer.len()
        };
        let count = self.io.read(&mut buffer[..room]).await?;
        self.unread.extend_from_slice(&buffer[..count]);
        self.understand().await?;
        Ok(count > 0)
    }

    async fn understand(&mut self) -> io::Result<()> {
        self.shared.is_active();
        match self.version {
            Version::Http1 => {
                self.understand_http1();
                Ok(())
            }
            Version::Http2 => self.understand_http2().await,
        }
    }

    fn understand_http1(&mut self) {
        if self.progress == Progress::Nothing && !self.unread.is_empty() {
            self.progress = Progress::Begun;
            self.shared.log().begun += 1;
        }
        if self.progress == Progress::Begun
            && let Some((head, length)) = http1::request_head(&self.unread)
        {
            self.request.head = head.to_owned();
            self.unread.drain(..length);
            self.progress = Progress::Head;
        }
        if self.progress == Progress::Head
            && let Some((body, length)) = http1::body(&self.request.head, &self.unread)
        {
            self.request.body = body;
            self.unread.drain(..length);
            self.completed();
        }
    }

    async fn understand_http2(&mut self) -> io::Result<()> {
        if !self.greeted {
            if self.unread.len() < PREFACE.len() {
                return Ok(());
            }
            self.unread.drain(..PREFACE.len());
            self.greeted = true;
        }
        while let Some(&[high, middle, low, kind, flags, a, b, c, d]) = self.unread.first_chunk() {
            let stream = u32::from_be_bytes([a & 127, b, c, d]);
            let length = u32::from_be_bytes([0, high, middle, low]) as usize;
            if kind == HEADERS && stream > self.last_stream {
                self.last_stream = stream;
                self.shared.log().begun += 1;
                if self.progress == Progress::Nothing {
                    self.stream = stream;
                    self.progress = Progress::Begun;
                } else {
                    self.others.insert(stream, (Vec::new(), false));
                }
            }
            let Some(payload) = self.unread.get(9..9 + length).map(<[u8]>::to_vec) else {
                break;
            };
            self.unread.drain(..9 + length);
            self.take_frame(kind, flags, stream, &payload).await?;
        }
        Ok(())
    }

    async fn take_frame(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
    ) -> io::Result<()> {
        match kind {
            SETTINGS if flags & ACK == 0 => {
                self.write(&http2::frame(SETTINGS, ACK, 0, &[])).await?
            }
            SETTINGS => self.applied += 1,
            PING if flags & ACK == 0 => self.write(&http2::frame(PING, ACK, 0, payload)).await?,
            HEADERS if stream == self.stream => self.progress = Progress::Head,
            DATA => {
                if stream == self.stream {
                    self.request.body.extend_from_slice(content(flags, payload));
                } else if let Some((body, _)) = self.others.get_mut(&stream) {
                    body.extend_from_slice(content(flags, payload));
                }
                if !payload.is_empty() {
                    // Room for as much again, on the connection and on the stream.
                    let room = (payload.len() as u32).to_be_bytes();
                    let update = |stream| http2::frame(8, 0, stream, &room);
                    self.write(&[update(0), update(stream)].concat()).await?;
                }
            }
            RST_STREAM if stream == self.stream => self.is_over = true,
            RST_STREAM => drop(self.others.remove(&stream)),
            _ => {}
        }
        if matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0 {
            if stream == self.stream {
                self.completed();
            } else if let Some((body, is_whole)) = self.others.get_mut(&stream) {
                *is_whole = true;
                let body = body.clone();
                self.has_come(
                    stream,
                    Received {
                        body,
                        ..Default::default()
                    },
                );
            }
        }
        Ok(())
    }

    fn completed(&mut self) {
        self.progress = Progress::Whole;
        let request = std::mem::take(&mut self.request);
        self.has_come(self.stream, request);
    }

    fn has_come(&mut self, stream: u32, request: Received) {
        self.unanswered.push(stream);
        let connection = self.number;
        self.shared.log().requests.push(Received {
            stream,
            connection,
            ..request
        });
    }
}

/// What a DATA frame holds besides its padding.
fn content(flags: u8, payload: &[u8]) -> &[u8] {
    let Some((padding, rest)) = payload.split_first().filter(|_| flags & PADDED != 0) else {
        return payload;
    };
    let length = rest.len().saturating_sub(usize::from(*padding));
    &rest[..length]
}
