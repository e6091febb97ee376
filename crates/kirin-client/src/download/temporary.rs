//! The part file of a download and the note beside it, under names that are no one else's.

use std::{
    error::Error as _,
    ffi::OsStr,
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use kirin_types::TaskId;

use super::{
    DownloadError, DownloadErrorKind,
    content::Content,
    error::ELSEWHERE,
    identity::FileIdentity,
    note::{Note, NoteFile},
    outputs::Output,
};

/// How many names are tried where files of others stand under the first ones.
const NAMES: u32 = 9;

/// How long after its note an empty file may have been made. FAT keeps the time of a note to two seconds.
const AT_ONCE: Duration = Duration::from_secs(5);

/// How often a name is looked at again that another process has changed in the meantime.
const LOOKS: u32 = 5;

/// A part file, locked against other processes, and its note.
///
/// The names are `NAME.part` and `NAME.part.json`. What stands under one of them and is not surely from
/// this library is left as it is: `NAME.2.part` is next.
#[derive(Debug)]
pub(super) struct Temporary {
    names: Names,
    part: File,
    /// Boxed, for it is most of this.
    note: Box<Note>,
    note_file: NoteFile,
    /// Locked parts of other tasks' outputs for the same path: it is the file that must not have two writers.
    _others: Vec<File>,
}

/// What there is under a pair of names.
enum Found {
    /// A part of another output, with bytes in it that someone may want.
    OfAnother(File),
    Own(Temporary),
    /// A file that this library has not surely written.
    Strange,
}

impl Temporary {
    /// Finds the part file of an output, or makes an empty one, and locks it. Without an output, a place is
    /// only tried.
    ///
    /// # Errors
    ///
    /// Another process is at work there, or nothing can be written.
    pub(super) fn lock(
        path: &Path,
        wanted: Option<(&TaskId, &Output)>,
    ) -> Result<Self, DownloadError> {
        if wanted.is_none() {
            // Which of them a download will need is not known yet.
            metadata(&Names::longest(path).note).map_err(not_written)?;
        }
        let mut others = Vec::new();
        for names in Names::all(path) {
            match names.take(wanted)? {
                Found::OfAnother(part) => others.push(part),
                Found::Own(mut own) => {
                    own._others = others;
                    return Ok(own);
                }
                Found::Strange => {}
            }
        }
        Err(exists(
            "other files stand under every name of a part file beside it",
        ))
    }

    pub(super) fn path(&self) -> &Path {
        &self.names.part
    }

    pub(super) fn part(&self) -> &File {
        &self.part
    }

    pub(super) fn note(&self) -> &Note {
        &self.note
    }

    /// Changes what the note says.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn change_note(&mut self, change: impl FnOnce(&mut Note)) -> io::Result<()> {
        change(&mut self.note);
        self.note_file.write(&self.note)
    }

    /// Whether the name of the part still leads to it.
    pub(super) fn is_in_place(&self) -> bool {
        is_at(&self.part, &self.names.part)
    }

    /// Removes both files, if their names still lead to them. Failing to tidy up is no reason to fail.
    pub(super) fn remove(&self) {
        if self.is_in_place() {
            let _ = remove(&self.names.part);
        }
        if is_at(self.note_file.file(), &self.names.note) {
            let _ = remove(&self.names.note);
        }
    }
}

impl Drop for Temporary {
    /// A part file without content is of no use to anyone.
    fn drop(&mut self) {
        let is_empty = |part: &File| part.metadata().is_ok_and(|metadata| metadata.len() == 0);
        if is_empty(&self.part) {
            self.remove();
        }
    }
}

/// The names of a part file and its note.
#[derive(Debug)]
struct Names {
    part: PathBuf,
    note: PathBuf,
}

impl Names {
    fn all(path: &Path) -> impl Iterator<Item = Self> {
        (1..=NAMES).map(|number| Self::numbered(path, number))
    }

    fn numbered(path: &Path, number: u32) -> Self {
        let part = match number {
            1 => path.with_added_extension("part"),
            _ => path.with_added_extension(format!("{number}.part")),
        };
        let note = part.with_added_extension("json");
        Self { part, note }
    }

    fn longest(path: &Path) -> Self {
        Self::numbered(path, NAMES)
    }

    fn take(self, wanted: Option<(&TaskId, &Output)>) -> Result<Found, DownloadError> {
        for _ in 0..LOOKS {
            let looked = match metadata(&self.part).map_err(not_written)? {
                None => self.make(wanted)?,
                Some(metadata) if metadata.is_file() => self.open()?,
                Some(_) => Looked::Strange,
            };
            let (part, note, note_file) = match looked {
                Looked::Changed => continue,
                Looked::Strange => return Ok(Found::Strange),
                Looked::Own(part, note, note_file) => (part, *note, note_file),
            };
            let is_empty = part.metadata().map_err(not_written)?.len() == 0;
            let is_of_another = wanted.is_some_and(|(task, output)| !note.is_of(task, output));
            if is_of_another && !is_empty {
                return Ok(Found::OfAnother(part));
            }
            let note = match is_of_another {
                true => Note::new(wanted),
                false => note,
            };
            let note = note.of_part(&part.metadata().map_err(not_written)?);
            let mut own = Temporary {
                names: self,
                part,
                note: Box::new(note),
                note_file,
                _others: Vec::new(),
            };
            own.change_note(|_| {}).map_err(not_written)?;
            return Ok(Found::Own(own));
        }
        Err(elsewhere())
    }

    /// Makes both, the note first: a crash in between leaves no file without an owner.
    fn make(&self, wanted: Option<(&TaskId, &Output)>) -> Result<Looked, DownloadError> {
        let note = Note::new(wanted);
        let note_file = match metadata(&self.note).map_err(not_written)? {
            None => NoteFile::create(&self.note, &note),
            Some(_) if Note::read(&self.note).is_some() => NoteFile::open(&self.note),
            Some(_) => return Ok(Looked::Strange),
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let made = note_file.and_then(|note_file| Ok((note_file, options.open(&self.part)?)));
        match made {
            Ok((note_file, part)) => self.locked(part, |_| Some(note), note_file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Looked::Changed),
            Err(error) => {
                // Only a note that speaks of no part is there.
                let _ = remove_unused(&self.note);
                Err(not_written(error))
            }
        }
    }

    /// Opens what is there, and finds out whether it is ours.
    fn open(&self) -> Result<Looked, DownloadError> {
        if Note::read(&self.note).is_none() {
            // Whoever is at work on it may know what it is.
            return match File::open(&self.part) {
                Ok(part) if is_locked_elsewhere(&part) => Err(elsewhere()),
                _ => Ok(Looked::Strange),
            };
        }
        let part = OpenOptions::new().read(true).write(true).open(&self.part);
        let opened = part.and_then(|part| Ok((part, NoteFile::open(&self.note)?)));
        match opened {
            Ok((part, note_file)) => {
                let ours = |part: &File| Note::read(&self.note).filter(|note| is_ours(note, part));
                self.locked(part, ours, note_file)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Looked::Changed),
            // What this library writes it can open.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(Looked::Strange),
            Err(error) => Err(not_written(error)),
        }
    }

    /// Locks the part, and reads the note under the lock.
    fn locked(
        &self,
        part: File,
        note: impl FnOnce(&File) -> Option<Note>,
        note_file: NoteFile,
    ) -> Result<Looked, DownloadError> {
        if is_locked_elsewhere(&part) {
            return Err(elsewhere());
        }
        // Between the opening and the lock, another process may have made it the finished file.
        if !is_at(&part, &self.part) {
            return Ok(Looked::Changed);
        }
        let Some(note) = note(&part) else {
            return Ok(Looked::Strange);
        };
        if has_other_names(&part) {
            // A crash between the two steps of a commit left it: writing to it would damage the finished file.
            // The lock shows that nobody is in between the two steps.
            remove(&self.part).map_err(|source| {
                DownloadError::disk("has a part file that cannot be removed", source)
            })?;
            return Ok(Looked::Changed);
        }
        Ok(Looked::Own(part, Box::new(note), note_file))
    }
}

/// What a look at a pair of names found.
enum Looked {
    /// Another process has changed it in the meantime.
    Changed,
    Own(File, Box<Note>, NoteFile),
    Strange,
}

/// Whether the part is the one that the note speaks of: by what file it is, or, where the file system does not
/// tell, by what is in it.
fn is_ours(note: &Note, part: &File) -> bool {
    part.metadata()
        .is_ok_and(|metadata| note.is_about(&metadata))
        || content(part, note.bytes()).is_ok_and(|content| note.is_confirmed_by(&content))
}

/// The first bytes of a file.
pub(super) fn content(file: &File, limit: u64) -> io::Result<Content> {
    let mut beginning = file.take(limit);
    let mut content = Content::default();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match beginning.read(&mut buffer)? {
            0 => return Ok(content),
            count => content.feed(&buffer[..count]),
        }
    }
}

/// Removes what an ended process has left at `path` itself or as a second name of it. Failing to tidy up is
/// no reason to fail.
pub(super) fn clear_leftovers(path: &Path) {
    for names in Names::all(path) {
        if let Some(note) = Note::read(&names.note) {
            let _ = clear_leftover(path, &names, &note);
        }
    }
}

/// A commit that was killed leaves the finished file with two names, or an empty file that holds the name.
fn clear_leftover(path: &Path, names: &Names, note: &Note) -> io::Result<()> {
    let Some(found) = metadata(path)?.filter(Metadata::is_file) else {
        return Ok(());
    };
    let Some(part_found) = metadata(&names.part)?.filter(Metadata::is_file) else {
        return Ok(());
    };
    let part = File::open(&names.part)?;
    if !is_ours(note, &part) || is_locked_elsewhere(&part) {
        return Ok(());
    }
    let is_placeholder = match note.placeholder {
        Some(FileIdentity::UNKNOWN) => {
            was_made_at_once(&found, &fs::symlink_metadata(&names.note)?)
        }
        Some(identity) => identity.proves(&found),
        None => false,
    };
    if is_placeholder && found.len() == 0 {
        return remove(path);
    }
    if may_be_one(&found, &part_found) {
        remove(&names.part)?;
        remove(&names.note)?;
    }
    Ok(())
}

/// Removes the parts of an output that earlier processes have left beside `path`, if they are surely that and
/// no one is at work on them. Failing to tidy up is no reason to fail.
pub(super) fn remove_parts(path: &Path, task: &TaskId, output: &Output) {
    for names in Names::all(path) {
        let note = Note::read(&names.note).filter(|note| note.is_of(task, output));
        if let Some(note) = note {
            let _ = remove_part(&names, &note);
        }
    }
}

fn remove_part(names: &Names, note: &Note) -> io::Result<()> {
    if !metadata(&names.part)?.is_some_and(|found| found.is_file()) {
        return Ok(());
    }
    let part = File::open(&names.part)?;
    if is_ours(note, &part) && !is_locked_elsewhere(&part) {
        remove(&names.part)?;
        remove(&names.note)?;
    }
    Ok(())
}

/// Says of a name that is too long how long it may be.
pub(super) fn explain_too_long(error: DownloadError, path: &Path) -> DownloadError {
    let source = error.source().and_then(|it| it.downcast_ref::<io::Error>());
    if source.is_none_or(|source| source.kind() != io::ErrorKind::InvalidFilename) {
        return error;
    }
    let length = |path: &Path| path.file_name().map_or(0, OsStr::len);
    let (name, longest) = (length(path), length(&Names::longest(path).note));
    let lengths: Vec<_> = (1..=longest).collect();
    let fits = |length: &usize| {
        let found = fs::symlink_metadata(path.with_file_name("x".repeat(*length)));
        found.map_or_else(
            |error| error.kind() != io::ErrorKind::InvalidFilename,
            |_| true,
        )
    };
    let room = lengths.partition_point(fits);
    match room.checked_sub(longest - name) {
        None | Some(0) => {
            let detail = "the path of its folder is too long for a name in it";
            DownloadError::new(DownloadErrorKind::Disk, detail)
        }
        Some(most) => {
            let detail = format!(
                "its name has {name} bytes, and may have {most} here, for the name of its part file is longer"
            );
            DownloadError::new(DownloadErrorKind::Disk, detail).with_longest_name(most)
        }
    }
}

/// Whether a file was made directly after a note was written, which said that it would be.
fn was_made_at_once(found: &Metadata, note: &Metadata) -> bool {
    let (Ok(created), Ok(noted)) = (found.created(), note.modified()) else {
        return false;
    };
    created
        .duration_since(noted)
        .is_ok_and(|since| since <= AT_ONCE)
}

/// What is under a name, without following a link; `None` where there is nothing.
pub(super) fn metadata(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // A name in a folder that is not there is no free name.
            let folder = path.parent().filter(|folder| *folder != Path::new(""));
            folder.map_or(Ok(None), |folder| fs::metadata(folder).map(|_| None))
        }
        found => found.map(Some),
    }
}

fn is_locked_elsewhere(file: &File) -> bool {
    // A file system without locks: the name alone has to do.
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// Whether the file would stay if the name of the part were removed.
#[cfg(unix)]
fn has_other_names(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;

    file.metadata().is_ok_and(|metadata| metadata.nlink() > 1)
}

/// Nothing that is stable tells it here.
#[cfg(not(unix))]
fn has_other_names(_file: &File) -> bool {
    false
}

/// Whether the name still leads to the open file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => may_be_one(&open, &named),
        _ => false,
    }
}

/// Whether the name still leads to a file; an open one cannot be renamed here.
#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(unix)]
fn may_be_one(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Nothing that is stable tells it here, and nothing is linked either.
#[cfg(not(unix))]
fn may_be_one(_one: &Metadata, _other: &Metadata) -> bool {
    false
}

/// Removes a note that speaks of no part.
fn remove_unused(note: &Path) -> io::Result<()> {
    match Note::read(note).is_some_and(|note| note.is_unused()) {
        true => remove(note),
        false => Ok(()),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn not_written(source: io::Error) -> DownloadError {
    DownloadError::disk("cannot be written", source)
}

fn elsewhere() -> DownloadError {
    exists(ELSEWHERE)
}

pub(super) fn exists(detail: &str) -> DownloadError {
    DownloadError::new(DownloadErrorKind::Exists, detail)
}
