//! Folders on the way to the key in which others can put another one in its place.

use std::path::Path;

/// Another user can replace the key.
#[derive(Debug)]
pub(crate) struct Danger {
    /// Which user can, and where.
    pub(crate) what: String,
    /// How to fix it: a command, or a sentence with one.
    pub(crate) advice: String,
}

/// All that is dangerous on the way to a file, from the root on. Only owners and modes are looked at.
#[cfg(unix)]
pub(crate) fn find_dangers(file: &Path) -> Vec<Danger> {
    let folders = unix::on_the_way(file).into_iter();
    folders
        .flat_map(|folder| unix::of_folder(&folder))
        .collect()
}

/// The stable standard library cannot tell on this system.
#[cfg(not(unix))]
pub(crate) fn find_dangers(_file: &Path) -> Vec<Danger> {
    Vec::new()
}

#[cfg(unix)]
mod unix {
    use std::{
        ffi::OsString,
        fs,
        os::unix::fs::MetadataExt as _,
        path::{Component, Path, PathBuf},
    };

    use super::Danger;
    use crate::terminal::shell_word;

    /// The user who owns what belongs to the system.
    const ROOT: u32 = 0;

    /// As many symbolic links as Linux follows.
    const MOST_LINKS: usize = 40;

    pub(super) fn of_folder(folder: &Path) -> Vec<Danger> {
        let Ok(metadata) = folder.metadata() else {
            return Vec::new();
        };
        let (user, owner) = (rustix::process::geteuid().as_raw(), metadata.uid());
        let (name, mode) = (folder.to_string_lossy(), metadata.mode());
        let mut dangers = Vec::new();
        if ![user, ROOT].contains(&owner) {
            dangers.push(Danger {
                what: format!("{name} belongs to user {owner}, who can replace your key"),
                // To take it from them may be to take their home.
                advice: "Set XDG_CONFIG_HOME to a folder of yours, and then: kirin auth set-key"
                    .into(),
            });
        }
        // In a folder that is sticky, only the owner of a file replaces it.
        if mode & 0o022 != 0 && mode & 0o1000 == 0 {
            let may = [owner, ROOT].contains(&user);
            let sudo = if may { "" } else { "sudo " };
            dangers.push(Danger {
                what: format!("others can write to {name}, and replace your key"),
                advice: format!("{sudo}chmod go-w {}", shell_word(&name)),
            });
        }
        dangers
    }

    /// The folders in which a name is looked up on the way to a file, those of symbolic links too.
    pub(super) fn on_the_way(file: &Path) -> Vec<PathBuf> {
        let mut rest = names_from_the_end(&std::path::absolute(file).unwrap_or_default());
        let (mut here, mut links, mut found) = (PathBuf::new(), 0, Vec::new());
        while let Some(name) = rest.pop() {
            // The root takes the place of what is there, in a link too.
            let next = here.join(&name);
            if next.parent().is_none() {
                here = next;
                continue;
            }
            if name == ".." {
                here.pop();
                continue;
            }
            if !found.contains(&here) {
                found.push(here.clone());
            }
            match fs::read_link(&next) {
                Ok(target) if links < MOST_LINKS => {
                    links += 1;
                    rest.extend(names_from_the_end(&target));
                }
                _ => here = next,
            }
        }
        found
    }

    fn names_from_the_end(path: &Path) -> Vec<OsString> {
        let names = path.components().rev();
        names
            .filter(|component| *component != Component::CurDir)
            .map(|component| component.as_os_str().to_owned())
            .collect()
    }

    #[cfg(test)]
    mod tests {
        use std::os::unix::fs::symlink;

        use super::*;

        #[test]
        fn every_folder_is_found_in_which_a_name_is_looked_up() {
            let home = tempfile::tempdir().unwrap();
            let home = home.path().canonicalize().unwrap();
            for folder in ["real/deep", "links", "other"] {
                fs::create_dir_all(home.join(folder)).unwrap();
            }
            symlink("../links/second", home.join("real/first")).unwrap();
            symlink(home.join("other"), home.join("links/second")).unwrap();
            symlink("loop", home.join("other/loop")).unwrap();
            let above: Vec<_> = home.ancestors().map(Path::to_owned).collect();
            let above: Vec<_> = above.into_iter().rev().collect();
            for (file, below) in [
                ("key", &[][..]),
                ("real/deep/key", &["real", "real/deep"]),
                ("real/first/key", &["real", "links", "other"]),
                ("links/second/../real/key", &["links", "real"]),
                ("other/loop", &["other"]),
                ("none/key", &["none"]),
            ] {
                let below = below.iter().map(|folder| home.join(folder));
                let expected: Vec<_> = above.iter().cloned().chain(below).collect();
                assert_eq!(on_the_way(&home.join(file)), expected, "{file}");
            }
        }
    }
}
