//! Options of every command: colors and verbosity.

use std::time::Duration;

use kirin_tests::canary;

use crate::{
    kirin::Kirin,
    service::{Answer, Server, TASK, emulator, instant},
};

const ESCAPE: char = '\u{1b}';

/// A command that fails, under these settings; whether its message has colors.
fn has_colors(arguments: &[&str], variables: &[(&str, &str)]) -> bool {
    let mut kirin = Kirin::new()
        .args(["models", "show", "sora"])
        .args(arguments);
    for (name, value) in variables {
        kirin = kirin.env(name, value);
    }
    let stderr = kirin.run().ended_with(5).stderr;
    assert!(stderr.contains("error:"), "{stderr}");
    stderr.contains(ESCAPE)
}

#[test]
fn colors_appear_where_they_are_wanted() {
    for (arguments, variables, expected) in [
        (&[][..], &[][..], false),
        (&["--color", "always"], &[], true),
        (&["--color=always"], &[("NO_COLOR", "1")], true),
        (&["--color=always"], &[("TERM", "dumb")], true),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&["--color=auto"], &[], false),
    ] {
        let found = has_colors(arguments, variables);
        assert_eq!(found, expected, "{arguments:?} {variables:?}");
    }
}

#[test]
fn arguments_that_cannot_be_read_have_the_colors_that_were_asked_for() {
    for (color, expected) in [("always", true), ("never", false)] {
        for color in [vec!["--color", color], vec![&*format!("--color={color}")]] {
            let kirin = Kirin::new().arg("conjure").args(&color);
            let run = kirin.env("CLICOLOR_FORCE", "1").run().ended_with(2);
            assert_eq!(run.stderr.contains(ESCAPE), expected, "{color:?} {run:#?}");
        }
    }
    Kirin::new()
        .args(["list", "--color", "blue"])
        .run()
        .ended_with(2);
}

#[test]
fn states_have_colors_and_json_has_none() {
    let emulator = emulator(instant().task_time(Duration::from_secs(3600)));
    let home = tempfile::tempdir().unwrap();
    let create = Kirin::new()
        .args(["create", "a fox"])
        .at(emulator.base_url());
    create.env("HOME", home.path()).run().ended_with(0);
    let list = |arguments: &[&str]| {
        let kirin = Kirin::new()
            .args(["list", "--color=always"])
            .args(arguments);
        kirin.env("HOME", home.path()).run().ended_with(0).stdout
    };
    let table = list(&[]);
    let [head, row] = table.lines().collect::<Vec<_>>()[..] else {
        panic!("{table}")
    };
    assert!(head.starts_with("\u{1b}[1mSTATE"), "{head:?}");
    assert!(
        row.starts_with("\u{1b}[33maccepted\u{1b}[0m  kirin_"),
        "{row:?}"
    );
    assert!(!list(&["--json"]).contains(ESCAPE));
}

#[test]
fn the_configuration_file_chooses_colors_where_no_flag_does() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml");
    std::fs::write(&file, "color = \"always\"\n").unwrap();
    let status = || {
        let kirin = Kirin::new().args(["status", TASK]);
        kirin.env("KIRIN_CONFIG", &file)
    };
    let colored = status().run().ended_with(4).stderr;
    assert!(colored.contains(ESCAPE), "{colored}");
    let plain = status().arg("--color=never").run().ended_with(4).stderr;
    assert!(!plain.contains(ESCAPE), "{plain}");
}

/// The secrets of the key and of signed URLs are looked for wherever a run ends.
#[test]
fn verbose_shows_what_is_sent_and_no_secret() {
    let emulator = emulator(instant());
    let kirin = Kirin::generate().arg("--verbose").at(emulator.base_url());
    let run = kirin.run().ended_with(0);
    let place = emulator.base_url().strip_prefix("http://").unwrap();
    for part in [
        "verbose: no configuration file ".into(),
        "verbose: API key from the environment variable KIRIN_API_KEY\n".into(),
        format!("verbose: base URL {}", emulator.base_url()),
        "verbose: ledger ".into(),
        format!("verbose: POST {place}/model/v1/generation: 200 OK after "),
        // The URL of a video gives access to the video.
        format!("verbose: GET {place}/...: 200 OK after "),
    ] {
        assert!(run.stderr.contains(&part), "{part}: {run:#?}");
    }
    let status = Kirin::new().args(["status", TASK, "--verbose"]);
    let status = status.at(emulator.base_url()).run().ended_with(5).stderr;
    let asked =
        format!("verbose: GET {place}/model/v1/generation/task/{TASK}: 404 Not Found after ");
    assert!(status.contains(&asked), "{status}");
    assert_eq!(run.stdout.lines().count(), 1);
    let quiet = Kirin::generate()
        .at(emulator.base_url())
        .run()
        .ended_with(0);
    assert!(!quiet.stderr.contains("verbose:"), "{quiet:#?}");
}

#[test]
fn verbose_hides_signatures_and_reports_failed_requests() {
    let server = Server::start(|request, base_url| match request {
        request if request.starts_with("GET /files") => Answer::Close,
        _ => Answer::completed(base_url),
    });
    let download = Kirin::new().args(["download", TASK, "--verbose"]);
    let run = download.at(&server.base_url).run().ended_with(8);
    let requests = server.requests();
    let signed = |request: &String| request.contains(canary::signature());
    assert!(requests.iter().any(signed), "{requests:?}");
    let place = server.base_url.strip_prefix("http://").unwrap();
    let failed = format!("verbose: GET {place}/...: ");
    assert!(run.stderr.contains(&failed), "{run:#?}");
}
