//! What is written down beside a part file, so that another process knows it and can continue it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use kirin_types::TaskId;
use serde::{Deserialize, Serialize};

use super::{
    content::{Content, Digest},
    identity::FileIdentity,
    judgement::Received,
    outputs::Output,
};

/// Which file a part is, of what, and which bytes are in it. It holds no URL: a signed one is a secret,
/// and it would have expired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    version: u32,
    /// The part file. A note of version 1 does not say, nor does one that is written before its part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    part: Option<FileIdentity>,
    /// The empty file that holds the output's name while the part is renamed over it; unknown until it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) placeholder: Option<FileIdentity>,
    /// Whether what came was refused: it is kept for whoever wants to look at it, and never continued.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_refused: bool,
    task: Option<TaskId>,
    output: usize,
    is_watermarked: bool,
    /// Strong: without one there is nothing to continue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    #[serde(default)]
    bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<Digest>,
    /// What the server said the whole hashes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    announced_sha256: Option<Digest>,
}

/// Of this layout. What a later one says is not understood, and its part is left alone.
const VERSION: u32 = 2;

/// No note is longer.
const MAX_BYTES: u64 = 64 << 10;

impl Note {
    /// Of a part in which nothing is yet; a place that is only tried is of no task.
    pub(super) fn new(wanted: Option<(&TaskId, &Output)>) -> Self {
        Self {
            version: VERSION,
            part: None,
            placeholder: None,
            is_refused: false,
            task: wanted.map(|(task, _)| task.clone()),
            output: wanted.map_or(0, |(_, output)| output.number),
            is_watermarked: wanted.is_some_and(|(_, output)| output.is_watermarked),
            etag: None,
            total: None,
            bytes: 0,
            sha256: None,
            announced_sha256: None,
        }
    }

    /// The note in a file, if it is one that this library has written.
    pub(super) fn read(path: &Path) -> Option<Self> {
        // What is no plain file is not opened: a pipe would be waited for.
        fs::symlink_metadata(path)
            .ok()
            .filter(fs::Metadata::is_file)?;
        let mut json = Vec::new();
        let file = File::open(path).ok()?;
        file.take(MAX_BYTES).read_to_end(&mut json).ok()?;
        Self::from_json(&json)
    }

    fn from_json(json: &[u8]) -> Option<Self> {
        let found: Self = serde_json::from_slice(json).ok()?;
        let is_known = (1..=VERSION).contains(&found.version);
        let is_strong = |etag: &String| etag.starts_with('"');
        (is_known && found.etag.as_ref().is_none_or(is_strong)).then_some(found)
    }

    fn to_json(&self) -> Vec<u8> {
        // Strings and numbers only: nothing that JSON cannot say.
        serde_json::to_vec(self).expect("JSON")
    }

    /// Says which file the part is.
    pub(super) fn of_part(mut self, part: &fs::Metadata) -> Self {
        self.version = VERSION;
        self.part = Some(FileIdentity::of(part));
        // One of an earlier process is gone, or is not known.
        self.placeholder = None;
        self
    }

    /// Whether it speaks of no part file yet.
    pub(super) fn is_unused(&self) -> bool {
        self.part.is_none() && self.bytes == 0
    }

    /// Whether it surely speaks of this part file, by what file it is, or because nothing is in it yet.
    pub(super) fn is_about(&self, part: &fs::Metadata) -> bool {
        match &self.part {
            Some(identity) => identity.proves(part),
            None => self.bytes == 0 && part.len() == 0,
        }
    }

    /// Whether its part is of the same output of the same task, at whatever URL.
    pub(super) fn is_of(&self, task: &TaskId, output: &Output) -> bool {
        self.task.as_ref() == Some(task) && output.is(self.output, self.is_watermarked)
    }

    /// How many bytes of the part file it speaks of.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether `content` is what was written down.
    pub(super) fn is_confirmed_by(&self, content: &Content) -> bool {
        self.bytes > 0 && content.bytes() == self.bytes && self.sha256 == Some(content.digest())
    }

    /// What was received, if `content` is what was written down and can be continued.
    pub(super) fn received(self, content: Content) -> Option<Received> {
        let can_go_on = self.is_confirmed_by(&content) && !self.is_refused;
        let etag = self.etag.filter(|_| can_go_on)?;
        Some(Received {
            content,
            etag: Some(etag),
            total: self.total,
            announced: self.announced_sha256,
        })
    }

    /// Writes down what there is. Without a strong entity tag it is nothing to continue, and still tells the
    /// part from someone else's file.
    pub(super) fn set_received(&mut self, received: &Received) {
        self.bytes = received.bytes();
        self.etag = received.etag.clone();
        self.sha256 = (self.bytes > 0).then(|| received.content.digest());
        self.total = received.total;
        self.announced_sha256 = received.announced.clone();
    }
}

/// The file of a note, which no one else has made. It is written in place: a file to be renamed over it
/// would need a name that is no one else's either. What a crash tears costs the next process what the part
/// holds, and nothing else.
#[derive(Debug)]
pub(super) struct NoteFile {
    file: File,
    length: usize,
}

impl NoteFile {
    /// Makes it where there is nothing.
    ///
    /// # Errors
    ///
    /// There is something, or it cannot be written.
    pub(super) fn create(path: &Path, note: &Note) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        let mut file = Self { file, length: 0 };
        match file.write(note) {
            Ok(()) => Ok(file),
            Err(error) => {
                let _ = fs::remove_file(path);
                Err(error)
            }
        }
    }

    /// Opens one that is there, and is [ours](Note::read).
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path)?;
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        Ok(Self { file, length })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Replaces what it says. Spaces fill it up to what was longer, so that at no moment it is two notes.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn write(&mut self, note: &Note) -> io::Result<()> {
        let mut json = note.to_json();
        json.resize(json.len().max(self.length), b' ');
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&json)?;
        self.length = json.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(number: usize) -> Output {
        Output {
            url: "https://cdn.example.com/a.mp4?signature=s".into(),
            number,
            is_watermarked: false,
            is_video: true,
        }
    }

    fn task(id: &str) -> TaskId {
        id.parse().unwrap()
    }

    fn received(bytes: &[u8]) -> Received {
        let mut received = Received {
            etag: Some("\"v1\"".into()),
            total: Some(200),
            ..Received::default()
        };
        received.content.feed(bytes);
        received
    }

    fn note(received: &Received) -> Note {
        let mut note = Note::new(Some((&task("task-1"), &output(0))));
        note.set_received(received);
        note
    }

    fn content(bytes: &[u8]) -> Content {
        let mut content = Content::default();
        content.feed(bytes);
        content
    }

    #[test]
    fn only_the_same_output_of_the_same_task_goes_on() {
        let read = Note::from_json(&note(&received(b"abc")).to_json()).unwrap();
        assert_eq!(read, note(&received(b"abc")));
        assert!(read.is_of(&task("task-1"), &output(0)));
        assert!(!read.is_of(&task("task-2"), &output(0)));
        assert!(!read.is_of(&task("task-1"), &output(1)));
    }

    #[test]
    fn what_is_no_note_of_this_library_is_none() {
        let json = String::from_utf8(note(&received(b"abc")).to_json()).unwrap();
        assert!(Note::from_json(json.as_bytes()).is_some());
        for other in [
            "{".into(),
            "{}".into(),
            "null".into(),
            json.replace("\"version\":2", "\"version\":3"),
            json.replace("\"version\":2", "\"version\":2,\"mine\":1"),
            json.replace("\\\"v1", "W/\\\"v1"),
        ] {
            assert_eq!(Note::from_json(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn note_of_version_1_is_read() {
        let digest = content(b"abc").digest();
        let json = serde_json::json!({ "version": 1, "task": "task-1", "output": 0, "is_watermarked": false,
            "etag": "\"v1\"", "total": 200, "bytes": 3, "sha256": digest });
        let read = Note::from_json(json.to_string().as_bytes()).unwrap();
        assert_eq!(read.received(content(b"abc")).unwrap().total, Some(200));
    }

    #[test]
    fn only_the_same_bytes_are_gone_on_with() {
        let written = note(&received(b"abc"));
        let received = written.clone().received(content(b"abc")).unwrap();
        assert_eq!(received.range(), Some((3, "\"v1\"")));
        assert_eq!(received.total, Some(200));
        for other in [&b"abd"[..], b"ab", b"abcd"] {
            assert!(written.clone().received(content(other)).is_none());
        }
        let refused = Note {
            is_refused: true,
            ..written
        };
        assert!(refused.received(content(b"abc")).is_none());
    }

    #[test]
    fn nothing_is_gone_on_with_without_a_strong_tag_or_without_bytes() {
        let mut without_tag = received(b"abc");
        without_tag.etag = None;
        assert!(note(&without_tag).received(content(b"abc")).is_none());
        assert!(note(&received(b"")).received(content(b"")).is_none());
    }

    #[test]
    fn a_note_that_became_shorter_is_still_one_note() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note");
        let mut file = NoteFile::create(&path, &note(&received(b"abc"))).unwrap();
        let empty = note(&received(b""));
        file.write(&empty).unwrap();
        assert_eq!(Note::read(&path), Some(empty.clone()));
        drop(file);
        let mut file = NoteFile::open(&path).unwrap();
        file.write(&note(&received(b"abcd"))).unwrap();
        assert_eq!(Note::read(&path), Some(note(&received(b"abcd"))));
        assert!(NoteFile::create(&path, &empty).is_err());
    }
}
