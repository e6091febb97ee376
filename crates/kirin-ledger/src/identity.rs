//! Which file is at a path. It is asked by `stat` alone: opening the ledger or its log and closing it
//! again would drop the locks that SQLite has on it in this process.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What tells one file from another. The system gives the number of a file to no other one as long as
/// someone has it open; so while this process has, what is equal is the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    inode: u64,
}

/// What changes when someone writes to a file, even if it is written back to the same length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    bytes: u64,
    #[cfg(unix)]
    changed: (i64, i64),
    #[cfg(unix)]
    modified: (i64, i64),
    #[cfg(not(unix))]
    modified: Option<std::time::SystemTime>,
}

/// Files that must stay where they are, the ledger first.
#[derive(Debug)]
pub(crate) struct Watch(Vec<(PathBuf, Identity)>);

impl Watch {
    /// Watches what is at these paths now.
    pub(crate) fn start(paths: impl IntoIterator<Item = PathBuf>) -> io::Result<Self> {
        let found = paths.into_iter().map(|path| {
            let identity = Identity::of(&fs::symlink_metadata(&path)?);
            Ok((path, identity))
        });
        Ok(Self(found.collect::<io::Result<_>>()?))
    }

    /// Watches one more.
    pub(crate) fn add(&mut self, path: PathBuf) -> io::Result<()> {
        let identity = Identity::of(&fs::symlink_metadata(&path)?);
        self.0.push((path, identity));
        Ok(())
    }

    /// What has become of them, as the end of a sentence, if not every one is at its path still.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (place, (path, identity)) in self.0.iter().enumerate() {
            let shown = path.display();
            let metadata = fs::symlink_metadata(path).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => format!("{shown} was deleted or moved"),
                _ => format!("{shown} cannot be looked at: {error}"),
            })?;
            if Identity::of(&metadata) != *identity {
                return Err(format!("another file is at {shown}"));
            }
            if place == 0 && links(&metadata) != 1 {
                return Err(format!("{shown} has a second name, a hard link"));
            }
        }
        Ok(())
    }
}

impl Identity {
    #[cfg(unix)]
    fn of(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;

        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }

    /// A file that is open cannot be replaced there.
    #[cfg(not(unix))]
    fn of(_: &fs::Metadata) -> Self {
        Self {}
    }
}

impl Shape {
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;

            Ok(Self {
                bytes: metadata.len(),
                changed: (metadata.ctime(), metadata.ctime_nsec()),
                modified: (metadata.mtime(), metadata.mtime_nsec()),
            })
        }
        #[cfg(not(unix))]
        Ok(Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }
}

/// How many names a file has.
pub(crate) fn names(path: &Path) -> io::Result<u64> {
    fs::symlink_metadata(path).map(|metadata| links(&metadata))
}

#[cfg(unix)]
fn links(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn links(_: &fs::Metadata) -> u64 {
    1
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// What is said after this was done to the folder of a watched file.
    fn said(act: impl FnOnce(&Path, &Path)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("file"), folder.path().join("other"));
        fs::write(&file, "").unwrap();
        fs::write(&other, "").unwrap();
        // As SQLite has it; its number would be free for another one else.
        let _open = fs::File::open(&file).unwrap();
        let watch = Watch::start([file.clone()]).unwrap();
        watch.check().unwrap();
        act(&file, &other);
        let said = watch.check().unwrap_err();
        said.replace(&folder.path().display().to_string(), "FOLDER")
    }

    #[test]
    fn it_is_seen_when_a_file_is_not_the_same_any_more() {
        let deleted = said(|file, _| fs::remove_file(file).unwrap());
        assert_eq!(deleted, "FOLDER/file was deleted or moved");
        let moved = said(|file, _| fs::rename(file, file.with_extension("old")).unwrap());
        assert_eq!(moved, "FOLDER/file was deleted or moved");
        let replaced = said(|file, other| fs::rename(other, file).unwrap());
        assert_eq!(replaced, "another file is at FOLDER/file");
        let linked = said(|file, other| {
            fs::remove_file(other).unwrap();
            fs::hard_link(file, other).unwrap();
        });
        assert_eq!(linked, "FOLDER/file has a second name, a hard link");
        let hidden = said(|file, other| {
            fs::remove_file(file).unwrap();
            std::os::unix::fs::symlink(other, file).unwrap();
        });
        assert_eq!(hidden, "another file is at FOLDER/file");
    }
}
