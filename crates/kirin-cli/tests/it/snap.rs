//! Every text that a person reads.

use std::fmt::Write;

use crate::{
    errors::check_streams,
    kirin::{Kirin, Run},
    redact::redacted,
    scenarios::{self, Scenario},
    service::{Answer, Server, emulator, instant},
};

/// What a person sees of each scenario. Nothing is on stdout, which is for results.
fn transcript(all: Vec<Scenario>) -> String {
    let mut text = String::new();
    for (scenario, run) in scenarios::run(all, |kirin| kirin) {
        check_streams(scenario.name, &run);
        assert_eq!(run.stdout, "", "{}", scenario.name);
        assert_eq!(
            run.exit_code(),
            Some(scenario.exit_code),
            "{}: {run:#?}",
            scenario.name
        );
        write_run(&mut text, scenario.name, &run);
    }
    text
}

fn write_run(text: &mut String, name: &str, run: &Run) {
    let exit_code = run.exit_code().expect("an exit code");
    let stderr = redacted(&run.stderr, run.folder());
    writeln!(text, "=== {name}: exit code {exit_code}\n{stderr}").unwrap();
}

/// Each command has its own snapshot; the commands are those that the help lists.
#[test]
fn help() {
    let whole = help_of(&["--help"]);
    insta::assert_snapshot!(format!("{whole}\n=== kirin -h\n{}", help_of(&["-h"])));
    let mut found = commands(&[], &whole);
    assert!(found.len() > 10, "{found:?}");
    while let Some(command) = found.pop() {
        let words: Vec<_> = command.split(' ').collect();
        let text = help_of(&[&words[..], &["--help"]].concat());
        found.extend(commands(&words, &text));
        assert_eq!(help_of(&[&["help"], &words[..]].concat()), text);
        insta::assert_snapshot!(format!("help_{}", command.replace(' ', "_")), text);
    }
    assert_eq!(help_of(&["help"]), whole);
    let exit_codes = help_of(&["help", "exit-codes"]);
    insta::assert_snapshot!("help_exit_codes", exit_codes);
}

fn help_of(arguments: &[&str]) -> String {
    let run = Kirin::new().args(arguments).run().ended_with(0);
    assert_eq!(run.stderr, "");
    run.stdout
}

/// The subcommands that a help lists, with the words before them.
fn commands(before: &[&str], help: &str) -> Vec<String> {
    let listed = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    let listed = listed.lines().take_while(|line| !line.is_empty());
    let name = |line: &str| Some(line.strip_prefix("  ")?.split(' ').next()?.to_owned());
    let names = listed.filter_map(name).filter(|name| !name.is_empty());
    names
        .map(|name| [before, &[&*name]].concat().join(" "))
        .collect()
}

#[test]
fn no_arguments() {
    let run = Kirin::new().run().ended_with(2);
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn models() {
    let mut text = String::new();
    for arguments in [
        &["models"][..],
        &["models", "show", "kirin_v1_i2v"],
        &["models", "show", "kirin_v1_t2v"],
        &["models", "show", "kirin_v2_5_turbo_t2v"],
        &["models", "show", "kirin_v3_t2v"],
    ] {
        let run = Kirin::new().args(arguments).run().ended_with(0);
        assert_eq!(run.stderr, "");
        writeln!(text, "=== kirin {}\n{}", arguments.join(" "), run.stdout).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn errors_before_sending() {
    insta::assert_snapshot!(transcript(scenarios::before_sending()));
}

#[test]
fn errors_without_a_service() {
    let video = || Kirin::new().with_file("a.mp4", "no video");
    let foreign = video().with_file("gallery.html", "my own");
    let invalid = "{\"prompt\": \"\"}\n{\n";
    let invalid = Kirin::new().with_file("requests.jsonl", invalid);
    let table = || {
        let prompts = Kirin::new().with_file("prompts.txt", "prompt,mode\na fox,pro\n");
        prompts.with_file("open.csv", "prompt\n\"a fox runs\na bear sits\n")
    };
    let configured = || {
        let file = "model = 7\ntimeout = \"soon\"\ncolour = 1\n[hosts.nowhere]\n";
        Kirin::new()
            .with_file("config.toml", file)
            .env("KIRIN_CONFIG", "config.toml")
    };
    let folder_in_a_file = [
        "generate",
        "a fox",
        "--name-template",
        "{number}",
        "-o",
        "a.mp4/b",
    ];
    let mut text = String::new();
    for (kirin, arguments) in [
        (configured(), &["generate", "a fox"][..]),
        (
            Kirin::new(),
            &["create", "a", "paper", "boat", "--base-url", "http://x"],
        ),
        (
            Kirin::new(),
            &["create", "a", "--mode", "pro", "--param", "mode=std"],
        ),
        (Kirin::new(), &["create", "a", "--param", "mode"]),
        (Kirin::new(), &["generate", "a", "--image", "nowhere.png"]),
        (Kirin::new(), &["generate", "--prompt-file", "nowhere.txt"]),
        (
            Kirin::new(),
            &["generate", "a", "--name-template", "{seed}"],
        ),
        (
            Kirin::new(),
            &["generate", "a", "fox", "--mode", "pro", "runs"],
        ),
        (Kirin::new(), &["generate", "--prompt=a", "--prompt=-b"]),
        (Kirin::new(), &["generate", "a fox", "--", "--dry-run"]),
        (Kirin::new(), &["generate", "--", "--dry-run"]),
        (Kirin::new(), &["generate", "a fox", "--seed", "5"]),
        (video(), &["generate", "a fox", "--image", "x.png", "a.mp4"]),
        (video(), &["generate", "a.mp4"]),
        (
            Kirin::new(),
            &["generate", "a fox", "--dry-run", "--max-cost", "0.20"],
        ),
        (table(), &["validate", "prompts.txt"]),
        (table(), &["validate", "open.csv"]),
        (video(), &folder_in_a_file),
        (Kirin::new(), &["show", "order-42"]),
        (Kirin::new(), &["gallery"]),
        (Kirin::new(), &["gallery", "nowhere"]),
        (foreign, &["gallery"]),
        (video(), &["gallery", "--output", "nowhere/page.html"]),
        (Kirin::new(), &["help", "faster"]),
        (Kirin::new(), &["models", "show", "kling_v2_5_turbo_t2"]),
        (Kirin::new(), &["models", "show", "sora"]),
        (invalid, &["validate", "requests.jsonl"]),
        (video(), &["validate", "a.mp4"]),
        (Kirin::new(), &["validate", "nowhere.csv"]),
    ] {
        let run = kirin.args(arguments).run();
        assert_eq!(run.stdout, "");
        write_run(&mut text, &arguments.join(" "), &run);
    }
    insta::assert_snapshot!(text);
}

#[test]
fn errors_of_a_create() {
    insta::assert_snapshot!(transcript(scenarios::create_answers()));
}

#[test]
fn errors_after_the_acceptance() {
    insta::assert_snapshot!(transcript(scenarios::after_acceptance()));
}

#[test]
fn errors_of_downloads() {
    insta::assert_snapshot!(transcript(scenarios::downloads()));
}

/// What a person sees of batches.
#[test]
fn batch() {
    let mut text = String::new();
    for (name, run) in crate::batch::transcripts() {
        let exit_code = run.exit_code().expect("an exit code");
        let (stdout, stderr) = (&run.stdout, &run.stderr);
        let all = redacted(&format!("{stdout}---\n{stderr}"), run.folder());
        writeln!(text, "=== {name}: exit code {exit_code}\n{all}").unwrap();
    }
    insta::assert_snapshot!(text);
}

#[cfg(unix)]
#[test]
fn interruptions() {
    use crate::interrupt::{before_the_answer, in_the_emulator, while_downloading, while_waiting};

    let mut text = String::new();
    write_run(&mut text, "while waiting", &while_waiting("INT"));
    write_run(&mut text, "while downloading", &while_downloading("INT"));
    write_run(&mut text, "before the answer", &before_the_answer("TERM"));
    write_run(&mut text, "in the emulator", &in_the_emulator("INT"));
    insta::assert_snapshot!(text);
}

#[test]
fn json() {
    let emulator = emulator(instant());
    let running = Server::start(|_, _| Answer::running());
    let mut text = String::new();
    let mut write = |kirin: Kirin, base_url: &str| {
        let run = kirin.at(base_url).arg("--json").run();
        let report = format!("{:#}", run.json());
        writeln!(text, "{}\n", redacted(&report, run.folder())).unwrap();
    };
    let id = ["--external-task-id", "order-42"];
    write(
        Kirin::generate()
            .args(id)
            .args(["--watermark", "-o", "boat.mp4"]),
        emulator.base_url(),
    );
    write(
        Kirin::new().args(["status", "order-42"]),
        emulator.base_url(),
    );
    write(
        Kirin::new().args(["create", "a boat"]).args(id),
        &running.base_url,
    );
    write(
        Kirin::generate().args(id).args(["--timeout", "0"]),
        &running.base_url,
    );
    write(
        Kirin::new().args(["generate", "", "--mode", "best"]),
        &running.base_url,
    );
    insta::assert_snapshot!(text);
}

/// Progress as plain lines, where stderr is no terminal.
#[test]
fn progress() {
    let server = Server::start(|request, base_url| match request {
        "POST /model/v1/generation" => Answer::running(),
        request if request.starts_with("GET /files") => Answer::Video,
        _ => Answer::completed(base_url),
    });
    let run = Kirin::generate().at(&server.base_url).run().ended_with(0);
    insta::assert_snapshot!(redacted(&run.stderr, run.folder()));
}
