//! What can be wrong with the API key before it is used.

use std::{io, path::Path};

use kirin_client::InvalidApiKey;

use super::Failure;
use crate::{exit_code, terminal::shell_word};

impl Failure {
    /// There is no key, and no emulator was asked for.
    pub(crate) fn no_key() -> Self {
        let next_step = "Keep your API key in a file that only you may read: kirin auth set-key. Or \
                         set the environment variable KIRIN_API_KEY to it, or generate without \
                         one, at no cost: kirin generate PROMPT --emulator";
        Self::new(exit_code::AUTHENTICATION, "there is no API key", next_step)
    }

    /// The variable holds something else.
    pub(crate) fn invalid_variable(invalid: InvalidApiKey) -> Self {
        let what = format!("the value of KIRIN_API_KEY is not a key: {invalid}");
        Self::usage(what, "Set it to your API key, as it was given to you.")
    }

    /// Others can read the key, and spend with it.
    pub(crate) fn open_key_file(path: &Path) -> Self {
        let path = path.to_string_lossy();
        let what = format!("the key file {path} is open to other users, and was not used");
        let word = shell_word(&path);
        let next_step = format!(
            "If nobody else can have read it, make it yours alone: chmod 600 {word}. Else get a \
             new key."
        );
        Self::new(exit_code::AUTHENTICATION, what, next_step)
    }

    /// The file is there, and cannot be read.
    pub(crate) fn key_file(path: &Path, error: &io::Error) -> Self {
        let what = format!("the key file {} cannot be read: {error}", path.display());
        let next_step = "Make it readable for you alone, or write it again: kirin auth set-key";
        Self::new(exit_code::AUTHENTICATION, what, next_step)
    }

    /// The file is there, and holds something else.
    pub(crate) fn no_key_in(path: &Path, invalid: InvalidApiKey) -> Self {
        let what = format!(
            "the key file {} does not hold a key: {invalid}",
            path.display()
        );
        let next_step = "Write it again: kirin auth set-key";
        Self::new(exit_code::AUTHENTICATION, what, next_step)
    }

    /// There is no place for the file.
    pub(crate) fn no_key_folder() -> Self {
        let next_step = "Set HOME, or XDG_CONFIG_HOME to a folder of yours.";
        Self::new(
            exit_code::DISK,
            "there is no place for the key file",
            next_step,
        )
    }

    /// The file was not written; what was there before is as it was.
    pub(crate) fn key_unwritten(path: &Path, error: &io::Error) -> Self {
        let what = format!("the key file {} was not written: {error}", path.display());
        let next_step = "Make its folder one that you can write to, or set XDG_CONFIG_HOME to one.";
        Self::new(exit_code::DISK, what, next_step)
    }
}
