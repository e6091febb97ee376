//! The films of many writers, whole and cut, in every way in which a body can end. What wrote
//! them stands in `films.txt` beside them.

use std::{
    collections::BTreeSet,
    fs,
    future::ready,
    io,
    path::{Path, PathBuf},
};

use kirin_client::{DownloadError, DownloadErrorKind};
use kirin_transport::HyperTransport;
use kirin_types::Task;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::{Place, client, completed, raw};

struct Film {
    name: String,
    bytes: Vec<u8>,
}

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Served {
    /// HTTP/1.1's chunks.
    Chunked,
    /// The connection closes.
    Closed,
    /// HTTP/2's END_STREAM.
    Framed,
    WithLength,
}

const PROVEN: [Served; 3] = [Served::Chunked, Served::Framed, Served::WithLength];

fn films() -> Vec<Film> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/films");
    let list = fs::read_to_string(folder.join("films.txt")).unwrap();
    let films = list.lines().map(|line| {
        let name = line.split('\t').next().unwrap().to_owned();
        let bytes = fs::read(folder.join(format!("{name}.film"))).unwrap();
        Film { name, bytes }
    });
    let films: Vec<_> = films.collect();
    let is_film = |path: &PathBuf| path.extension().is_some_and(|it| it == "film");
    let found = fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path());
    assert_eq!(found.filter(is_film).count(), films.len(), "each is listed");
    films
}

/// The boxes beside each other, with where they end; all of them, or `None`. Not the reader under test.
fn boxes(bytes: &[u8]) -> Option<Vec<(String, usize)>> {
    let (mut boxes, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let head = bytes.get(at..at + 8)?;
        let size = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        let size = match size {
            1 => u64::from_be_bytes(bytes.get(at + 8..at + 16)?.try_into().unwrap()) as usize,
            size => size,
        };
        at += Some(size).filter(|size| *size >= 8)?;
        boxes.push((String::from_utf8(head[4..].to_vec()).ok()?, at));
    }
    (at == bytes.len()).then_some(boxes)
}

fn names(bytes: &[u8]) -> BTreeSet<String> {
    let boxes = boxes(bytes).unwrap_or_default();
    boxes.into_iter().map(|(name, _)| name).collect()
}

/// Where the segment of a Matroska ends, if it says so. Not the reader under test.
fn segment_end(bytes: &[u8]) -> Option<usize> {
    let segment = b"\x18\x53\x80\x67";
    let at = bytes.windows(4).position(|name| name == segment)? + 4;
    let mut length = [0; 8];
    length.copy_from_slice(bytes.get(at..at + 8)?);
    let length = u64::from_be_bytes(length);
    let bits = length.leading_zeros() * 7 + 7;
    let size = length >> (56 - length.leading_zeros() * 8) & ((1 << bits) - 1);
    let is_known = size != (1 << bits) - 1;
    is_known.then(|| at + 1 + length.leading_zeros() as usize + size as usize)
}

/// Whether the container alone shows that this is all.
fn shows_its_end(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"\x1a\x45\xdf\xa3") {
        return segment_end(bytes) == Some(bytes.len());
    }
    let (boxes, names) = (boxes(bytes).unwrap_or_default(), names(bytes));
    let has_all = ["ftyp", "moov", "mdat"]
        .iter()
        .all(|name| names.contains(*name));
    let is_fragmented = bytes.windows(4).any(|name| name == b"mvex") || names.contains("moof");
    has_all && (!is_fragmented || boxes.last().unwrap().0 == "mfra")
}

/// At 25, 50 and 99 of a hundred, and behind each box but the last.
fn cuts(bytes: &[u8]) -> BTreeSet<usize> {
    let mut cuts: BTreeSet<_> = [25, 50, 99].map(|it| bytes.len() * it / 100).into();
    cuts.extend(boxes(bytes).into_iter().flatten().map(|(_, end)| end));
    cuts.remove(&bytes.len());
    cuts
}

/// A server that always sends this, or so much of it.
fn server(bytes: &[u8], cut: Option<usize>, served: Served) -> HyperTransport {
    let sent = &bytes[..cut.unwrap_or(bytes.len())];
    let last_chunk = if cut.is_none() { "0\r\n\r\n" } else { "" };
    let answer = match served {
        Served::Chunked => raw::in_chunks(sent, last_chunk),
        Served::Closed => raw::until_closed(sent),
        Served::Framed => return over_http2(sent.to_vec(), cut.is_none()),
        Served::WithLength => raw::with_length(bytes.len(), sent),
    };
    raw::server(vec![answer; 5])
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A cut stream is reset, and said to be no error.
fn over_http2(sent: Vec<u8>, is_whole: bool) -> HyperTransport {
    HyperTransport::builder()
        .http2_only()
        .build_over(move |_url| {
            let (client, server) = tokio::io::duplex(64 << 10);
            tokio::spawn(answer_streams(server, sent.clone(), is_whole));
            ready(Ok::<_, io::Error>(client))
        })
}

async fn answer_streams(mut server: DuplexStream, sent: Vec<u8>, is_whole: bool) -> io::Result<()> {
    server.read_exact(&mut [0; 24]).await?;
    server.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    loop {
        let mut head = [0; 9];
        server.read_exact(&mut head).await?;
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        server.read_exact(&mut vec![0; length]).await?;
        let stream = u32::from_be_bytes(head[5..].try_into().unwrap());
        if head[3] != HEADERS {
            continue;
        }
        // 0x88 is ":status: 200" in HPACK's static table.
        let mut answer = frame(HEADERS, END_HEADERS, stream, &[0x88]);
        answer.extend(frame(
            DATA,
            if is_whole { END_STREAM } else { 0 },
            stream,
            &sent,
        ));
        if !is_whole {
            answer.extend(frame(RST_STREAM, 0, stream, &[0; 4]));
        }
        server.write_all(&answer).await?;
    }
}

/// Downloads it; the place, and what came of it.
async fn download(
    film: &Film,
    cut: Option<usize>,
    served: Served,
) -> (Place, Result<(), DownloadError>) {
    let place = Place::new();
    let task = Task::from_json(completed().as_bytes()).unwrap();
    let client = client(server(&film.bytes, cut, served));
    let done = client.download(&task, place.path("a.mp4")).await;
    (place, done.map(drop))
}

fn is_taken(film: &Film, place: &Place) -> bool {
    place.files() == ["a.mp4"] && fs::read(place.path("a.mp4")).unwrap() == film.bytes
}

/// It is not there under its name, and what came is.
fn is_kept(part: &[u8], place: &Place) -> bool {
    match part {
        [] => place.files().is_empty(),
        part => {
            place.files() == ["a.mp4.part", "a.mp4.part.json"]
                && fs::read(place.path("a.mp4.part")).unwrap() == part
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whole_film_of_any_writer_is_taken_where_a_length_or_an_end_proves_it() {
    for film in films() {
        for served in PROVEN {
            let (place, done) = download(&film, None, served).await;
            assert!(done.is_ok(), "{} {served:?}: {done:?}", film.name);
            assert!(is_taken(&film, &place), "{} {served:?}", film.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn cut_film_of_no_writer_is_taken_where_a_length_or_an_end_is_missing() {
    for film in films() {
        for at in cuts(&film.bytes) {
            for served in PROVEN {
                let what = format!("{} {served:?}, cut at {at}", film.name);
                let (place, done) = download(&film, Some(at), served).await;
                let kind = done.map_err(|error| error.kind());
                assert_eq!(kind, Err(DownloadErrorKind::Network), "{what}");
                assert!(
                    is_kept(&film.bytes[..at], &place),
                    "{what}: {:?}",
                    place.files()
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn film_that_ends_with_its_connection_is_taken_only_if_its_boxes_show_the_end() {
    let mut taken = 0;
    for film in films() {
        let (place, done) = download(&film, None, Served::Closed).await;
        let shown = shows_its_end(&film.bytes);
        assert_eq!(done.is_ok(), shown, "{}: {done:?}", film.name);
        match done {
            Ok(()) => assert!(is_taken(&film, &place), "{}", film.name),
            Err(error) => is_refused(&film.name, &film.bytes, &place, &error),
        }
        taken += usize::from(shown);
        for at in cuts(&film.bytes) {
            let (cut, rest) = film.bytes.split_at(at);
            if shows_its_end(cut) {
                let holds_media = ["mdat", "moof", "moov"];
                let rest = names(rest);
                assert!(!holds_media.iter().any(|name| rest.contains(*name)));
                continue;
            }
            let what = format!("{}, cut at {at}", film.name);
            let (place, done) = download(&film, Some(at), Served::Closed).await;
            is_refused(&what, cut, &place, &done.expect_err(&what));
        }
    }
    assert_eq!(taken, 38, "of {} films", films().len());
}

/// A proxy that lost its own connection ends its answer politely.
#[tokio::test(start_paused = true)]
async fn cut_matroska_is_not_taken_for_whole_however_politely_it_ends() {
    let films = films();
    let is_matroska = |film: &&Film| film.bytes.starts_with(b"\x1a\x45\xdf\xa3");
    let films: Vec<_> = films.iter().filter(is_matroska).collect();
    assert_eq!(films.len(), 10);
    for film in films {
        for percent in [1, 10, 25, 50, 75, 99] {
            let at = film.bytes.len() * percent / 100;
            let cut = Film {
                name: format!("{}, cut at {at}", film.name),
                bytes: film.bytes[..at].to_vec(),
            };
            let (place, done) = download(&cut, None, Served::Chunked).await;
            is_refused(&cut.name, &cut.bytes, &place, &done.expect_err(&cut.name));
        }
    }
}

/// Whose index stands at its beginning.
#[tokio::test(start_paused = true)]
async fn fragments_that_end_before_their_index_does_are_not_taken_for_whole() {
    let films = films();
    let film = films.iter().find(|film| film.name == "frag-global-sidx");
    let bytes = &film.unwrap().bytes;
    let fragments = boxes(bytes).unwrap().into_iter().enumerate();
    let fragments: Vec<_> = fragments.filter(|(_, (name, _))| name == "mdat").collect();
    assert_eq!(fragments.len(), 4);
    for (number, (_, (_, end))) in fragments.iter().enumerate() {
        let cut = Film {
            name: format!("{} fragments", number + 1),
            bytes: bytes[..*end].to_vec(),
        };
        let (place, done) = download(&cut, None, Served::Chunked).await;
        match number {
            3 => assert!(is_taken(&cut, &place), "{done:?}"),
            _ => is_refused(&cut.name, &cut.bytes, &place, &done.expect_err(&cut.name)),
        }
    }
}

/// With the reason, and where what came is kept.
#[track_caller]
fn is_refused(what: &str, came: &[u8], place: &Place, error: &DownloadError) {
    assert_eq!(error.kind(), DownloadErrorKind::Unproven, "{what}: {error}");
    assert!(is_kept(came, place), "{what}: {:?}", place.files());
    assert_eq!(
        error.kept(),
        Some(place.path("a.mp4.part").as_path()),
        "{what}"
    );
    let text = error.to_string();
    assert!(
        text.contains("nothing shows that all of it came: "),
        "{what}: {text}"
    );
}
