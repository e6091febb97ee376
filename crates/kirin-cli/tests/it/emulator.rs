//! The emulator as a program of its own, and the commands against it.

#[cfg(unix)]
use std::time::Duration;

#[cfg(unix)]
use kirin_emulator::EmulatorConfig;
#[cfg(unix)]
use kirin_tests::canary;

#[cfg(unix)]
use crate::service;
use crate::{
    kirin::{Kirin, Run},
    mp4,
};

/// One session of everything: the tasks take three seconds, so there is only one.
#[cfg(unix)]
#[test]
fn every_command_works_against_the_emulator() {
    let emulator = Kirin::new().args(["emulator", "--port", "0"]).start();
    let base_url = emulator.first_line();
    assert!(base_url.starts_with("http://127.0.0.1:"), "{base_url}");
    let run = |arguments: &[&str]| -> Run { Kirin::new().args(arguments).at(&base_url).run() };
    let done = |arguments: &[&str]| -> Run { run(arguments).ended_with(0) };

    let created = done(&["create", "a boat", "--external-task-id", "order-42"]);
    let id = created.stdout.trim_end();
    assert_eq!(id.len(), 20, "{id}");
    assert!(done(&["status", id]).stdout.starts_with("in_progress, "));

    let generated = done(&["generate", "a boat", "--output", "boat.mp4"]);
    mp4::read(&std::fs::read(generated.path("boat.mp4")).unwrap());

    // The task that was created first has ended in the meantime.
    for id in [id, "order-42"] {
        assert_eq!(done(&["status", id]).stdout, "completed\n");
        assert_eq!(done(&["wait", id]).stdout, "completed\n");
    }
    let downloaded = done(&["download", id, "-o", "x.mp4"]);
    assert_eq!(downloaded.stdout, "x.mp4\n");
    mp4::read(&std::fs::read(downloaded.path("x.mp4")).unwrap());
    let downloaded = done(&["download", "order-42"]);
    assert_eq!(downloaded.files(), [format!("{id}.mp4")]);
    let waited = done(&["wait", "order-42", "--output", "."]);
    assert_eq!(waited.stdout, format!("./{id}.mp4\n"));

    crate::interrupt::send("TERM", &emulator);
    emulator.end().ended_with(0);
}

/// The command runs beside the emulator, ends it, and its exit code is the program's own.
#[cfg(unix)]
#[test]
fn exec_runs_a_command_and_passes_its_exit_code_on() {
    let exec = |command: &[&str]| {
        let exec = Kirin::new().args(["emulator", "exec", "--"]);
        exec.args(command).run()
    };
    let kirin = env!("CARGO_BIN_EXE_kirin");
    let generate = format!("{kirin} generate 'a fox' --json --external-task-id order-42");
    let generated = exec(&["/bin/sh", "-c", &generate]).ended_with(0);
    let report: serde_json::Value = serde_json::from_str(&generated.stdout).unwrap();
    assert_eq!(report["external_task_id"], "order-42", "{report}");
    let charges = "emulator: charges: 1, USD of play money: 0.21, double charges: 0\n";
    assert!(generated.stderr.ends_with(charges), "{}", generated.stderr);

    exec(&["/bin/sh", "-c", "exit 37"]).ended_with(37);
    exec(&["/bin/sh", "-c", "kill -9 $$"]).ended_with(137);
    let missing = exec(&["/no/such/command"]).ended_with(1);
    assert!(
        missing.stderr.contains("/no/such/command cannot be run"),
        "{}",
        missing.stderr
    );
}

/// Who stops the program stops the command too: nothing is left behind that nobody waits for.
#[cfg(unix)]
#[test]
fn exec_passes_sigterm_on_and_waits_for_the_command() {
    let terminated = |command: &str| {
        let exec = Kirin::new().args(["emulator", "exec", "--", "/bin/sh", "-c", command]);
        let running = exec.start();
        running.stderr_once("ready");
        crate::interrupt::send("TERM", &running);
        running.end()
    };
    let run = terminated("echo ready >&2; exec sleep 600").ended_with(143);
    assert!(run.stderr.contains("emulator: charges: 0"), "{run:#?}");
    let tidies_up =
        "trap 'echo tidy >&2; exit 7' TERM; echo ready >&2; while :; do sleep 0.1; done";
    let run = terminated(tidies_up).ended_with(7);
    assert!(run.stderr.contains("tidy"), "{run:#?}");
}

/// A limit on the size of files plays a full disk: 100 KiB of a video of more.
#[cfg(unix)]
#[test]
fn a_download_continues_where_it_ended_once_there_is_room_again() {
    let config = EmulatorConfig::new().task_time(Duration::ZERO);
    let emulator = service::emulator(config.keys([canary::key()]));
    let at = |kirin: Kirin, arguments: &[&str]| kirin.args(arguments).at(emulator.base_url()).run();
    let created = at(Kirin::new(), &["create", "a boat"]).ended_with(0);
    let download = [
        "download",
        created.stdout.trim_end(),
        "--output",
        "boat.mp4",
    ];

    let full = at(Kirin::under("ulimit -f 200"), &download).ended_with(12);
    assert!(full.stderr.contains("was charged"), "{full:#?}");
    assert_eq!(full.files(), ["boat.mp4.part", "boat.mp4.part.json"]);
    let note = std::fs::read_to_string(full.path("boat.mp4.part.json")).unwrap();
    canary::shown(canary::Shown::Output, &note);

    let resumed = at(Kirin::new().in_folder(full.folder()), &download).ended_with(0);
    assert!(
        resumed.stderr.contains("downloading the rest"),
        "{resumed:#?}"
    );
    assert_eq!(full.files(), ["boat.mp4"]);
    mp4::read(&std::fs::read(full.path("boat.mp4")).unwrap());
}

#[cfg(unix)]
#[test]
fn a_download_that_another_process_is_at_is_refused() {
    let config = EmulatorConfig::new().task_time(Duration::ZERO);
    let emulator = service::emulator(config.keys([canary::key()]));
    let created = Kirin::new()
        .args(["create", "a boat"])
        .at(emulator.base_url());
    let created = created.run().ended_with(0);
    let part = std::fs::File::create(created.path("boat.mp4.part")).unwrap();
    part.lock().unwrap();
    let download = [
        "download",
        created.stdout.trim_end(),
        "--output",
        "boat.mp4",
    ];
    let download = || {
        let kirin = Kirin::new().in_folder(created.folder()).args(download);
        kirin.at(emulator.base_url()).run()
    };
    let refused = download().ended_with(2);
    let because = "is being downloaded by another process";
    assert!(refused.stderr.contains(because), "{refused:#?}");
    assert_eq!(created.files(), ["boat.mp4.part"]);
    drop(part);
    // No process is at it any more, and its owner is not known.
    download().ended_with(0);
    assert_eq!(created.files(), ["boat.mp4", "boat.mp4.part"]);
}

#[cfg(unix)]
#[test]
fn emulator_ends_at_once_although_a_client_is_connected() {
    let emulator = Kirin::new().args(["emulator", "--port", "0"]).start();
    let base_url = emulator.first_line();
    let waiting = Kirin::generate().at(&base_url).start();
    waiting.stderr_once("in_progress");
    crate::interrupt::send("INT", &emulator);
    emulator.end().ended_with(0);
    crate::interrupt::send("INT", &waiting);
    waiting.end().ended_with(130);
}

#[test]
fn taken_port_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run = Kirin::new()
        .args(["emulator", "--port", &port])
        .run()
        .ended_with(1);
    assert!(run.stderr.contains(&port), "{run:#?}");
    assert_eq!(run.stdout, "");
}

#[cfg(unix)]
#[test]
fn the_one_line_on_stdout_says_where_the_emulator_is_ready() {
    let emulator = Kirin::new().args(["emulator", "--port", "0"]).start();
    let base_url = emulator.first_line();
    // A client that has read the line is served.
    let created = Kirin::new().args(["create", "a boat"]).at(&base_url);
    created.run().ended_with(0);
    crate::interrupt::send("TERM", &emulator);
    let run = emulator.end().ended_with(0);
    assert_eq!(run.stdout, format!("{base_url}\n"));
}

#[cfg(unix)]
#[test]
fn what_goes_wrong_in_the_emulator_is_said_in_a_file() {
    let scenario = r#"{"rules": [{"fault": "insufficient_balance", "scope": "create"}]}"#;
    let emulator = Kirin::new()
        .with_file("bad-day.json", scenario)
        .args(["emulator", "--port", "0", "--scenario", "bad-day.json"])
        .start();
    let base_url = emulator.first_line();
    let create = Kirin::new().args(["create", "a boat"]).at(&base_url).run();
    create.ended_with(6);
    crate::interrupt::send("TERM", &emulator);
    emulator.end().ended_with(0);
}

#[test]
fn a_scenario_that_cannot_be_read_is_named() {
    let arguments = ["emulator", "--port", "0", "--scenario", "bad-day.json"];
    let absent = Kirin::new().args(arguments).run().ended_with(2);
    assert!(absent.stderr.contains("bad-day.json"), "{}", absent.stderr);
    let misspelt = Kirin::new()
        .with_file(
            "bad-day.json",
            r#"{"rules": [{"fault": "delay", "nht": 1}]}"#,
        )
        .args(arguments)
        .run()
        .ended_with(2);
    let problem = "rules[0].nht: unknown field";
    assert!(misspelt.stderr.contains(problem), "{}", misspelt.stderr);
}

#[cfg(unix)]
#[test]
fn emulator_is_set_by_its_options() {
    let options = "--speed 1000000 --balance 0.21 --rate-limit 100 --parallel-limit 9 --lenient";
    let emulator = Kirin::new()
        .args(["emulator", "--port", "0"])
        .args(options.split(' '))
        .start();
    let base_url = emulator.first_line();
    // Three seconds pass in three microseconds, and the money is for one video.
    let generated = Kirin::generate().at(&base_url).run().ended_with(0);
    assert_eq!(generated.files().len(), 1, "{generated:#?}");
    let refused = Kirin::generate().at(&base_url).run().ended_with(6);
    assert!(
        refused.stderr.contains("Insufficient credits"),
        "{refused:#?}"
    );
    crate::interrupt::send("TERM", &emulator);
    emulator.end().ended_with(0);
}
