//! The ledger is called by another name, is lost, or is restored from a backup: 12, and nothing is sent.

use std::{fs, path::Path, process::Command};

use kirin_emulator::{Duplicates, Emulator, Scenario};

use crate::{
    kirin::Kirin,
    service::{emulator, instant},
};

/// `kirin create` with an id of one's own and this ledger.
fn create(emulator: &Emulator, order: &str, ledger: &Path) -> Kirin {
    let arguments = ["create", "a fox", "--external-task-id", order];
    let kirin = Kirin::new().args(arguments).at(emulator.base_url());
    kirin.env("KIRIN_LEDGER", ledger)
}

fn accept(ledger: &Path) -> Kirin {
    let kirin = Kirin::new().args(["ledger", "accept"]);
    kirin.env("KIRIN_LEDGER", ledger)
}

/// Answers each create a while later.
fn slow(milliseconds: u64) -> Scenario {
    let rule =
        format!(r#"{{"fault": "delay", "scope": "create", "milliseconds": {milliseconds}}}"#);
    Scenario::from_json(&format!(r#"{{"rules": [{rule}]}}"#)).unwrap()
}

/// Each of these lost the ledger silently, and the second create was paid again.
#[test]
fn names_that_mean_something_to_sqlite_are_names_of_files() {
    for name in [
        ":memory:",
        "file:x?mode=memory",
        "file:x?vfs=memdb",
        "file:led%67er",
    ] {
        let emulator = emulator(instant().duplicates(Duplicates::Accept));
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let create = create(&emulator, "order-42", Path::new(name));
            create.in_folder(folder.path()).run().ended_with(0);
        }
        assert_eq!(emulator.statistics().creates_received, 1, "{name}");
        assert!(folder.path().join(name).is_file(), "{name}");
    }
}

/// `kirin ledger backup`, of this ledger.
fn backup(ledger: &Path, file: &Path) -> Kirin {
    let kirin = Kirin::new().args(["ledger", "backup"]).arg(file);
    kirin.env("KIRIN_LEDGER", ledger)
}

#[test]
fn a_backup_of_a_ledger_whose_log_is_full_lists_every_create_and_is_never_written_over_a_file() {
    let emulator = emulator(instant().scenario(slow(3000)));
    let folder = tempfile::tempdir().unwrap();
    let (ledger, copy) = (folder.path().join("ledger"), folder.path().join("copy"));
    // It holds the ledger open, so the log is not in the file.
    let mut first = create(&emulator, "order-1", &ledger).start();
    while emulator.statistics().creates_received == 0 {
        std::thread::yield_now();
    }
    let run = backup(&ledger, &copy).run().ended_with(0);
    assert_eq!(Path::new(run.stdout.trim_end()), copy);
    first.kill();
    let list = Kirin::new()
        .args(["list", "--json"])
        .env("KIRIN_LEDGER", &copy);
    assert!(list.run().ended_with(0).stdout.contains("order-1"));
    let refused = backup(&ledger, &copy).run().ended_with(12);
    assert!(
        refused
            .stderr
            .contains("Choose a file that does not exist yet"),
        "{refused:#?}"
    );
    let missing = backup(&folder.path().join("none"), &folder.path().join("b")).run();
    assert!(
        missing
            .ended_with(12)
            .stderr
            .contains("there is no ledger at")
    );
    assert!(!folder.path().join("none").exists() && !folder.path().join("b").exists());
}

/// To SQLite, some of them are no names of files.
#[test]
fn a_backup_goes_to_the_file_in_this_folder_whatever_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    let list = Kirin::new().args(["list"]).env("KIRIN_LEDGER", &ledger);
    list.run().ended_with(0);
    for name in ["copy", ":memory:", "file:copy?mode=memory"] {
        let backup = backup(&ledger, Path::new(name)).in_folder(folder.path());
        assert_eq!(backup.run().ended_with(0).stdout, format!("{name}\n"));
        assert!(
            folder.path().join(name).metadata().unwrap().len() > 0,
            "{name}"
        );
    }
}

#[test]
fn a_new_ledger_at_a_place_that_was_chosen_is_said_once() {
    let emulator = emulator(instant());
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("disk/ledger");
    let said = "a new ledger was created at";
    let first = create(&emulator, "order-1", &ledger).run().ended_with(0);
    assert!(first.stderr.contains(said), "{first:#?}");
    let second = create(&emulator, "order-2", &ledger).run().ended_with(0);
    assert!(!second.stderr.contains(said), "{second:#?}");
}

/// A disk that is mounted to be read, with a log that no checkpoint has brought into the file.
#[cfg(target_os = "linux")]
#[test]
fn a_ledger_on_a_disk_that_can_only_be_read_is_listed_with_what_is_in_its_log() {
    let emulator = emulator(instant().scenario(slow(3000)));
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    let mut first = create(&emulator, "order-1", &ledger).start();
    while emulator.statistics().creates_received == 0 {
        std::thread::yield_now();
    }
    first.kill();
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" || exit 77\n\
                  shift; for words in 'list' 'show order-1' 'ledger'; do \"$0\" $words || exit 1; done";
    let mut shell = Command::new("unshare");
    shell.args(["--mount", "--map-root-user", "sh", "-c", script]);
    shell.arg(env!("CARGO_BIN_EXE_kirin")).arg(folder.path());
    let output = shell.env("KIRIN_LEDGER", &ledger).output();
    let Ok(output) = output.map(|output| (output.status.code(), output)) else {
        return;
    };
    let (code, output) = output;
    if code == Some(77) || String::from_utf8_lossy(&output.stderr).contains("unshare") {
        // No mount can be made here.
        return;
    }
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(code, Some(0), "{output:?}");
    assert_eq!(stdout.matches("order-1").count(), 2, "{stdout}");
}

#[cfg(unix)]
#[test]
fn a_ledger_is_the_same_by_every_name() {
    use std::os::unix::fs::symlink;

    let emulator = emulator(
        instant()
            .duplicates(Duplicates::Accept)
            .scenario(slow(3000)),
    );
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    fs::create_dir(folder.join("sub")).unwrap();
    symlink("ledger", folder.join("link")).unwrap();
    symlink(".", folder.join("here")).unwrap();
    let first = create(&emulator, "order-42", &folder.join("ledger")).start();
    while emulator.statistics().creates_received == 0 {
        std::thread::yield_now();
    }
    // Each of them sees the first at work, and waits for it.
    let names = ["link", "here/ledger", "sub/../ledger", "sub/.././here/link"];
    let running = names.map(|name| create(&emulator, "order-42", &folder.join(name)).start());
    for run in &running {
        run.stderr_once("another process is working on order-42: process ");
    }
    let id = first.end().ended_with(0).stdout;
    for run in running {
        assert_eq!(run.end().ended_with(0).stdout, id);
    }
    assert_eq!(emulator.statistics().creates_received, 1);
}

#[test]
fn a_ledger_with_a_second_name_is_refused() {
    let emulator = emulator(instant());
    let folder = tempfile::tempdir().unwrap();
    let (ledger, second) = (folder.path().join("ledger"), folder.path().join("second"));
    create(&emulator, "order-1", &ledger).run().ended_with(0);
    fs::hard_link(&ledger, &second).unwrap();
    for name in [&ledger, &second] {
        let refused = create(&emulator, "order-2", name).run().ended_with(12);
        let said = "mount its folder, not the file";
        assert!(refused.stderr.contains(said), "{refused:#?}");
    }
    assert_eq!(emulator.statistics().creates_received, 1);
}

#[test]
fn a_ledger_that_is_gone_is_refused_until_it_is_accepted() {
    let emulator = emulator(instant());
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    create(&emulator, "order-1", &ledger).run().ended_with(0);
    fs::remove_file(&ledger).unwrap();
    let refused = create(&emulator, "order-2", &ledger).run().ended_with(12);
    for said in [
        "is gone",
        "What an earlier one sent may be charged.",
        "kirin ledger accept",
    ] {
        assert!(refused.stderr.contains(said), "{said}: {refused:#?}");
    }
    assert!(!ledger.exists());
    let doctor = Kirin::new().args(["doctor"]).at(emulator.base_url());
    let doctor = doctor.env("KIRIN_LEDGER", &ledger).run();
    assert!(doctor.stdout.contains("kirin ledger accept"), "{doctor:#?}");
    let accepted = accept(&ledger).run().ended_with(0);
    assert_eq!(
        Path::new(accepted.stdout.trim_end()),
        fs::canonicalize(&ledger).unwrap()
    );
    assert!(
        accepted.stderr.contains("may have been charged"),
        "{accepted:#?}"
    );
    create(&emulator, "order-2", &ledger).run().ended_with(0);
    assert_eq!(emulator.statistics().creates_received, 2);
}

#[test]
fn a_ledger_that_was_restored_is_refused_until_it_is_accepted() {
    let emulator = emulator(instant());
    let folder = tempfile::tempdir().unwrap();
    let (ledger, backup) = (folder.path().join("ledger"), folder.path().join("backup"));
    create(&emulator, "order-1", &ledger).run().ended_with(0);
    fs::copy(&ledger, &backup).unwrap();
    create(&emulator, "order-2", &ledger).run().ended_with(0);
    fs::copy(&backup, &ledger).unwrap();
    let refused = create(&emulator, "order-3", &ledger).run().ended_with(12);
    for said in ["knows less", "kirin ledger accept"] {
        assert!(refused.stderr.contains(said), "{said}: {refused:#?}");
    }
    assert_eq!(emulator.statistics().creates_received, 2);
    accept(&ledger).run().ended_with(0);
    create(&emulator, "order-3", &ledger).run().ended_with(0);
}

#[test]
fn a_batch_whose_ledger_is_lost_sends_nothing_more() {
    let emulator = emulator(instant().scenario(slow(300)));
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    let requests: String = (0..40)
        .map(|line| format!("{{\"prompt\": \"a fox {line}\"}}\n"))
        .collect();
    let batch = Kirin::new().with_file("requests.jsonl", &requests);
    let batch = batch
        .args(["batch", "requests.jsonl", "--output", "."])
        .at(emulator.base_url());
    let batch = batch.env("KIRIN_LEDGER", &ledger).start();
    while emulator.statistics().creates_received == 0 {
        std::thread::yield_now();
    }
    // As a shell does it, the file alone.
    let status = Command::new("mv")
        .arg(&ledger)
        .arg(folder.path().join("moved"))
        .status();
    assert!(status.unwrap().success());
    let before = emulator.statistics().creates_received;
    let run = batch.end().ended_with(12);
    let after = emulator.statistics().creates_received;
    assert!(
        after < before + 20 && after < 40,
        "{before} and then {after}"
    );
    assert!(run.stderr.contains("was deleted or moved"), "{run:#?}");
}

/// The lock of the process that has begun cannot be tested: here its file leads to itself.
#[cfg(target_os = "linux")]
#[test]
fn a_person_takes_over_from_a_process_that_cannot_be_seen() {
    use std::io::{Read as _, Write as _};

    let emulator = emulator(instant().scenario(slow(60_000)));
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    let mut first = create(&emulator, "order-42", &ledger).start();
    while emulator.statistics().creates_received == 0 {
        std::thread::yield_now();
    }
    first.kill();
    emulator.set_scenario(Scenario::default());
    for file in fs::read_dir(folder.path().join("ledger.processes")).unwrap() {
        let path = file.unwrap().path();
        if !path.ends_with("knowledge") {
            fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink(&path, &path).unwrap();
        }
    }
    let resolve = || {
        let kirin = Kirin::new().args(["resolve", "order-42"]);
        kirin.at(emulator.base_url()).env("KIRIN_LEDGER", &ledger)
    };
    let left = resolve().run().ended_with(0);
    for said in [
        "another process may be working on order-42: a process that cannot be named",
        "kirin resolve",
    ] {
        assert!(left.stderr.contains(said), "{left:#?}");
    }
    assert_eq!(left.stdout, "");
    for (answer, is_taken) in [("n", false), ("y", true)] {
        let (mut controller, user) = crate::auth::terminal();
        let kirin = resolve().stdin_of(user.try_clone().unwrap());
        let running = kirin.stderr(user).start();
        let (mut screen, mut buffer) = (String::new(), [0; 256]);
        while !screen.contains("[y/N] ") {
            let count = controller.read(&mut buffer).unwrap();
            screen += &String::from_utf8_lossy(&buffer[..count]);
        }
        assert!(
            screen.contains("What it has sent may be charged"),
            "{screen}"
        );
        writeln!(controller, "{answer}").unwrap();
        let run = running.end();
        assert_eq!(!run.stdout.is_empty(), is_taken, "{answer}: {run:#?}");
    }
    assert_eq!(emulator.ledger().charges().len(), 1);
}
