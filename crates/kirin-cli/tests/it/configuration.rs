//! Flags, then the environment, then the configuration file, then defaults.

use std::{path::Path, time::Duration};

use kirin_emulator::{Lookup, Scenario};
use serde_json::Value;

use crate::{
    kirin::{Kirin, Run},
    service::{Answer, Server, emulator, instant},
};

/// A home with a configuration file.
fn home(text: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/kirin");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), text).unwrap();
    home
}

/// `kirin generate` with a key, at no base URL in particular.
fn generate(home: &Path) -> Kirin {
    let kirin = Kirin::generate().env("HOME", home);
    kirin.env("KIRIN_API_KEY", kirin_tests::canary::key())
}

fn requested_model(run: Run) -> Value {
    run.ended_with(0).json()["request"]["model"].clone()
}

#[test]
fn a_flag_comes_before_the_environment_and_that_before_the_file() {
    let [flag, environment, file] = [(); 3].map(|()| Server::start(|_, _| Answer::running()));
    let home = home(&format!("base_url = \"{}\"\n", file.base_url));
    let create = || {
        let kirin = Kirin::new()
            .args(["create", "a fox"])
            .env("HOME", home.path());
        kirin.env("KIRIN_API_KEY", kirin_tests::canary::key())
    };
    let counts = || [&flag, &environment, &file].map(Server::creates);
    create().run().ended_with(0);
    assert_eq!(counts(), [0, 0, 1]);
    let in_environment = || create().env("KIRIN_BASE_URL", &environment.base_url);
    in_environment().run().ended_with(0);
    assert_eq!(counts(), [0, 1, 1]);
    let flagged = in_environment().args(["--base-url", &flag.base_url]);
    flagged.run().ended_with(0);
    assert_eq!(counts(), [1, 1, 1]);
}

#[test]
fn the_file_is_where_a_person_keeps_it() {
    let default = home("model = \"kirin_v1_t2v\"\n");
    let xdg = tempfile::tempdir().unwrap();
    std::fs::create_dir(xdg.path().join("kirin")).unwrap();
    std::fs::write(
        xdg.path().join("kirin/config.toml"),
        "model = \"kling_v1_6_t2v\"\n",
    )
    .unwrap();
    let dry_run = |arguments: &[&str]| {
        let kirin = Kirin::generate().arg("--dry-run").args(arguments);
        kirin.env("HOME", default.path())
    };
    assert_eq!(requested_model(dry_run(&[]).run()), "kirin_v1_t2v");
    let relative = dry_run(&[]).env("XDG_CONFIG_HOME", "relative");
    assert_eq!(requested_model(relative.run()), "kirin_v1_t2v");
    let xdg = || dry_run(&[]).env("XDG_CONFIG_HOME", xdg.path());
    assert_eq!(requested_model(xdg().run()), "kirin_v1_6_t2v");
    let named = default.path().join("mine.toml");
    std::fs::write(&named, "model = \"kirin_v2_6_t2v\"\n").unwrap();
    let named = xdg().env("KIRIN_CONFIG", &named);
    assert_eq!(requested_model(named.run()), "kirin_v2_6_t2v");
    let flag = dry_run(&["--model", "kirin_v2_5_turbo_t2v"]);
    assert_eq!(requested_model(flag.run()), "kirin_v2_5_turbo_t2v");
    let none = Kirin::generate().args(["--dry-run"]).run();
    assert_eq!(requested_model(none), kirin_types::KIRIN_V2_5_TURBO_T2V.id);
    let missing = dry_run(&[]).env("KIRIN_CONFIG", "/no/such/file");
    let missing = missing.run().ended_with(2);
    assert!(missing.stderr.contains("/no/such/file"), "{missing:#?}");
}

#[test]
fn money_is_limited_by_the_file_and_a_flag_comes_before_it() {
    let emulator = emulator(instant());
    let file = |line: &str| home(&format!("base_url = \"{}\"\n{line}\n", emulator.base_url()));
    let a_command = file("max_cost = 0.20");
    generate(a_command.path()).run().ended_with(6);
    let flagged = generate(a_command.path()).args(["--max-cost", "0.21"]);
    flagged.run().ended_with(0);
    let a_day = file("budget_per_day = 0.30");
    generate(a_day.path()).run().ended_with(0);
    let over = generate(a_day.path()).run().ended_with(6);
    assert!(over.stderr.contains("Nothing was spent."), "{over:#?}");
    assert_eq!(emulator.ledger().charges().len(), 2);
}

#[test]
fn videos_go_to_the_folder_of_the_file() {
    let emulator = emulator(instant());
    let videos = tempfile::tempdir().unwrap();
    let folder = videos.path().join("all");
    let home = home(&format!(
        "base_url = \"{}\"\noutput = \"{}\"\n",
        emulator.base_url(),
        folder.display()
    ));
    let run = generate(home.path()).run().ended_with(0);
    assert!(Path::new(run.stdout.trim_end()).starts_with(&folder));
    let run = generate(home.path()).args(["-o", "boat.mp4"]).run();
    assert_eq!(run.ended_with(0).files(), ["boat.mp4"]);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn a_batch_heeds_the_file_too() {
    let emulator = emulator(instant());
    let videos = tempfile::tempdir().unwrap();
    let home = home(&format!(
        "base_url = \"{}\"\noutput = \"{}\"\nmodel = \"kirin_v1_6_t2v\"\nmax_cost = 1\n",
        emulator.base_url(),
        videos.path().display()
    ));
    let kirin = |command: &str| {
        let kirin = Kirin::new()
            .args([command, "boats.csv"])
            .env("HOME", home.path());
        let kirin = kirin.with_file("boats.csv", "prompt,duration\na boat,5\n");
        kirin.env("KIRIN_API_KEY", kirin_tests::canary::key())
    };
    // The model of the file has numbers for its durations, and no list price.
    let refused = kirin("batch").run().ended_with(6);
    assert!(
        refused.stderr.contains("its price is not known"),
        "{refused:#?}"
    );
    let v1_6 = kirin("validate").arg("--json").run().ended_with(0);
    assert_eq!(v1_6.json()["requests"], 1);
    let model = ["--model", "kirin_v2_5_turbo_t2v"];
    let run = kirin("batch").args(model).run().ended_with(0);
    let folder = videos.path().join("boats");
    assert!(
        Path::new(run.stdout.lines().next().unwrap()).starts_with(&folder),
        "{run:#?}"
    );
}

#[test]
fn the_time_to_wait_is_in_the_file_and_a_flag_comes_before_it() {
    let server = Server::start(|_, _| Answer::running());
    let home = home(&format!(
        "base_url = \"{}\"\ntimeout = 0\n",
        server.base_url
    ));
    generate(home.path()).run().ended_with(8);
    let longer = generate(home.path()).args(["--timeout", "1h"]).start();
    longer.stderr_once("in_progress");
}

#[test]
fn every_problem_of_the_file_is_reported_before_anything_is_sent() {
    let home =
        home("api_key = \"x\"\nmodel = 7\ntimeout = \"soon\"\n[hosts.nowhere]\nlookup = 1\n");
    let run = generate(home.path()).arg("--json").run().ended_with(2);
    for said in [
        "line 1: api_key",
        "line 3: timeout",
        "line 4: ",
        "config.toml",
    ] {
        assert!(run.stderr.contains(said), "{said}: {run:#?}");
    }
    // What needs no service does not mind.
    Kirin::new()
        .arg("list")
        .env("HOME", home.path())
        .run()
        .ended_with(0);
}

/// The answer is lost, and nothing is found: what is declared decides.
#[test]
fn what_a_host_can_do_is_declared_in_the_file() {
    let reset = r#"{"rules": [{"fault": "reset_before_commit", "scope": "create", "nth": 1}]}"#;
    let emulator = emulator(
        instant()
            .lookup(Lookup::Lags(Duration::from_secs(1)))
            .scenario(Scenario::from_json(reset).unwrap()),
    );
    let home = home(&format!(
        "base_url = \"{0}\"\n[hosts.\"{0}/\"]\nduplicate_ids = \"refused\"\nlookup = \"proven\"\n\
         lookup_lag = \"1s\"\n",
        emulator.base_url()
    ));
    let run = generate(home.path()).run().ended_with(0);
    assert!(
        run.stderr.contains("the answer to the create was lost"),
        "{run:#?}"
    );
    assert_eq!(emulator.ledger().charges().len(), 1);
}

/// Nothing of it is known, and a person decides.
#[test]
fn what_is_unresolved_is_sent_again_by_a_person() {
    let server = Server::start(|request, _| match request.starts_with("POST") {
        true => Answer::Close,
        false => Answer::Json(404, r#"{"message": "no such task"}"#.into()),
    });
    let home = home(&format!(
        "base_url = \"{0}\"\n[hosts.\"{0}\"]\nlookup = \"missing\"\n",
        server.base_url
    ));
    let lost = generate(home.path()).args(["--external-task-id", "order-42"]);
    lost.run().ended_with(11);
    assert_eq!(server.creates(), 1);
    let resolve = |arguments: &[&str]| {
        let kirin = Kirin::new()
            .arg("resolve")
            .args(arguments)
            .env("HOME", home.path());
        kirin.env("KIRIN_API_KEY", kirin_tests::canary::key()).run()
    };
    resolve(&[]).ended_with(11);
    assert_eq!(server.creates(), 1);
    let again = resolve(&["order-42", "--send-again"]).ended_with(11);
    assert!(
        again
            .stderr
            .contains("order-42 was not found, and is sent again"),
        "{again:#?}"
    );
    assert_eq!(server.creates(), 2);
    // Of all at once it is not asked.
    resolve(&["--send-again"]).ended_with(2);
}

#[test]
fn a_command_beside_an_emulator_knows_what_it_does() {
    let kirin = env!("CARGO_BIN_EXE_kirin");
    let script = format!("cat \"$KIRIN_CONFIG\" && \"{kirin}\" create 'a fox' --quiet");
    let run = Kirin::new().args(["emulator", "exec", "--", "sh", "-c", &script]);
    let run = run.run().ended_with(0);
    for said in [
        "[hosts.\"http://127.0.0.1:",
        "duplicate_ids = \"refused\"",
        "lookup = \"proven\"",
    ] {
        assert!(run.stdout.contains(said), "{run:#?}");
    }
}
