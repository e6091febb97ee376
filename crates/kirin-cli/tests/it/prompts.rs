//! What a request can be made of: a prompt, files, pictures, parameters.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    kirin::{Kirin, Run},
    service::{emulator, instant},
};

/// The request that a command would send.
#[track_caller]
fn dry_run(kirin: Kirin) -> Value {
    let run = kirin.arg("--dry-run").run().ended_with(0);
    run.json()["request"].clone()
}

/// The head of a PNG, which is all that is looked at.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes
}

fn files(run: &Run, folder: &str) -> Vec<String> {
    let files = std::fs::read_dir(run.path(folder)).unwrap();
    let mut names: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_prompt_comes_from_an_argument_a_file_or_stdin() {
    let create = || Kirin::new().arg("create").with_file("fox.txt", "a fox\n");
    for prompted in [
        create().arg("a fox"),
        create().args(["--prompt-file", "fox.txt"]),
        create().args(["--prompt-file", "-"]).stdin("a fox\r\n"),
        create().arg("-").stdin("a fox"),
    ] {
        assert_eq!(dry_run(prompted)["prompt"], "a fox");
    }
    let none = create().args(["--prompt-file", "missing.txt"]).run();
    let none = none.ended_with(2);
    let said = "prompt: missing.txt cannot be read";
    assert!(none.stderr.contains(said), "{none:#?}");
}

#[test]
fn a_picture_is_a_file_or_a_url() {
    let create = || Kirin::new().args(["create", "--model", "kirin_v2_5_turbo_i2v"]);
    let kirin = create().args(["--image", "fox.png", "--mode", "pro"]);
    let kirin = kirin.args(["--image-tail", "https://example.com/bear.png"]);
    std::fs::write(kirin.folder().join("fox.png"), png(300, 400)).unwrap();
    let request = &dry_run(kirin);
    assert!(
        request["image"]
            .as_str()
            .unwrap()
            .starts_with("iVBORw0KGgo")
    );
    assert_eq!(request["image_tail"], "https://example.com/bear.png");
    assert_eq!(request["prompt"], Value::Null);
    let small = create().args(["--image", "fox.png", "--image-tail", "missing.png"]);
    std::fs::write(small.folder().join("fox.png"), png(300, 299)).unwrap();
    let small = small.run().ended_with(2);
    for said in [
        "image fox.png is 300x299 pixels",
        "image_tail cannot be read from missing.png",
    ] {
        assert!(small.stderr.contains(said), "{small:#?}");
    }
}

#[test]
fn any_parameter_can_be_given() {
    let camera = r#"camera_control={"type": "down_back"}"#;
    let kirin = Kirin::new().args(["create", "a fox", "--model", "kirin_v1_t2v"]);
    let request = &dry_run(kirin.args(["--param", "cfg_scale=0.7", "--param", camera]));
    assert_eq!(request["cfg_scale"], 0.7);
    assert_eq!(request["camera_control"], json!({"type": "down_back"}));
    let twice = Kirin::new().args(["create", "a fox", "--mode", "pro", "--param", "mode=std"]);
    let twice = twice.args(["--param", "model=x", "--param", "wrong"]).run();
    assert!(
        twice
            .ended_with(2)
            .stderr
            .contains("a parameter is written like")
    );
    let twice = Kirin::new().args(["create", "a fox", "--mode", "pro", "--param", "mode=std"]);
    let twice = twice.args(["--param", "model=x", "--param", "seed=1"]);
    let twice = twice.run().ended_with(2);
    for said in ["mode was given twice", "model was given twice", "seed"] {
        assert!(twice.stderr.contains(said), "{twice:#?}");
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let long = "x".repeat(2501);
    let kirin = Kirin::new().args(["generate", &long, "--duration", "7"]);
    let run = kirin.run().ended_with(2);
    for said in ["- prompt", "- duration is \"7\""] {
        assert!(run.stderr.contains(said), "{said}: {run:#?}");
    }
}

#[test]
fn a_file_is_named_after_a_template() {
    let emulator = emulator(instant());
    let generate = |prompt: &str, template: &str| {
        let kirin = Kirin::new().args(["generate", "-o", "out", "--prompt", prompt]);
        let kirin = kirin.args(["--name-template", template]);
        kirin.at(emulator.base_url()).run()
    };
    for (prompt, template, name) in [
        ("a fox!", "{prompt}", "a-fox.mp4"),
        ("../../etc/passwd", "{number} {prompt}", "1 etc-passwd.mp4"),
    ] {
        let run = generate(prompt, template).ended_with(0);
        assert_eq!(files(&run, "out"), [name]);
    }
    let run = generate("a fox", "{task_id}-{mode}").ended_with(0);
    let path = run.stdout.trim_end();
    assert!(path.ends_with("-std.mp4") && !path.contains('{'), "{path}");
    let creates = emulator.statistics().creates_received;
    generate("a fox", "{seed}").ended_with(2);
    assert_eq!(emulator.statistics().creates_received, creates);
}

/// Its file gets its name also where another run downloads it.
#[test]
fn a_name_is_kept_over_a_crash() {
    let emulator = emulator(instant().task_time(std::time::Duration::from_secs(2)));
    let home = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    let kirin = Kirin::generate().args(["--name-template", "{prompt} {task_id}"]);
    let kirin = kirin.arg("--output").arg(out.path());
    let mut killed = kirin
        .at(emulator.base_url())
        .env("HOME", home.path())
        .start();
    killed.stderr_once("accepted as task");
    killed.kill();
    let resume = Kirin::new().arg("resume").at(emulator.base_url());
    let resumed = resume.env("HOME", home.path()).run().ended_with(0);
    let path = Path::new(resumed.stdout.trim_end());
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(path.exists() && name.starts_with("a-paper-boat "), "{name}");
    assert!(!name.contains('{'), "{name}");
}
