//! The next run continues what a run has begun.

use std::{path::Path, time::Duration};

use kirin_emulator::{Lookup, Scenario};

use crate::{
    kirin::{Kirin, Run},
    service::{emulator, instant},
};

/// `kirin create` with an id of one's own, in the home of another run.
fn create(prompt: &str, base_url: &str, home: &Path) -> Kirin {
    let arguments = ["create", prompt, "--external-task-id", "order-42"];
    Kirin::new().args(arguments).at(base_url).env("HOME", home)
}

fn ask(arguments: &[&str], home: &Path) -> Run {
    Kirin::new().args(arguments).env("HOME", home).run()
}

#[test]
fn the_same_command_again_is_the_same_task() {
    let emulator = emulator(instant());
    let base_url = emulator.base_url();
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let first = create("a fox", base_url, home).run().ended_with(0);
    let again = create("a fox", base_url, home).run().ended_with(0);
    assert_eq!(first.stdout, again.stdout);
    let other = create("a bear", base_url, home).run().ended_with(2);
    let said = "error: the external task id order-42 was used for another request";
    assert!(other.stderr.contains(said), "{other:#?}");
    assert!(other.stderr.contains("kirin show order-42"), "{other:#?}");
    // What is created is also waited for and downloaded.
    let generate = ["generate", "a fox", "--external-task-id", "order-42"];
    let generated = Kirin::new().args(generate).at(base_url).env("HOME", home);
    let generated = generated.run().ended_with(0);
    assert_eq!(generated.files().len(), 1);
    assert_eq!(emulator.ledger().charges().len(), 1);
    assert_eq!(emulator.statistics().creates_received, 1);
}

#[test]
fn fifty_processes_at_once_create_one_task() {
    let emulator = emulator(instant());
    let home = tempfile::tempdir().unwrap();
    let running = (0..50).map(|_| create("a fox", emulator.base_url(), home.path()).start());
    let running: Vec<_> = running.collect();
    let runs = running.into_iter().map(|run| run.end().ended_with(0));
    let ids: Vec<_> = runs.map(|run| run.stdout).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(emulator.ledger().charges().len(), 1);
    emulator.assert_charged_once();
    // One more, with another request.
    let other = create("a bear", emulator.base_url(), home.path());
    other.run().ended_with(2);
}

#[test]
fn what_was_killed_is_resumed() {
    let emulator = emulator(instant().task_time(Duration::from_secs(2)));
    let base_url = emulator.base_url();
    let home = tempfile::tempdir().unwrap();
    let generate = || Kirin::generate().at(base_url).env("HOME", home.path());
    let mut killed = generate().start();
    killed.stderr_once("accepted as task");
    killed.kill();
    let resume = Kirin::new().args(["resume"]).at(base_url);
    let resumed = resume.env("HOME", home.path()).run().ended_with(0);
    // It is where the first run would have put it.
    let video = Path::new(resumed.stdout.trim_end());
    assert!(video.is_absolute() && video.exists(), "{resumed:#?}");
    assert_eq!(emulator.ledger().charges().len(), 1);
    // Then there is nothing left to do.
    let resume = Kirin::new().args(["resume"]).at(base_url);
    let nothing = resume.env("HOME", home.path()).run().ended_with(0);
    assert_eq!((nothing.stdout.as_str(), nothing.stderr.as_str()), ("", ""));
}

#[test]
fn the_ledger_is_shown() {
    let emulator = emulator(instant().task_time(Duration::from_secs(3600)));
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    assert_eq!(
        ask(&["list"], home).stdout,
        "STATE  MODEL  USD  AGE  ID  PROMPT  FILE\n"
    );
    let created = create("a fox\u{1b}[31m", emulator.base_url(), home)
        .run()
        .ended_with(0);
    let id = created.stdout.trim();
    let listed = ask(&["list"], home).ended_with(0);
    let row: Vec<_> = listed
        .stdout
        .lines()
        .nth(1)
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(row[..3], ["accepted", "kirin_v2_5_turbo_t2v", "0.21"]);
    assert_eq!(row[4..], [id, "a", "fox[31m"]);
    let json = ask(&["list", "--json"], home).ended_with(0).json();
    assert_eq!(json["external_task_id"], "order-42");
    assert_eq!(json["id"], id);
    for id in [id, "order-42"] {
        let shown = ask(&["show", id], home).ended_with(0);
        assert!(
            shown.stdout.contains("state             accepted\n"),
            "{shown:#?}"
        );
    }
    ask(&["show", "order-43"], home).ended_with(5);
    let money = ask(&["ledger", "--json"], home).ended_with(0).json();
    assert_eq!(
        (&money["reserved"], &money["settled"]),
        (&"0.21".into(), &"0".into())
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_ledger_that_cannot_be_written_spends_nothing() {
    let emulator = emulator(instant());
    let base_url = emulator.base_url();
    let full = Kirin::generate()
        .at(base_url)
        .env("KIRIN_LEDGER", "/dev/full");
    let full = full.run().ended_with(12);
    assert!(full.stderr.contains("Nothing was spent."), "{full:#?}");
    let small = Kirin::under("ulimit -f 8").args(["generate", "a fox"]);
    small.at(base_url).run().ended_with(12);
    let folder = Kirin::generate().at(base_url).env("KIRIN_LEDGER", "/");
    folder.run().ended_with(12);
    assert_eq!(emulator.statistics().creates_received, 0);
}

#[test]
fn what_costs_more_than_allowed_is_not_sent() {
    let emulator = emulator(instant());
    let generate = |limit| {
        Kirin::generate()
            .args(["--max-cost", limit])
            .at(emulator.base_url())
    };
    let refused = generate("0.20").run().ended_with(6);
    let said = "it costs 0.21 USD, and 0 of 0.20 USD are spent or reserved";
    assert!(refused.stderr.contains(said), "{refused:#?}");
    assert_eq!(emulator.statistics().creates_received, 0);
    generate("0.21").run().ended_with(0);
}

#[test]
fn a_dry_run_prints_the_request_and_its_price_and_needs_nothing() {
    for command in ["generate", "create"] {
        let run = Kirin::new().args([command, "a fox", "--mode", "pro", "--dry-run"]);
        let run = run.env("HOME", "").run().ended_with(0);
        let json = run.json();
        assert_eq!(json["request"]["prompt"], "a fox");
        assert_eq!(json["request"]["mode"], "pro");
        assert_eq!(json["price"], "0.35");
        assert_eq!(run.files(), [""; 0]);
    }
}

/// The answer is lost, and the process is killed before it has looked for the task.
#[test]
fn an_unresolved_create_is_looked_up_again() {
    let lost = r#"{"rules": [{"fault": "commit_then_drop", "scope": "create"}]}"#;
    let config = instant()
        .lookup(Lookup::Lags(Duration::from_secs(1)))
        .scenario(Scenario::from_json(lost).unwrap());
    let emulator = emulator(config);
    let base_url = emulator.base_url();
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut killed = create("a fox", base_url, home).start();
    killed.stderr_once("looking for the task");
    killed.kill();
    let listed = ask(&["list", "--json"], home).ended_with(0).json();
    assert_eq!(
        (&listed["state"], &listed["id"]),
        (&"sent".into(), &serde_json::Value::Null)
    );
    let resolve = || {
        Kirin::new()
            .args(["resolve"])
            .at(base_url)
            .env("HOME", home)
    };
    let resolved = resolve().run().ended_with(0);
    assert!(
        resolved.stdout.starts_with("order-42 is task "),
        "{resolved:#?}"
    );
    assert_eq!(
        resolve().run().ended_with(0).stdout,
        "",
        "nothing is unresolved any more"
    );
    emulator.assert_charged_once();
    assert_eq!(emulator.statistics().creates_received, 1);
    let nobody = Kirin::new()
        .args(["resolve", "order-43"])
        .at(base_url)
        .env("HOME", home);
    nobody.run().ended_with(5);
}

#[test]
fn completions_and_the_manual_know_every_command() {
    for arguments in [
        &["completions", "bash"][..],
        &["completions", "zsh"],
        &["man"],
    ] {
        let text = Kirin::new().args(arguments).run().ended_with(0).stdout;
        for command in ["generate", "resume", "resolve", "emulator"] {
            assert!(text.contains(command), "{arguments:?}: {command}");
        }
    }
    Kirin::new()
        .args(["completions", "cmd"])
        .run()
        .ended_with(2);
}

/// The task is completed and paid for, and the process is killed in the middle of the download.
#[test]
fn a_video_that_was_not_downloaded_is_fetched_by_resume() {
    let slow = r#"{"rules": [{"fault": "slow_body", "scope": "artifact"}]}"#;
    let emulator = emulator(instant().scenario(Scenario::from_json(slow).unwrap()));
    let base_url = emulator.base_url();
    let home = tempfile::tempdir().unwrap();
    let wanted = tempfile::tempdir().unwrap();
    let video = wanted.path().join("boat.mp4");
    let generate = Kirin::generate().arg("--output").arg(&video).at(base_url);
    let mut killed = generate.env("HOME", home.path()).start();
    killed.stderr_once("downloading");
    // What is written down comes before the download.
    killed.kill();
    assert!(!video.exists());
    emulator.set_scenario(Scenario::default());
    let resume = Kirin::new().args(["resume"]).at(base_url);
    let resumed = resume.env("HOME", home.path()).run().ended_with(0);
    assert_eq!(resumed.stdout.trim_end(), video.to_string_lossy());
    assert!(video.exists());
    assert_eq!(emulator.ledger().charges().len(), 1);
}

/// The service is not even asked.
#[test]
fn what_is_done_and_here_is_not_done_again() {
    let emulator = emulator(instant());
    let home = tempfile::tempdir().unwrap();
    let videos = tempfile::tempdir().unwrap();
    let generate = |prompt: &str, output: &Path, base_url: &str| {
        let arguments = ["generate", prompt, "--external-task-id", "order-42", "-o"];
        let kirin = Kirin::new().args(arguments).arg(output).at(base_url);
        kirin.env("HOME", home.path()).run()
    };
    let base_url = emulator.base_url().to_owned();
    for output in [&videos.path().join("fox.mp4"), videos.path()] {
        let first = generate("a fox", output, &base_url).ended_with(0);
        let queries = emulator.statistics();
        let again = generate("a fox", output, &base_url).ended_with(0);
        assert_eq!(first.stdout, again.stdout);
        assert_eq!(emulator.statistics(), queries);
    }
    generate("a bear", &videos.path().join("fox.mp4"), &base_url).ended_with(2);
    assert_eq!(emulator.ledger().charges().len(), 1);
    // A file that is gone is fetched again, and a file of another program stays.
    std::fs::remove_file(videos.path().join("fox.mp4")).unwrap();
    generate("a fox", &videos.path().join("fox.mp4"), &base_url).ended_with(0);
    let other = videos.path().join("other.mp4");
    std::fs::write(&other, "precious").unwrap();
    generate("a fox", &other, &base_url).ended_with(2);
    assert_eq!(std::fs::read(&other).unwrap(), b"precious");
}
