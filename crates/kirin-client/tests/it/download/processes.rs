//! Another process goes on with what one has left, whatever a crash made of it.

use std::fs;

use super::{
    Downloaded, Place, completed, cut, cut_whole, download, left_after, rest, task_at, unreachable,
    video, whole,
};
use crate::scripted::{End, Pieces, with_headers};
use kirin_client::{DownloadErrorKind, DownloadEvent};
use kirin_tests::canary;

/// Of [`video`], as another program finds it.
const SHA256: &str = "KX9W5r3BK3Iz647eeHiCLicTkNm+nWX0hwy4nvWmQuk=";

const NOT_SURE: &str = "what the part file holds is not known for sure";

#[tokio::test(start_paused = true)]
async fn next_process_resumes_after_any_byte() {
    let bytes = video();
    for at in 1..bytes.len() {
        let resumed = left_after(at).await.again(vec![rest(&bytes, at)]).await;
        assert_eq!(resumed.bytes().as_ref(), Some(&bytes), "left after {at}");
        assert_eq!(resumed.files(), ["a.mp4"]);
        assert_eq!(resumed.ranges(), [Some(format!("bytes={at}-"))]);
        let (at, total) = (at as u64, bytes.len() as u64);
        assert_eq!(resumed.events[0], DownloadEvent::Resumed { at, total });
    }
}

#[tokio::test(start_paused = true)]
async fn several_processes_resume_one_after_the_other() {
    let bytes = video();
    let part = |from: usize, to: usize| {
        let range = format!("bytes {from}-83/84");
        let mut answers = vec![cut(
            &bytes[from..],
            to - from,
            &[("content-range", &range)],
            206,
        )];
        answers.extend(unreachable(4));
        answers
    };
    let left = left_after(10).await;
    let left = left.again(part(10, 11)).await;
    let left = left.again(part(11, 60)).await;
    let done = left.again(vec![rest(&bytes, 60)]).await;
    assert_eq!(done.bytes(), Some(bytes));
}

#[tokio::test(start_paused = true)]
async fn object_that_changed_between_processes_starts_over() {
    let changed = super::mp4(&[(b"ftyp", 8), (b"moov", 12), (b"mdat", 90)]);
    let headers = [("etag", "\"v2\"")];
    let answer = with_headers(200, &headers, changed.clone());
    let downloaded = left_after(30).await.again(vec![answer]).await;
    assert_eq!(downloaded.bytes(), Some(changed));
    let because = "the server sent the whole output again";
    assert_eq!(downloaded.restarts(), [because]);
}

#[tokio::test(start_paused = true)]
async fn part_without_a_strong_tag_is_not_resumed() {
    for tag in [&[("etag", "W/\"v1\"")][..], &[]] {
        let mut answers = vec![cut(&video(), 30, tag, 200)];
        answers.extend(unreachable(4));
        let left = download(answers).await;
        assert_eq!(left.files(), ["a.mp4.part", "a.mp4.part.json"], "{tag:?}");
        let downloaded = left.again(vec![whole(video())]).await;
        assert_eq!(downloaded.ranges(), [None]);
        assert_eq!(downloaded.restarts(), [NOT_SURE]);
        assert_eq!(downloaded.bytes(), Some(video()));
    }
}

#[tokio::test(start_paused = true)]
async fn part_of_another_task_is_not_resumed() {
    let other = completed().replace("task-1", "task-2");
    let left = left_after(30).await;
    let answers = vec![whole(video())];
    let downloaded = left.place.download(&other, answers, |it| it).await;
    assert_eq!(downloaded.ranges(), [None]);
    assert_eq!(downloaded.bytes(), Some(video()));
}

#[tokio::test(start_paused = true)]
async fn note_of_a_part_holds_no_url_and_no_key() {
    let left = left_after(30).await;
    let note = fs::read_to_string(left.place.path("a.mp4.part.json")).unwrap();
    for secret in [
        canary::signature(),
        canary::key(),
        "https",
        "cdn.example.com",
    ] {
        assert!(!note.contains(secret));
    }
    assert!(note.contains(r#""bytes":30,"#), "{note}");
}

/// What a crash left of a download after 40 of 84 bytes, as `spoil` makes it.
async fn after_crash(spoil: impl FnOnce(&Place)) -> Downloaded {
    let left = left_after(40).await;
    spoil(&left.place);
    left
}

/// What a crash left is of no use, and the download begins again.
async fn check_restart(what: &str, spoil: impl FnOnce(&Place)) {
    let left = after_crash(spoil).await;
    let downloaded = left.again(vec![whole(video())]).await;
    assert_eq!(downloaded.ranges(), [None], "{what}");
    assert_eq!(downloaded.restarts(), [NOT_SURE], "{what}");
    assert_eq!(downloaded.bytes(), Some(video()), "{what}");
    assert_eq!(downloaded.files(), ["a.mp4"], "{what}");
}

/// What a crash left may be anybody's, and the download takes another name.
async fn check_left_alone(what: &str, names: &[&str], spoil: impl FnOnce(&Place)) {
    let left = after_crash(spoil).await;
    let read = |place: &Place| -> Vec<_> {
        let read = |name: &&str| fs::read(place.path(name)).unwrap();
        names.iter().map(read).collect()
    };
    let before = read(&left.place);
    let downloaded = left.again(vec![whole(video())]).await;
    assert_eq!(downloaded.bytes(), Some(video()), "{what}");
    assert_eq!(read(&downloaded.place), before, "{what}");
    assert_eq!(downloaded.files(), [&["a.mp4"], names].concat(), "{what}");
}

#[tokio::test(start_paused = true)]
async fn whatever_a_crash_made_of_part_and_note_the_file_is_whole() {
    const PART: &str = "a.mp4.part";
    const NOTE: &str = "a.mp4.part.json";
    let read = |place: &Place, name: &str| fs::read(place.path(name)).unwrap();
    let note = read(&left_after(40).await.place, NOTE);
    let length = note.len() - note.iter().rev().take_while(|it| **it == b' ').count();
    check_left_alone("no note", &[PART], |place| {
        fs::remove_file(place.path(NOTE)).unwrap();
    })
    .await;
    for length in 0..length {
        check_left_alone("torn note", &[PART, NOTE], |place| {
            fs::write(place.path(NOTE), &note[..length]).unwrap();
        })
        .await;
    }
    for length in 1..40 {
        check_restart("part shorter than its note", |place| {
            let part = &read(place, PART)[..length];
            fs::write(place.path(PART), part).unwrap();
        })
        .await;
    }
    check_restart("zeros in place of what was written last", |place| {
        let mut part = read(place, PART);
        part[20..].fill(0);
        fs::write(place.path(PART), part).unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn bytes_behind_the_last_note_are_fetched_again() {
    let bytes = video();
    // The second one goes on behind the end of the video.
    for length in [7, 1000] {
        let left = after_crash(|place| {
            // Written after the note, and torn.
            let torn = [&bytes[..50], &vec![0; length]].concat();
            fs::write(place.path("a.mp4.part"), torn).unwrap();
            // The next note, which did not come to be one.
            fs::write(place.path("a.mp4.part.json.new"), "{").unwrap();
        })
        .await;
        let downloaded = left.again(vec![rest(&bytes, 40)]).await;
        assert_eq!(downloaded.ranges(), [Some("bytes=40-".into())]);
        assert_eq!(downloaded.bytes().as_deref(), Some(&bytes[..]));
    }
}

#[tokio::test(start_paused = true)]
async fn part_that_is_whole_becomes_the_file_without_asking() {
    let bytes = video();
    let left = left_after(83).await;
    // The last byte came, and the process ended before the rename: the note is as after it.
    let before = fs::read(left.place.path("a.mp4.part.json")).unwrap();
    let finished = left.again(vec![rest(&bytes, 83)]).await;
    assert_eq!(finished.files(), ["a.mp4"]);
    fs::rename(
        finished.place.path("a.mp4"),
        finished.place.path("a.mp4.part"),
    )
    .unwrap();
    let mut note: serde_json::Value = serde_json::from_slice(&before).unwrap();
    note["bytes"] = 84.into();
    note["sha256"] = SHA256.into();
    let note = note.to_string();
    fs::write(finished.place.path("a.mp4.part.json"), note).unwrap();
    let again = finished.again(vec![]).await;
    assert_eq!(again.bytes(), Some(bytes));
    assert_eq!(again.files(), ["a.mp4"]);
}

/// A download that was killed when its file had both names.
#[cfg(unix)]
async fn killed_between_link_and_unlink() -> Place {
    let place = Place::new();
    let (part, path) = (place.path("a.mp4.part"), place.path("a.mp4"));
    let answers = vec![whole(video())];
    let killed = place
        .download(&completed(), answers, |it| {
            it.before_commit(move |_| {
                fs::hard_link(&part, &path).unwrap();
                async { Err("killed") }
            })
        })
        .await;
    assert_eq!(killed.files(), ["a.mp4", "a.mp4.part", "a.mp4.part.json"]);
    killed.place
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn file_with_two_names_is_not_written_to() {
    let old = killed_between_link_and_unlink().await;
    let kept = old.path("kept.mp4");
    fs::hard_link(old.path("a.mp4"), &kept).unwrap();
    let refused = old.download(&completed(), vec![], |it| it).await;
    assert_eq!(refused.kind(), DownloadErrorKind::Exists);
    assert_eq!(refused.files(), ["a.mp4", "kept.mp4"]);

    let old = killed_between_link_and_unlink().await;
    let kept = old.path("kept.mp4");
    fs::hard_link(old.path("a.mp4"), &kept).unwrap();
    let other = super::mp4(&[(b"ftyp", 8), (b"moov", 12), (b"mdat", 9)]);
    let answers = vec![whole(other.clone())];
    let replaced = old
        .download(&completed(), answers, |it| it.overwrite(true))
        .await;
    assert_eq!(replaced.bytes(), Some(other));
    assert_eq!(fs::read(kept).unwrap(), video());
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn finished_file_that_was_renamed_is_not_written_to_by_its_other_name() {
    let old = killed_between_link_and_unlink().await;
    fs::rename(old.path("a.mp4"), old.path("b.mp4")).unwrap();
    let other_task = completed().replace("task-1", "task-2");
    let other = super::mp4(&[(b"ftyp", 8), (b"moov", 12), (b"mdat", 9)]);
    let answers = vec![whole(other.clone())];
    let done = old.download(&other_task, answers, |it| it).await;
    assert_eq!(done.bytes(), Some(other));
    assert_eq!(fs::read(done.place.path("b.mp4")).unwrap(), video());
    assert_eq!(done.files(), ["a.mp4", "b.mp4"]);
}

#[tokio::test(start_paused = true)]
async fn note_that_outlived_its_part_says_nothing() {
    let left = after_crash(|place| fs::remove_file(place.path("a.mp4.part")).unwrap()).await;
    let downloaded = left.again(vec![whole(video())]).await;
    assert_eq!(downloaded.ranges(), [None]);
    assert_eq!(downloaded.bytes(), Some(video()));
    assert_eq!(downloaded.files(), ["a.mp4"]);
}

#[tokio::test(start_paused = true)]
async fn bit_that_flipped_on_disk_is_found_before_anything_is_appended() {
    for bit in 0..40 * 8 {
        check_restart("a flipped bit", |place| {
            let path = place.path("a.mp4.part");
            let mut part = fs::read(&path).unwrap();
            part[bit / 8] ^= 1 << (bit % 8);
            fs::write(path, part).unwrap();
        })
        .await;
    }
}

/// A whole with a checksum, of `sha256`.
fn checked(bytes: &[u8], name: &str, sha256: &str) -> crate::scripted::Answer {
    let length = bytes.len().to_string();
    let value = format!("sha-512=:AAAA:, sha-256=:{sha256}:");
    with_headers(
        200,
        &[
            ("content-length", &length),
            ("etag", "\"v1\""),
            (name, &value),
        ],
        bytes.to_vec(),
    )
}

#[tokio::test(start_paused = true)]
async fn bytes_that_do_not_fit_the_checksum_are_fetched_again_once() {
    for name in ["repr-digest", "content-digest"] {
        let answers = vec![checked(&video(), name, SHA256)];
        assert_eq!(download(answers).await.bytes(), Some(video()), "{name}");

        let mut flipped = video();
        flipped[70] ^= 1;
        let spoiled = || checked(&flipped, name, SHA256);
        let again = download(vec![spoiled(), checked(&video(), name, SHA256)]).await;
        assert_eq!(again.bytes(), Some(video()), "{name}");
        assert_eq!(again.ranges(), [None, None]);

        let corrupt = download(vec![spoiled(), spoiled()]).await;
        assert_eq!(corrupt.kind(), DownloadErrorKind::Corrupt);
        // It was paid for, and the checksum may be what is wrong. It is not gone on with.
        assert_eq!(corrupt.files(), ["a.mp4.part", "a.mp4.part.json"]);
        let done = corrupt.again(vec![whole(video())]).await;
        assert_eq!(
            (done.ranges(), done.files()),
            (vec![None], vec!["a.mp4".to_owned()])
        );
    }
}

#[tokio::test(start_paused = true)]
async fn checksum_is_remembered_for_the_next_process() {
    let bytes = video();
    let length = bytes.len().to_string();
    let digest = format!("sha-256=:{SHA256}:");
    let headers = [
        ("content-length", length.as_str()),
        ("etag", "\"v1\""),
        ("repr-digest", &digest),
    ];
    let mut answers = vec![cut(&bytes, 30, &headers, 200)];
    answers.extend(unreachable(4));
    let mut flipped = bytes.clone();
    flipped[70] ^= 1;
    let left = download(answers).await;
    let downloaded = left
        .again(vec![rest(&flipped, 30), whole(bytes.clone())])
        .await;
    let because = "the bytes do not fit the checksum that the server gave";
    assert_eq!(downloaded.restarts(), [because]);
    assert_eq!(downloaded.bytes(), Some(bytes));
}

#[tokio::test(start_paused = true)]
async fn next_process_resumes_from_another_url() {
    let bytes = video();
    let fresh = task_at("https://other.example.com/b.mp4");
    let left = left_after(30).await;
    let answers = vec![rest(&bytes, 30)];
    let downloaded = left.place.download(&fresh, answers, |it| it).await;
    assert_eq!(downloaded.ranges(), [Some("bytes=30-".into())]);
    assert_eq!(downloaded.bytes(), Some(bytes.clone()));
    let again = Place::new()
        .download(&fresh, vec![cut_whole(&bytes, 84)], |it| it)
        .await;
    assert_eq!(again.bytes(), Some(bytes), "a break after the last byte");
}

/// What is there at a kill is what the last note says, so one is written at each MiB.
#[tokio::test(start_paused = true)]
async fn no_more_than_a_mebibyte_is_lost_by_a_kill() {
    const PIECE: usize = 256 << 10;
    let film = super::mp4(&[(b"ftyp", 8), (b"moov", 12), (b"mdat", 3 << 20)]);
    let pieces = film.chunks(PIECE).map(bytes::Bytes::copy_from_slice);
    let length = film.len().to_string();
    let headers = [("content-length", length.as_str()), ("etag", "\"v1\"")];
    let answer = with_headers(200, &headers, Pieces::body(pieces, End::Whole));
    let place = Place::new();
    let note = place.path("a.mp4.part.json");
    let client = super::client(crate::scripted::Scripted::new([answer]));
    let task = kirin_types::Task::from_json(completed().as_bytes()).unwrap();
    let mut lost = Vec::new();
    let download = client
        .download(&task, place.path("a.mp4"))
        .on_event(|event| {
            if let DownloadEvent::Progress { bytes, .. } = event {
                let note: serde_json::Value =
                    serde_json::from_slice(&fs::read(&note).unwrap()).unwrap();
                lost.push(bytes - note["bytes"].as_u64().unwrap());
            }
        });
    download.await.unwrap();
    assert!(lost.len() > 10);
    let most = (1 << 20) + PIECE as u64;
    assert!(lost.iter().all(|lost| *lost <= most), "{lost:?}");
}

/// What was thrown away is not noted any more, whatever comes in its place.
#[tokio::test(start_paused = true)]
async fn note_does_not_speak_of_bytes_that_were_thrown_away() {
    let left = left_after(30).await;
    let note = left.place.path("a.mp4.part.json");
    let (noted, events) = (std::sync::Arc::new(std::sync::Mutex::new(Vec::new())), note);
    let seen = std::sync::Arc::clone(&noted);
    let changed = super::mp4(&[(b"ftyp", 8), (b"moov", 12), (b"mdat", 90)]);
    let answer = with_headers(200, &[("etag", "\"v2\"")], changed.clone());
    let client = super::client(crate::scripted::Scripted::new([answer]));
    let task = kirin_types::Task::from_json(completed().as_bytes()).unwrap();
    let download = client
        .download(&task, left.place.path("a.mp4"))
        .on_event(move |event| {
            if let DownloadEvent::Progress { .. } = event {
                let note = fs::read(&events).unwrap();
                let note: serde_json::Value = serde_json::from_slice(&note).unwrap();
                seen.lock().unwrap().push(note["bytes"].as_u64().unwrap());
            }
        });
    download.await.unwrap();
    let noted = noted.lock().unwrap();
    assert!(
        !noted.is_empty() && noted.iter().all(|bytes| *bytes == 0),
        "{noted:?}"
    );
}
