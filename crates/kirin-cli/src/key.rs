//! The API key: in the environment, or in a file that only its owner may read.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use kirin_client::{ApiKey, InvalidApiKey};
use tempfile::NamedTempFile;

use crate::{
    bounded_file, configuration,
    environment::read_variable,
    exit_code,
    failure::Failure,
    input_text::without_mark,
    key_folders::{Danger, find_dangers},
    terminal::shell_word,
};

/// The variable that comes before the file.
pub(crate) const VARIABLE: &str = "KIRIN_API_KEY";

/// Most that is read in search of a key: one that is longer fits in no header.
const LIMIT: u64 = 16 * 1024;

/// A key, and where it is from.
pub(crate) struct Key {
    pub(crate) key: ApiKey,
    pub(crate) source: Source,
}

pub(crate) enum Source {
    Environment,
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => write!(formatter, "the environment variable {VARIABLE}"),
            Self::File(path) => write!(formatter, "{}", path.display()),
        }
    }
}

impl Source {
    /// The ways in which other users can replace the key in the file.
    pub(crate) fn dangers(&self) -> Vec<Danger> {
        match self {
            Self::Environment => Vec::new(),
            Self::File(path) => find_dangers(path),
        }
    }
}

/// The key of the environment, or else that of the file.
pub(crate) fn find_key() -> Result<Key, Failure> {
    if let Some(key) = in_environment() {
        let key = key.map_err(|invalid| {
            let what = format!("the value of {VARIABLE} is not a key: {invalid}");
            Failure::usage(what, "Set it to your API key, exactly as it was issued.")
        })?;
        let source = Source::Environment;
        return Ok(Key { key, source });
    }
    let path = key_path().ok_or_else(no_key)?;
    let name = path.to_string_lossy();
    let unusable = |what: String, next_step: &str| {
        let what = format!("the key file {name} {what}");
        Failure::new(exit_code::AUTHENTICATION, what, next_step)
    };
    let unread = |error: io::Error| {
        let next_step = "Make it readable only by you, or write it again: kirin auth set-key";
        unusable(format!("cannot be read: {error}"), next_step)
    };
    let mut file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(no_key()),
        opened => opened.map_err(unread)?,
    };
    if is_open_to_others(&file) {
        let next_step = format!(
            "If no one else can have read it, make it private: chmod 600 {}. Otherwise get a new key.",
            shell_word(&name)
        );
        return Err(unusable(
            "can be read by other users, and was not used".into(),
            &next_step,
        ));
    }
    let key = read_key(&mut file).map_err(unread)?.parse();
    let key = key.map_err(|invalid: InvalidApiKey| {
        let next_step = "Write it again: kirin auth set-key";
        unusable(format!("does not hold a key: {invalid}"), next_step)
    })?;
    let source = Source::File(path);
    Ok(Key { key, source })
}

/// There is no key, and no emulator was asked for.
fn no_key() -> Failure {
    let next_step = "Store your API key in a file that only you can read: kirin auth set-key. Or \
                     set the environment variable KIRIN_API_KEY to it, or generate without \
                     one, at no cost: kirin generate PROMPT --emulator";
    Failure::new(exit_code::AUTHENTICATION, "there is no API key", next_step)
}

/// The key of the environment. White space alone is not a key.
pub(crate) fn in_environment() -> Option<Result<ApiKey, InvalidApiKey>> {
    let text = read_variable(VARIABLE)?;
    let text = text.to_string_lossy();
    (!text.trim().is_empty()).then(|| text.parse())
}

/// The text of a key, not checked yet.
pub(crate) fn read_key(from: &mut impl Read) -> io::Result<String> {
    let bytes = bounded_file::read_from(from, LIMIT)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(without_mark(&text).trim().to_owned())
}

/// Writes the file, whole or not at all, and gives its path.
pub(crate) fn write_key(key: &str) -> Result<PathBuf, Failure> {
    let path = key_path().ok_or_else(|| {
        let what = "there is no folder for the key file";
        let next_step = "Set HOME, or XDG_CONFIG_HOME to a folder of yours.";
        Failure::new(exit_code::DISK, what, next_step)
    })?;
    replace_file(&path, key).map_err(|error| {
        let what = format!("the key file {} was not written: {error}", path.display());
        let next_step = "Make its folder writable, or set XDG_CONFIG_HOME to a folder that is.";
        Failure::new(exit_code::DISK, what, next_step)
    })?;
    Ok(path)
}

/// Where the file is, whether there is one or not.
fn key_path() -> Option<PathBuf> {
    Some(configuration::configuration_folder()?.join("key"))
}

/// The file is private at every moment: it is created so, under another name.
fn replace_file(path: &Path, key: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    make_private(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    writeln!(file, "{key}")?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

#[cfg(unix)]
fn is_open_to_others(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata();
    metadata.is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// The mode of a file does not show who may read it there; the user's folder is private.
#[cfg(not(unix))]
fn is_open_to_others(_: &File) -> bool {
    false
}
