//! The place of the file.

use std::{
    fs::{self, File},
    future::IntoFuture,
    path::Path,
};

use kirin_client::{Download, DownloadErrorKind, file_name};
use kirin_transport::Body;
use kirin_types::Task;

use super::{Place, client, completed, cut_whole, left_after, rest, unreachable, video, whole};

fn check(path: &Path, overwrite: bool) -> Result<(), DownloadErrorKind> {
    Download::check(path, overwrite).map_err(|error| error.kind())
}

/// A part file that another process is at work on.
fn locked(part_path: &Path) -> File {
    let part = File::create(part_path).unwrap();
    part.try_lock().unwrap();
    part
}

#[tokio::test(start_paused = true)]
async fn checked_place_is_free_for_the_download_that_follows() {
    let place = Place::new();
    Download::check(place.path("a.mp4"), false).unwrap();
    assert_eq!(place.files(), [""; 0]);
    let answers = vec![whole(video())];
    let done = place.download(&completed(), answers, |it| it).await;
    assert_eq!(done.bytes(), Some(video()));
}

#[tokio::test(start_paused = true)]
async fn download_without_a_listener_can_be_spawned() {
    let place = Place::new();
    let download = {
        let task = Task::from_json(completed().as_bytes()).unwrap();
        let client = client(crate::scripted::Scripted::new([whole(video())]));
        client.download(&task, place.path("a.mp4"))
    };
    let paths = tokio::spawn(download.into_future()).await.unwrap();
    assert_eq!(paths.unwrap(), [place.path("a.mp4")]);
}

#[test]
fn what_exists_is_not_overwritten_unasked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mp4");
    fs::write(&path, "precious").unwrap();
    assert_eq!(check(&path, false), Err(DownloadErrorKind::Exists));
    assert_eq!(check(&path, true), Ok(()));
    assert_eq!(
        check(directory.path(), true),
        Err(DownloadErrorKind::Exists)
    );
    assert_eq!(
        check(&path.join("b.mp4"), false),
        Err(DownloadErrorKind::Disk)
    );
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_not_written_through() {
    let directory = tempfile::tempdir().unwrap();
    let (path, precious) = (
        directory.path().join("a.mp4"),
        directory.path().join("precious"),
    );
    fs::write(&precious, "precious").unwrap();
    let part = directory.path().join("a.mp4.part");
    std::os::unix::fs::symlink(&precious, &part).unwrap();
    assert_eq!(check(&path, false), Ok(()));
    assert_eq!(fs::read_link(part).unwrap(), precious);
    std::os::unix::fs::symlink(&precious, &path).unwrap();
    assert_eq!(check(&path, false), Err(DownloadErrorKind::Exists));
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
}

#[cfg(unix)]
#[test]
fn devices_are_never_replaced() {
    for overwrite in [false, true] {
        assert_eq!(
            check(Path::new("/dev/null"), overwrite),
            Err(DownloadErrorKind::Exists)
        );
    }
}

/// Advice that cannot help is a fault.
#[cfg(unix)]
#[test]
fn overwriting_is_said_to_help_only_where_a_file_is_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp4");
    let helps = |overwrite| Download::check(&path, overwrite).map_err(|it| it.can_be_overwritten());
    let make_pipe = || {
        std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
    };

    fs::create_dir(&path).unwrap();
    assert_eq!([helps(false), helps(true)], [Err(false); 2]);
    fs::remove_dir(&path).unwrap();
    assert!(make_pipe().success());
    assert_eq!([helps(false), helps(true)], [Err(false); 2]);
    fs::remove_file(&path).unwrap();
    std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert_eq!([helps(false), helps(true)], [Err(false); 2]);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("nowhere", &path).unwrap();
    assert_eq!([helps(false), helps(true)], [Err(true), Ok(())]);
    fs::remove_file(&path).unwrap();
    fs::write(&path, "older").unwrap();
    assert_eq!([helps(false), helps(true)], [Err(true), Ok(())]);

    let first = locked(&folder.path().join("a.mp4.part"));
    assert_eq!([helps(false), helps(true)], [Err(false); 2]);
    drop(first);
    for number in 2..=9 {
        fs::write(folder.path().join(format!("a.mp4.{number}.part")), "").unwrap();
    }
    assert_eq!([helps(false), helps(true)], [Err(false); 2]);
}

#[test]
fn second_download_of_the_same_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.mp4");
    let first = locked(&directory.path().join("a.mp4.part"));
    assert_eq!(check(&path, false), Err(DownloadErrorKind::Exists));
    drop(first);
    assert_eq!(check(&path, false), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn file_that_appears_meanwhile_is_not_overwritten() {
    for is_file in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.mp4");
        let appearing = path.clone();
        let transport = kirin_transport::from_fn(move |_request| {
            match is_file {
                true => fs::write(&appearing, "precious").unwrap(),
                false => fs::create_dir(&appearing).unwrap(),
            }
            let response = http::Response::new(Body::from(video()));
            async { Ok(response) }
        });
        let client = client(transport);
        let task = Task::from_json(completed().as_bytes()).unwrap();
        let error = client.download(&task, &path).await.unwrap_err();
        assert_eq!(error.kind(), DownloadErrorKind::Exists);
        assert_eq!(error.can_be_overwritten(), is_file);
        let part = directory.path().join("a.mp4.part");
        assert_eq!(error.kept(), Some(part.as_path()));
        assert_eq!(fs::read(part).unwrap(), video());
        assert_eq!(path.is_dir(), !is_file);
        assert!(!is_file || fs::read(&path).unwrap() == b"precious");
    }
}

#[tokio::test(start_paused = true)]
async fn place_that_cannot_be_written_is_a_disk_error_before_a_request() {
    let place = Place::new();
    for name in ["no/such/folder/a.mp4", &"x".repeat(300)] {
        let task = Task::from_json(completed().as_bytes()).unwrap();
        let client = client(crate::scripted::Scripted::new([]));
        let error = client.download(&task, place.path(name)).await.unwrap_err();
        assert_eq!(error.kind(), DownloadErrorKind::Disk);
        assert_eq!(error.path(), Some(place.path(name).as_path()));
    }
    assert_eq!(place.files(), [""; 0]);
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn link_is_replaced_and_what_it_points_to_is_not() {
    let place = Place::new();
    fs::write(place.path("precious"), "precious").unwrap();
    for link in ["a.mp4", "a.mp4.part.json", "a.mp4.part.json.new"] {
        std::os::unix::fs::symlink(place.path("precious"), place.path(link)).unwrap();
    }
    let mut answers = vec![cut_whole(&video(), 30)];
    answers.extend(unreachable(4));
    let left = place
        .download(&completed(), answers, |it| it.overwrite(true))
        .await;
    assert_eq!(left.kind(), DownloadErrorKind::Network);
    let place = left.place;
    let answers = vec![rest(&video(), 30)];
    let done = place
        .download(&completed(), answers, |it| it.overwrite(true))
        .await;
    assert_eq!(done.bytes(), Some(video()));
    assert!(!done.place.path("a.mp4").is_symlink());
    assert_eq!(fs::read(done.place.path("precious")).unwrap(), b"precious");
    for link in ["a.mp4.part.json", "a.mp4.part.json.new"] {
        let link = done.place.path(link);
        assert_eq!(fs::read_link(link).unwrap(), done.place.path("precious"));
    }
}

#[tokio::test(start_paused = true)]
async fn file_that_is_to_be_replaced_stays_until_the_new_one_is_whole() {
    let left = left_after(30).await;
    let path = left.place.path("a.mp4");
    fs::write(&path, "precious").unwrap();
    let place = left.place;
    let failed = place
        .download(&completed(), unreachable(5), |it| it.overwrite(true))
        .await;
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    let place = failed.place;
    let answers = vec![rest(&video(), 30)];
    let done = place
        .download(&completed(), answers, |it| it.overwrite(true))
        .await;
    assert_eq!(done.bytes(), Some(video()));
}

#[test]
fn names_of_servers_become_plain_file_names() {
    for (name, expected) in [
        ("d5u5obte8783ap44qtj0", "d5u5obte8783ap44qtj0"),
        ("../../x", "_.._x"),
        ("a\0b/c\\d:e", "a_b_c_d_e"),
        ("\u{1b}[31mred\u{202e}", "__31mred_"),
        ("..", "video"),
        ("", "video"),
        (".hidden", "hidden"),
        ("trailing.", "trailing"),
        ("CON", "_CON"),
        ("nul.mp4", "_nul.mp4"),
        ("com1", "_com1"),
        ("lpt9.x.y", "_lpt9.x.y"),
        ("com10", "com10"),
        ("console", "console"),
        ("Füchse", "F_chse"),
    ] {
        assert_eq!(file_name(name), expected, "{name:?}");
    }
    assert_eq!(file_name(&"ü".repeat(300)), "_".repeat(100));
}

#[tokio::test(start_paused = true)]
async fn download_to_a_place_that_is_in_use_is_refused_before_a_request() {
    let place = Place::new();
    let in_use = locked(&place.path("a.mp4.part"));
    let refused = place.download(&completed(), vec![], |it| it).await;
    assert_eq!(refused.kind(), DownloadErrorKind::Exists);
    drop(in_use);
    let done = refused.again(vec![whole(video())]).await;
    assert_eq!(done.bytes(), Some(video()));
}
