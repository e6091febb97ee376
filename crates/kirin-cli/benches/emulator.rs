//! What the emulator costs whoever uses it in tests: time to start, memory, and time for a query.
//!
//! `cargo bench -p kirin-cli --bench emulator`. Each figure stands beside the one that is wanted. It
//! starts the program `kirin` itself, which is why it is in this package; the tasks that it asks for
//! live in a server of the library, because those of `kirin emulator` end after three seconds. Linux
//! only: it reads `/proc`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark is a program that measures and prints"
)]

use std::{
    io::{self, BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use kirin_emulator::{Emulator, EmulatorConfig};

#[path = "emulator/bare.rs"]
mod bare;

#[path = "emulator/connection.rs"]
mod connection;
use connection::Connection;

#[path = "emulator/queries.rs"]
mod queries;

const STARTS: usize = 50;
const STARTS_IN_PROCESS: usize = 200;

/// How a server of this program is asked for: one of the emulator, or a bare one.
const EMULATE: &str = "--emulate";
const BARE: &str = "--bare";

/// Tasks live so long that none ends, and that their progress stays as it is.
const TASK_TIME: Duration = Duration::from_secs(24 * 60 * 60);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // As `kirin` has it, for the servers and for whoever asks them.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match arguments[..] {
        [EMULATE] => runtime.block_on(emulate()),
        [BARE, request_id, body] => runtime.block_on(bare::serve(request_id, body)),
        // `cargo bench` adds an argument of its own.
        _ => runtime.block_on(measure()),
    }
}

async fn measure() -> Result<()> {
    let (mut starts, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let began = Instant::now();
        let kirin = Peer::start(env!("CARGO_BIN_EXE_kirin"), &["emulator", "--port", "0"])?;
        let address = kirin.line.trim_start_matches("http://").parse()?;
        Connection::open(address).await?.health().await?;
        starts.push(began.elapsed());
        memory.push(kirin.memory()?);
    }
    times("from exec to the first answer", &mut starts, "15 ms");
    memory.sort_unstable();
    println!(
        "memory after start and one request: {:.1} MiB at most of {STARTS} (wanted: at most 12)",
        memory[STARTS - 1] as f64 / 1024.0
    );

    let mut starts = Vec::new();
    for _ in 0..STARTS_IN_PROCESS {
        let began = Instant::now();
        let emulator = Emulator::start(EmulatorConfig::new()).await?;
        Connection::open(emulator.address()).await?.health().await?;
        starts.push(began.elapsed());
        emulator.shutdown().await;
    }
    times("in process, to the first answer", &mut starts, "1 ms");
    queries::measure().await
}

fn times(what: &str, times: &mut [Duration], wanted: &str) {
    times.sort_unstable();
    let percentile = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
    let milliseconds = |percent| percentile(percent).as_secs_f64() * 1000.0;
    println!(
        "{what}: p50 {:.2} ms, p95 {:.2} ms over {} starts (wanted: p95 at most {wanted})",
        milliseconds(50),
        milliseconds(95),
        times.len()
    );
}

/// The emulator's process: prints where it is, and ends when nobody holds its standard input.
async fn emulate() -> Result<()> {
    let config = EmulatorConfig::new().task_time(TASK_TIME);
    let emulator = Emulator::start(config).await?;
    println!("{}", emulator.address());
    until_stdin_ends().await
}

async fn until_stdin_ends() -> Result<()> {
    tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

/// A server in a process of its own, which is killed when this is dropped.
struct Peer {
    process: Child,
    /// The first line that it printed.
    line: String,
}

impl Peer {
    fn start(program: &str, arguments: &[&str]) -> Result<Self> {
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let lines = process.stdout.as_mut().ok_or("no output")?;
        BufReader::new(lines).read_line(&mut line)?;
        let line = line.trim_end().to_owned();
        Ok(Self { process, line })
    }

    /// This program as a server, and where it is.
    fn serve(arguments: &[&str]) -> Result<(Self, SocketAddr)> {
        let this = std::env::current_exe()?;
        let peer = Self::start(this.to_str().ok_or("no UTF-8")?, arguments)?;
        let address = peer.line.parse()?;
        Ok((peer, address))
    }

    /// Its resident memory, in KiB.
    fn memory(&self) -> Result<u64> {
        let file = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(file)?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let figure = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(figure.ok_or("no such figure")?.parse()?)
    }

    /// Of its threads, in user and kernel mode. The kernel counts it to the nanosecond for each
    /// thread, and for a whole process only in hundredths of a second.
    fn processor_time(&self) -> Result<Duration> {
        let folder = format!("/proc/{}/task", self.process.id());
        let mut nanoseconds = 0;
        for thread in std::fs::read_dir(folder)? {
            let figures = std::fs::read_to_string(thread?.path().join("schedstat"))?;
            let figure = figures.split_whitespace().next().ok_or("no figure")?;
            nanoseconds += figure.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
