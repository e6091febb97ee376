//! `kirin batch`: a file of requests, restarted with the same command.

use std::{
    fs,
    path::{Path, PathBuf},
};

use kirin_emulator::{EmulatorConfig, Lifecycle, Lookup, Scenario, Which};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    kirin::{Kirin, Run},
    service::{Answer, Server, emulator, instant},
};

/// A folder with a file of requests, and a home with a ledger.
pub(crate) struct Bench {
    folder: TempDir,
    home: TempDir,
}

impl Bench {
    pub(crate) fn new(file: &str, content: &str) -> Self {
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
            home: tempfile::tempdir().unwrap(),
        };
        bench.write(file, content);
        bench
    }

    pub(crate) fn write(&self, file: &str, content: &str) {
        fs::write(self.path(file), content).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// `kirin` with these arguments, in the folder and the home.
    pub(crate) fn kirin(&self, arguments: &[&str]) -> Kirin {
        self.place(Kirin::new().args(arguments))
    }

    pub(crate) fn place(&self, kirin: Kirin) -> Kirin {
        kirin
            .in_folder(self.folder.path())
            .env("HOME", self.home.path())
    }

    /// `kirin batch boats.jsonl` with more arguments.
    pub(crate) fn batch(&self, base_url: &str, arguments: &[&str]) -> Kirin {
        self.kirin(&["batch", "boats.jsonl"])
            .args(arguments)
            .at(base_url)
    }

    /// The names in a folder, sorted.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }
}

/// A request a line: a boat of each number.
pub(crate) fn boats(count: usize) -> String {
    let line = |number| {
        format!(
            "{}\n",
            json!({"prompt": format!("a boat, number {number}")})
        )
    };
    (1..=count).map(line).collect()
}

pub(crate) fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

pub(crate) fn failed(file: &str) -> Vec<Value> {
    let lines = file.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Batches as people see them.
pub(crate) fn transcripts() -> Vec<(&'static str, Run)> {
    let lost = r#"{"rules": [{"fault": "commit_then_drop", "scope": "create", "nth": 4}]}"#;
    let config = failing(&["order-2"]).lookup(Lookup::Missing);
    let emulator = emulator(config.scenario(Scenario::from_json(lost).unwrap()));
    let orders = |ids: &[&str]| -> String {
        let line =
            |id: &&str| format!("{{\"prompt\": \"a boat\", \"external_task_id\": \"{id}\"}}\n");
        ids.iter().map(line).collect()
    };
    let bench = Bench::new("boats.jsonl", &orders(&["order-1", "order-1"]));
    let run = |arguments: &[&str]| {
        let batch = bench.batch(emulator.base_url(), arguments);
        batch.args(["--concurrency", "1"]).run()
    };
    let mut transcripts = vec![("not valid", run(&[]))];
    bench.write("boats.jsonl", &orders(&["order-1", "order-2", "order-3"]));
    transcripts.push(("over the budget", run(&["--max-cost", "0.50"])));
    transcripts.push(("dry run", run(&["--dry-run"])));
    transcripts.push(("one fails", run(&[])));
    transcripts.push(("again", run(&[])));
    bench.write("boats.jsonl", &orders(&["order-1", "order-4"]));
    transcripts.push(("unresolved", run(&["--timeout", "1"])));
    transcripts.push(("quiet", run(&["--timeout", "1", "--quiet"])));
    transcripts
}

/// Tasks of which those with these ids fail.
pub(crate) fn failing(ids: &[&str]) -> EmulatorConfig {
    let mut config = instant();
    for id in ids {
        let which = Which::ExternalTaskId((*id).into());
        config = config.lifecycle_of(which, Lifecycle::at_once().fail_with("002011095"));
    }
    config
}

#[test]
fn the_same_command_again_does_what_is_not_done() {
    let emulator = emulator(instant());
    let bench = Bench::new("boats.jsonl", &boats(3));
    let first = bench.batch(emulator.base_url(), &[]).run().ended_with(0);
    let paths = lines(&first.stdout);
    assert_eq!(paths.len(), 3);
    assert!(
        paths.iter().all(|path| path.starts_with("boats/")),
        "{first:#?}"
    );
    assert!(paths.iter().all(|path| bench.path(path).exists()));
    let said = "3 requests: 3 completed; 0.63 USD settled; ";
    assert!(first.stderr.contains(said), "{first:#?}");
    // In another order, and with one more and one removed.
    let (boats, fox) = (boats(3), r#"{"prompt": "a fox"}"#);
    let mut moved: Vec<_> = boats.lines().rev().take(2).collect();
    moved.push(fox);
    bench.write("boats.jsonl", &moved.join("\n"));
    let second = bench.batch(emulator.base_url(), &[]).run().ended_with(0);
    let said = "3 requests: 1 completed, 2 done before; 0.63 USD settled; ";
    assert!(second.stderr.contains(said), "{second:#?}");
    assert!(
        second.stderr.contains("2 of 3 requests done before\n"),
        "{second:#?}"
    );
    let printed = lines(&second.stdout);
    let are_there = printed.iter().filter(|path| paths.contains(path)).count();
    assert_eq!((printed.len(), are_there), (3, 2), "{second:#?}");
    assert_eq!(emulator.statistics().creates_received, 4);
    emulator.assert_charged_once();
    let page = fs::read_to_string(bench.path("boats/gallery.html")).unwrap();
    assert!(page.contains("a fox"));
}

#[test]
fn csv_and_json_lines_are_the_same_batch() {
    let emulator = emulator(instant());
    let bench = Bench::new(
        "a.jsonl",
        r#"{"prompt": "a fox", "mode": "pro", "watermark_info": {"enabled": true}}"#,
    );
    bench.write("b.csv", "prompt,mode,watermark_info\na fox,pro,true\n");
    let run = |arguments: &[&str]| {
        let batch = bench
            .kirin(&["batch", "--output", "videos"])
            .args(arguments);
        batch.at(emulator.base_url())
    };
    let first = run(&["a.jsonl"]).run().ended_with(0);
    assert_eq!(lines(&first.stdout).len(), 2, "{first:#?}");
    let second = run(&["b.csv"]).run().ended_with(0);
    assert_eq!(first.stdout, second.stdout);
    let table = fs::read_to_string(bench.path("b.csv")).unwrap();
    let third = run(&["-", "--format", "csv"])
        .stdin(&table)
        .run()
        .ended_with(0);
    assert_eq!(first.stdout, third.stdout);
    assert_eq!(emulator.statistics().creates_received, 1);
}

#[test]
fn identical_lines_are_one_video_each() {
    let emulator = emulator(instant());
    let fox = "{\"prompt\": \"a fox\"}\n".repeat(3);
    let bench = Bench::new("boats.jsonl", &fox);
    let arguments = ["--name-template", "{prompt}-{number}", "--output", "a/b"];
    let run = bench
        .batch(emulator.base_url(), &arguments)
        .run()
        .ended_with(0);
    let mut paths = lines(&run.stdout);
    paths.sort_unstable();
    assert_eq!(
        paths,
        ["a/b/a-fox-1.mp4", "a/b/a-fox-2.mp4", "a/b/a-fox-3.mp4"]
    );
    assert_eq!(emulator.ledger().charges().len(), 3);
}

#[test]
fn a_file_that_is_there_is_never_overwritten() {
    let emulator = emulator(instant());
    let bench = Bench::new("boats.jsonl", &boats(2));
    fs::create_dir(bench.path("boats")).unwrap();
    bench.write("boats/2.mp4", "mine");
    let arguments = ["--name-template", "{number}"];
    let run = bench
        .batch(emulator.base_url(), &arguments)
        .run()
        .ended_with(10);
    assert_eq!(run.stdout, "boats/1.mp4\n");
    assert!(!run.stderr.contains("--force"), "{run:#?}");
    assert!(
        run.stderr.contains("boats/2.mp4: exists already"),
        "{run:#?}"
    );
    assert_eq!(
        fs::read_to_string(bench.path("boats/2.mp4")).unwrap(),
        "mine"
    );
    assert_eq!(emulator.statistics().creates_received, 1);
    fs::remove_file(bench.path("boats/2.mp4")).unwrap();
    bench
        .batch(emulator.base_url(), &arguments)
        .run()
        .ended_with(0);
    assert_eq!(bench.names("boats"), ["1.mp4", "2.mp4", "gallery.html"]);
}

#[test]
fn nothing_is_sent_before_every_line_is_right() {
    let server = Server::start(|_, _| Answer::running());
    let bench = Bench::new("boats.jsonl", &boats(1));
    bench.write(
        "wrong.jsonl",
        "{\"prompt\": \"a fox\"}\n{\"prompt\": \"\"}\n{\"prompt\": 7, \"mode\": \"best\"}\n",
    );
    let wrong = bench.kirin(&["batch", "wrong.jsonl"]).at(&server.base_url);
    let wrong = wrong.run().ended_with(2);
    for problem in ["line 2: prompt ", "line 3: prompt ", "line 3: mode "] {
        assert!(wrong.stderr.contains(problem), "{wrong:#?}");
    }
    // The id of an earlier request.
    let arguments = ["create", "a fox", "--external-task-id", "order-1"];
    bench
        .kirin(&arguments)
        .at(&server.base_url)
        .run()
        .ended_with(0);
    bench.write(
        "boats.jsonl",
        &format!(
            "{}{}",
            boats(1),
            r#"{"prompt": "a boat", "external_task_id": "order-1"}"#
        ),
    );
    let used = bench.batch(&server.base_url, &[]).run().ended_with(2);
    let problem = "line 2: external_task_id order-1 was used for another request";
    assert!(used.stderr.contains(problem), "{used:#?}");
    // Two names that are one.
    bench.write("boats.jsonl", &boats(2));
    bench
        .batch(&server.base_url, &["--name-template", "boat"])
        .run()
        .ended_with(2);
    bench
        .kirin(&["batch", "-"])
        .at(&server.base_url)
        .run()
        .ended_with(2);
    assert_eq!(server.creates(), 1);
}

#[test]
fn what_may_be_spent_holds_over_all_runs() {
    let emulator = emulator(instant());
    let bench = Bench::new("boats.jsonl", &boats(2));
    let run = |limit: &str| {
        let batch = bench.batch(emulator.base_url(), &["--max-cost", limit, "--json"]);
        batch.run()
    };
    let refused = run("0.41").ended_with(6);
    assert_eq!(refused.json()["error"]["billing"], "none");
    assert_eq!(emulator.statistics().creates_received, 0);
    assert_eq!(run("0.42").ended_with(0).json()["settled"], "0.42");
    // What is done needs no more.
    run("0.10").ended_with(0);
    bench.write("boats.jsonl", &boats(3));
    let refused = run("0.62").ended_with(6);
    let said = "1 request to create at 0.21 USD, 0.42 USD spent";
    assert!(refused.stderr.contains(said), "{refused:#?}");
    run("0.63").ended_with(0);
    // The price is not known.
    bench.write(
        "boats.jsonl",
        r#"{"model": "kirin_v1_t2v", "prompt": "a fox"}"#,
    );
    let unknown = run("100").ended_with(6);
    assert!(
        unknown.stderr.contains("line 1: its price is not known"),
        "{unknown:#?}"
    );
    assert_eq!(emulator.ledger().charges().len(), 3);
}

#[test]
fn a_dry_run_shows_what_there_is_to_do_and_needs_no_key() {
    let emulator = emulator(instant());
    let bench = Bench::new("boats.jsonl", &boats(1));
    bench.batch(emulator.base_url(), &[]).run().ended_with(0);
    bench.write("boats.jsonl", &boats(3));
    let arguments = [
        "batch",
        "boats.jsonl",
        "--dry-run",
        "--base-url",
        emulator.base_url(),
    ];
    let dry = bench.kirin(&arguments).run().ended_with(0).json();
    let expected = json!({
        "requests": 3, "done": 1, "begun": 0, "to_create": 2,
        "price": "0.42", "without_price": 0, "spent": "0.21",
    });
    assert_eq!(dry, expected);
    assert_eq!(emulator.statistics().creates_received, 1);
}

#[test]
fn a_summary_and_events_are_for_programs() {
    let emulator = emulator(failing(&["order-2"]));
    let orders = "prompt,external_task_id\na fox,order-1\na boat,order-2\n";
    let bench = Bench::new("orders.csv", orders);
    let run = |json: &str| {
        let batch = bench.kirin(&["batch", "orders.csv", json]);
        batch.at(emulator.base_url()).run().ended_with(10)
    };
    let events = run("--json=events");
    let events: Vec<Value> = failed(&events.stdout);
    let of = |id: &str, event: &str| {
        let is_meant = |line: &&Value| line["external_task_id"] == id && line["event"] == event;
        events.iter().find(is_meant).cloned().unwrap_or_default()
    };
    assert!(of("order-1", "accepted")["id"].is_string(), "{events:#?}");
    assert!(
        of("order-1", "downloaded")["path"].is_string(),
        "{events:#?}"
    );
    assert_eq!(
        of("order-2", "result")["error"]["exit_code"],
        3,
        "{events:#?}"
    );
    assert_eq!(events.last().unwrap()["event"], "summary");
    let summary = run("--json").json();
    assert_eq!(
        (&summary["done_before"], &summary["failed"]),
        (&1.into(), &1.into())
    );
    assert_eq!(summary["failures"][0]["line"], 3);
    assert_eq!(summary["failures"][0]["error"]["exit_code"], 3);
    assert_eq!(summary["failures_file"], "orders/orders.failed.jsonl");
    assert_eq!(summary["gallery"], "orders/gallery.html");
}
