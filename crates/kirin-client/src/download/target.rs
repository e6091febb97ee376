//! The file that is written, and the part file beside it until it is whole.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use kirin_types::TaskId;
use tempfile::TempPath;

use super::{
    DownloadError,
    identity::FileIdentity,
    outputs::Output,
    temporary::{Temporary, clear_leftovers, exists, explain_too_long},
};
use crate::FileDigest;

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IfExists {
    /// It stays, and is enough, if its bytes are those of the output.
    Compare,
    Refuse,
    Replace,
}

/// A place for a video, found to be free and writable, and locked against others. The bytes go
/// to a part file beside it; the path itself holds a whole file or nothing new.
#[derive(Debug)]
pub(super) struct DownloadTarget {
    path: PathBuf,
    if_exists: IfExists,
    temporary: Temporary,
}

impl DownloadTarget {
    /// Checks that a file can be written at `path`, and locks the place. A directory is an error, whatever is
    /// to become of a file. Without an output, the place is only tried.
    ///
    /// # Errors
    ///
    /// There is a file or a directory, someone else writes there, or nothing can be written.
    pub(super) fn prepare(
        path: impl Into<PathBuf>,
        if_exists: IfExists,
        wanted: Option<(&TaskId, &Output)>,
    ) -> Result<Self, DownloadError> {
        let path = path.into();
        clear_leftovers(&path);
        let temporary = check(&path, if_exists)
            .and_then(|()| Temporary::lock(&path, wanted))
            // It may have been finished while this one waited to open it.
            .and_then(|temporary| check(&path, if_exists).map(|()| temporary))
            .map_err(|error| match error.can_be_overwritten() {
                // Without it, there may be another reason.
                true => error.overwritten_if(Temporary::lock(&path, wanted).is_ok()),
                false => explain_too_long(error, &path),
            })
            .map_err(|error| error.at(&path))?;
        Ok(Self {
            path,
            if_exists,
            temporary,
        })
    }

    pub(super) fn temporary(&mut self) -> &mut Temporary {
        &mut self.temporary
    }

    /// Where that is which came, if it is there under a name.
    pub(super) fn kept(&self) -> Option<PathBuf> {
        let metadata = self.temporary.part().metadata();
        let has_bytes = metadata.is_ok_and(|metadata| metadata.len() > 0);
        let is_kept = has_bytes && self.temporary.is_in_place();
        is_kept.then(|| self.temporary.path().into())
    }

    /// Makes the part file durable, before anything is said of it.
    ///
    /// # Errors
    ///
    /// It cannot be. What could not be synced is not what the next read shows, and a second sync would answer
    /// that all is well, so the part is thrown away.
    pub(super) fn sync(&mut self) -> Result<(), DownloadError> {
        self.temporary.part().sync_all().map_err(|source| {
            self.temporary.remove();
            let detail = "cannot be synced to the disk, and what came is thrown away";
            DownloadError::disk(detail, source)
        })
    }

    /// Makes the part file, which has this content and is synced, the file: renamed, and the directory synced.
    ///
    /// # Errors
    ///
    /// There is another file, or the name cannot be given.
    pub(super) fn commit(&mut self, content: &FileDigest) -> Result<PathBuf, DownloadError> {
        self.give_name(content).map(|()| self.path.clone())
    }

    fn give_name(&mut self, content: &FileDigest) -> Result<(), DownloadError> {
        if !self.temporary.is_in_place() {
            let moved = io::Error::from(io::ErrorKind::NotFound);
            let detail = "somebody has moved or replaced the part file";
            return Err(DownloadError::disk(detail, moved));
        }
        let taken = match self.if_exists {
            IfExists::Replace => fs::rename(self.temporary.path(), &self.path),
            IfExists::Refuse => self.name_without_replacing(name),
            IfExists::Compare => match FileDigest::of_linked(&self.path) {
                Ok(there) if there == *content => Ok(()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.name_without_replacing(name)
                }
                _ => Err(io::ErrorKind::AlreadyExists.into()),
            },
        };
        taken.map_err(|source| match (source.kind(), self.if_exists) {
            (io::ErrorKind::AlreadyExists, if_exists) => {
                let detail = match if_exists {
                    IfExists::Compare => NOT_THE_OUTPUT,
                    _ => "appeared during the download, and is not overwritten unasked",
                };
                exists(detail).overwritten_if(check(&self.path, IfExists::Replace).is_ok())
            }
            // It may be immutable, or mounted by itself.
            (_, IfExists::Replace) if self.path.symlink_metadata().is_ok() => {
                exists("cannot be replaced").with_source(source)
            }
            _ => DownloadError::disk("the part file cannot be renamed", source),
        })?;
        self.temporary.remove();
        sync_directory(&self.path);
        Ok(())
    }

    /// Gives the part file its name only where there is nothing of that name.
    fn name_without_replacing(
        &mut self,
        name: impl FnOnce(&Path, &Path) -> io::Result<()>,
    ) -> io::Result<()> {
        match name(self.temporary.path(), &self.path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                // A file system that can neither rename without replacing nor link.
                self.name_over_placeholder().map_err(|_| error)
            }
            done => done,
        }
    }

    /// Takes the name by an empty file, and renames over that.
    fn name_over_placeholder(&mut self) -> io::Result<()> {
        let placeholder = self.make_placeholder()?;
        let identity = FileIdentity::of(&placeholder.metadata()?);
        let renamed = self
            .temporary
            .change_note(|note| note.placeholder = Some(identity))
            .and_then(|()| still_empty(&placeholder, &self.path))
            .and_then(|()| fs::rename(self.temporary.path(), &self.path));
        if renamed.is_err() && still_empty(&placeholder, &self.path).is_ok() {
            let _ = fs::remove_file(&self.path);
        }
        renamed
    }

    /// Whoever finds the empty file after a crash knows it by the note, which speaks of it before it is there.
    fn make_placeholder(&mut self) -> io::Result<File> {
        self.temporary
            .change_note(|note| note.placeholder = Some(FileIdentity::UNKNOWN))?;
        let mut options = OpenOptions::new();
        let made = options.write(true).create_new(true).open(&self.path);
        if made.is_err() {
            self.temporary.change_note(|note| note.placeholder = None)?;
        }
        made
    }
}

pub(super) const NOT_THE_OUTPUT: &str =
    "is another file than this output of the task, and is not overwritten unasked";

/// Renames without replacing, or links where the file system cannot do that.
fn name(part: &Path, path: &Path) -> io::Result<()> {
    let mut part = TempPath::try_from_path(part)?;
    // What cannot be given its name stays, for it was paid for.
    part.disable_cleanup(true);
    part.persist_noclobber(path).map_err(|error| error.error)
}

/// Whether a name still leads to the empty file that took it.
fn still_empty(placeholder: &File, path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    let is_same = FileIdentity::of(&placeholder.metadata()?) == FileIdentity::of(&found);
    match is_same && found.is_file() && found.len() == 0 {
        true => Ok(()),
        false => Err(io::ErrorKind::AlreadyExists.into()),
    }
}

/// Whether something may be written at `path`.
fn check(path: &Path, if_exists: IfExists) -> Result<(), DownloadError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(exists("is a directory")),
        // A device, a pipe or a socket: replacing one is never what was meant.
        Ok(metadata) if !metadata.is_file() && !metadata.is_symlink() => {
            Err(exists("is not a plain file"))
        }
        // A link to the output is as good as the output.
        Ok(_) if if_exists == IfExists::Compare && path.is_file() => Ok(()),
        Ok(_) if if_exists != IfExists::Replace => {
            Err(exists("exists already, and is not overwritten unasked").overwritten_if(true))
        }
        _ => Ok(()),
    }
}

/// The name is only as durable as its directory. Some systems cannot sync one; the file itself is
/// synced in any case.
fn sync_directory(path: &Path) {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if let Ok(directory) = File::open(directory) {
        let _ = directory.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::download::DownloadErrorKind;

    fn target(path: &Path) -> DownloadTarget {
        let mut target = DownloadTarget::prepare(path, IfExists::Refuse, None).unwrap();
        target.temporary().part().write_all(b"whole").unwrap();
        target
    }

    /// What is there when an empty file has taken the name, and the process is gone.
    fn kill_before_the_rename(path: &Path) {
        let mut killed = target(path);
        let placeholder = File::create_new(path).unwrap();
        let identity = FileIdentity::of(&placeholder.metadata().unwrap());
        let noted = killed
            .temporary
            .change_note(|note| note.placeholder = Some(identity));
        noted.unwrap();
    }

    #[test]
    fn place_in_use_is_refused_to_another_until_it_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        let prepare = || DownloadTarget::prepare(&path, IfExists::Refuse, None);
        let first = prepare().unwrap();
        let second = prepare().map(drop).unwrap_err();
        assert_eq!(second.kind(), DownloadErrorKind::Exists);
        drop(first);
        assert!(prepare().is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn where_nothing_can_be_linked_an_empty_file_takes_the_name_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        let unsupported = |_: &Path, _: &Path| Err(io::ErrorKind::Unsupported.into());
        let named = target(&path).name_without_replacing(unsupported);
        named.unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");

        let mut late = target(&folder.path().join("b.mp4"));
        fs::write(folder.path().join("b.mp4"), "precious").unwrap();
        let refused = late.name_over_placeholder().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        let there = fs::read(folder.path().join("b.mp4")).unwrap();
        assert_eq!(there, b"precious");
    }

    #[test]
    fn empty_file_that_took_the_name_before_a_crash_is_known_by_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        kill_before_the_rename(&path);

        let mut next = DownloadTarget::prepare(&path, IfExists::Refuse, None).unwrap();
        assert!(!path.exists());
        next.name_without_replacing(name).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }

    /// Nothing is known of the empty file but that it was about to be made.
    #[test]
    fn empty_file_of_a_crash_before_it_was_noted_is_known_by_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        target(&path).make_placeholder().unwrap();
        assert!(path.exists());

        DownloadTarget::prepare(&path, IfExists::Refuse, None).unwrap();
        assert!(!path.exists());
    }

    /// It was there before the note, or came long after it, or the one that was noted was not made.
    #[test]
    fn empty_file_of_another_time_is_not_taken_for_the_one_of_a_crash() {
        let check = |earlier: i64, is_made: bool| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.mp4");
            let mut killed = target(&path);
            if is_made {
                killed.make_placeholder().unwrap();
            } else {
                File::create_new(&path).unwrap();
                killed.make_placeholder().unwrap_err();
            }
            drop(killed);
            let note = folder.path().join("a.mp4.part.json");
            let note = OpenOptions::new().write(true).open(note).unwrap();
            let written = note.metadata().unwrap().modified().unwrap();
            let seconds = std::time::Duration::from_secs(earlier.unsigned_abs());
            let written = match earlier > 0 {
                true => written - seconds,
                false => written + seconds,
            };
            note.set_modified(written).unwrap();
            DownloadTarget::prepare(&path, IfExists::Refuse, None).is_ok()
        };
        assert!(check(0, true) && check(2, true));
        assert!(!check(10, true) && !check(-1, true));
        assert!(!check(0, false));
    }

    /// It took the name, and someone has written to it since.
    #[test]
    fn file_of_a_crash_that_is_no_longer_empty_stays() {
        for is_noted in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.mp4");
            match is_noted {
                true => kill_before_the_rename(&path),
                false => drop(target(&path).make_placeholder().unwrap()),
            }
            fs::write(&path, "precious").unwrap();
            let refused = DownloadTarget::prepare(&path, IfExists::Refuse, None);
            let kind = refused.map(drop).unwrap_err().kind();
            assert_eq!(kind, DownloadErrorKind::Exists);
            assert_eq!(fs::read(&path).unwrap(), b"precious");
        }
    }

    /// The one that was about to be made was known and taken away; the next process has noted none.
    #[test]
    fn empty_file_that_comes_after_the_next_process_is_not_taken_for_the_one_of_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        target(&path).make_placeholder().unwrap();
        DownloadTarget::prepare(&path, IfExists::Refuse, None).unwrap();
        File::create_new(&path).unwrap();
        let refused = DownloadTarget::prepare(&path, IfExists::Refuse, None);
        assert!(refused.is_err() && path.exists());
    }

    /// Someone else's file is not the one that was noted, even if it is as empty.
    #[test]
    fn another_empty_file_is_not_taken_for_the_one_of_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        kill_before_the_rename(&path);
        fs::rename(&path, folder.path().join("kept")).unwrap();
        File::create_new(&path).unwrap();

        let refused = DownloadTarget::prepare(&path, IfExists::Refuse, None);
        let kind = refused.map(drop).unwrap_err().kind();
        assert_eq!(kind, DownloadErrorKind::Exists);
        assert!(path.exists());
    }

    #[test]
    fn name_that_was_taken_meanwhile_is_not_renamed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        let placeholder = File::create_new(&path).unwrap();
        assert!(still_empty(&placeholder, &path).is_ok());
        fs::write(&path, "precious").unwrap();
        assert!(still_empty(&placeholder, &path).is_err());
        fs::remove_file(&path).unwrap();
        assert!(still_empty(&placeholder, &path).is_err());
        File::create_new(&path).unwrap();
        assert!(still_empty(&placeholder, &path).is_err());
    }
}
