//! Streams without a reader, full disks, and names that are not text.

use std::process::Stdio;

use serde_json::json;

use crate::{
    kirin::{Kirin, Run},
    mp4,
    service::{Answer, Server, TASK, emulator, instant},
};

/// A pipe whose reader is gone, as under `| head -c 0`.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[track_caller]
fn check_no_panic(run: &Run) {
    assert!(!run.stderr.contains("panicked"), "{run:#?}");
    assert_ne!(run.exit_code(), Some(101), "{run:#?}");
}

#[test]
fn closed_stdout_is_no_failure() {
    let emulator = emulator(instant());
    for arguments in [
        &["generate", "a boat"][..],
        &["generate", "a boat", "--json"],
        &["create", "a boat"],
        &["--help"],
        &["--version"],
    ] {
        let mut kirin = Kirin::new().args(arguments).stdout(closed_pipe());
        if arguments.len() > 1 {
            kirin = kirin.at(emulator.base_url());
        }
        let run = kirin.run();
        check_no_panic(&run);
        assert_eq!(run.exit_code(), Some(0), "{arguments:?}: {run:#?}");
    }
}

#[test]
fn closed_stderr_is_no_failure() {
    let emulator = emulator(instant());
    let run = Kirin::generate()
        .stderr(closed_pipe())
        .at(emulator.base_url())
        .run();
    run.ended_with(0);
    Kirin::new()
        .args(["generate", ""])
        .stderr(closed_pipe())
        .run()
        .ended_with(2);
    Kirin::new()
        .arg("nonsense")
        .stderr(closed_pipe())
        .run()
        .ended_with(2);
}

#[cfg(target_os = "linux")]
#[test]
fn full_stdout_does_not_lose_the_task() {
    let server = Server::start(|_, _| Answer::running());
    let full = || {
        std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    for arguments in [&["create", "a boat", "--quiet"][..], &["status", TASK]] {
        let kirin = Kirin::new().args(arguments).stdout(full());
        let run = kirin.at(&server.base_url).run().ended_with(12);
        let command = format!("kirin status {TASK}");
        assert!(run.stderr.contains(&command), "{run:#?}");
    }
}

#[test]
fn without_a_home_nothing_is_spent_unless_the_ledger_is_named() {
    let emulator = emulator(instant());
    let generate = || Kirin::generate().env("HOME", "").at(emulator.base_url());
    let refused = generate().run().ended_with(12);
    assert!(refused.stderr.contains("KIRIN_LEDGER"), "{refused:#?}");
    assert_eq!(emulator.statistics().creates_received, 0);
    let kirin = generate();
    let ledger = kirin.folder().join("my-ledger");
    kirin.env("KIRIN_LEDGER", ledger).run().ended_with(0);
}

#[test]
fn emulator_does_not_mind_a_base_url_in_the_environment() {
    let kirin = Kirin::generate().env("KIRIN_BASE_URL", "http://127.0.0.1:9");
    // Not waited for: it is accepted, and that is enough.
    let run = kirin
        .args(["--emulator", "--timeout", "0"])
        .run()
        .ended_with(8);
    assert!(run.stderr.contains("accepted as task"), "{run:#?}");
}

/// A path is bytes on Unix: stdout has them as they are. JSON is Unicode, and shows U+FFFD where
/// they are not.
#[cfg(target_os = "linux")]
#[test]
fn output_path_need_not_be_unicode() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let emulator = emulator(instant());
    let name = OsStr::from_bytes(b"boat-\xff.mp4");
    let kirin = || Kirin::generate().arg("--output").arg(name);
    let run = kirin()
        .arg("--json")
        .at(emulator.base_url())
        .run()
        .ended_with(0);
    check_no_panic(&run);
    assert_eq!(run.json()["paths"], json!(["boat-\u{fffd}.mp4"]));
    mp4::read(&std::fs::read(run.path(name)).unwrap());
    let file = tempfile::NamedTempFile::new().unwrap();
    let stdout = file.reopen().unwrap();
    kirin()
        .stdout(stdout)
        .at(emulator.base_url())
        .run()
        .ended_with(0);
    assert_eq!(std::fs::read(file.path()).unwrap(), b"boat-\xff.mp4\n");
}
