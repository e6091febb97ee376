//! What the program costs whoever types: time for its help, what `kirin generate` adds to the calls that
//! it makes, time until it says something, and its size.
//!
//! `cargo bench -p kirin-cli --bench program`. Each figure stands beside the one that is wanted. The
//! emulator answers a create with a completed task; the same calls are made with curl, a process each,
//! in turn with kirin. curl waits for nobody's disk, and kirin for that of the ledger.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark is a program that measures and prints"
)]

use std::{
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use kirin_emulator::{Emulator, EmulatorConfig, VideoSize};

const ROUNDS: usize = 20;
const KEY: &str = "emulator-key";

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let mut help = Vec::new();
    for _ in 0..ROUNDS {
        help.push(timed(kirin().arg("--help"))?);
    }
    println!("help: {}, wanted 20 ms", shown(median(&mut help)));

    let base_url = emulator()?;
    let folder = tempfile::tempdir()?;
    let (mut with_kirin, mut with_curl, mut first_word) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let generate = || generate(&base_url, folder.path());
        with_kirin.push(timed(&mut generate())?);
        with_curl.push(curl(&base_url, folder.path(), round)?);
        first_word.push(until_the_first_word(&mut generate())?);
    }
    let (kirin, curl) = (median(&mut with_kirin), median(&mut with_curl));
    println!(
        "generate: {}, curl: {}, added {} ms, wanted at most 30 ms",
        shown(kirin),
        shown(curl),
        (kirin.as_secs_f64() - curl.as_secs_f64()) * 1000.0
    );
    println!(
        "first word of generate: {}, wanted 100 ms",
        shown(median(&mut first_word))
    );
    Ok(())
}

/// An emulator on a thread of its own, which ends with the program.
fn emulator() -> Result<String> {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let config = EmulatorConfig::new()
                .task_time(Duration::ZERO)
                .video_size(VideoSize::Small);
            let emulator = Emulator::start(config).await.expect("an emulator");
            send.send(emulator.base_url().to_owned())
                .expect("it is waited for");
            std::future::pending::<()>().await;
        });
    });
    Ok(receive.recv()?)
}

fn kirin() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kirin"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn generate(base_url: &str, folder: &Path) -> Command {
    let mut command = kirin();
    command.args(["generate", "a fox", "--base-url", base_url]);
    command.arg("--output").arg(folder);
    command.env("KIRIN_API_KEY", KEY);
    command.env("KIRIN_LEDGER", folder.join("ledger.sqlite3"));
    command
}

/// A create, and the download of its video: what `kirin generate` asks for.
fn curl(base_url: &str, folder: &Path, round: usize) -> Result<Duration> {
    let body = serde_json::json!({
        "model": "kirin_v2_5_turbo_t2v",
        "input": [{ "params": {
            "prompt": "a fox",
            "duration": "5",
            "aspect_ratio": "16:9",
            "mode": "std",
            "external_task_id": format!("curl-{round}"),
        }}],
    });
    let began = Instant::now();
    let created = Command::new("curl")
        .args(["--silent", "--fail", "--json", &body.to_string()])
        .args(["--header", &format!("Authorization: Bearer {KEY}")])
        .arg(format!("{base_url}/model/v1/generation"))
        .output()?;
    let task: serde_json::Value = serde_json::from_slice(&created.stdout)?;
    let url = task["output"][0]["content"][0]["url"].as_str();
    let download = Command::new("curl")
        .args(["--silent", "--fail", "--output"])
        .arg(folder.join("curl.mp4"))
        .arg(url.ok_or("the create did not answer with a completed task")?)
        .status()?;
    match download.success() {
        true => Ok(began.elapsed()),
        false => Err("curl cannot download".into()),
    }
}

fn timed(command: &mut Command) -> Result<Duration> {
    let began = Instant::now();
    match command.status()?.success() {
        true => Ok(began.elapsed()),
        false => Err("the program failed".into()),
    }
}

fn until_the_first_word(command: &mut Command) -> Result<Duration> {
    let began = Instant::now();
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    let mut stderr = child.stderr.take().ok_or("no stderr")?;
    stderr.read_exact(&mut [0])?;
    let first = began.elapsed();
    std::io::copy(&mut stderr, &mut std::io::sink())?;
    child.wait()?;
    Ok(first)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn shown(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
