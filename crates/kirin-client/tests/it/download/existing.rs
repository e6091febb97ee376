//! A file that stands at the path counts as the output only if it is it.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use kirin_client::{Download, DownloadErrorKind, FileDigest};
use kirin_types::Task;

use super::{Place, client, completed, kept, left_after, mp4, rest, video, whole};
use crate::scripted::Scripted;

fn keep(download: Download<'static>) -> Download<'static> {
    download.keep_existing(true)
}

fn digest_of(bytes: &[u8]) -> FileDigest {
    let place = Place::new();
    fs::write(place.path("digest"), bytes).unwrap();
    FileDigest::of(place.path("digest")).unwrap()
}

/// A process was killed after the first of two files, before it could tell anybody.
#[tokio::test(start_paused = true)]
async fn what_an_earlier_process_has_downloaded_is_kept() {
    let task = r#"{"id":"task-1","status":"completed","output":[{"content":[
        {"type":"video","url":"https://cdn.example.com/a","watermark_url":"https://cdn.example.com/b"}]}]}"#;
    let place = Place::new();
    fs::write(place.path("a.mp4"), video()).unwrap();
    let copy = mp4(&[(b"ftyp", 8), (b"moov", 12), (b"mdat", 9)]);
    let answers = vec![whole(copy)];
    let noted = [digest_of(&video())];
    let done = place
        .download(task, answers, |it| keep(it).noted(noted))
        .await;
    assert_eq!(done.files(), ["a-watermarked.mp4", "a.mp4"]);
    assert_eq!(done.bytes(), Some(video()));
    assert_eq!(done.transport.calls(), ["GET https://cdn.example.com/b"]);
}

#[tokio::test(start_paused = true)]
async fn file_without_a_noted_digest_is_compared_with_the_output() {
    let place = Place::new();
    fs::write(place.path("a.mp4"), video()).unwrap();
    let kept = place
        .download(&completed(), vec![whole(video())], keep)
        .await;
    assert_eq!(kept.result.as_ref().unwrap(), &["a.mp4"]);
    assert_eq!(kept.files(), ["a.mp4"]);

    for other in [&b"another film"[..], b"", &video()[..83]] {
        let place = Place::new();
        fs::write(place.path("a.mp4"), other).unwrap();
        let answers = vec![whole(video())];
        let refused = place.download(&completed(), answers, keep).await;
        assert_eq!(refused.kind(), DownloadErrorKind::Exists);
        assert_eq!(refused.bytes().unwrap(), other);
        // What was fetched need not be fetched again.
        let place = refused.place;
        fs::remove_file(place.path("a.mp4")).unwrap();
        let done = place.download(&completed(), vec![], keep).await;
        assert_eq!(done.bytes(), Some(video()));
    }
}

#[tokio::test(start_paused = true)]
async fn another_file_than_the_noted_output_is_refused_before_a_request() {
    for other in [&b"another film"[..], b"", &video()[..83]] {
        let place = Place::new();
        fs::write(place.path("a.mp4"), other).unwrap();
        let noted = [digest_of(&video())];
        let refused = place
            .download(&completed(), vec![], |it| keep(it).noted(noted))
            .await;
        assert_eq!(refused.kind(), DownloadErrorKind::Exists);
        assert_eq!(refused.files(), ["a.mp4"]);
        assert_eq!(refused.bytes().unwrap(), other);
    }
}

#[tokio::test(start_paused = true)]
async fn digest_is_noted_before_the_file_has_its_name() {
    let place = Place::new();
    let path = place.path("a.mp4");
    let noted = Arc::new(Mutex::new(Vec::new()));
    let noting = Arc::clone(&noted);
    let note = move |digest| {
        assert!(!path.exists());
        noting.lock().unwrap().push(digest);
        async { Ok::<_, std::io::Error>(()) }
    };
    let done = place
        .download(&completed(), vec![whole(video())], |it| {
            it.before_commit(note)
        })
        .await;
    assert_eq!(done.bytes(), Some(video()));
    assert_eq!(*noted.lock().unwrap(), [digest_of(&video())]);
}

#[tokio::test(start_paused = true)]
async fn file_whose_digest_cannot_be_noted_stays_a_part() {
    let place = Place::new();
    let answers = vec![whole(video())];
    let failed = place
        .download(&completed(), answers, |it| {
            it.before_commit(|_| async { Err("the ledger is full") })
        })
        .await;
    assert_eq!(failed.kind(), DownloadErrorKind::Disk);
    kept(&failed, &video());
    let done = failed.again(vec![]).await;
    assert_eq!(done.bytes(), Some(video()));
}

/// Bytes behind what a note speaks of are no part of the output.
#[tokio::test(start_paused = true)]
async fn part_that_is_longer_than_the_output_is_cut_to_what_is_known() {
    let left = left_after(30).await;
    let part = left.place.path("a.mp4.part");
    let longer = [&fs::read(&part).unwrap()[..], &[7; 200]].concat();
    fs::write(&part, longer).unwrap();
    let done = left.again(vec![rest(&video(), 30)]).await;
    assert_eq!(done.bytes(), Some(video()));
}

/// As where the disk of the ledger was full when the second one was noted.
#[tokio::test(start_paused = true)]
async fn file_beside_a_noted_one_that_was_not_noted_is_compared() {
    let task = r#"{"id":"task-1","status":"completed","output":[{"content":[
        {"type":"video","url":"https://cdn.example.com/a","watermark_url":"https://cdn.example.com/b"}]}]}"#;
    let copy = mp4(&[(b"ftyp", 8), (b"moov", 12), (b"mdat", 9)]);
    for (there, is_taken) in [(copy.clone(), true), (b"another film".to_vec(), false)] {
        let place = Place::new();
        fs::write(place.path("a.mp4"), video()).unwrap();
        fs::write(place.path("a-watermarked.mp4"), &there).unwrap();
        let noted = [digest_of(&video())];
        let done = place
            .download(task, vec![whole(copy.clone())], |it| keep(it).noted(noted))
            .await;
        assert_eq!(done.result.is_ok(), is_taken);
        let left = fs::read(done.place.path("a-watermarked.mp4")).unwrap();
        assert_eq!(left, there);
    }
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn link_to_the_output_is_as_good_as_the_output() {
    for (there, is_taken) in [(video(), true), (b"another film".to_vec(), false)] {
        for is_noted in [false, true] {
            let place = Place::new();
            fs::write(place.path("elsewhere"), &there).unwrap();
            std::os::unix::fs::symlink("elsewhere", place.path("a.mp4")).unwrap();
            let noted = is_noted.then(|| digest_of(&video()));
            let answers = (!is_noted).then(|| whole(video())).into_iter().collect();
            let done = place
                .download(&completed(), answers, |it| keep(it).noted(noted))
                .await;
            assert_eq!(done.result.is_ok(), is_taken, "noted: {is_noted}");
            assert_eq!(fs::read(done.place.path("elsewhere")).unwrap(), there);
            assert!(done.place.path("a.mp4").is_symlink());
        }
    }
}

/// It may have gigabytes. One thread does all here, so whoever waits sees whether it is free.
#[tokio::test]
async fn file_that_is_there_is_read_where_that_keeps_nobody_waiting() {
    let place = Place::new();
    fs::write(place.path("a.mp4"), video()).unwrap();
    let task = Task::from_json(completed().as_bytes()).unwrap();
    let client = client(Scripted::new(vec![]));
    let download = client.download(&task, place.path("a.mp4"));
    let download = keep(download).noted([digest_of(&video())]);
    let is_done = std::cell::Cell::new(false);
    tokio::join!(
        biased;
        async {
            download.await.unwrap();
            is_done.set(true);
        },
        async { assert!(!is_done.get()) },
    );
}

#[tokio::test(start_paused = true)]
async fn part_beside_another_name_goes_when_the_output_is_here() {
    let left = left_after(30).await;
    let place = left.place;
    fs::write(place.path("a.mp4"), "another film").unwrap();
    // Of another task, and of nobody.
    for name in ["b.mp4.part", "b.mp4.part.json"] {
        fs::write(place.path(name), "precious").unwrap();
    }
    let task = Task::from_json(completed().as_bytes()).unwrap();
    for (earlier, parts) in [("b.mp4", 4), ("c.mp4", 4), ("a.mp4", 2)] {
        let download = client(Scripted::new(vec![whole(video())]))
            .download(&task, place.path("done.mp4"))
            .overwrite(true)
            .earlier_path(place.path(earlier));
        download.await.unwrap();
        assert_eq!(place.files().len(), parts + 2, "{:?}", place.files());
    }
    assert_eq!(
        place.files(),
        ["a.mp4", "b.mp4.part", "b.mp4.part.json", "done.mp4"]
    );
    assert_eq!(fs::read(place.path("a.mp4")).unwrap(), b"another film");
}

#[tokio::test(start_paused = true)]
async fn part_of_another_task_beside_another_name_stays() {
    let place = left_after(30).await.place;
    let other = completed().replace("task-1", "task-2");
    let task = Task::from_json(other.as_bytes()).unwrap();
    let download = client(Scripted::new(vec![whole(video())]))
        .download(&task, place.path("done.mp4"))
        .earlier_path(place.path("a.mp4"));
    download.await.unwrap();
    assert_eq!(place.files(), ["a.mp4.part", "a.mp4.part.json", "done.mp4"]);
}

/// Another process is at it, or it is no longer the file that the note speaks of.
#[tokio::test(start_paused = true)]
async fn part_beside_another_name_stays_where_somebody_needs_it() {
    for is_locked in [true, false] {
        let place = left_after(30).await.place;
        let part = place.path("a.mp4.part");
        let lock = fs::File::open(&part).unwrap();
        match is_locked {
            true => lock.lock().unwrap(),
            false => {
                fs::remove_file(&part).unwrap();
                fs::write(&part, "precious").unwrap();
            }
        }
        let task = Task::from_json(completed().as_bytes()).unwrap();
        let download = client(Scripted::new(vec![whole(video())]))
            .download(&task, place.path("done.mp4"))
            .earlier_path(place.path("a.mp4"));
        download.await.unwrap();
        assert_eq!(place.files(), ["a.mp4.part", "a.mp4.part.json", "done.mp4"]);
    }
}
