//! A server that does what a case tells it, step by step.

use std::{io, sync::atomic::Ordering, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};

use super::{
    clock::pause,
    connection::{Connection, Progress},
    http1, http2,
    log::{Log, Shared},
    peer::{Peer, Version},
};

/// So long without a byte means that nothing more will come: both ends are on this machine.
const GRACE: Duration = Duration::from_millis(15);

/// What the server does with its first connection. After the last step it closes it.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Reads no more than the first byte of a request; over HTTP/2, of its frame.
    ReadByte,
    ReadHead,
    ReadRequest,
    /// Reads until the client closes or gives up its stream.
    ReadToEnd,
    /// A whole answer, with its length.
    Answer(u16, Vec<(String, String)>, &'static [u8]),
    /// An interim answer: a head with a status below 200.
    Interim(u16),
    /// The head of an answer whose body, if it has one, is framed as its headers say.
    Head(u16, Vec<(String, String)>),
    /// A piece of an answer's body: as it is, or in a frame.
    Body(&'static [u8]),
    /// The end of a body, where HTTP/2 says so itself.
    EndBody,
    /// Bytes as they are.
    Raw(&'static [u8]),
    /// HTTP/2's RST_STREAM with this reason.
    ResetStream(u32),
    /// HTTP/2's GOAWAY with its last stream and a reason.
    GoAway {
        last: Last,
        reason: u32,
    },
    /// HTTP/2: lets the client have one stream at a time.
    OneStream,
    /// HTTP/2: answers every whole request up to this stream that has no answer yet.
    AnswerUpTo(u32),
    /// Reads all that comes until nothing more does.
    ReadAll,
    /// A head without end, as long as the client takes it; but 64 MiB at most.
    EndlessHead,
    Pause(Duration),
    /// Answers every further request until the client closes: one that should not have come must not
    /// hang, because it is counted.
    Serve,
    /// Tells the case that the server is here.
    Reach,
    /// Waits for the word of the case; as the first step, before the handshake of TLS.
    Await,
    /// Closes the server's own side only, so that what the client still sends is seen.
    FinishWriting,
    /// Makes the close a reset, whatever was read.
    Reset,
}

/// The last stream that a GOAWAY names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Last {
    /// As a server does at first that will say more.
    Every,
    Nothing,
    /// That of the request at hand.
    Request,
    Stream(u32),
}

pub(super) struct Server {
    url: String,
    shared: Shared,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Takes the first connection through `steps`, and answers every request on a further one.
    pub(super) async fn start(peer: &Peer, steps: Vec<Step>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("{}://{}", peer.scheme(), listener.local_addr()?);
        let shared = Shared::default();
        let accepting = tokio::spawn(accept(listener, peer.clone(), steps, shared.clone()));
        Ok(Self {
            url,
            shared,
            accepting,
        })
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Waits until the server has come to [`Step::Reach`].
    pub(super) async fn reached(&self) {
        self.shared.0.reached.notified().await;
    }

    /// Lets the server continue from [`Step::Await`].
    pub(super) fn go_on(&self) {
        self.shared.0.word.notify_one();
    }

    pub(super) fn is_through(&self) -> bool {
        self.shared.log().is_through
    }

    /// What the server saw, once nothing more happens.
    pub(super) async fn finish(self) -> Log {
        for _ in 0..100 {
            let before = self.shared.0.activity.load(Ordering::Relaxed);
            pause(GRACE).await;
            if self.shared.0.activity.load(Ordering::Relaxed) == before {
                break;
            }
        }
        self.shared.log().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, peer: Peer, steps: Vec<Step>, shared: Shared) {
    let mut steps = Some(steps);
    // Aborting this task ends those of its connections.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.is_active();
        shared.log().connections += 1;
        let (peer, shared) = (peer.clone(), shared.clone());
        let is_first = steps.is_some();
        let steps = steps.take().unwrap_or_else(|| vec![Step::Serve]);
        connections.spawn(async move {
            let played = play(&peer, stream, &steps, shared.clone()).await;
            shared.is_active();
            if is_first && played.is_ok() {
                shared.log().is_through = true;
            }
        });
    }
}

async fn play(
    peer: &Peer,
    stream: tokio::net::TcpStream,
    steps: &[Step],
    shared: Shared,
) -> io::Result<()> {
    let mut steps = steps.iter().peekable();
    if steps.next_if(|step| matches!(step, Step::Await)).is_some() {
        shared.0.reached.notify_one();
        shared.0.word.notified().await;
    }
    let io = peer.accept(stream).await?;
    let mut connection = Connection::begin(io, peer.version, shared.clone()).await?;
    for step in steps {
        take(&mut connection, peer.version, step, &shared).await?;
    }
    Ok(())
}

async fn take(
    connection: &mut Connection,
    version: Version,
    step: &Step,
    shared: &Shared,
) -> io::Result<()> {
    match step {
        Step::ReadByte => connection.read_until(Progress::Begun).await,
        Step::ReadHead => connection.read_until(Progress::Head).await,
        Step::ReadRequest => connection.read_until(Progress::Whole).await,
        Step::ReadToEnd => connection.read_to_end().await,
        Step::Answer(status, headers, body) => {
            let answer = whole(connection.stream(), version, *status, headers, body);
            connection.write(&answer).await
        }
        Step::Interim(status) => {
            let head = match version {
                Version::Http1 => http1::head(*status, &[]),
                Version::Http2 => http2::head(connection.stream(), *status, &[], false),
            };
            connection.write(&head).await
        }
        Step::Head(status, headers) => {
            let headers = borrowed(headers);
            let head = match version {
                Version::Http1 => http1::head(*status, &headers),
                Version::Http2 => http2::head(connection.stream(), *status, &headers, false),
            };
            connection.write(&head).await
        }
        Step::Body(bytes) => match version {
            Version::Http1 => connection.write(bytes).await,
            Version::Http2 => {
                let data = http2::data(connection.stream(), bytes, false);
                connection.write(&data).await
            }
        },
        Step::EndBody => match version {
            Version::Http1 => Ok(()),
            Version::Http2 => {
                let data = http2::data(connection.stream(), b"", true);
                connection.write(&data).await
            }
        },
        Step::Raw(bytes) => connection.write(bytes).await,
        Step::ResetStream(reason) => {
            let reset = http2::reset(connection.stream(), *reason);
            connection.write(&reset).await
        }
        Step::GoAway { last, reason } => {
            let last = match *last {
                Last::Every => u32::MAX >> 1,
                Last::Nothing => 0,
                Last::Request => connection.stream(),
                Last::Stream(stream) => stream,
            };
            connection.write(&http2::go_away(last, *reason)).await
        }
        Step::OneStream => connection.allow_one_stream().await,
        Step::AnswerUpTo(last) => {
            for stream in connection.take_unanswered(*last) {
                let answer = whole(stream, version, 200, &[], b"{}");
                connection.write(&answer).await?;
            }
            Ok(())
        }
        Step::ReadAll => connection.read_all(GRACE).await,
        Step::EndlessHead => endless_head(connection, version, shared).await,
        Step::Pause(duration) => {
            pause(*duration).await;
            Ok(())
        }
        Step::Serve => {
            while connection.read_until(Progress::Whole).await.is_ok() {
                let answer = whole(connection.stream(), version, 200, &[], b"{}");
                connection.write(&answer).await?;
            }
            Ok(())
        }
        Step::Reach => {
            shared.0.reached.notify_one();
            Ok(())
        }
        Step::Await => {
            shared.0.word.notified().await;
            Ok(())
        }
        Step::FinishWriting => connection.finish_writing().await,
        Step::Reset => connection.set_reset(),
    }
}

/// A whole answer, with its length.
fn whole(
    stream: u32,
    version: Version,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> Vec<u8> {
    let length = body.len().to_string();
    let mut headers = borrowed(headers);
    if !matches!(status, 204 | 304) {
        headers.push(("content-length", &length));
    }
    let parts = match version {
        Version::Http1 => [http1::head(status, &headers), body.to_vec()],
        Version::Http2 if body.is_empty() => {
            [http2::head(stream, status, &headers, true), Vec::new()]
        }
        Version::Http2 => [
            http2::head(stream, status, &headers, false),
            http2::data(stream, body, true),
        ],
    };
    parts.concat()
}

async fn endless_head(
    connection: &mut Connection,
    version: Version,
    shared: &Shared,
) -> io::Result<()> {
    let (begin, more) = match version {
        Version::Http1 => {
            let long = format!("x-long: {}\r\n", "y".repeat(16 << 10));
            (b"HTTP/1.1 200 OK\r\n".to_vec(), long.into_bytes())
        }
        Version::Http2 => http2::endless_head(connection.stream()),
    };
    connection.write(&begin).await?;
    while shared.log().taken < 64 << 20 {
        connection.write(&more).await?;
        shared.is_active();
        shared.log().taken += more.len();
    }
    Ok(())
}

fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    let headers = headers.iter();
    headers
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}
