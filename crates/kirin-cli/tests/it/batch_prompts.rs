//! What a batch can be made of: prompts that are typed or written, a line each, and what only looks
//! like it.

use std::fs;

use serde_json::Value;

use crate::{
    batch::Bench,
    kirin::{Kirin, Run},
    service::{emulator, instant},
};

/// The prompts that are created by `kirin batch` with these arguments, sorted.
fn created(bench: &Bench, arguments: &[&str], stdin: &str) -> Vec<String> {
    let emulator = emulator(instant());
    let batch = bench.kirin(&["batch"]).args(arguments).stdin(stdin);
    batch.at(emulator.base_url()).run().ended_with(0);
    let list = bench.kirin(&["list", "--json"]).run().ended_with(0).stdout;
    let entry = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let entries = list.lines().map(entry);
    let prompts = entries.map(|entry| entry["prompt"].as_str().unwrap().to_owned());
    let mut prompts: Vec<_> = prompts.collect();
    prompts.sort();
    prompts
}

/// A file of these bytes is not valid, and the problem is reported.
#[track_caller]
fn is_refused(file: &str, content: &[u8], said: &str) -> Run {
    let emulator = emulator(instant());
    let kirin = Kirin::new().args(["batch", file]).at(emulator.base_url());
    fs::write(kirin.folder().join(file), content).unwrap();
    let run = kirin.run().ended_with(2);
    assert!(run.stderr.contains(said), "{said}: {run:#?}");
    assert_eq!(emulator.statistics().creates_received, 0);
    run
}

#[test]
fn prompts_are_typed() {
    let bench = Bench::new("unused", "");
    let arguments = [
        "--prompt",
        "a fox",
        "--prompt=-z",
        "--prompt",
        "a boat\non a street",
    ];
    let prompts = created(&bench, &arguments, "");
    assert_eq!(prompts, ["-z", "a boat\non a street", "a fox"]);
    assert_eq!(bench.names("batch").len(), 4, "three videos and their page");
}

#[test]
fn prompts_are_lines_of_a_text() {
    for (file, content) in [
        ("prompts.txt", "a fox\n\n  a bear \n\t\n\"quoted\" boat"),
        ("prompts.TXT", "a fox\r\na bear\r\n\r\n\"quoted\" boat\r\n"),
        ("prompts.txt", "a fox\ra bear\r\"quoted\" boat\r"),
        (
            "prompts.txt",
            "\u{feff}a fox\n\u{feff}a bear\n\"quoted\" boat\n",
        ),
    ] {
        let bench = Bench::new(file, content);
        let prompts = created(&bench, &[file], "");
        assert_eq!(
            prompts,
            ["\"quoted\" boat", "a bear", "a fox"],
            "{content:?}"
        );
    }
    let bench = Bench::new("prompts", "a fox\n");
    let arguments = ["prompts", "--format", "text", "--output", "out"];
    assert_eq!(created(&bench, &arguments, ""), ["a fox"]);
    let bench = Bench::new("unused", "");
    let stdin = ["-", "--format", "text"];
    assert_eq!(created(&bench, &stdin, "\u{feff}a fox\r\n"), ["a fox"]);
}

#[test]
fn the_same_prompt_is_the_same_video_however_it_is_given() {
    let bench = Bench::new("prompts.txt", "a fox\na fox\n");
    bench.write(
        "prompts.jsonl",
        "{\"prompt\": \"a fox\"}\n{\"prompt\": \"a fox\"}\n",
    );
    let emulator = emulator(instant());
    for arguments in [
        &["prompts.txt"][..],
        &["prompts.jsonl"],
        &["--prompt=a fox", "--prompt=a fox"],
    ] {
        let batch = bench.kirin(&["batch"]).args(arguments);
        batch.at(emulator.base_url()).run().ended_with(0);
    }
    assert_eq!(emulator.ledger().charges().len(), 2);
}

#[test]
fn a_batch_is_a_file_or_prompts() {
    for (arguments, said) in [
        (&["batch"][..], "<FILE>"),
        (&["batch", "-"], "the format of stdin is not known"),
        (&["batch", "a fox"], "the format of a fox is not known"),
        (
            &["batch", "prompts.txt", "--prompt", "a fox"],
            "cannot be used with",
        ),
        (
            &["batch", "--prompt", "a", "paper", "boat"],
            "unexpected argument",
        ),
        (&["batch", "--prompt", "a", "boat"], "cannot be used with"),
        (
            &["batch", "--prompt", "a fox", "--format", "text"],
            "cannot be used with",
        ),
        (&["batch", "--prompt", "--dry-run"], "a value is required"),
        (&["batch", "--prompt="], "prompt is empty"),
        (&["batch", "one.txt", "two.txt"], "unexpected argument"),
    ] {
        let bench = Bench::new("prompts.txt", "a fox\n");
        let run = bench.kirin(arguments).run().ended_with(2);
        assert!(run.stderr.contains(said), "{said}: {run:#?}");
    }
}

#[test]
fn a_table_or_json_is_no_list_of_prompts() {
    let json = "line 1: is not a prompt, but JSON: read the file with --format jsonl";
    for content in [
        "{\"prompt\": \"a fox\"}\n",
        "{\n  \"prompt\": \"a fox\"\n}\n",
        "[\n{\"prompt\": \"a fox\"}\n]\n",
        "[\"a fox\"]\n",
        "\"a fox\"\n",
        "42\n",
    ] {
        is_refused("prompts.txt", content.as_bytes(), json);
    }
    let csv = "is not a prompt, but a CSV header: read the file with --format csv";
    for content in [
        "prompt\na fox\n",
        "\n\u{feff}prompt,mode\na fox,pro\n",
        "Prompt;Mode\na fox;pro\n",
        "\"prompt\"\t\"duration\"\na fox\t5\n",
        "mode,duration\npro,5\n",
    ] {
        is_refused("prompts.txt", content.as_bytes(), csv);
    }
    is_refused(
        "prompts.txt",
        b"a fox\n{\"prompt\": \"a bear\"}\n",
        "line 2: is not a prompt",
    );
}

#[test]
fn what_is_not_utf8_is_refused() {
    let utf16 = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16();
        units.flat_map(u16::to_le_bytes).collect()
    };
    for file in [
        "prompts.txt",
        "prompts.csv",
        "prompts.jsonl",
        "prompts.json",
    ] {
        let marked = utf16("\u{feff}prompt\na fox\n");
        is_refused(
            file,
            &marked,
            "it is UTF-16, and not UTF-8: save it as UTF-8",
        );
        is_refused(file, &utf16("prompt\na fox\n"), "UTF-16; save it as UTF-8");
    }
    is_refused("prompts.txt", b"a fox\na b\xe4r\n", "line 2: is not UTF-8");
}

#[test]
fn a_byte_order_mark_is_no_part_of_any_file() {
    let mark = "\u{feff}";
    for (file, content) in [
        ("a.jsonl", "{\"prompt\": \"a fox\"}\n"),
        ("a.json", "{\"prompt\": \"a fox\"}\n"),
        ("a.csv", "prompt\na fox\n"),
        ("a.csv", "\"prompt\"\n\u{feff}a fox\n"),
        ("a.txt", "a fox\n"),
    ] {
        let bench = Bench::new(file, &format!("{mark}{content}"));
        match file {
            "a.json" => drop(bench.kirin(&["validate", file]).run().ended_with(0)),
            file => assert_eq!(created(&bench, &[file], ""), ["a fox"], "{content}"),
        }
    }
    let typed = format!("--prompt={mark}a fox");
    assert_eq!(created(&Bench::new("x", ""), &[&typed], ""), ["a fox"]);
    let marked = format!("{mark}a fox\n");
    let create = || {
        Kirin::new()
            .args(["create", "--dry-run"])
            .with_file("fox.txt", &marked)
    };
    for kirin in [
        create().args(["--prompt-file", "fox.txt"]),
        create().args(["--prompt-file", "-"]).stdin(&marked),
        create().arg("-").stdin(&marked),
        create().arg(format!("{mark}a fox")),
        create().arg(format!("--prompt={mark}a fox")),
    ] {
        assert_eq!(
            kirin.run().ended_with(0).json()["request"]["prompt"],
            "a fox"
        );
    }
    let utf16 = create().args(["--prompt-file", "utf16.txt"]);
    fs::write(utf16.folder().join("utf16.txt"), b"\xff\xfea\0").unwrap();
    let utf16 = utf16.run().ended_with(2);
    assert!(
        utf16.stderr.contains("prompt: utf16.txt is UTF-16"),
        "{utf16:#?}"
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_configuration_the_key_or_a_scenario() {
    let mark = "\u{feff}";
    let kirin = Kirin::new().with_file(
        "config.toml",
        &format!("{mark}model = \"kirin_v1_6_t2v\"\n"),
    );
    let kirin = kirin.env("KIRIN_CONFIG", "config.toml");
    let run = kirin
        .args(["create", "a fox", "--dry-run"])
        .run()
        .ended_with(0);
    assert_eq!(run.json()["request"]["model"], "kirin_v1_6_t2v");
    let set_key = Kirin::new().args(["auth", "set-key"]);
    let key = kirin_tests::canary::key();
    set_key.stdin(&format!("{mark}{key}\n")).run().ended_with(0);
    let scenario = Kirin::new().with_file("scenario.json", &format!("{mark}{{\"rules\": []}}"));
    let scenario = scenario.args([
        "emulator",
        "--scenario",
        "scenario.json",
        "exec",
        "--",
        "true",
    ]);
    scenario.run().ended_with(0);
}

#[test]
fn a_quote_that_is_never_closed_is_refused_with_its_line() {
    let never = "has a quote (\") that is never closed";
    for (content, line) in [
        ("prompt\n\"a fox runs\na bear sits\n", 2),
        ("prompt\na bear sits\n\"a fox runs", 3),
        ("prompt,mode\na bear,std\na crow,\"pro\na fox,std\n", 3),
        (
            "prompt,mode\r\n\"a bear\r\nsits\",std\r\n\"a fox,std\r\n",
            4,
        ),
        ("\u{feff}\"prompt\na fox\n", 1),
    ] {
        is_refused(
            "a.csv",
            content.as_bytes(),
            &format!("line {line}: {never}"),
        );
    }
    // The quote of a later cell closes it.
    let midst = "line 2: has a quote (\") that is closed in line 3, in the middle of a cell";
    is_refused("a.csv", b"prompt\n\"a fox runs\n\"a bear sits\"\n", midst);
    let behind = "line 2: has text after a quote (\") that closes a cell";
    is_refused("a.csv", b"prompt\n\"a fox\" runs\n", behind);
    let bench = Bench::new("a.csv", "prompt\n\"a \"\"red\"\" fox\nruns\"\na 3\" boat\n");
    assert_eq!(
        created(&bench, &["a.csv"], ""),
        ["a \"red\" fox\nruns", "a 3\" boat"]
    );
}

#[test]
fn a_header_that_comes_again_is_no_prompt() {
    let said = "line 3: repeats the header";
    is_refused("a.csv", b"prompt\na fox\nprompt\na bear\n", said);
}

#[test]
fn a_dry_run_of_prompts_heeds_the_limit() {
    let dry_run = |limit| {
        let arguments = [
            "batch",
            "--prompt=a",
            "--prompt=b",
            "--dry-run",
            "--max-cost",
            limit,
        ];
        Kirin::new().args(arguments).run()
    };
    dry_run("0.41").ended_with(6);
    assert_eq!(dry_run("0.42").ended_with(0).json()["to_create"], 2);
}
