//! The files of the repository: those git tracks or would track.

use std::path::Path;
use std::process::Command;

use crate::cargo::capture;
use crate::error::Failure;

/// A text file with its path from the root, written with `/`.
pub(crate) struct TextFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl TextFile {
    /// Whether the path ends in `.extension`.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|found| found == extension)
    }

    /// Whether one of the folders above the file has this name.
    pub(crate) fn is_below(&self, folder: &str) -> bool {
        let parent = self.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        parent.split('/').any(|name| name == folder)
    }
}

/// Reads all text files; those that are not UTF-8 are not text and are left out.
pub(crate) fn read(root: &Path) -> Result<Vec<TextFile>, Failure> {
    let mut list = Command::new("git");
    list.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let names = capture(list.current_dir(root))?;
    let mut paths: Vec<&str> = names.split_terminator('\0').collect();
    paths.sort_unstable();
    paths.dedup();
    let mut files = Vec::new();
    for path in paths {
        // A file deleted but not yet committed is still on git's list.
        if !root.join(path).is_file() {
            continue;
        }
        let bytes = std::fs::read(root.join(path))
            .map_err(|error| Failure::new(format!("could not read {path}: {error}")))?;
        if let Ok(text) = String::from_utf8(bytes) {
            let path = path.to_owned();
            files.push(TextFile { path, text });
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_extensions() {
        let file = TextFile {
            path: "crates/a/tests/snapshots/b.snap".to_owned(),
            text: String::new(),
        };
        assert!(file.is_below("snapshots"));
        assert!(!file.is_below("b.snap"));
        assert!(!file.is_below("snap"));
        assert!(file.has_extension("snap"));
    }
}
