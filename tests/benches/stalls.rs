//! How long a client and a ledger keep other tasks of a runtime from going on, and what waits in memory.
//!
//! `cargo bench -p kirin-tests --bench stalls`, with `-- ledger`, `download`, `again` or `pictures` for one part. Each
//! figure is the median of five rounds. The runtime has one thread, so whatever blocks it blocks everything. Linux
//! only: memory is read from `/proc`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark is a program that measures and prints"
)]

use std::{
    collections::VecDeque,
    error::Error,
    future::IntoFuture,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::Response;
use http_body::Frame;
use kirin_client::{
    BaseUrl, Client, Intent, Journal as _, JournalChange, JournalWrite, OperationId,
};
use kirin_ledger::Ledger;
use kirin_transport::{Body, from_fn};
use kirin_types::{GenerationRequest, Image, Task, Timestamp};
use tokio::{task::JoinSet, time::timeout};

type Done = Result<(), Box<dyn Error>>;

const ROUNDS: usize = 5;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    // Cargo adds an option of its own.
    let is_part = |argument: &String| !argument.starts_with('-');
    let chosen: Vec<String> = std::env::args().skip(1).filter(is_part).collect();
    let runs = |part: &str| chosen.is_empty() || chosen.iter().any(|it| it == part);
    if runs("pictures") {
        pictures().await?;
    }
    if runs("again") {
        again().await?;
    }
    if runs("download") {
        download().await?;
    }
    if runs("ledger") {
        ledger().await?;
    }
    Ok(())
}

/// The longest time in which no other task went on while `work` did; 1 to 2 ms are the timer's own.
async fn longest_stall<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let mut longest = Duration::ZERO;
    let watch = async {
        loop {
            let before = Instant::now();
            tokio::time::sleep(Duration::from_millis(1)).await;
            longest = longest.max(before.elapsed());
        }
    };
    let done = tokio::select! {
        biased;
        done = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let done = work.await;
            // What it left behind is seen as well.
            tokio::time::sleep(Duration::from_millis(5)).await;
            done
        } => done,
        () = watch => unreachable!("it watches for ever"),
    };
    (done, longest)
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

// ---------------------------------------------------------------- pictures

const WAITING: usize = 100;

/// A picture of 2 MiB, in a hundred requests of which none is answered.
async fn pictures() -> Done {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x2c\0\0\x01\x2c".to_vec();
    bytes.resize(2 << 20, 7);
    let image = Image::from_bytes(&bytes)?;
    let never = from_fn(|_| std::future::pending());
    let client = Client::builder("any-key".parse()?)
        .transport(never)
        .build()?;
    let before = resident()?;
    let mut waiting = Vec::new();
    for number in 0..WAITING {
        let request = GenerationRequest::for_model("kirin_v2_5_turbo_i2v").image(image.clone());
        let request = request.parameter("prompt", "it moves");
        let request = request
            .external_task_id(format!("order-{number}"))
            .build()?;
        let mut generation = Box::pin(client.generate(request).into_future());
        let polled = timeout(Duration::from_millis(1), &mut generation).await;
        assert!(polled.is_err(), "it waits for an answer");
        waiting.push(generation);
    }
    let grown = resident()?.saturating_sub(before) / 1024;
    println!("{WAITING} requests under way with one picture of 2 MiB: {grown} MiB");
    Ok(())
}

/// The memory of this process, in KiB.
fn resident() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let figure = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(figure.ok_or("no such figure")?.parse()?)
}

// --------------------------------------------------------------- downloads

/// A film whose pieces are there whenever they are asked for, and that ends or stalls.
struct Film {
    pieces: VecDeque<Bytes>,
    stalls: bool,
}

impl http_body::Body for Film {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.pieces.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None if self.stalls => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

fn film(bytes: u32) -> Bytes {
    let mut film = Vec::new();
    for (name, content) in [(b"ftyp", 8), (b"moov", 12), (b"mdat", bytes)] {
        film.extend((content + 8_u32).to_be_bytes());
        film.extend(name);
        film.resize(film.len() + content as usize, 7);
    }
    film.into()
}

/// A client whose every answer is this film, in pieces of so many bytes.
fn store(film: &Bytes, piece: usize, stalls: bool) -> Result<Client, Box<dyn Error>> {
    let film = film.clone();
    let transport = from_fn(move |_| {
        let mut rest = film.clone();
        let mut pieces = VecDeque::new();
        while !rest.is_empty() {
            pieces.push_back(rest.split_to(piece.min(rest.len())));
        }
        let length = film.len() + usize::from(stalls);
        async move {
            let body = Body::new(Film { pieces, stalls });
            let answer = Response::builder().header("content-length", length);
            Ok(answer.body(body).expect("a legal answer"))
        }
    });
    Ok(Client::builder("any-key".parse()?)
        .transport(transport)
        .build()?)
}

fn task() -> Result<Task, Box<dyn Error>> {
    let body = br#"{"id":"a","status":"completed","output":[{"content":[{"type":"video",
        "url":"https://example.com/a.mp4"}]}]}"#;
    Ok(Task::from_json(body)?)
}

async fn download() -> Done {
    let (film, task) = (film(300_000_000), task()?);
    for (what, piece) in [("64 KiB", 64 << 10), ("300 MB", usize::MAX)] {
        let (mut stalls, mut times) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let folder = tempfile::tempdir()?;
            let client = store(&film, piece, false)?;
            let download = client.download(&task, folder.path().join("a.mp4"));
            let began_at = Instant::now();
            let (done, stall) = longest_stall(download.into_future()).await;
            done?;
            stalls.push(stall);
            times.push(began_at.elapsed());
        }
        println!(
            "a download of 300 MB that comes in pieces of {what}: others wait {:.1} ms at most, {:.0} ms in all",
            median(stalls),
            median(times)
        );
    }
    Ok(())
}

const TRIES: usize = 40;

async fn again() -> Done {
    let (film, task) = (film(4 << 20), task()?);
    let mut failed = 0;
    for round in 0..TRIES {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.mp4");
        let stalled = store(&film, 1 << 20, true)?;
        let mut first = Box::pin(stalled.download(&task, &path).into_future());
        let until_written = async {
            let parts = Duration::from_millis(1 + round as u64 % 8);
            timeout(parts, &mut first).await.is_err()
        };
        assert!(until_written.await, "it stalls");
        drop(first);
        let second = store(&film, 1 << 20, false)?;
        let second = second.download(&task, &path).into_future();
        let second = timeout(Duration::from_secs(60), second).await?;
        failed += usize::from(second.is_err());
    }
    println!("a download that was dropped and is begun again at once: {failed} of {TRIES} fail");
    Ok(())
}

// ------------------------------------------------------------------ ledger

const ENTRIES: usize = 100_000;
const AT_ONCE: usize = 500;

async fn ledger() -> Done {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("kirin.sqlite3");
    let ledger = Ledger::open(&path)?;
    for first in (0..ENTRIES).step_by(AT_ONCE) {
        let mut writes = intents(&ledger, first)?;
        while let Some(written) = writes.join_next().await {
            written?;
        }
    }
    drop(ledger);
    let (mut opened, mut dropped, mut loaded) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let (ledger, stall) = longest_stall(open(&path)).await;
        opened.push(stall);
        let ((), stall) = longest_stall(async { drop(ledger) }).await;
        dropped.push(stall);
        // With an abandoned queue.
        let ledger = open(&path).await;
        let writes = intents(&ledger, ENTRIES + round * AT_ONCE)?;
        tokio::task::yield_now().await;
        let ((), stall) = longest_stall(async {
            drop(writes);
            drop(ledger);
        })
        .await;
        loaded.push(stall);
    }
    println!(
        "a ledger of {ENTRIES} entries is opened: others wait {:.1} ms",
        median(opened)
    );
    println!(
        "the last hold on it is dropped: others wait {:.1} ms",
        median(dropped)
    );
    println!(
        "the same with {AT_ONCE} writes that wait: others wait {:.1} ms",
        median(loaded)
    );
    Ok(())
}

async fn open(path: &Path) -> Ledger {
    Ledger::open_on_thread(path).await.expect("a ledger")
}

/// So many creates that are written down, each by a task of its own.
fn intents(ledger: &Ledger, first: usize) -> Result<JoinSet<()>, Box<dyn Error>> {
    let journal = ledger.journal(BaseUrl::default());
    let at = Some(Timestamp::from_milliseconds(1_795_608_000_000));
    let mut writes = JoinSet::new();
    for number in first..first + AT_ONCE {
        let request = GenerationRequest::builder("a paper boat on a rainy street");
        let request = request
            .external_task_id(format!("order-{number}"))
            .build()?;
        let key = "0123456789abcdef".parse()?;
        let intent = Intent::new(request, BaseUrl::default(), key, at)?;
        let create = intent.create_id().ok_or("it has an id")?;
        let operation = OperationId::new(1, number as u64 + 1);
        let intend = JournalChange::Intend(Box::new(intent));
        let write = JournalWrite::new(create, operation, intend);
        let journal = journal.clone();
        writes.spawn(async move {
            journal.write(&write).await.expect("it is written down");
            journal.operation_ended(&operation);
        });
    }
    Ok(writes)
}
