//! What can go wrong with a gallery. None of it has to do with money.

use std::{
    io::{self, ErrorKind},
    path::Path,
};

use super::Failure;
use crate::exit_code;

impl Failure {
    /// The folder of a gallery cannot be read.
    pub(crate) fn gallery_folder(folder: &Path, error: &io::Error) -> Self {
        let code = match error.kind() {
            ErrorKind::NotADirectory | ErrorKind::NotFound => exit_code::NOT_FOUND,
            _ => exit_code::DISK,
        };
        let what = format!("the folder {} cannot be read: {error}", folder.display());
        Self::new(code, what, "Name a folder of videos: kirin gallery DIR")
    }

    /// A gallery would have nothing to show.
    pub(crate) fn no_video(folder: &Path) -> Self {
        let what = format!("there is no video in the folder {}", folder.display());
        let next_step = "Name a folder of videos: kirin gallery DIR";
        Self::new(exit_code::NOT_FOUND, what, next_step)
    }

    /// The page of a gallery would replace what kirin did not write.
    pub(crate) fn not_a_gallery(file: &Path) -> Self {
        let what = format!("{} was not written by kirin gallery", file.display());
        Self::usage(
            what,
            "Choose another --output, or add --force to overwrite it.",
        )
    }

    /// The page of a gallery cannot be written.
    pub(crate) fn gallery(file: &Path, error: &io::Error) -> Self {
        let what = format!("the page {} cannot be written: {error}", file.display());
        let next_step = "Choose another --output, in a folder that exists and can be written to.";
        Self::new(exit_code::DISK, what, next_step)
    }
}
