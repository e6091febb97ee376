//! Where the key is kept, and that it is never shown.

use std::{
    fs::{self, File, Permissions},
    io::{Read, Write},
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use kirin_tests::canary;
use rustix::{
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};
use tempfile::TempDir;

use crate::{
    kirin::{Kirin, Run},
    service::{emulator, instant},
};

/// A home, and the key file in it.
fn home() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(".config/kirin/key");
    (home, file)
}

fn auth(arguments: &[&str], home: &Path) -> Kirin {
    Kirin::new().arg("auth").args(arguments).env("HOME", home)
}

fn set_key(key: &str, home: &Path) -> Run {
    auth(&["set-key"], home).stdin(key).run()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_key_is_kept_for_its_owner_alone_and_used() {
    let (home, file) = home();
    let run = set_key(&format!("{}\n", canary::key()), home.path()).ended_with(0);
    assert_eq!(run.stdout, format!("{}\n", file.display()));
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let kept = fs::read_to_string(&file).unwrap();
    assert_eq!(kept, format!("{}\n", canary::key()));
    // Nothing else is left there.
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    let emulator = emulator(instant());
    let create = ["create", "a fox", "--base-url", emulator.base_url()];
    let create = Kirin::new().args(create).env("HOME", home.path());
    create.run().ended_with(0);
    assert_eq!(emulator.statistics().tasks_created, 1);
    let ledger = home.path().join(".local/share/kirin/ledger.sqlite3");
    let ledger = fs::read(ledger).unwrap();
    let key = canary::key().as_bytes();
    assert!(!ledger.windows(key.len()).any(|bytes| bytes == key));
}

#[test]
fn a_key_replaces_another_and_follows_no_link() {
    let (home, file) = home();
    set_key("first", home.path()).ended_with(0);
    let elsewhere = home.path().join("elsewhere");
    fs::write(&elsewhere, "mine").unwrap();
    fs::remove_file(&file).unwrap();
    symlink(&elsewhere, &file).unwrap();
    set_key("second", home.path()).ended_with(0);
    assert_eq!(fs::read_to_string(&file).unwrap(), "second\n");
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "mine");
}

#[test]
fn status_shows_where_the_key_comes_from_and_not_the_key() {
    let (home, file) = home();
    let none = auth(&["status"], home.path()).run().ended_with(4);
    assert!(none.stderr.contains("kirin auth set-key"), "{none:#?}");
    let set = auth(&["set-key", "--json"], home.path());
    let set = set.stdin(canary::key()).run().ended_with(0).json();
    let status = || auth(&["status", "--json"], home.path());
    let from_file = status().run().ended_with(0).json();
    assert_eq!(from_file["source"], "file");
    assert_eq!(from_file["path"], file.to_str().unwrap());
    assert_eq!(from_file["fingerprint"], set["fingerprint"]);
    assert_eq!(from_file["base_url"], kirin_client::BaseUrl::SERVICE);
    // The environment comes first, also before a file that would be refused.
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let other = status().env("KIRIN_API_KEY", "another");
    let other = other.env("KIRIN_BASE_URL", "http://127.0.0.1:4010");
    let other = other.run().ended_with(0).json();
    assert_eq!(
        (&other["source"], &other["path"]),
        (&"environment".into(), &().into())
    );
    assert_ne!(other["fingerprint"], set["fingerprint"]);
    assert_eq!(other["base_url"], "http://127.0.0.1:4010");
    let person = auth(&["status"], home.path()).env("KIRIN_API_KEY", canary::key());
    let person = person.run().ended_with(0).stdout;
    let lines: Vec<_> = person.lines().collect();
    assert_eq!(
        lines[0],
        "key from          the environment variable KIRIN_API_KEY"
    );
    let fingerprint = set["fingerprint"].as_str().unwrap();
    assert_eq!(lines[1], format!("fingerprint       {fingerprint}"));
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let (home, file) = home();
    set_key(canary::key(), home.path()).ended_with(0);
    for bits in [0o640, 0o604, 0o620, 0o666] {
        fs::set_permissions(&file, Permissions::from_mode(bits)).unwrap();
        let refused = auth(&["status"], home.path()).run().ended_with(4);
        let advice = format!("chmod 600 {}", file.display());
        assert!(refused.stderr.contains(&advice), "{bits:o}: {refused:#?}");
    }
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    auth(&["status"], home.path()).run().ended_with(0);
    fs::write(&file, "two words").unwrap();
    let no_key = auth(&["status", "--json"], home.path()).run().ended_with(4);
    let message = no_key.json()["error"]["message"].to_string();
    assert!(message.contains("does not hold a key"), "{message}");
}

#[test]
fn what_is_no_key_is_not_kept() {
    let (home, file) = home();
    for text in ["", "\n", "two words", "a\u{7eb8}"] {
        set_key(text, home.path()).ended_with(2);
        assert!(!file.exists(), "{text:?}");
    }
}

#[test]
fn a_key_on_the_command_line_is_refused_and_not_repeated() {
    let (home, file) = home();
    let typed = auth(&["set-key", canary::key()], home.path());
    // What is shown is looked at wherever a run ends.
    let run = typed.run().ended_with(2);
    assert!(
        run.stderr.contains("must not be on the command line"),
        "{run:#?}"
    );
    assert!(!file.exists());
}

#[test]
fn the_folder_is_the_one_of_the_specification() {
    let (home, file) = home();
    let configured = home.path().join("configured");
    let set = auth(&["set-key"], home.path()).env("XDG_CONFIG_HOME", &configured);
    set.stdin("key").run().ended_with(0);
    assert!(configured.join("kirin/key").exists() && !file.exists());
    let relative = auth(&["set-key"], home.path()).env("XDG_CONFIG_HOME", "configured");
    let run = relative.stdin("key").run().ended_with(0);
    assert!(run.files().is_empty() && file.exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let run = set_key("key", Path::new("/proc")).ended_with(12);
    assert!(run.stderr.contains("/proc/.config/kirin/key"), "{run:#?}");
}

/// A terminal: what is typed into the first is read from the second.
pub(crate) fn terminal() -> (File, File) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let user = rustix::fs::open(name, flags, Mode::empty()).unwrap();
    (controller.into(), user.into())
}

#[test]
fn a_person_is_asked_and_sees_nothing_of_the_key() {
    let (home, file) = home();
    let (mut controller, user) = terminal();
    let kirin = auth(&["set-key"], home.path());
    let kirin = kirin.stdin_of(user.try_clone().unwrap());
    let mut running = kirin.stderr(user).start();
    let mut screen = Vec::new();
    let mut buffer = [0; 256];
    let prompt = b"API key (it is not shown): ";
    while screen.len() < prompt.len() {
        let count = controller.read(&mut buffer).unwrap();
        screen.extend_from_slice(&buffer[..count]);
    }
    // What is typed before nothing is shown any more is dropped.
    let shows = |terminal: &File| {
        let settings = tcgetattr(terminal).unwrap();
        settings.local_modes.contains(LocalModes::ECHO)
    };
    while running.is_running() && shows(&controller) {
        std::thread::yield_now();
    }
    controller.write_all(b"typed-key\n").unwrap();
    running.end().ended_with(0);
    // What is left on the screen, until the terminal is closed.
    while let Ok(count @ 1..) = controller.read(&mut buffer) {
        screen.extend_from_slice(&buffer[..count]);
    }
    let screen = String::from_utf8(screen).unwrap();
    assert!(
        screen.starts_with("API key (it is not shown): "),
        "{screen}"
    );
    assert!(!screen.contains("typed-key"), "{screen}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "typed-key\n");
}

#[test]
fn no_question_is_asked_where_that_is_not_wanted() {
    let (home, file) = home();
    let (_controller, user) = terminal();
    let kirin = auth(&["set-key", "--no-input"], home.path());
    let kirin = kirin.stdin_of(user.try_clone().unwrap()).stderr(user);
    kirin.run().ended_with(2);
    // Where there is no terminal to ask on, neither.
    let (_controller, user) = terminal();
    let run = auth(&["set-key"], home.path())
        .stdin_of(user)
        .run()
        .ended_with(2);
    assert!(run.stderr.contains("cannot be asked for here"), "{run:#?}");
    assert!(!file.exists());
}

/// What `auth status` and `doctor` say of the folders on the way to the key.
fn warnings(home: &Path) -> (String, String) {
    let status = auth(&["status"], home).run().ended_with(0).stderr;
    let doctor = Kirin::new().args(["doctor", "--offline"]).env("HOME", home);
    (status, doctor.run().stdout)
}

/// A user who can write there can replace the key.
#[test]
fn a_folder_above_the_key_that_others_can_write_to_is_reported_with_the_command_that_fixes_it() {
    let (home, file) = home();
    set_key(canary::key(), home.path()).ended_with(0);
    for folder in file.ancestors().skip(1).take(3) {
        for (bits, is_told) in [
            (0o700, false),
            (0o755, false),
            (0o775, true),
            (0o757, true),
            // Only the owner of a file replaces it there.
            (0o1777, false),
        ] {
            fs::set_permissions(folder, Permissions::from_mode(bits)).unwrap();
            let (status, doctor) = warnings(home.path());
            let command = format!("chmod go-w {}", folder.display());
            let is_shown = |shown: &str| shown.lines().any(|line| line.trim().ends_with(&command));
            assert_eq!(is_shown(&status), is_told, "{bits:o} {folder:?}: {status}");
            assert_eq!(is_shown(&doctor), is_told, "{bits:o} {folder:?}: {doctor}");
            assert_eq!(status.is_empty(), !is_told, "{status}");
            if is_told {
                let typed = Command::new("sh").args(["-c", &command]).status();
                assert!(typed.unwrap().success());
                assert_eq!(warnings(home.path()).0, "", "{folder:?}");
            }
        }
        fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn a_folder_of_links_to_the_key_that_others_can_write_to_is_reported() {
    let (home, file) = home();
    set_key(canary::key(), home.path()).ended_with(0);
    let kept = home.path().join("kept");
    let links = home.path().join("links");
    fs::create_dir_all(&links).unwrap();
    fs::rename(file.parent().unwrap(), &kept).unwrap();
    symlink(&kept, links.join("kirin")).unwrap();
    symlink("../links/kirin", file.parent().unwrap()).unwrap();
    assert_eq!(warnings(home.path()).0, "");
    for folder in [&kept, &links] {
        fs::set_permissions(folder, Permissions::from_mode(0o777)).unwrap();
        let (status, doctor) = warnings(home.path());
        let command = format!("chmod go-w {}", folder.display());
        assert!(status.contains(&command), "{status}");
        assert!(doctor.contains(&command), "{doctor}");
        fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    }
}

/// Only root can give a folder away, so only root can test it.
#[test]
fn a_folder_above_the_key_that_belongs_to_another_user_is_reported() {
    let (home, file) = home();
    set_key(canary::key(), home.path()).ended_with(0);
    let folder = file.parent().unwrap();
    if chown(folder, Some(4711), None).is_err() {
        return;
    }
    let (status, doctor) = warnings(home.path());
    let said = format!("{} belongs to user 4711", folder.display());
    assert!(status.contains(&said), "{status}");
    assert!(doctor.contains(&said), "{doctor}");
}

#[test]
fn a_key_that_is_longer_than_any_is_refused_and_not_cut() {
    let (home, file) = home();
    let long = "k".repeat(20_000);
    let set = set_key(&long, home.path()).ended_with(1);
    assert!(set.stderr.contains("more than 16384 bytes"), "{set:#?}");
    assert!(!file.exists());
    set_key(canary::key(), home.path()).ended_with(0);
    fs::write(&file, &long).unwrap();
    let status = auth(&["status"], home.path()).run().ended_with(4);
    assert!(
        status.stderr.contains("more than 16384 bytes"),
        "{status:#?}"
    );
}
