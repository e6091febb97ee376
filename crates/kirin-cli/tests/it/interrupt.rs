//! Ctrl-C and SIGTERM: how far the command got decides what a person reads.

use std::{io::Write, process::Command, time::Duration};

use crate::{
    kirin::{Kirin, Run, Running},
    service::{Answer, Server, TASK},
};

pub(crate) fn send(signal: &str, running: &Running) {
    let process_id = running.process_id().to_string();
    let sent = Command::new("kill")
        .args(["-s", signal, &process_id])
        .status();
    assert!(sent.expect("kill runs").success());
}

/// Interrupts a generation as soon as stderr holds `part`.
fn interrupted(kirin: Kirin, part: &str, signal: &str) -> Run {
    let running = kirin.start();
    running.stderr_once(part);
    send(signal, &running);
    running.end()
}

/// The task runs on at the service.
pub(crate) fn while_waiting(signal: &str) -> Run {
    let server = Server::start(|_, _| Answer::running());
    interrupted(
        Kirin::generate().at(&server.base_url),
        "in_progress",
        signal,
    )
}

/// The request is sent, and not answered yet.
pub(crate) fn before_the_answer(signal: &str) -> Run {
    let server = Server::start(|_, _| Answer::Silence);
    let id = ["--external-task-id", "order-42"];
    interrupted(
        Kirin::generate().args(id).at(&server.base_url),
        "sending",
        signal,
    )
}

/// The task is completed, and the video is on its way.
pub(crate) fn while_downloading(signal: &str) -> Run {
    let server = Server::start(
        |request, base_url| match request.starts_with("GET /files") {
            true => Answer::Silence,
            false => Answer::completed(base_url),
        },
    );
    let kirin = Kirin::generate().at(&server.base_url);
    interrupted(kirin, "downloading", signal)
}

/// The emulator ends together with the program.
pub(crate) fn in_the_emulator(signal: &str) -> Run {
    interrupted(Kirin::generate().arg("--emulator"), "in_progress", signal)
}

#[test]
fn interrupted_wait_says_how_to_continue() {
    for signal in ["INT", "TERM"] {
        let run = while_waiting(signal).ended_with(130);
        assert!(
            run.stderr.contains(&format!("kirin wait {TASK}")),
            "{run:#?}"
        );
        assert_eq!((run.stdout.as_str(), run.files().len()), ("", 0));
    }
}

#[test]
fn interrupted_download_leaves_nothing_half() {
    let run = while_downloading("INT").ended_with(130);
    let command = format!("kirin download {TASK}");
    assert!(run.stderr.contains(&command), "{run:#?}");
    assert!(run.stderr.contains("was charged"), "{run:#?}");
    assert_eq!((run.stdout.as_str(), run.files().len()), ("", 0));
}

#[test]
fn interrupted_create_may_have_been_charged() {
    for signal in ["INT", "TERM"] {
        let run = before_the_answer(signal).ended_with(130);
        assert!(run.stderr.contains("may have been charged"), "{run:#?}");
        assert!(run.stderr.contains("kirin status order-42"), "{run:#?}");
        assert_eq!((run.stdout.as_str(), run.files().len()), ("", 0));
    }
}

/// What the first run has sent is paid, whatever this one has done.
#[test]
fn a_second_run_that_is_interrupted_names_the_task_of_the_first() {
    let server = Server::start(|_, _| Answer::running());
    let home = tempfile::tempdir().unwrap();
    let run = || {
        let kirin = Kirin::generate().args(["--external-task-id", "order-42"]);
        let kirin = kirin.at(&server.base_url).env("HOME", home.path());
        interrupted(kirin, "in_progress", "INT").ended_with(130)
    };
    run();
    let second = run();
    assert_eq!(server.creates(), 1);
    let command = format!("kirin wait {TASK}");
    assert!(second.stderr.contains(&command), "{second:#?}");
    assert!(!second.stderr.contains("Nothing was spent"), "{second:#?}");
}

#[test]
fn interrupted_emulator_spent_nothing() {
    let run = in_the_emulator("INT").ended_with(130);
    assert!(run.stderr.contains("nothing was spent"), "{run:#?}");
    assert!(!run.stderr.contains("kirin wait"), "{run:#?}");
}

#[test]
fn interruption_has_json_too() {
    let server = Server::start(|_, _| Answer::running());
    let kirin = Kirin::generate().arg("--json").at(&server.base_url);
    let report = interrupted(kirin, "in_progress", "INT")
        .ended_with(130)
        .json();
    assert_eq!(report["id"], TASK);
    assert_eq!(report["error"]["billing"], "unknown");
}

/// Time for another process, which does not report its progress.
fn pause() {
    #[expect(clippy::disallowed_methods, reason = "there is nothing to wait for")]
    std::thread::sleep(Duration::from_millis(300));
}

/// It is busy with a stderr that takes no more when the first signal comes.
#[test]
fn a_second_signal_ends_at_once() {
    let (nobody_reads, stderr) = std::io::pipe().unwrap();
    let full = std::sync::Arc::new(stderr.try_clone().unwrap());
    let (answers, told) = std::sync::mpsc::channel();
    let server = Server::start(move |_, _| {
        let mut full = full.try_clone().unwrap();
        std::thread::spawn(move || full.write_all(&[b'\n'; 1 << 20]));
        pause();
        answers.send(()).unwrap();
        Answer::running()
    });
    let mut running = Kirin::generate()
        .at(&server.base_url)
        .stderr(stderr)
        .start();
    told.recv().unwrap();
    pause();
    send("INT", &running);
    pause();
    assert!(running.is_running());
    send("INT", &running);
    running.end().ended_with(130);
    drop(nobody_reads);
}
