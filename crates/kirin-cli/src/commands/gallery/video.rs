//! The videos of a folder, and what the ledger knows of each.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use kirin_ledger::{Entry, Ledger, LedgerError};
use kirin_types::{GenerationRequest, Timestamp};

use super::frame_size::{self, FrameSize};

/// A video of the folder.
#[derive(Debug)]
pub(super) struct Video {
    pub(super) name: OsString,
    /// Other files of the same task, such as a watermarked copy.
    pub(super) others: Vec<OsString>,
    /// Where the file says it.
    pub(super) size: Option<FrameSize>,
    /// When it was asked for; of a file that the ledger does not know, when it was written.
    pub(super) at: Option<Timestamp>,
    pub(super) known: Option<Known>,
}

/// What the ledger knows of it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) entry: Entry,
    /// None where the request is one that this version would not send any more.
    pub(super) request: Option<GenerationRequest>,
}

/// A file of the folder.
#[derive(Debug)]
pub(super) struct VideoFile {
    name: OsString,
    path: PathBuf,
    /// Without links, as a ledger's file can be compared with.
    canonical: PathBuf,
}

/// The files of a folder that could be shown.
pub(super) fn list_files(folder: &Path) -> io::Result<Vec<VideoFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let (name, path) = entry.map(|entry| (entry.file_name(), entry.path()))?;
        // A link may lead nowhere, and a file may go away.
        let Ok(canonical) = path.canonicalize() else {
            continue;
        };
        if path.is_file() && !name.as_encoded_bytes().starts_with(b".") {
            let file = VideoFile {
                name,
                path,
                canonical,
            };
            files.push(file);
        }
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(files)
}

/// Those among the files that the ledger knows, and every other MP4 file; the newest first.
pub(super) async fn find_videos(
    ledger: Option<&Ledger>,
    files: Vec<VideoFile>,
) -> Result<Vec<Video>, LedgerError> {
    let entries = match ledger {
        Some(ledger) => ledger.entries().await?,
        None => Vec::new(),
    };
    let known = by_file(&entries, &files);
    let mut videos = Vec::new();
    let mut of_entries: BTreeMap<usize, BTreeMap<usize, VideoFile>> = BTreeMap::new();
    for file in files {
        match known.get(&file.canonical) {
            Some(&(entry, place)) => {
                of_entries.entry(entry).or_default().insert(place, file);
            }
            None if is_mp4(&file.path) => videos.push(Video::new(file, None)),
            None => {}
        }
    }
    for (entry, files) in of_entries {
        let known = known_of(ledger, &entries[entry]).await;
        let mut files = files.into_values();
        // The video comes before its watermarked copy.
        if let Some(first) = files.next() {
            let mut video = Video::new(first, Some(known));
            video.others = files.map(|file| file.name).collect();
            videos.push(video);
        }
    }
    videos.sort_by_key(|video| video.at.map_or(0, |at| -at.milliseconds()));
    Ok(videos)
}

/// The entry of each file, and its position in that entry; of two entries, the later one has written it.
fn by_file(entries: &[Entry], files: &[VideoFile]) -> HashMap<PathBuf, (usize, usize)> {
    let names: HashSet<_> = files
        .iter()
        .map(|file| file.canonical.file_name())
        .collect();
    let mut known = HashMap::new();
    for (number, entry) in entries.iter().enumerate() {
        for (place, file) in entry.files.iter().enumerate() {
            // To follow the links of every file of a long history takes its time.
            if names.contains(&file.path.file_name())
                && let Ok(canonical) = file.path.canonicalize()
            {
                known.insert(canonical, (number, place));
            }
        }
    }
    known
}

async fn known_of(ledger: Option<&Ledger>, entry: &Entry) -> Known {
    let intent = match ledger {
        Some(ledger) => ledger.intent(entry.number).await.ok(),
        None => None,
    };
    Known {
        entry: entry.clone(),
        request: intent.map(|intent| intent.request),
    }
}

fn is_mp4(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("mp4"))
}

impl Video {
    fn new(file: VideoFile, known: Option<Known>) -> Self {
        let asked_for = known.as_ref().and_then(|known| known.entry.intended_at);
        Self {
            // An unreadable video is shown without a size, and the browser says that it cannot play it.
            size: frame_size::read_frame_size(&file.path).ok().flatten(),
            at: asked_for.or_else(|| modified_at(&file.path)),
            name: file.name,
            others: Vec::new(),
            known,
        }
    }
}

/// When a file was written.
fn modified_at(path: &Path) -> Option<Timestamp> {
    let modified = fs::metadata(path).ok()?.modified().ok()?;
    let since = modified.duration_since(UNIX_EPOCH).ok()?;
    let milliseconds = i64::try_from(since.as_millis()).ok()?;
    Some(Timestamp::from_milliseconds(milliseconds))
}
