//! A store of your own: one charge per video, whatever happens to the process.

#[path = "../own_store.rs"]
#[expect(dead_code, reason = "only its store is looked at from inside")]
mod program;

use std::{path::Path, process::Stdio, sync::Arc, time::Duration};

use kirin_client::{Journal, journal_conformance};
use kirin_emulator::{Emulator, EmulatorConfig, VideoSize};
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::LIMIT;
use program::Store;

fn start(emulator: &Emulator, folder: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_own_store"))
        .args(arguments)
        .env("KIRIN_BASE_URL", emulator.base_url())
        .env("KIRIN_API_KEY", "any-key")
        .env("STORE", folder)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program")
}

async fn said(process: Child) -> String {
    let ended = timeout(LIMIT, process.wait_with_output()).await;
    let output = ended.expect("in time").expect("an end");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Killed before the create, in the middle of it, and while the task runs; then two processes want to continue.
#[tokio::test(flavor = "multi_thread")]
async fn a_video_in_a_store_of_ones_own_is_paid_and_delivered_once() {
    let config = EmulatorConfig::new()
        .task_time(Duration::from_millis(300))
        .video_size(VideoSize::Small);
    let emulator = Emulator::start(config).await.expect("an emulator");
    let folder = tempfile::tempdir().expect("a folder");
    for milliseconds in [5, 10, 15, 20, 30, 60, 120] {
        let id = format!("order-{milliseconds}");
        let mut process = start(&emulator, folder.path(), &["generate", &id]);
        sleep(Duration::from_millis(milliseconds)).await;
        process.kill().await.expect("kill -9");
    }
    let begun = Store::new(folder.path())
        .unfinished()
        .expect("entries")
        .len();
    assert!(begun > 0, "each was killed before it began");
    let [one, other] = [(); 2].map(|()| start(&emulator, folder.path(), &["resume"]));
    let (one, other) = tokio::join!(said(one), said(other));
    let said_by_both = format!("{one}{other}");
    assert_eq!(
        said_by_both.matches("delivered").count(),
        begun,
        "{said_by_both}"
    );
    // Nothing is left.
    let last = start(&emulator, folder.path(), &["resume"]);
    assert_eq!(said(last).await, "");
    emulator.assert_charged_once();
    assert_eq!(emulator.ledger().charges().len(), begun);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_ones_own_is_a_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = std::sync::atomic::AtomicUsize::new(0);
    let make = || {
        let number = made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = folder.path().join(number.to_string());
        std::fs::create_dir(&folder).expect("a folder");
        Arc::new(Store::new(folder)) as Arc<dyn Journal>
    };
    let report = journal_conformance::check(make).await;
    assert!(report.is_conforming(), "{report}");
}
