//! One prompt makes one video. Whatever else was typed, nothing is sent.

use kirin_emulator::Emulator;

use crate::{
    kirin::{Kirin, Run},
    service::{emulator, instant},
};

/// A run that would pay, and in whose folder there are pictures and a text.
fn paying(emulator: &Emulator, arguments: &[&str]) -> Kirin {
    let kirin = Kirin::new().with_folder("pics").args(arguments);
    let files = ["pics/a.png", "pics/b.png", "pics/c.png", "boat.txt"];
    let kirin = files
        .iter()
        .fold(kirin, |kirin, file| kirin.with_file(file, "a boat"));
    // The base URL comes from the environment: flags behind two dashes are none.
    kirin
        .env("KIRIN_BASE_URL", emulator.base_url())
        .env("KIRIN_API_KEY", kirin_tests::canary::key())
}

/// Ends with wrong usage, says all of this, and sends nothing.
#[track_caller]
fn is_refused(arguments: &[&str], said: &[&str]) -> Run {
    let emulator = emulator(instant());
    let run = paying(&emulator, arguments).run().ended_with(2);
    assert_eq!(emulator.statistics().creates_received, 0, "{run:#?}");
    for said in said {
        assert!(run.stderr.contains(said), "{said}: {run:#?}");
    }
    run
}

#[test]
fn words_without_quotes_are_one_prompt_and_not_paid_for_each() {
    for (arguments, said) in [
        (
            &["generate", "a", "paper", "boat", "on", "a", "street"][..],
            "\n  kirin generate 'a paper boat on a street'\n",
        ),
        (
            &["create", "a", "b"],
            "\n  kirin create 'a b'\nSeveral prompts are a batch:\n  kirin batch --prompt=a --prompt=b\n",
        ),
        (
            &["generate", "a", "--mode", "pro", "fox", "-q", "runs"],
            "\n  kirin generate 'a fox runs' --mode pro --quiet\n",
        ),
        (
            &["generate", "it's", "a", "$HOME"],
            "\n  kirin generate 'it'\\''s a $HOME'\n",
        ),
        (
            &["generate", "--prompt", "a", "paper", "boat"],
            "\n  kirin generate 'a paper boat'\n",
        ),
        (
            &["generate", "a fox", "--negative-prompt", "very", "blurry"],
            "\n  kirin generate 'a fox blurry' --negative-prompt very\n",
        ),
        (
            &[
                "create",
                "a",
                "b",
                "--json=events",
                "--param",
                "x=-1",
                "--max-cost=1",
            ],
            "\n  kirin create 'a b' --json=events --param x=-1 --max-cost 1\n",
        ),
        (
            &["generate", "--external-task-id=-1", "a", "b"],
            "\n  kirin generate 'a b' --external-task-id=-1\n",
        ),
    ] {
        let run = is_refused(
            arguments,
            &[said, "Nothing was spent.\n", "kirin batch"][..2],
        );
        assert!(run.stderr.contains(" batch"), "{run:#?}");
    }
}

/// Whatever is shown works when it is typed: it is one request, with the same parameters.
#[test]
fn the_command_that_is_shown_works() {
    let refused = is_refused(
        &["create", "it's", "a", "\"fox\"", "$(date)", "--mode", "pro"],
        &[],
    );
    let shown = refused
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("  kirin create "));
    let script = format!("\"$KIRIN\" create {} --dry-run", shown.unwrap());
    let run = std::process::Command::new("/bin/sh")
        .args(["-c", &script])
        .env("KIRIN", env!("CARGO_BIN_EXE_kirin"))
        .output()
        .unwrap();
    let printed: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(printed["request"]["prompt"], "it's a \"fox\" $(date)");
    assert_eq!(printed["request"]["mode"], "pro");
}

#[test]
fn a_prompt_is_given_once() {
    let batch = "kirin batch --prompt='a fox' --prompt='a bear'\n";
    is_refused(
        &["generate", "--prompt", "a fox", "--prompt", "a bear"],
        &[batch],
    );
    is_refused(
        &["create", "a fox", "--prompt-file", "boat.txt"],
        &["2 were given"],
    );
    is_refused(
        &[
            "create",
            "--prompt-file",
            "boat.txt",
            "--prompt-file",
            "boat.txt",
        ],
        &["2 were given", "kirin help batch"],
    );
    is_refused(&["create", "-", "--prompt-file", "-"], &["2 were given"]);
}

#[test]
fn a_pattern_of_the_shell_makes_no_prompts() {
    let several = "--image takes one file, and 3 were given";
    let pattern = ["pics/a.png", "pics/b.png", "pics/c.png"];
    for before in [&["generate", "a fox"][..], &["create"]] {
        let arguments = [before, &["--image"], &pattern].concat();
        is_refused(&arguments, &[several, "--image pics/a.png\n", "batch"]);
    }
    // Two pictures, and the second would be the prompt.
    let two = ["generate", "--image", "pics/a.png", "pics/b.png", "-q"];
    is_refused(
        &two,
        &[
            "--image takes one file",
            "kirin generate --image pics/a.png --quiet\n",
        ],
    );
    let before = [
        "generate",
        "--image",
        "pics/a.png",
        "pics/b.png",
        "a",
        "fox",
    ];
    is_refused(&before, &["kirin generate 'a fox' --image pics/a.png\n"]);
    let texts = ["create", "--prompt-file", "boat.txt", "boat.txt"];
    is_refused(&texts, &["--prompt-file takes one file"]);
    let videos = ["generate", "a fox", "-o", "pics/a.png", "pics/b.png"];
    is_refused(&videos, &["--output takes one file"]);
    is_refused(&["generate", "pics/a.png", "pics/b.png"], &["2 were given"]);
}

#[test]
fn the_name_of_a_file_is_no_prompt() {
    let read = "\n  kirin generate --prompt-file boat.txt\n";
    let said = "\n  kirin generate --prompt=boat.txt\n";
    is_refused(&["generate", "boat.txt"], &[read, said]);
    let emulator = emulator(instant());
    for typed in ["--prompt=boat.txt", "a boat.txt", "no.txt"] {
        paying(&emulator, &["create", typed]).run().ended_with(0);
    }
}

#[test]
fn a_flag_behind_two_dashes_is_not_paid_for() {
    let shown = "\n  kirin generate --prompt=-z --dry-run\n";
    is_refused(&["generate", "--", "-z", "--dry-run"], &[shown]);
    let shown = "\n  kirin generate 'a fox' --dry-run\n";
    is_refused(&["generate", "a fox", "--", "--dry-run"], &[shown]);
    is_refused(&["generate", "a fox", "--", "--seed"], &["2 were given"]);
    for flag in ["--dry-run", "--seed", "-z", "--help"] {
        let shown = format!("\n  kirin create --prompt={flag}\n");
        is_refused(&["create", "--", flag], &[&shown]);
    }
}

#[test]
fn a_prompt_of_an_option_is_any_text() {
    for text in ["-z", "--dry-run", "-", "--seed=5", "boat.txt", "a fox"] {
        let option = format!("--prompt={text}");
        let run = Kirin::new().args(["create", &option, "--dry-run"]).run();
        assert_eq!(run.ended_with(0).json()["request"]["prompt"], text);
    }
    // Without the sign, a flag is one.
    is_refused(
        &["generate", "--prompt", "--dry-run"],
        &["a value is required"],
    );
    is_refused(&["generate", "a fox", "--prompt="], &["2 were given"]);
    let shown = "\n  kirin generate 'a fox'\nSeveral prompts are a batch:\n  kirin help batch\n";
    is_refused(&["generate", "a fox", ""], &[shown]);
}

#[test]
fn no_tip_is_to_put_two_dashes_before_a_flag() {
    for command in commands() {
        for flag in ["--seed", "--sed=5", "--dry", "-z", "--jsn", "--max-costs"] {
            let words = command.split(' ');
            let run = Kirin::new().args(words).arg(flag).run().ended_with(2);
            assert!(!run.stderr.contains("-- "), "{command} {flag}: {run:#?}");
            let run = Kirin::new().args(command.split(' ')).args(["a", flag]);
            let run = run.run().ended_with(2);
            assert!(!run.stderr.contains("-- "), "{command} a {flag}: {run:#?}");
        }
    }
    // A similar name is still suggested.
    let near = Kirin::new().args(["create", "a fox", "--dry-rum"]).run();
    assert!(near.ended_with(2).stderr.contains("'--dry-run'"));
}

fn commands() -> Vec<String> {
    let help = Kirin::new().arg("--help").run().ended_with(0).stdout;
    let listed = help.split("\nCommands:\n").nth(1).unwrap();
    let listed = listed.lines().take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty()).map(ToOwned::to_owned);
    let inner = ["auth status", "auth set-key", "models show"];
    names.chain(inner.map(ToOwned::to_owned)).collect()
}

#[test]
fn a_dry_run_heeds_the_limit() {
    for command in ["generate", "create"] {
        let dry_run = |limit| {
            let arguments = [command, "a fox", "--dry-run", "--max-cost", limit];
            Kirin::new().args(arguments).run()
        };
        let refused = dry_run("0.20").ended_with(6);
        assert_eq!(refused.stdout, "");
        let said = "it costs 0.21 USD, and 0 of 0.20 USD";
        assert!(refused.stderr.contains(said), "{refused:#?}");
        dry_run("0.21").ended_with(0);
    }
    let unknown = [
        "create",
        "a fox",
        "--model",
        "kirin_v1_t2v",
        "--dry-run",
        "--max-cost",
        "9",
    ];
    let refused = Kirin::new().args(unknown).run().ended_with(6);
    let advice = "To send a request without a known price, leave out --max-cost";
    assert!(refused.stderr.contains(advice), "{refused:#?}");
    let configured = Kirin::new().with_file("config.toml", "max_cost = 0.1\n");
    let configured = configured.env("KIRIN_CONFIG", "config.toml");
    configured
        .args(["generate", "a fox", "--dry-run"])
        .run()
        .ended_with(6);
}
