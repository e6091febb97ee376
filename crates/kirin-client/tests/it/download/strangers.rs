//! Files that stand under the names of a part file and its note, and are somebody else's.

use std::{fs, path::Path};

use kirin_client::{Download, DownloadErrorKind};

use super::{
    Downloaded, Place, completed, cut_whole, left_after, mp4, rest, unreachable, video, whole,
};

const NAMES: [&str; 3] = ["a.mp4.part", "a.mp4.part.json", "a.mp4.part.json.new"];

/// What a person may have under these names, each a way to mistake it for our own.
fn contents(note: &[u8]) -> Vec<Vec<u8>> {
    vec![
        b"precious".to_vec(),
        Vec::new(),
        b"{}".to_vec(),
        note.to_vec(),
    ]
}

#[track_caller]
fn assert_done(done: &Downloaded, name: &str, content: &[u8]) {
    assert_eq!(done.bytes(), Some(video()), "{name}");
    assert_eq!(fs::read(done.place.path(name)).unwrap(), content, "{name}");
    let mut files = vec!["a.mp4", name];
    files.sort_unstable();
    assert_eq!(done.files(), files);
}

#[tokio::test(start_paused = true)]
async fn files_of_others_under_our_names_are_left_alone() {
    let left = left_after(30).await;
    let note = fs::read(left.place.path("a.mp4.part.json")).unwrap();
    for name in NAMES {
        for content in contents(&note) {
            if name == NAMES[1] && content == note {
                // That one is ours.
                continue;
            }
            for overwrite in [false, true] {
                let place = Place::new();
                fs::write(place.path(name), &content).unwrap();
                let set = |it: Download<'static>| it.overwrite(overwrite);
                let done = place
                    .download(&completed(), vec![whole(video())], set)
                    .await;
                assert_done(&done, name, &content);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn files_of_others_stay_where_the_download_is_refused() {
    for name in NAMES {
        let place = Place::new();
        fs::write(place.path(name), "precious").unwrap();
        fs::write(place.path("a.mp4"), "older").unwrap();
        let refused = place.download(&completed(), vec![], |it| it).await;
        assert_eq!(refused.kind(), DownloadErrorKind::Exists);
        assert_eq!(fs::read(refused.place.path(name)).unwrap(), b"precious");
        assert_eq!(fs::read(refused.place.path("a.mp4")).unwrap(), b"older");
    }
}

/// It has the name of a part that a note speaks of, and even its length.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn file_that_took_the_place_of_a_part_is_left_alone() {
    let left = left_after(30).await;
    let part = left.place.path("a.mp4.part");
    fs::remove_file(&part).unwrap();
    fs::write(&part, [b'x'; 30]).unwrap();
    let done = left.again(vec![whole(video())]).await;
    assert_eq!(done.bytes(), Some(video()));
    assert_eq!(fs::read(&part).unwrap(), [b'x'; 30]);
}

#[tokio::test(start_paused = true)]
async fn download_beside_files_of_others_goes_on_from_where_it_ended() {
    let place = Place::new();
    fs::write(place.path("a.mp4.part"), "precious").unwrap();
    let mut answers = vec![cut_whole(&video(), 30)];
    answers.extend(unreachable(4));
    let left = place.download(&completed(), answers, |it| it).await;
    assert_eq!(
        left.files(),
        ["a.mp4.2.part", "a.mp4.2.part.json", "a.mp4.part"]
    );
    let done = left.again(vec![rest(&video(), 30)]).await;
    assert_done(&done, "a.mp4.part", b"precious");
}

#[tokio::test(start_paused = true)]
async fn folders_under_our_names_are_found_before_a_request() {
    for name in NAMES {
        let place = Place::new();
        fs::create_dir(place.path(name)).unwrap();
        Download::check(place.path("a.mp4"), false).unwrap();
        assert_eq!(place.files(), [name]);
        let done = place
            .download(&completed(), vec![whole(video())], |it| it)
            .await;
        assert_eq!(done.bytes(), Some(video()), "{name}");
        assert!(done.place.path(name).is_dir());
    }
}

/// Whoever opens one waits for its other end.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn pipes_under_our_names_are_not_waited_for() {
    for name in NAMES {
        let place = Place::new();
        let made = std::process::Command::new("mkfifo")
            .arg(place.path(name))
            .status();
        assert!(made.unwrap().success());
        Download::check(place.path("a.mp4"), false).unwrap();
        let done = place
            .download(&completed(), vec![whole(video())], |it| it)
            .await;
        assert_eq!(done.bytes(), Some(video()), "{name}");
        assert_eq!(done.files().len(), 2);
    }
}

#[test]
fn place_without_any_name_for_a_part_is_refused_before_anything_is_paid() {
    let place = Place::new();
    fs::write(place.path("a.mp4.part"), "").unwrap();
    for number in 2..=9 {
        fs::write(place.path(&format!("a.mp4.{number}.part")), "").unwrap();
    }
    let refused = Download::check(place.path("a.mp4"), false).unwrap_err();
    assert_eq!(refused.kind(), DownloadErrorKind::Exists);
    assert!(!refused.can_be_overwritten());
    assert_eq!(place.files().len(), 9);
}

/// The part of a paid video is not emptied for another one.
#[tokio::test(start_paused = true)]
async fn part_of_another_task_stays_for_that_task() {
    let left = left_after(30).await;
    let other = completed().replace("task-1", "task-2");
    let film = mp4(&[(b"ftyp", 8), (b"moov", 12), (b"mdat", 9)]);
    let downloaded = left
        .place
        .download(&other, vec![whole(film.clone())], |it| it)
        .await;
    assert_eq!(downloaded.ranges(), [None]);
    assert_eq!(downloaded.bytes(), Some(film));
    assert_eq!(
        downloaded.files(),
        ["a.mp4", "a.mp4.part", "a.mp4.part.json"]
    );
    fs::remove_file(downloaded.place.path("a.mp4")).unwrap();
    let done = downloaded.again(vec![rest(&video(), 30)]).await;
    assert_eq!(done.bytes(), Some(video()));
    assert_eq!(done.files(), ["a.mp4"]);
}

/// A name that leaves no room for what is added to it is found before anything is paid.
#[test]
fn name_is_tried_with_the_longest_suffix() {
    let place = Place::new();
    let check = |length: usize| {
        let name = "x".repeat(length - 4) + ".mp4";
        Download::check(Path::new(&place.path(&name)), false).map_err(|error| error.kind())
    };
    assert_eq!(check(243), Ok(()));
    for length in 244..=256 {
        assert_eq!(check(length), Err(DownloadErrorKind::Disk), "{length}");
    }
    assert_eq!(place.files(), [""; 0]);
}

/// The names of the parts are longer, the second one as the ninth.
#[tokio::test(start_paused = true)]
async fn name_that_passes_the_check_has_room_for_every_part() {
    let place = Place::new();
    let name = "x".repeat(239) + ".mp4";
    for number in ["", ".2", ".3"] {
        fs::write(place.path(&format!("{name}{number}.part")), "precious").unwrap();
    }
    Download::check(place.path(&name), false).unwrap();
    let error = Download::check(place.path(&format!("x{name}")), false).unwrap_err();
    assert_eq!(error.longest_name(), Some(243));
    let text = error.to_string();
    assert!(
        text.contains("its name has 244 bytes, and may have 243 here"),
        "{text}"
    );
    let deep = "x/".repeat(2100);
    let error = Download::check(place.path(&deep).join("a.mp4"), false).unwrap_err();
    assert_eq!(error.longest_name(), None);
    assert!(
        error
            .to_string()
            .contains("the path of its folder is too long"),
        "{error}"
    );
}

/// It took the place of our own while that was written to.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn file_that_takes_the_place_of_a_part_meanwhile_is_neither_named_nor_removed() {
    let place = Place::new();
    let (part, note) = (place.path("a.mp4.part"), place.path("a.mp4.part.json"));
    let done = place
        .download(&completed(), vec![whole(video())], |it| {
            it.before_commit(move |_| {
                for name in [&part, &note] {
                    fs::remove_file(name).unwrap();
                    fs::write(name, "precious").unwrap();
                }
                async { Ok::<_, std::io::Error>(()) }
            })
        })
        .await;
    assert_eq!(done.kind(), DownloadErrorKind::Disk);
    // What came has no name any more; the file of somebody else is not called it.
    assert_eq!(done.result.as_ref().unwrap_err().kept(), None);
    assert_eq!(done.files(), ["a.mp4.part", "a.mp4.part.json"]);
    for name in ["a.mp4.part", "a.mp4.part.json"] {
        assert_eq!(fs::read(done.place.path(name)).unwrap(), b"precious");
    }
}
