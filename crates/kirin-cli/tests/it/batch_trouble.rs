//! `kirin batch` where not all goes its way: failures, lost answers, full disks, Ctrl-C.

use std::{fs, time::Duration};

use kirin_emulator::{Lifecycle, Lookup, Scenario, Which};
use serde_json::Value;

use crate::{
    batch::{Bench, boats, failed, failing, lines},
    kirin::{Kirin, Run, Running},
    service::{emulator, instant},
};

#[test]
fn failures_are_a_file_that_can_be_run_again() {
    let emulator = emulator(failing(&["order-2"]));
    let orders: String = (1..=3)
        .map(|number| {
            format!("{{\"prompt\": \"a boat\", \"external_task_id\": \"order-{number}\"}}\n")
        })
        .collect();
    let bench = Bench::new("boats.jsonl", &orders);
    let run = bench.batch(emulator.base_url(), &[]).run().ended_with(10);
    assert!(run.stderr.contains("line 2, order-2: task "), "{run:#?}");
    let command = "kirin batch boats/boats.failed.jsonl --output boats";
    assert!(run.stderr.contains(command), "{run:#?}");
    let file = || fs::read_to_string(bench.path("boats/boats.failed.jsonl")).unwrap();
    let written = failed(&file());
    assert_eq!(written.len(), 1);
    assert_eq!(written[0]["prompt"], "a boat");
    assert_ne!(written[0]["external_task_id"], "order-2");
    // It is final, and the service is not asked again; the file stays what it is.
    let queries = emulator.statistics().queries_received;
    bench.batch(emulator.base_url(), &[]).run().ended_with(10);
    assert_eq!(emulator.statistics().queries_received, queries);
    assert_eq!(failed(&file()), written);
    // The file itself, and once more.
    for said in ["1 completed", "1 done before"] {
        let arguments = ["batch", "boats/boats.failed.jsonl", "--output", "boats"];
        let again = bench.kirin(&arguments).at(emulator.base_url());
        let again = again.run().ended_with(0);
        assert!(again.stderr.contains(said), "{again:#?}");
    }
    assert_eq!(emulator.ledger().charges().len(), 4);
    emulator.assert_charged_once();
}

#[test]
fn what_created_nothing_keeps_its_id_and_the_file_goes_when_all_is_done() {
    let refused = r#"{"rules": [{"fault": "forbidden", "scope": "create", "count": 1}]}"#;
    let emulator = emulator(instant().scenario(Scenario::from_json(refused).unwrap()));
    let order = r#"{"prompt": "a boat", "external_task_id": "order-1"}"#;
    let bench = Bench::new("boats.jsonl", &format!("{order}\n{}", boats(1)));
    // The first create is alone, and so would all others have failed.
    let run = bench.batch(emulator.base_url(), &[]).run().ended_with(4);
    assert!(run.stderr.contains("1 failed, 1 not started"), "{run:#?}");
    let file = fs::read_to_string(bench.path("boats/boats.failed.jsonl")).unwrap();
    let written = failed(&file);
    assert_eq!(written.len(), 2);
    assert_eq!(written[0]["external_task_id"], "order-1");
    bench.batch(emulator.base_url(), &[]).run().ended_with(0);
    assert!(!bench.path("boats/boats.failed.jsonl").exists());
    emulator.assert_charged_once();
}

/// Nothing is declared of the host, so the first create is alone until its task is found by its
/// external id.
#[test]
fn the_first_create_is_alone_until_the_lookup_is_proven() {
    let emulator = emulator(instant().task_time(Duration::from_millis(100)));
    let bench = Bench::new("boats.jsonl", &boats(4));
    bench.batch(emulator.base_url(), &[]).run().ended_with(0);
    let requests = emulator.requests();
    let mut creates = requests
        .iter()
        .enumerate()
        .filter(|(_, request)| request.method == "POST");
    let (second_create, _) = creates.nth(1).unwrap();
    let look_up = requests
        .iter()
        .position(|request| request.target.contains("batch-"));
    assert!(look_up.unwrap() < second_create, "{requests:#?}");
}

#[test]
fn what_is_unresolved_is_listed_and_looked_for_again() {
    let lost = r#"{"rules": [{"fault": "commit_then_drop", "scope": "create", "nth": 2}]}"#;
    let config = instant().lookup(Lookup::Missing);
    let emulator = emulator(config.scenario(Scenario::from_json(lost).unwrap()));
    let bench = Bench::new("boats.jsonl", &boats(3));
    let arguments = ["--timeout", "5", "--json"];
    for _ in 0..2 {
        let run = bench
            .batch(emulator.base_url(), &arguments)
            .run()
            .ended_with(11);
        assert!(run.stderr.contains("kirin resolve"), "{run:#?}");
        let summary = run.json();
        assert_eq!(summary["unresolved"], 1, "{summary:#}");
        assert_eq!(summary["failures"][0]["error"]["billing"], "unknown");
        assert_eq!(summary["failures_file"], Value::Null);
    }
    assert_eq!(emulator.statistics().creates_received, 3);
    emulator.assert_charged_once();
}

/// What keeps a whole batch from being begun.
#[test]
fn each_exit_code() {
    let check = |exit_code: i32, run: Run| {
        let run = run.ended_with(exit_code);
        assert_eq!(run.stdout, "", "{run:#?}");
        assert!(
            run.stderr.starts_with("error: ") || run.stderr.contains("failed"),
            "{run:#?}"
        );
    };
    let emulator = emulator(instant());
    let bench = Bench::new("boats.jsonl", &boats(2));
    let at = |arguments: &[&str]| bench.kirin(arguments).at(emulator.base_url()).run();
    check(1, at(&["batch", ".", "--format", "csv"]));
    check(2, at(&["batch", "boats.jsonl", "--concurrency", "0"]));
    check(4, bench.kirin(&["batch", "boats.jsonl"]).run());
    let wrong_key = bench
        .batch(emulator.base_url(), &[])
        .env("KIRIN_API_KEY", "another");
    check(4, wrong_key.run());
    check(5, at(&["batch", "nothing.jsonl"]));
    let closed = "http://127.0.0.1:1";
    check(7, bench.batch(closed, &[]).run());
    check(
        12,
        at(&["batch", "boats.jsonl", "--output", "boats.jsonl/videos"]),
    );
    let no_ledger = bench.batch(emulator.base_url(), &[]);
    check(
        12,
        no_ledger.env("KIRIN_LEDGER", "boats.jsonl/ledger").run(),
    );
    assert_eq!(emulator.ledger().charges().len(), 0);
}

#[test]
fn two_processes_at_once_are_one_batch() {
    let emulator = emulator(instant().task_time(Duration::from_millis(100)));
    let bench = Bench::new("boats.jsonl", &boats(6));
    let batch = || bench.batch(emulator.base_url(), &[]).start();
    // One of them may find that the other one is at the download of a video.
    for run in [batch(), batch()].map(Running::end) {
        assert!([Some(0), Some(10)].contains(&run.exit_code()), "{run:#?}");
    }
    let run = batch().end().ended_with(0);
    assert_eq!(lines(&run.stdout).len(), 6, "{run:#?}");
    assert_eq!(bench.names("boats").len(), 7);
    assert_eq!(emulator.statistics().creates_received, 6);
    emulator.assert_charged_once();
}

/// Whatever is the first that does not fit: the ledger, the videos, or what is made at the end.
#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_at_any_moment_loses_no_task() {
    let (mut codes, mut texts) = (Vec::new(), String::new());
    // Blocks of 512 bytes.
    for blocks in [64, 128, 192, 224, 256, 288, 320, 352, 1000] {
        let emulator = emulator(instant());
        let bench = Bench::new("boats.jsonl", &boats(3));
        let limited = Kirin::under(&format!("ulimit -f {blocks}"));
        let limited = bench.place(limited.args(["batch", "boats.jsonl"]));
        let run = limited.at(emulator.base_url()).run();
        let code = run.exit_code().unwrap();
        assert!([0, 10, 12].contains(&code), "{blocks} blocks: {run:#?}");
        codes.push(code);
        bench.batch(emulator.base_url(), &[]).run().ended_with(0);
        let sent = emulator.statistics().creates_received;
        assert_eq!(sent, 3, "{blocks} blocks: {run:#?}");
        texts.push_str(&run.stderr);
    }
    for code in [0, 12] {
        assert!(codes.contains(&code), "{codes:?}");
    }
    // What was sent and could not be written down.
    assert!(texts.contains("write down the ids"), "{texts}");
}

#[cfg(unix)]
#[test]
fn the_same_command_continues_after_ctrl_c() {
    let emulator = emulator(instant().lifecycle_of(Which::Nth(1), Lifecycle::by_hand()));
    let bench = Bench::new("boats.jsonl", &boats(3));
    let running = bench.batch(emulator.base_url(), &["--json=events"]).start();
    running.stdout_once("\"event\":\"accepted\"");
    crate::interrupt::send("INT", &running);
    let run = running.end().ended_with(130);
    assert!(
        run.stderr.contains("interrupted, with 1 request under way"),
        "{run:#?}"
    );
    assert!(run.stderr.contains(", task "), "{run:#?}");
    assert!(
        run.stderr.contains("Continue with the same command"),
        "{run:#?}"
    );
    assert!(run.stderr.contains("may be charged"), "{run:#?}");
    let task = emulator.ledger().charges()[0].task_id.clone();
    emulator.complete(&task).unwrap();
    let run = bench.batch(emulator.base_url(), &[]).run().ended_with(0);
    assert_eq!(lines(&run.stdout).len(), 3, "{run:#?}");
    assert_eq!(emulator.statistics().creates_received, 3);
    emulator.assert_charged_once();
}
