//! The page of a folder of videos. How it looks and plays is looked at by `cargo xtask page`.

use std::{fs, path::Path};

use crate::{
    kirin::{Kirin, Run},
    service::{emulator, instant},
};

const HOSTILE: &str = "</script><script>alert(\"1\")</script> 'a' & \u{202e}\u{7}b";

/// A folder with a video that the ledger in `home` knows, and one that it does not.
fn videos(home: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let emulator = emulator(instant());
    let options = [
        "--mode",
        "pro",
        "--watermark",
        "--external-task-id",
        "order-42",
    ];
    Kirin::new()
        .args(["generate", "--output", "fox.mp4", HOSTILE])
        .args(options)
        .env("KIRIN_BASE_URL", emulator.base_url())
        .env("KIRIN_API_KEY", kirin_tests::canary::key())
        .env("HOME", home)
        .in_folder(folder.path())
        .run()
        .ended_with(0);
    fs::write(folder.path().join("a#?%\" <b>.mp4"), "no video").unwrap();
    fs::write(folder.path().join("notes.txt"), "no video").unwrap();
    folder
}

fn gallery(arguments: &[&str], home: &Path) -> Kirin {
    Kirin::new()
        .arg("gallery")
        .args(arguments)
        .env("HOME", home)
}

fn page(run: &Run, folder: &Path) -> String {
    let path = folder.join(run.stdout.trim_end());
    fs::read_to_string(path).unwrap()
}

#[test]
fn what_the_ledger_knows_is_shown_as_text() {
    let home = tempfile::tempdir().unwrap();
    let folder = videos(home.path());
    let run = gallery(&[], home.path()).in_folder(folder.path()).run();
    let run = run.ended_with(0);
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        ("./gallery.html\n", "")
    );
    let page = page(&run, folder.path());
    let shown = "&lt;/script&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &#39;a&#39; &amp; \
                 <span class=\"unseen\">U+202E</span><span class=\"unseen\">U+0007</span>b";
    for part in [
        shown,
        "<span>2 videos</span><span>0.35 USD</span>",
        "<span>1 not in the ledger</span>",
        "src=\"fox.mp4#t=0.001\"",
        "href=\"fox-watermarked.mp4\"",
        "src=\"a%23%3F%25%22%20%3Cb%3E.mp4#t=0.001\"",
        ">a#?%&quot; &lt;b&gt;.mp4</p>",
        "<dt>size</dt><dd>672 \u{d7} 378</dd>",
        "<dt>external task id</dt><dd>order-42</dd>",
        "kirin generate --model kirin_v2_5_turbo_t2v --mode pro --watermark $&#39;",
        "default-src 'none'",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("alert(\""), "{page}");
    assert!(!page.contains(['\u{202e}', '\u{7}']), "{page}");
    assert!(!page.contains("notes.txt"), "{page}");
    // It loads nothing from elsewhere.
    assert!(
        !page
            .replace("http://www.w3.org/2000/svg", "")
            .contains("://"),
        "{page}"
    );
    assert_eq!(page.matches("<video ").count(), 2);
}

#[test]
fn the_page_can_be_elsewhere_and_is_written_again() {
    let home = tempfile::tempdir().unwrap();
    let folder = videos(home.path());
    let pages = tempfile::tempdir().unwrap();
    let output = pages.path().join("page.html");
    let write = |title| {
        let folder = folder.path().to_str().unwrap();
        let arguments = [folder, "--title", title, "--json", "--output"];
        let run = gallery(&arguments, home.path()).arg(&output).run();
        (
            run.ended_with(0).json(),
            fs::read_to_string(&output).unwrap(),
        )
    };
    let (report, page) = write("One & all");
    assert_eq!(report["path"], output.to_str().unwrap());
    assert_eq!(
        (&report["videos"], &report["known"]),
        (&2.into(), &1.into())
    );
    assert_eq!(report["cost"], "0.35");
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    let link = format!("src=\"../{name}/fox.mp4#");
    assert!(page.contains(&link), "{link}\n{page}");
    assert!(page.contains("<title>One &amp; all</title>"), "{page}");
    assert!(write("Two").1.contains("<title>Two</title>"));
    let mut names: Vec<_> = fs::read_dir(pages.path())
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["page.html"]);
}

#[test]
fn a_file_that_kirin_did_not_write_is_not_overwritten() {
    let home = tempfile::tempdir().unwrap();
    let folder = videos(home.path());
    let file = folder.path().join("gallery.html");
    fs::write(&file, "my own").unwrap();
    let run = |options: &[&str]| gallery(options, home.path()).in_folder(folder.path()).run();
    let refused = run(&[]).ended_with(2);
    assert!(
        refused.stderr.contains("was not written by kirin gallery"),
        "{refused:#?}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "my own");
    run(&["--force"]).ended_with(0);
    assert!(fs::read_to_string(&file).unwrap().contains("fox.mp4"));
}

#[test]
fn without_a_ledger_there_are_the_names() {
    let run = Kirin::new().with_file("a.mp4", "no video").arg("gallery");
    let run = run.run().ended_with(0);
    assert!(run.stderr.contains("by their file names alone"), "{run:#?}");
    let page = page(&run, run.folder());
    assert!(
        page.contains("<span>1 video</span><span>1 not in the ledger</span>"),
        "{page}"
    );
}

#[test]
fn a_folder_without_a_video_is_none() {
    let empty = Kirin::new().args(["gallery", "--json"]).run().ended_with(5);
    assert_eq!(empty.json()["error"]["exit_code"], 5);
    assert_eq!(empty.files(), [""; 0]);
    Kirin::new()
        .args(["gallery", "nowhere"])
        .run()
        .ended_with(5);
}

#[test]
fn a_page_that_cannot_be_written_is_said() {
    let run = Kirin::new()
        .with_file("a.mp4", "no video")
        .with_folder("gallery.html");
    let run = run.args(["gallery", "--force"]).run().ended_with(12);
    assert_eq!(run.files(), ["a.mp4", "gallery.html"]);
    let nowhere = Kirin::new().with_file("a.mp4", "no video");
    nowhere
        .args(["gallery", "--output", "nowhere/page.html"])
        .run()
        .ended_with(12);
}

#[cfg(unix)]
#[test]
fn links_are_followed() {
    let home = tempfile::tempdir().unwrap();
    let folder = videos(home.path());
    let other = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(
        folder.path().join("fox.mp4"),
        other.path().join("linked.mov"),
    )
    .unwrap();
    std::os::unix::fs::symlink("nowhere", other.path().join("broken.mp4")).unwrap();
    let run = gallery(&["--json"], home.path())
        .in_folder(other.path())
        .run()
        .ended_with(0);
    let report = run.json();
    assert_eq!(
        (&report["videos"], &report["known"]),
        (&1.into(), &1.into())
    );
}
