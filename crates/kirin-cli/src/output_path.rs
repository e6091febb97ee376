//! Where the video goes, settled before anything is paid for.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use kirin_client::{Download, DownloadError, file_name};

use crate::arguments::File;

/// The file to write: `--output`, the task's name in a folder, or in the current one.
pub(crate) fn path(file: &File, name: &str) -> PathBuf {
    let name = format!("{}.mp4", file_name(name));
    match &file.output {
        Some(output) if output.is_dir() => output.join(name),
        Some(output) => output.clone(),
        None => name.into(),
    }
}

/// Finds out whether the video can be written, and its watermarked copy if there will be one,
/// under a name that stands for the task's.
pub(crate) fn check(file: &File, name: &str, watermark: bool) -> Result<(), DownloadError> {
    let path = path(file, name);
    if watermark {
        Download::check(watermarked(&path), file.force)?;
    }
    Download::check(path, file.force)
}

/// Where the download writes the watermarked copy.
fn watermarked(path: &Path) -> PathBuf {
    let mut name = OsString::from(path.file_stem().unwrap_or_default());
    name.push("-watermarked");
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_plain_file_names() {
        for (id, name) in [
            ("d5u5obte8783ap44qtj0", "d5u5obte8783ap44qtj0"),
            ("../../x", "_.._x"),
            ("a\0b/c\\d", "a_b_c_d"),
            ("..", "video"),
        ] {
            assert_eq!(file_name(id), name, "{id:?}");
        }
        assert_eq!(file_name(&"x".repeat(300)).len(), 100);
    }
}
