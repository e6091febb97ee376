//! A server that means harm, as far as a terminal, a path or a file can be harmed.

use kirin_tests::canary;
use serde_json::{Value, json};

use crate::{
    kirin::{Kirin, Run},
    service::{Answer, Server, TASK},
};

/// Turns a terminal red, sets its clipboard, turns the direction of reading, and begins a line of its own.
const HOSTILE: &str =
    "a\u{1b}[31mb\u{1b}]52;c;cm0=\u{7}c\u{9b}2Jd\u{202e}e\u{2066}f\u{61c}\u{200f}\r\ng";

/// What is left of it.
const HARMLESS: &str = "a[31mb]52;c;cm0=c2Jdefg";

#[track_caller]
fn check_is_harmless(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        let harmful = |character: char| {
            (character.is_control() && character != '\n')
                || "\u{202e}\u{2066}\u{61c}\u{200f}".contains(character)
        };
        assert!(!text.contains(harmful), "{run:#?}");
        assert!(!text.lines().any(|line| line.starts_with('g')), "{run:#?}");
    }
}

/// Every command, with something that another program has put there.
const COMMANDS: [&[&str]; 25] = [
    &["auth"],
    &["auth", "set-key"],
    &["auth", "status"],
    &["batch"],
    &["completions"],
    &["create", "a fox"],
    &["doctor"],
    &["download"],
    &["emulator", "exec"],
    &["gallery"],
    &["generate", "a fox", "--dry-run"],
    &["help"],
    &["help", "generate"],
    &["ledger"],
    &["ledger", "--json"],
    &["list"],
    &["man"],
    &["models"],
    &["models", "show"],
    &["resolve"],
    &["resume"],
    &["show"],
    &["status"],
    &["validate"],
    &["wait"],
];

#[track_caller]
fn check_is_said_and_harmless(kirin: Kirin) {
    let home = tempfile::tempdir().unwrap();
    let run = kirin
        .env("HOME", home.path())
        .env("KIRIN_API_KEY", canary::key())
        .run();
    assert!(!run.stderr.is_empty() || !run.stdout.is_empty(), "{run:#?}");
    check_is_harmless(&run);
}

/// A script may pass on text from another author.
#[test]
fn what_was_typed_cannot_steer_a_terminal() {
    let (option, flag) = (format!("--{HOSTILE}"), format!("-{HOSTILE}"));
    let json = format!("--json={HOSTILE}");
    for command in COMMANDS {
        for typed in [HOSTILE, &option, &flag, &json] {
            let kirin = Kirin::new().args(command).arg(typed);
            check_is_said_and_harmless(kirin);
        }
    }
    for typed in [&[HOSTILE][..], &[HOSTILE, "--help"], &["--help", HOSTILE]] {
        check_is_said_and_harmless(Kirin::new().args(typed));
    }
}

#[test]
fn no_option_lets_what_was_typed_steer_a_terminal() {
    for option in [
        "--aspect-ratio",
        "--base-url",
        "--callback-url",
        "--color",
        "--duration",
        "--external-task-id",
        "--image",
        "--max-cost",
        "--mode",
        "--model",
        "--negative-prompt",
        "--output",
        "--param",
        "--prompt",
        "--prompt-file",
        "--timeout",
    ] {
        let generate = ["generate", "a fox", "--dry-run", option, HOSTILE];
        check_is_said_and_harmless(Kirin::new().args(generate));
        let create = ["create", &format!("{option}={HOSTILE}")];
        check_is_said_and_harmless(Kirin::new().args(create));
    }
    for arguments in [
        &["batch", "requests.csv", "--format", HOSTILE][..],
        &["batch", HOSTILE, "--format", "jsonl"],
        &["batch", "requests.csv", "--name-template", HOSTILE],
        &["emulator", "--scenario", HOSTILE],
        &["emulator", "--port", HOSTILE],
    ] {
        check_is_said_and_harmless(Kirin::new().args(arguments));
    }
}

#[test]
fn nothing_of_the_environment_steers_a_terminal() {
    let path = format!("/{HOSTILE}");
    for (name, value) in [
        ("KIRIN_BASE_URL", HOSTILE),
        ("KIRIN_CONFIG", &path),
        ("KIRIN_LEDGER", &path),
        ("XDG_DATA_HOME", &path),
        ("HTTPS_PROXY", HOSTILE),
        ("SSL_CERT_FILE", &path),
        ("TERM", HOSTILE),
    ] {
        for command in [
            &["doctor", "--offline"][..],
            &["list"],
            &["generate", "a fox", "--dry-run"],
        ] {
            check_is_said_and_harmless(Kirin::new().args(command).env(name, value));
        }
    }
}

#[cfg(unix)]
#[test]
fn the_name_that_the_program_is_called_by_is_not_repeated() {
    let shell = "exec -a \"$1\" \"$0\" foo";
    let typed = ["-c", shell, env!("CARGO_BIN_EXE_kirin"), HOSTILE];
    let output = std::process::Command::new("bash").args(typed).output();
    let Ok(output) = output else {
        // There is no such shell.
        return;
    };
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("Usage: kirin [OPTIONS] <COMMAND>"), "{said}");
}

#[test]
fn text_of_the_server_and_prompts_cannot_steer_a_terminal() {
    let failed = Server::start(|_, _| {
        Answer::task(json!({
            "status": "failed",
            "error": { "code": HOSTILE, "error_message": HOSTILE },
        }))
    });
    let refused =
        Server::start(|_, _| Answer::Json(400, json!({ "message": HOSTILE }).to_string()));
    let unknown = Server::start(|_, _| {
        let task = json!({ "id": TASK, "status": HOSTILE, "metadata": { "text": HOSTILE } });
        Answer::Json(200, format!("{task:#}"))
    });
    for (server, arguments, exit_code) in [
        (&failed, &["generate", HOSTILE][..], 3),
        (&failed, &["status", TASK], 0),
        (&refused, &["generate", HOSTILE], 1),
        (&refused, &["status", TASK], 8),
        (&unknown, &["generate", HOSTILE, "--timeout", "2"], 8),
        (&unknown, &["status", TASK], 0),
        (&unknown, &["wait", TASK, "--timeout", "2"], 8),
    ] {
        let home = tempfile::tempdir().unwrap();
        let kirin = Kirin::new().args(arguments).env("HOME", home.path());
        let run = kirin.at(&server.base_url).run().ended_with(exit_code);
        check_is_harmless(&run);
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!(shown.contains(HARMLESS), "{arguments:?}: {run:#?}");
        for command in [&["list"][..], &["show", TASK]] {
            let run = Kirin::new().args(command).env("HOME", home.path()).run();
            check_is_harmless(&run);
        }
    }
    // A program gets it as it is, in JSON's own escapes.
    let json = Kirin::new().args(["status", TASK, "--json"]);
    let json = json.at(&unknown.base_url).run().ended_with(0);
    assert_eq!(json.json()["status"], HOSTILE);
    assert_eq!(json.json()["metadata"]["text"], HOSTILE);
    assert!(
        !json.stdout.trim_end().contains(char::is_control),
        "{json:#?}"
    );
}

#[test]
fn an_id_that_turns_the_direction_of_reading_is_shown_without() {
    let id = "d5u5\u{202e}obte";
    let server = Server::start(move |_, _| {
        Answer::Json(
            200,
            json!({ "id": id, "status": "in_progress" }).to_string(),
        )
    });
    let run = Kirin::new().args(["create", "a fox"]).at(&server.base_url);
    let run = run.run().ended_with(0);
    check_is_harmless(&run);
    assert_eq!(run.stdout, "d5u5obte\n");
}

#[test]
fn an_id_is_one_segment_of_a_path_and_a_plain_file_name() {
    for (id, segment, name) in [
        (
            "../../v1/account",
            "..%2F..%2Fv1%2Faccount",
            "_.._v1_account.mp4",
        ),
        ("?x=1#y", "%3Fx%3D1%23y", "_x_1_y.mp4"),
        ("%2f", "%252f", "_2f.mp4"),
    ] {
        let server = Server::start(move |request, base_url| {
            if request.starts_with("GET /files") {
                return Answer::Video;
            }
            let url = format!("{base_url}/files/boat.mp4?sig={}", canary::signature());
            let output = json!([{ "content": [{ "type": "video", "url": url }] }]);
            let task = json!({ "id": id, "status": "completed", "output": output });
            Answer::Json(200, task.to_string())
        });
        let kirin = |command: &str| Kirin::new().args([command, id]).at(&server.base_url);
        kirin("status").run().ended_with(0);
        let asked = format!("GET /model/v1/generation/task/{segment}");
        assert_eq!(server.requests(), [asked]);
        let run = kirin("download").run().ended_with(0);
        assert_eq!(run.files(), [name]);
    }
    let long = "x".repeat(257);
    let run = Kirin::new().args(["status", &long]).run().ended_with(2);
    assert!(run.stderr.contains("1 to 256 characters"), "{run:#?}");
}

#[test]
fn a_url_that_is_no_place_for_a_video_is_refused_with_a_reason() {
    for (url, reason) in [
        ("file:///etc/passwd", "is not a URL"),
        ("javascript:alert(1)", "is not absolute"),
        ("http://169.254.169.254/a", "does not start with https://"),
        (
            "https://169.254.169.254/a",
            "names an address of a private network",
        ),
        ("https://user:password@example.com/a", "carries credentials"),
        ("http://example.com/a", "does not start with https://"),
    ] {
        let server = Server::start(move |_, _| {
            let content = json!([{ "content": [{ "type": "video", "url": url }] }]);
            Answer::task(json!({ "status": "completed", "output": content }))
        });
        let run = Kirin::generate().arg("--json").at(&server.base_url).run();
        let run = run.ended_with(1);
        let error: &Value = &run.json()["error"];
        assert!(
            error["message"].as_str().unwrap().contains(reason),
            "{error}"
        );
        assert_eq!(error["billing"], "charged", "{url}: {run:#?}");
        assert_eq!(run.files(), [""; 0], "{url}");
        let asked = server.requests().into_iter();
        assert!(
            asked
                .clone()
                .all(|request| request.contains("/model/v1/generation"))
        );
    }
}
