//! Files that never end, or never begin.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
    thread,
};

use kirin_tests::canary;

use crate::{kirin::Kirin, service::TASK};

/// Most kibibytes of address space of a run that must not fill the memory.
const MEMORY: &str = "ulimit -v 2000000";

/// A path may lead to what never ends.
#[test]
fn a_file_that_never_ends_is_refused() {
    let endless = "/dev/zero";
    let generate = ["generate", "a fox", "--dry-run"];
    let too_long = "more than";
    for (arguments, variable, said) in [
        (
            &generate[..],
            Some("KIRIN_CONFIG"),
            "more than 1048576 bytes",
        ),
        (&["doctor", "--offline"], Some("KIRIN_CONFIG"), too_long),
        (
            &["doctor", "--offline"],
            Some("SSL_CERT_FILE"),
            "is not a file",
        ),
        (&["status", TASK], Some("SSL_CERT_FILE"), "is not a file"),
        (&["list"], Some("KIRIN_LEDGER"), "it is no file"),
        (&["emulator", "--scenario", endless], None, too_long),
        (
            &["generate", "--prompt-file", endless, "--dry-run"],
            None,
            too_long,
        ),
        (
            &[
                "generate",
                "a fox",
                "--image",
                endless,
                "--dry-run",
                "--model",
                "kirin_v2_5_turbo_i2v",
            ],
            None,
            "at most 10485760",
        ),
        (
            &["batch", endless, "--format", "csv"],
            None,
            "a line of it has more than 33554432 bytes",
        ),
        (
            &["batch", endless, "--format", "jsonl"],
            None,
            "a line of it has more than 33554432 bytes",
        ),
        (
            &["batch", endless, "--format", "text"],
            None,
            "a line of it has more than 33554432 bytes",
        ),
        (
            &["validate", endless, "--format", "json"],
            None,
            "more than 33554432 bytes",
        ),
    ] {
        let mut kirin = Kirin::under(MEMORY).args(arguments);
        kirin = kirin.env("KIRIN_API_KEY", canary::key());
        if let Some(variable) = variable {
            kirin = kirin.env(variable, endless);
        }
        let run = kirin.run();
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!(shown.contains(said), "{arguments:?}: {run:#?}");
        assert!(!run.status.success(), "{arguments:?}: {run:#?}");
    }
}

/// What is not there to be read is not waited for.
#[test]
fn a_pipe_in_the_place_of_a_page_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.mp4"), "no video").unwrap();
    let page = folder.path().join("gallery.html");
    make_pipe(&page);
    make_pipe(&folder.path().join("b.mp4"));
    let run = Kirin::new().args(["gallery", "."]).in_folder(folder.path());
    let run = run.run().ended_with(2);
    assert!(
        run.stderr.contains("was not written by kirin gallery"),
        "{run:#?}"
    );
    assert!(page.metadata().is_ok_and(|found| !found.is_file()));
}

/// Process substitution of a shell continues to work.
#[test]
fn a_configuration_and_a_prompt_may_come_from_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let (configuration, prompt) = (folder.path().join("a"), folder.path().join("b"));
    make_pipe(&configuration);
    make_pipe(&prompt);
    let write = |path: &Path, text: &'static str| {
        let path = path.to_owned();
        thread::spawn(move || fs::write(path, text).unwrap())
    };
    let writers = [
        write(&configuration, "model = \"kirin_v1_t2v\"\n"),
        write(&prompt, "a fox\n"),
    ];
    let kirin = Kirin::new().args(["generate", "--dry-run", "--json", "--prompt-file"]);
    let run = kirin.arg(&prompt).env("KIRIN_CONFIG", &configuration).run();
    let run = run.ended_with(0);
    assert!(
        run.stdout.contains("kirin_v1_t2v") && run.stdout.contains("a fox"),
        "{run:#?}"
    );
    for writer in writers {
        writer.join().unwrap();
    }
}

fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

#[test]
fn a_certificate_that_is_longer_than_any_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = File::create(folder.path().join("long.pem")).unwrap();
    file.set_len(33 << 20).unwrap();
    let kirin = Kirin::under(MEMORY).args(["status", TASK]);
    let kirin = kirin.env("SSL_CERT_DIR", folder.path());
    let run = kirin
        .env("KIRIN_API_KEY", canary::key())
        .run()
        .ended_with(2);
    assert!(
        run.stderr.contains("long.pem has more than 33554432 bytes"),
        "{run:#?}"
    );
}
