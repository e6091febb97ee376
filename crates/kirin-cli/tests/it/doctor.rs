//! `kirin doctor` with everything in order, and with broken things of each kind.

use std::{fs, path::Path, time::Duration};

use kirin_tests::canary;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    kirin::Kirin,
    service::{Answer, Server, emulator, instant},
};

fn doctor(home: &TempDir) -> Kirin {
    let kirin = Kirin::new().arg("doctor");
    kirin.env("HOME", home.path())
}

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A check of a report, and what it says.
#[track_caller]
fn check<'a>(report: &'a Value, name: &str, state: &str) -> &'a str {
    let checks = report["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name).unwrap();
    assert_eq!(check["state"], state, "{report:#}");
    let has_advice = check["advice"].is_string();
    assert_eq!(
        has_advice,
        ["warning", "problem"].contains(&state),
        "{check:#}"
    );
    check["found"].as_str().unwrap()
}

/// The report of a run that ends with this exit code.
#[track_caller]
fn report(kirin: Kirin, exit_code: i32) -> Value {
    let report = kirin.arg("--json").run().ended_with(exit_code).json();
    assert_eq!(report["exit_code"], exit_code);
    report
}

#[test]
fn everything_is_in_order_and_nothing_is_created() {
    let emulator = emulator(instant());
    let report = report(doctor(&home()).at(emulator.base_url()), 0);
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    let found = check(&report, "key", "ok");
    assert!(found.contains("KIRIN_API_KEY, fingerprint "), "{found}");
    assert_eq!(check(&report, "base URL", "ok"), emulator.base_url());
    let found = check(&report, "service", "ok");
    assert!(found.contains("accepts the key"), "{found}");
    let found = check(&report, "clock", "ok");
    assert!(
        found.starts_with("differs from the service's by "),
        "{found}"
    );
    assert_eq!(check(&report, "proxy", "ok"), "no proxy is set");
    assert!(check(&report, "ledger", "ok").starts_with("none yet at "));
    assert_eq!(emulator.statistics().creates_received, 0);
    assert_eq!(emulator.statistics().queries_received, 1);
}

#[test]
fn a_person_reads_a_line_of_each_check() {
    let run = doctor(&home()).arg("--offline").run().ended_with(4);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(
        lines[0].starts_with("ok       version        kirin "),
        "{run:#?}"
    );
    assert_eq!(lines[2], "problem  key            there is no API key");
    assert!(
        lines[3].contains("                        Store your API key"),
        "{run:#?}"
    );
    let asked = "skipped  service        not asked, because of --offline";
    assert!(lines.contains(&asked), "{run:#?}");
    assert_eq!(run.stderr, "");
}

#[test]
fn a_key_that_is_refused_is_a_problem() {
    let emulator = emulator(instant());
    let kirin = doctor(&home()).args(["--base-url", emulator.base_url()]);
    let report = report(kirin.env("KIRIN_API_KEY", "another"), 4);
    check(&report, "key", "ok");
    check(&report, "service", "problem");
}

#[cfg(unix)]
#[test]
fn a_key_file_that_is_open_to_others_is_a_problem() {
    use std::os::unix::fs::PermissionsExt;

    let home = home();
    let set = Kirin::new()
        .args(["auth", "set-key"])
        .env("HOME", home.path());
    set.stdin(canary::key()).run().ended_with(0);
    let offline = || doctor(&home).arg("--offline");
    let found = report(offline(), 0);
    assert!(check(&found, "key", "ok").contains("readable only by you"));
    let file = home.path().join(".config/kirin/key");
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    let found = report(offline(), 4);
    assert!(check(&found, "key", "problem").contains("can be read by other users"));
}

#[test]
fn a_service_that_cannot_be_reached_is_a_problem() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let found = report(doctor(&home()).at(&base_url), 7);
    check(&found, "service", "problem");
    check(&found, "clock", "skipped");
    // One that answers with something else is none either.
    let server = Server::start(|_, _| Answer::Json(500, "{}".into()));
    let found = report(doctor(&home()).at(&server.base_url), 7);
    check(&found, "service", "problem");
    assert_eq!(server.requests().len(), 1);
    // Nothing is asked where that is not wanted.
    let offline = doctor(&home()).arg("--offline").at(&server.base_url);
    report(offline, 0);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_clock_that_is_wrong_is_reported() {
    for (date, side) in [
        ("Thu, 01 Jan 2015 00:00:00 GMT", "ahead"),
        ("Fri, 01 Jan 2100 00:00:00 GMT", "behind"),
    ] {
        let server = Server::start(move |_, _| Answer::Dated(date));
        let found = report(doctor(&home()).at(&server.base_url), 0);
        check(&found, "service", "ok");
        let found = check(&found, "clock", "warning");
        assert!(
            found.ends_with(&format!("{side} of the service's")),
            "{found}"
        );
    }
    let server = Server::start(|_, _| Answer::Dated("yesterday"));
    let found = report(doctor(&home()).at(&server.base_url), 0);
    check(&found, "clock", "skipped");
}

#[test]
fn proxies_are_reported_without_their_passwords() {
    let secret = format!("http://me:{}@proxy.test:3128", canary::key());
    let offline = || {
        doctor(&home())
            .args(["--offline"])
            .env("KIRIN_API_KEY", "key")
    };
    let used = report(offline().env("HTTPS_PROXY", &secret), 0);
    let found = check(&used, "proxy", "warning");
    let expected = "requests go through proxy.test:3128 \
                    (HTTPS_PROXY=http://[not shown]@proxy.test:3128)";
    assert_eq!(found, expected);
    // A person is shown no more.
    let run = offline().env("HTTPS_PROXY", &secret).run().ended_with(0);
    assert!(run.stdout.contains(expected), "{run:#?}");
    for (variables, base_url) in [
        (
            &[("HTTPS_PROXY", &*secret), ("NO_PROXY", "cloud.vtrix.ai")][..],
            None,
        ),
        (&[("https_proxy", &*secret)], Some("http://127.0.0.1:4010")),
        // Nothing that could hold the key is sent in clear.
        (&[("http_proxy", &*secret), ("HTTP_PROXY", &*secret)], None),
    ] {
        let mut kirin = offline();
        for (name, value) in variables {
            kirin = kirin.env(name, value);
        }
        if let Some(base_url) = base_url {
            kirin = kirin.args(["--base-url", base_url]);
        }
        let found = report(kirin, 0);
        let found = check(&found, "proxy", "ok");
        assert!(found.contains("not used for this base URL"), "{found}");
        assert!(found.contains("[not shown]@proxy.test:3128"), "{found}");
    }
    let unusable = offline().env("ALL_PROXY", secret.replace("http:", "socks5:"));
    check(&report(unusable, 7), "proxy", "problem");
}

#[test]
fn a_configuration_that_is_wrong_is_a_problem_among_others() {
    let home = home();
    let file = home.path().join("config.toml");
    let offline = || {
        let kirin = doctor(&home).arg("--offline").env("KIRIN_CONFIG", &file);
        kirin.env("KIRIN_API_KEY", "key")
    };
    fs::write(&file, "base_url = \"http://127.0.0.1:4010\"\n").unwrap();
    let found = report(offline(), 0);
    assert_eq!(check(&found, "configuration", "ok"), file.to_str().unwrap());
    assert_eq!(check(&found, "base URL", "ok"), "http://127.0.0.1:4010");
    fs::write(&file, "speed = 7\n").unwrap();
    let found = report(offline(), 2);
    check(&found, "configuration", "problem");
    check(&found, "key", "ok");
    let wrong = offline().args(["--base-url", "ftp://x"]);
    check(&report(wrong, 2), "base URL", "problem");
}

#[test]
fn a_ledger_that_cannot_be_used_is_a_problem() {
    let home = home();
    let offline = |ledger: &Path| {
        let kirin = doctor(&home).arg("--offline").env("KIRIN_LEDGER", ledger);
        kirin.env("KIRIN_API_KEY", "key")
    };
    let ledger = home.path().join("ledger");
    fs::write(
        &ledger,
        "not a database, but a text of some length".repeat(100),
    )
    .unwrap();
    check(&report(offline(&ledger), 12), "ledger", "problem");
    assert!(fs::read_to_string(&ledger).unwrap().starts_with("not a"));
    if cfg!(target_os = "linux") {
        let found = report(offline(Path::new("/proc/kirin/ledger")), 12);
        let found = check(&found, "ledger", "problem");
        assert!(
            found.starts_with("/proc/kirin/ledger cannot be made"),
            "{found}"
        );
    }
}

#[test]
fn a_ledger_of_a_newer_version_is_a_problem() {
    let home = home();
    let ledger = home.path().join("ledger");
    let list = Kirin::new().arg("list").env("KIRIN_LEDGER", &ledger);
    list.run().ended_with(0);
    // Where a SQLite file has the version of its layout.
    let mut bytes = fs::read(&ledger).unwrap();
    bytes[60..64].copy_from_slice(&9999_u32.to_be_bytes());
    fs::write(&ledger, bytes).unwrap();
    let kirin = doctor(&home).arg("--offline").env("KIRIN_LEDGER", &ledger);
    let found = report(kirin.env("KIRIN_API_KEY", "key"), 12);
    let found = check(&found, "ledger", "problem");
    assert!(found.contains("newer"), "{found}");
}

#[test]
fn what_is_unfinished_is_reported() {
    let emulator = emulator(instant().task_time(Duration::from_secs(3600)));
    let home = home();
    let create = Kirin::new()
        .args(["create", "a fox"])
        .at(emulator.base_url());
    create.env("HOME", home.path()).run().ended_with(0);
    let found = report(doctor(&home).at(emulator.base_url()), 0);
    let found = check(&found, "ledger", "warning");
    assert!(
        found.ends_with("entries: 1, unfinished: 1, unresolved: 0"),
        "{found}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_to_is_reported() {
    let kirin = doctor(&home())
        .arg("--offline")
        .in_folder(Path::new("/proc"));
    let found = report(kirin.env("KIRIN_API_KEY", "key"), 0);
    check(&found, "folder", "warning");
}
