//! The main job: a prompt goes in, a playable video comes out.

use kirin_types::{MODELS, ModelKind};
use serde_json::json;

use crate::{
    errors::{FIELDS, keys},
    kirin::{Kirin, Run},
    mp4::{self, Movie},
    service::{emulator, instant},
};

/// Checks that the run left a movie of this size and duration under this name.
#[track_caller]
fn check(run: &Run, name: &str, (width, height): (u32, u32), seconds: f64) {
    let bytes = std::fs::read(run.path(name)).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    assert_eq!(
        mp4::read(&bytes),
        Movie {
            width,
            height,
            seconds
        }
    );
}

/// The size of a small video in mode `std`, 16:9.
const SMALL: (u32, u32) = (448, 252);

#[test]
fn prompt_becomes_a_video() {
    let run = Kirin::generate().arg("--emulator").run().ended_with(0);
    let files = run.files();
    let [name] = files.as_slice() else {
        panic!("not one file: {run:#?}");
    };
    // Only the path is on stdout.
    assert_eq!(run.stdout, format!("{name}\n"));
    check(&run, name, (1280, 720), 5.0);
    for line in ["sending the request", "accepted as task", "downloading"] {
        assert!(run.stderr.contains(line), "{line}: {run:#?}");
    }
}

#[test]
fn parameters_reach_the_video() {
    let emulator = emulator(instant());
    let run = Kirin::generate()
        .args([
            "--mode",
            "pro",
            "--aspect-ratio",
            "9:16",
            "--duration",
            "10",
        ])
        .args(["--negative-prompt", "text", "--output", "boat.mp4"])
        .at(emulator.base_url())
        .run()
        .ended_with(0);
    check(&run, "boat.mp4", (378, 672), 10.0);
}

#[test]
fn every_text_to_video_model_needs_only_a_prompt() {
    let emulator = emulator(instant());
    let all = MODELS.iter();
    let models = all.filter(|model| model.kind == ModelKind::TextToVideo);
    let mut tried = 0;
    for model in models {
        let run = Kirin::new()
            .args(["create", "a paper boat", "--model", model.id])
            .at(emulator.base_url())
            .run()
            .ended_with(0);
        assert_eq!(run.stdout.trim_end().len(), 20, "{}: {run:#?}", model.id);
        tried += 1;
    }
    assert_eq!(tried, 7);
    assert_eq!(emulator.statistics().tasks_created, tried);
}

#[test]
fn parameters_of_another_model_reach_its_video() {
    let emulator = emulator(instant());
    let generated = |model: &str, typed: &[&str], size, seconds| {
        let run = Kirin::generate()
            .args(["--model", model, "--output", "boat.mp4"])
            .args(typed)
            .at(emulator.base_url())
            .run()
            .ended_with(0);
        check(&run, "boat.mp4", size, seconds);
    };
    generated("kirin_v1_t2v", &[], SMALL, 5.0);
    // Its duration is a number on the wire.
    let upright = ["--duration", "10", "--aspect-ratio", "9:16"];
    generated("kirin_v1_6_t2v", &upright, (252, 448), 10.0);
    generated("kirin_v2_1_master_t2v", &[], (672, 378), 5.0);
    generated("kirin_v3_t2v", &["--duration", "3"], SMALL, 3.0);
}

#[test]
fn json_is_one_object_with_every_field() {
    let emulator = emulator(instant());
    let run = Kirin::generate()
        .args([
            "--json",
            "--output",
            "boat.mp4",
            "--external-task-id",
            "order-42",
        ])
        .at(emulator.base_url())
        .run()
        .ended_with(0);
    let report = run.json();
    assert_eq!(keys(&report), FIELDS);
    assert_eq!(report["id"].as_str().map(str::len), Some(20));
    assert_eq!(report["external_task_id"], "order-42");
    assert_eq!(report["status"], "completed");
    assert_eq!(report["error"], json!(null));
    assert_eq!(report["cost"], "0.21");
    assert_eq!(report["metadata"], json!({ "emulated": true }));
    assert_eq!(report["paths"], json!(["boat.mp4"]));
    let outputs = report["outputs"].as_array().unwrap();
    assert_eq!(outputs.len(), 1);
    assert_eq!(keys(&outputs[0]), ["size", "type", "url"]);
    assert_eq!(outputs[0]["type"], "video");
    assert_eq!(outputs[0]["size"], "448x252");
    assert!(
        outputs[0]["url"]
            .as_str()
            .unwrap()
            .starts_with(emulator.base_url())
    );
}

#[test]
fn quiet_says_nothing_beside_the_result() {
    let emulator = emulator(instant());
    let run = Kirin::generate()
        .arg("--quiet")
        .at(emulator.base_url())
        .run()
        .ended_with(0);
    assert_eq!(run.stderr, "");
    assert_eq!(run.stdout, format!("{}\n", run.files().concat()));
}

#[test]
fn watermarked_copy_lies_beside_the_video() {
    let emulator = emulator(instant());
    let arguments = ["--watermark", "--output", "boat.mp4"];
    let run = Kirin::generate()
        .args(arguments)
        .at(emulator.base_url())
        .run()
        .ended_with(0);
    assert_eq!(run.stdout, "boat.mp4\nboat-watermarked.mp4\n");
    assert_eq!(run.files(), ["boat-watermarked.mp4", "boat.mp4"]);
    check(&run, "boat-watermarked.mp4", SMALL, 5.0);
    assert_ne!(
        std::fs::read(run.path("boat.mp4")).unwrap(),
        std::fs::read(run.path("boat-watermarked.mp4")).unwrap(),
    );
}

#[test]
fn output_is_a_file_or_a_folder() {
    let emulator = emulator(instant());
    let kirin = Kirin::generate()
        .with_folder("out")
        .args(["--output", "out", "--json"]);
    let run = kirin.at(emulator.base_url()).run().ended_with(0);
    let report = run.json();
    // The default name is the task's id.
    let name = format!("out/{}.mp4", report["id"].as_str().unwrap());
    assert_eq!(report["paths"], json!([name]));
    check(&run, &name, SMALL, 5.0);
    let kirin = Kirin::generate()
        .with_folder("out")
        .args(["--output", "out/boat"]);
    let run = kirin.at(emulator.base_url()).run().ended_with(0);
    check(&run, "out/boat", SMALL, 5.0);
}

#[test]
fn existing_file_is_replaced_only_by_force() {
    let emulator = emulator(instant());
    let output = ["--output", "boat.mp4"];
    let kirin = || Kirin::generate().with_file("boat.mp4", "old").args(output);
    let run = kirin().at(emulator.base_url()).run().ended_with(2);
    assert_eq!(
        std::fs::read_to_string(run.path("boat.mp4")).unwrap(),
        "old"
    );
    assert_eq!(emulator.statistics().requests_received, 0);
    let run = kirin()
        .arg("--force")
        .at(emulator.base_url())
        .run()
        .ended_with(0);
    check(&run, "boat.mp4", SMALL, 5.0);
    assert_eq!(run.files(), ["boat.mp4"]);
}

#[test]
fn runs_in_one_folder_do_not_collide() {
    let first = Kirin::generate().arg("--emulator");
    let second = Kirin::generate()
        .arg("--emulator")
        .in_folder(first.folder());
    let (first, second) = (first.start(), second.start());
    let second = second.end().ended_with(0);
    let first = first.end().ended_with(0);
    assert_ne!(first.stdout, second.stdout);
    assert_eq!(first.files().len(), 2);
    for run in [&first, &second] {
        let bytes = std::fs::read(first.folder().join(run.stdout.trim_end())).unwrap();
        mp4::read(&bytes);
    }
}

#[test]
fn events_are_printed_one_per_line_and_the_result_is_the_last() {
    let emulator = emulator(instant());
    let run = Kirin::generate()
        .args(["--json=events", "--external-task-id", "order-42"])
        .at(emulator.base_url())
        .run()
        .ended_with(0);
    let events: Vec<serde_json::Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str()).collect();
    let ends = [
        names[0],
        names[1],
        names[names.len() - 2],
        names[names.len() - 1],
    ];
    let told = ["submitting", "accepted", "downloaded", "result"].map(Some);
    assert_eq!(ends, told, "{names:?}");
    assert!(
        events
            .iter()
            .all(|event| event["external_task_id"] == "order-42")
    );
    let result = events.last().unwrap();
    assert!(events[1..].iter().all(|event| event["id"] == result["id"]));
    assert_eq!(result["paths"].as_array().unwrap().len(), 1);
}

#[test]
fn a_path_is_a_link_where_links_are_known() {
    let emulator = emulator(instant());
    let generate = || {
        Kirin::generate()
            .args(["-o", "a boat.mp4"])
            .at(emulator.base_url())
    };
    let run = generate().env("FORCE_HYPERLINK", "1").run().ended_with(0);
    let line = run.stdout.trim_end();
    let name = "a boat.mp4\u{1b}]8;;\u{1b}\\";
    assert!(
        line.starts_with("\u{1b}]8;;file:///") && line.ends_with(name),
        "{line:?}"
    );
    assert!(line.contains("/a%20boat.mp4\u{1b}\\"), "{line:?}");
    assert_eq!(generate().run().ended_with(0).stdout, "a boat.mp4\n");
}
