//! Commands about a task that exists, which fail before they ask for it. It was paid for, whatever is wrong here, and
//! the command that they print works.

use std::fs;

use kirin_client::Billing;
use serde_json::json;

use crate::{
    batch::Bench,
    existing_files::{printed, type_printed},
    kirin::Run,
    mp4,
    service::{emulator, instant},
};

/// What a run says of a task that an earlier one has created.
fn says_nothing_false(run: &Run) {
    let says = |part| run.stderr.contains(part);
    assert!(!says("othing was spent"), "{run:#?}");
    assert!(says("may be charged") || says("was charged"), "{run:#?}");
}

#[cfg(target_os = "linux")]
#[test]
fn video_that_cannot_be_written_where_it_was_wanted_is_had_by_the_command_that_is_printed() {
    let emulator = emulator(instant());
    let bench = Bench::new("older.mp4", "an older film");
    let create = ["create", "a fox", "--external-task-id", "order-a"];
    let create = bench.kirin(&[&create[..], &["--watermark"]].concat());
    create.at(emulator.base_url()).run().ended_with(0);
    let pipe = std::process::Command::new("mkfifo")
        .arg(bench.path("pipe"))
        .status();
    assert!(pipe.unwrap().success());
    let long = |length: usize| "x".repeat(length - 4) + ".mp4";
    let outputs = [
        &long(244),
        &long(245),
        &long(255),
        &long(300),
        &"\u{1f98a}".repeat(62),
        "older.mp4",
        "older.mp4/v.mp4",
        "pipe",
        "no/such/v.mp4",
        "/proc/v.mp4",
        "/dev/null",
        &("y/".repeat(2100) + "v.mp4"),
    ];
    for command in ["download", "wait"] {
        for output in outputs {
            let kirin = bench.kirin(&[command, "order-a", "--output", output, "--json"]);
            let refused = kirin.at(emulator.base_url()).run();
            assert!(
                [Some(2), Some(12)].contains(&refused.exit_code()),
                "{refused:#?}"
            );
            says_nothing_false(&refused);
            let billing = &refused.json()["error"]["billing"];
            assert_ne!(*billing, json!(Billing::None), "{refused:#?}");
            let fetched = type_printed(&bench, &emulator, &refused).ended_with(0);
            let films: Vec<_> = fetched
                .stdout
                .lines()
                .map(|path| bench.path(path))
                .collect();
            assert_eq!(films.len(), 2, "{fetched:#?}");
            for film in films {
                mp4::read(&fs::read(&film).unwrap());
                fs::remove_file(film).unwrap();
            }
        }
    }
    assert_eq!(fs::read(bench.path("older.mp4")).unwrap(), b"an older film");
    emulator.assert_charged_once();
}

#[test]
fn what_keeps_a_command_from_asking_for_a_task_says_nothing_of_its_charge() {
    let emulator = emulator(instant());
    let bench = Bench::new("bad.toml", "what = [");
    let create = ["create", "a fox", "--external-task-id", "order-a"];
    let create = bench.kirin(&create).at(emulator.base_url());
    create.run().ended_with(0);
    let wrong = [
        ("KIRIN_API_KEY", ""),
        ("KIRIN_API_KEY", "a\nkey"),
        ("KIRIN_BASE_URL", "no URL"),
        ("KIRIN_CONFIG", "bad.toml"),
        ("KIRIN_LEDGER", "bad.toml"),
        ("SSL_CERT_FILE", "no/such/file"),
    ];
    let commands = [
        &["download", "order-a"][..],
        &["download", "order-a", "--output", "v.mp4", "--force"],
        &["wait", "order-a", "--output", "v.mp4"],
        &["status", "order-a"],
        &["show", "order-a"],
        &["resolve", "order-a"],
        &["resume"],
        &["resume", "--output", "."],
    ];
    let mut said = 0;
    for (name, value) in wrong {
        for command in commands {
            let kirin = bench
                .kirin(command)
                .env("KIRIN_API_KEY", kirin_tests::canary::key())
                .env("KIRIN_BASE_URL", emulator.base_url());
            let refused = kirin.env(name, value).run();
            if refused.exit_code() == Some(0) {
                // It needs none of it.
                let names = bench.names(".").into_iter();
                names
                    .filter(|name| name.ends_with(".mp4"))
                    .for_each(|name| fs::remove_file(bench.path(&name)).unwrap());
                continue;
            }
            said += 1;
            says_nothing_false(&refused);
            assert_eq!(printed(&refused), command, "{refused:#?}");
        }
    }
    assert!(said >= 24, "{said}");
}
