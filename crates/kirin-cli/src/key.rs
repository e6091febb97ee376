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
    environment::variable,
    failure::Failure,
    input_text::without_mark,
    key_folders::{Danger, dangers},
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
    /// Who else can put another key in the place of the one in the file.
    pub(crate) fn dangers(&self) -> Vec<Danger> {
        match self {
            Self::Environment => Vec::new(),
            Self::File(path) => dangers(path),
        }
    }
}

/// The key of the environment, or else that of the file.
pub(crate) fn find() -> Result<Key, Failure> {
    if let Some(key) = in_environment() {
        let key = key.map_err(Failure::invalid_variable)?;
        let source = Source::Environment;
        return Ok(Key { key, source });
    }
    let path = path().ok_or_else(Failure::no_key)?;
    let mut file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Failure::no_key()),
        opened => opened.map_err(|error| Failure::key_file(&path, &error))?,
    };
    if is_open_to_others(&file) {
        return Err(Failure::open_key_file(&path));
    }
    let text = read(&mut file).map_err(|error| Failure::key_file(&path, &error))?;
    let key = text.parse();
    let key = key.map_err(|invalid| Failure::no_key_in(&path, invalid))?;
    let source = Source::File(path);
    Ok(Key { key, source })
}

/// What the environment says. One of white space says nothing.
pub(crate) fn in_environment() -> Option<Result<ApiKey, InvalidApiKey>> {
    let text = variable(VARIABLE)?;
    let text = text.to_string_lossy();
    (!text.trim().is_empty()).then(|| text.parse())
}

/// The text of a key, or of what was taken for one.
pub(crate) fn read(from: &mut impl Read) -> io::Result<String> {
    let bytes = bounded_file::read_from(from, LIMIT)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(without_mark(&text).trim().to_owned())
}

/// Writes the file, whole or not at all, and gives its path.
pub(crate) fn write(key: &str) -> Result<PathBuf, Failure> {
    let path = path().ok_or_else(Failure::no_key_folder)?;
    replace(&path, key).map_err(|error| Failure::key_unwritten(&path, &error))?;
    Ok(path)
}

/// Where the file is, whether there is one or not.
fn path() -> Option<PathBuf> {
    Some(configuration::folder()?.join("key"))
}

/// The file is nobody else's at any moment: it is made so, under another name.
fn replace(path: &Path, key: &str) -> io::Result<()> {
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

/// Who may read a file is not in its mode there; the folder of a person is that person's.
#[cfg(not(unix))]
fn is_open_to_others(_: &File) -> bool {
    false
}
