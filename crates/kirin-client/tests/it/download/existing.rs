//! A file that stands at the path counts as the output only if it is it.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use kirin_client::{Download, DownloadErrorKind, FileDigest};

use super::{Place, completed, left_after, mp4, rest, video, whole};

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
async fn d16_what_an_earlier_process_has_downloaded_is_kept() {
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
    assert_eq!(failed.files(), ["a.mp4.part", "a.mp4.part.json"]);
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
