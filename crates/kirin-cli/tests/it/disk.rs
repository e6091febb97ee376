//! Disks that are full, folders that cannot be written to.

use kirin_emulator::VideoSize;

use crate::{
    kirin::Kirin,
    service::{emulator, instant},
};

/// Whatever is the first that does not fit: nothing is sent that is not written down, and what was sent
/// is paid for once, however often it is tried.
#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_at_any_moment_loses_no_task() {
    let small = emulator(instant());
    let large = emulator(instant().video_size(VideoSize::Documented));
    let mut codes = Vec::new();
    // Blocks of 512 bytes: from a ledger that cannot be made to one that fits, and a video that does
    // not.
    let ledgers = (0..=240).step_by(6).map(|blocks| (&small, blocks));
    for (emulator, blocks) in ledgers.chain([(&large, 260)]) {
        // Where a ledger fits twice, it fits under each larger limit.
        if blocks <= 240 && codes.ends_with(&[(0, true), (0, true)]) {
            continue;
        }
        let home = tempfile::tempdir().unwrap();
        let videos = tempfile::tempdir().unwrap();
        let id = format!("order-{blocks}");
        let generate = |kirin: Kirin| {
            let kirin = kirin.args(["generate", "a fox", "--external-task-id", &id, "--output"]);
            let kirin = kirin.arg(videos.path()).env("HOME", home.path());
            kirin.at(emulator.base_url()).run()
        };
        let creates = emulator.statistics().creates_received;
        let run = generate(Kirin::under(&format!("ulimit -f {blocks}")));
        let code = run.exit_code().unwrap();
        assert!([0, 12].contains(&code), "{blocks} blocks: {run:#?}");
        let was_sent = emulator.statistics().creates_received > creates;
        if code == 12 && !was_sent {
            assert!(run.stderr.contains("Nothing was spent."), "{run:#?}");
        }
        codes.push((code, was_sent));
        // With room again, the same command continues.
        let again = generate(Kirin::new());
        let again = again.ended_with(0);
        assert_eq!(again.stdout.lines().count(), 1, "{again:#?}");
        assert_eq!(
            emulator.statistics().creates_received,
            creates + 1,
            "{blocks} blocks"
        );
    }
    for end in [(12, false), (12, true), (0, true)] {
        assert!(
            codes.contains(&end),
            "no limit ended with {end:?}: {codes:?}"
        );
    }
    small.assert_charged_once();
    large.assert_charged_once();
}

/// The folders of the kernel take no files, not even from root.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_to_spends_nothing() {
    let emulator = emulator(instant());
    let generate = || Kirin::generate().at(emulator.base_url());
    for kirin in [
        generate().args(["--output", "/proc/boat.mp4"]),
        generate().args(["--output", "/proc/kirin/boat.mp4"]),
        generate().args(["--output", "/proc", "--name-template", "{number}"]),
        generate().env("KIRIN_LEDGER", "/proc/ledger.sqlite3"),
        generate().env("HOME", "/proc"),
    ] {
        let run = kirin.run().ended_with(12);
        assert!(run.stderr.contains("Nothing was spent."), "{run:#?}");
    }
    assert_eq!(emulator.statistics().creates_received, 0);
}

#[cfg(unix)]
#[test]
fn a_stdout_that_is_closed_loses_nothing() {
    let emulator = emulator(instant());
    let kirin = Kirin::under("exec >&-").args(["generate", "a fox"]);
    let run = kirin.at(emulator.base_url()).run().ended_with(0);
    assert_eq!(run.files().len(), 1);
}
