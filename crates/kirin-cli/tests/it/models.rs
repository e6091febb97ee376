//! What the catalogue knows of the models: with no key, no network and no ledger.

use kirin_types::MODELS;
use serde_json::Value;

use crate::{
    kirin::{Kirin, Run},
    service::{emulator, instant},
};

fn models(arguments: &[&str]) -> Run {
    Kirin::new().arg("models").args(arguments).run()
}

#[test]
fn every_model_is_listed() {
    let listed = models(&[]).ended_with(0).stdout;
    let ids: Vec<_> = listed
        .lines()
        .skip(1)
        .filter_map(|line| line.split(' ').next())
        .collect();
    let known: Vec<_> = MODELS.iter().map(|model| model.id).collect();
    assert_eq!(ids, known);
}

#[test]
fn json_has_the_schema_of_a_request() {
    let lines = models(&["--json"]).ended_with(0).stdout;
    assert_eq!(lines.lines().count(), MODELS.len());
    for (line, model) in lines.lines().zip(MODELS) {
        let shown: Value = serde_json::from_str(line).unwrap();
        assert_eq!(shown["id"], model.id);
        assert_eq!(shown["request_schema"], model.request_schema());
        assert_eq!(models(&["show", model.id, "--json"]).json(), shown);
    }
}

#[test]
fn an_unknown_model_is_not_found_but_guessed() {
    let near = models(&["show", "kirin_v2_5_turbo_t2"]).ended_with(5);
    assert!(
        near.stderr.contains("Did you mean kirin_v2_5_turbo_t2v"),
        "{near:#?}"
    );
    let far = models(&["show", "sora", "--json"]).ended_with(5);
    assert_eq!(far.json()["error"]["message"], "there is no model sora");
    assert!(!far.stderr.contains("Did you mean"), "{far:#?}");
}

#[test]
fn a_display_name_is_understood_and_never_sent() {
    let shown = models(&["show", "kling_v1_t2v"]).ended_with(0);
    assert_eq!(shown.stdout, models(&["show", "kirin_v1_t2v"]).stdout);
    let dry = [
        "generate",
        "a fox",
        "--model",
        "kling_v1_6_t2v",
        "--duration",
        "10",
        "--dry-run",
    ];
    let request = Kirin::new().args(dry).run().ended_with(0).json();
    assert_eq!(request["request"]["model"], "kirin_v1_6_t2v");
    assert_eq!(request["request"]["duration"], 10);
    // The emulator knows no other names than the service does.
    let emulator = emulator(instant());
    let home = tempfile::tempdir().unwrap();
    let create = ["create", "a fox", "--model", "kling_v1_6_t2v"];
    let create = Kirin::new().args(create).at(emulator.base_url());
    create.env("HOME", home.path()).run().ended_with(0);
    let list = Kirin::new()
        .args(["list", "--json"])
        .env("HOME", home.path());
    assert_eq!(list.run().ended_with(0).json()["model"], "kirin_v1_6_t2v");
    let unknown = ["generate", "a fox", "--model", "kling_v9", "--dry-run"];
    Kirin::new().args(unknown).run().ended_with(2);
}
