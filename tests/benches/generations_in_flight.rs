//! What a generation costs its process while it waits: memory, and processor time for each query.
//!
//! `cargo bench -p kirin-tests --bench generations_in_flight`, with `-- --generations N` for fewer than
//! 100,000. The emulator runs in a process of its own. Linux only: it reads `/proc`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark is a program that measures and prints"
)]

use std::{
    error::Error,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use kirin_client::{Client, Generation, GenerationBuilder, PollSchedule, machine::Machine};
use kirin_emulator::{Emulator, EmulatorConfig};
use kirin_types::{GenerationRequest, Task};
use tokio::task::JoinSet;

/// In flight at once.
const GENERATIONS: usize = 100_000;

/// Each of 60 characters.
const PROMPT: &str = "a paper boat on a rainy street at night, seen from far above";

/// So many are begun a second, spread evenly. It is fewer than what the machine can do: where answers
/// take long, more than the 512 connections that the emulator serves at once would be opened.
const BEGUN_PER_SECOND: usize = 1_000;

/// So many are begun at once.
const BATCH: usize = 20;

/// A clock tick of `/proc/self/stat`: a hundred a second on every Linux of today.
const TICK: Duration = Duration::from_millis(10);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)?.parse().ok()
    };
    match number("--emulate") {
        Some(milliseconds) => emulate(Duration::from_millis(milliseconds)),
        None => measure(number("--generations").map_or(GENERATIONS, |number| number as usize)),
    }
}

/// The emulator's process: prints its address, and ends when its standard input is closed.
#[tokio::main(flavor = "current_thread")]
async fn emulate(task_time: Duration) -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::start(EmulatorConfig::new().task_time(task_time)).await?;
    println!("{}", emulator.base_url());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    println!("{}", emulator.statistics().queries_received);
    Ok(())
}

/// An emulator in a process of its own.
struct Peer {
    process: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Peer {
    fn start(task_time: Duration) -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--emulate", &task_time.as_millis().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(process.stdout.take().ok_or("no output")?);
        Ok(Self { process, lines })
    }

    fn line(&mut self) -> Result<String, Box<dyn Error>> {
        let mut line = String::new();
        self.lines.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// How many queries it has answered.
    fn end(mut self) -> Result<u64, Box<dyn Error>> {
        drop(self.process.stdin.take());
        let queries = self.line()?.parse()?;
        self.process.wait()?;
        Ok(queries)
    }
}

fn measure(generations: usize) -> Result<(), Box<dyn Error>> {
    let creating = Duration::from_secs_f64(generations as f64 / BEGUN_PER_SECOND as f64);
    // All of them are in flight for as long as it takes to create them.
    let mut peer = Peer::start(creating * 2)?;
    let base_url = peer.line()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (memory, processor, took) =
        runtime.block_on(run(&base_url, generations, creating.mul_f64(1.1)))?;
    let queries = peer.end()?;
    println!(
        "{generations} generations in flight, prompts of {} characters",
        PROMPT.chars().count()
    );
    println!("{:.1} s in all, {queries} queries", took.as_secs_f64());
    println!(
        "peak memory: {} bytes for each generation ({} KiB in all)",
        memory * 1024 / generations as u64,
        memory
    );
    println!(
        "processor time: {:.0} microseconds for each create and query together",
        processor.as_secs_f64() * 1e6 / (queries + generations as u64) as f64
    );
    println!(
        "sizes in bytes: Generation {}, Machine {}, Task {}",
        size_of::<Generation>(),
        size_of::<Machine>(),
        size_of::<Task>()
    );
    Ok(())
}

/// Peak memory beyond that of an idle client in KiB, processor time, and time.
async fn run(
    base_url: &str,
    generations: usize,
    gap: Duration,
) -> Result<(u64, Duration, Duration), Box<dyn Error>> {
    let client = Client::builder("any-key".parse()?)
        .base_url(base_url.parse()?)
        .schedule(PollSchedule::Fixed(gap))
        .requests_per_second(None)
        .build()?;
    // The first one pays for what all of them share.
    drop(generate(&client, 0).accepted().await?);
    let idle = status("VmRSS")?;
    let (began_at, processor) = (Instant::now(), processor_time()?);
    let mut running = JoinSet::new();
    let mut next =
        tokio::time::interval(Duration::from_secs(1) * BATCH as u32 / BEGUN_PER_SECOND as u32);
    for number in 1..=generations {
        if number % BATCH == 1 {
            next.tick().await;
        }
        running.spawn(generate(&client, number).into_future());
    }
    while let Some(task) = running.join_next().await {
        task??;
    }
    let peak = status("VmHWM")?;
    Ok((
        peak.saturating_sub(idle),
        processor_time()?.saturating_sub(processor),
        began_at.elapsed(),
    ))
}

fn generate(client: &Client, number: usize) -> GenerationBuilder {
    let request = GenerationRequest::builder(PROMPT).external_task_id(format!("order-{number}"));
    client.generate(request.build().expect("a legal request"))
}

/// A figure of this process, in KiB.
fn status(name: &str) -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(name));
    let figure = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(figure.ok_or("no such figure")?.parse()?)
}

/// Of this process, in user and kernel mode.
fn processor_time() -> Result<Duration, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses may hold spaces; user and system time are the 12th and 13th after it.
    let (_, figures) = stat.rsplit_once(')').ok_or("no name")?;
    let ticks = figures.split_whitespace().skip(11).take(2);
    let ticks: u32 = ticks.map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    Ok(TICK * ticks)
}
