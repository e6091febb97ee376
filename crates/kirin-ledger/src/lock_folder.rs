//! The folder beside a ledger: the locks of the processes that have it open, and what it must know.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use crate::location::side_file;

/// Where the locks are. Whoever may open the ledger may read and write here, whatever the umask of the
/// process that made it.
#[derive(Debug)]
pub(crate) struct LockFolder {
    path: PathBuf,
    ledger: PathBuf,
}

impl LockFolder {
    /// The folder of a ledger, whether it is there or not.
    pub(crate) fn of(ledger: &Path) -> Self {
        Self {
            path: side_file(ledger, ".processes"),
            ledger: ledger.into(),
        }
    }

    /// Makes it, or opens it to those who may open the ledger.
    pub(crate) fn make(&self) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        // An older version made it as its umask was; only its owner can put that right.
        let _ = access::give(&self.ledger, &self.path, access::Kind::Folder);
        Ok(())
    }

    /// Makes a file in it that no one has made.
    pub(crate) fn create_new(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let path = self.path.join(name);
        let file = options.open(&path)?;
        match access::give(&self.ledger, &path, access::Kind::File) {
            Ok(()) => Ok(file),
            Err(error) => {
                let _ = fs::remove_file(path);
                Err(error)
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn exists(&self) -> bool {
        // What cannot be looked at may be there.
        fs::symlink_metadata(&self.path)
            .map_or_else(|error| error.kind() != io::ErrorKind::NotFound, |_| true)
    }
}

#[cfg(unix)]
mod access {
    use std::{
        fs::{self, Permissions},
        io,
        os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
        path::Path,
    };

    #[derive(Clone, Copy)]
    pub(super) enum Kind {
        File,
        Folder,
    }

    /// Lets in who may open the ledger, and no one else.
    pub(super) fn give(ledger: &Path, to: &Path, kind: Kind) -> io::Result<()> {
        let (ledger, found) = (fs::metadata(ledger)?, fs::metadata(to)?);
        let owners = (ledger.uid(), ledger.gid());
        let is_same = (found.uid(), found.gid()) == owners;
        // Root can give a file away, and anybody can give it to a group of their own.
        let is_given = is_same
            || chown(to, Some(owners.0), Some(owners.1)).is_ok()
            || chown(to, None, Some(owners.1)).is_ok();
        let mode = mode(ledger.mode(), kind, is_given);
        match found.mode() & 0o777 == mode {
            true => Ok(()),
            false => fs::set_permissions(to, Permissions::from_mode(mode)),
        }
    }

    /// What a ledger of this mode means for the lock folder or a file in it. The members of another
    /// group than the ledger's are let in as everyone is.
    pub(super) fn mode(ledger: u32, kind: Kind, is_of_its_group: bool) -> u32 {
        let of = |bits: u32| match (bits & 0o2 != 0, bits & 0o4 != 0, kind) {
            (true, _, Kind::Folder) => 0o7,
            (true, _, Kind::File) => 0o6,
            (false, true, Kind::Folder) => 0o5,
            (false, true, Kind::File) => 0o4,
            (false, false, _) => 0,
        };
        let others = of(ledger);
        let group = match is_of_its_group {
            true => of(ledger >> 3),
            false => others,
        };
        of(0o6) << 6 | group << 3 | others
    }
}

#[cfg(not(unix))]
mod access {
    use std::{io, path::Path};

    #[derive(Clone, Copy)]
    pub(super) enum Kind {
        File,
        Folder,
    }

    /// What is made in a folder has the access rights of the folder there.
    pub(super) fn give(_: &Path, _: &Path, _: Kind) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{access::Kind, *};

    #[test]
    fn who_may_open_the_ledger_may_ask_for_its_locks() {
        for (ledger, of_its_group, folder, file) in [
            (0o600, true, 0o700, 0o600),
            (0o660, true, 0o770, 0o660),
            (0o660, false, 0o700, 0o600),
            (0o666, true, 0o777, 0o666),
            (0o640, true, 0o750, 0o640),
            (0o644, true, 0o755, 0o644),
            (0o400, true, 0o700, 0o600),
        ] {
            let modes =
                [Kind::Folder, Kind::File].map(|kind| access::mode(ledger, kind, of_its_group));
            assert_eq!(modes, [folder, file], "{ledger:o}");
        }
    }

    #[test]
    fn a_file_that_nobody_could_be_let_into_is_not_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let locks = LockFolder::of(&folder.path().join("ledger"));
        locks.make().unwrap();
        locks.create_new("lock").unwrap_err();
        assert_eq!(fs::read_dir(locks.path()).unwrap().count(), 0);
    }

    /// What an older version made.
    #[test]
    fn a_folder_that_is_there_is_opened_to_those_who_may_open_the_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger");
        fs::write(&ledger, "").unwrap();
        fs::set_permissions(&ledger, fs::Permissions::from_mode(0o660)).unwrap();
        let locks = LockFolder::of(&ledger);
        fs::create_dir(locks.path()).unwrap();
        fs::set_permissions(locks.path(), fs::Permissions::from_mode(0o700)).unwrap();
        locks.make().unwrap();
        locks.create_new("lock").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(locks.path()), 0o770);
        assert_eq!(mode(&locks.path().join("lock")), 0o660);
    }
}
