//! The certificates that the environment names in the place of the operating system's.
//!
//! They are read by the library of TLS, which knows no bound: a file is looked at before that.

use std::{env::split_paths, fs, path::Path};

use crate::{environment::read_variable, failure::Failure};

/// Names a file.
const FILE: &str = "SSL_CERT_FILE";

/// Names folders.
const FOLDERS: &str = "SSL_CERT_DIR";

/// Most bytes of a file; those of operating systems have a hundredth of it.
const LIMIT: u64 = 32 << 20;

/// Fails if a file that the environment names has no end, or one that is far away. That nothing is there is reported
/// where it is read.
pub(crate) fn check_files() -> Result<(), Failure> {
    if let Some(file) = read_variable(FILE) {
        check_file(FILE, Path::new(&file))?;
    }
    let folders = read_variable(FOLDERS).unwrap_or_default();
    let folders = split_paths(&folders).filter_map(|folder| fs::read_dir(folder).ok());
    let files = folders.flatten().flatten().map(|entry| entry.path());
    // Nothing else is read there.
    files
        .filter(|path| path.is_file())
        .try_for_each(|file| check_file(FOLDERS, &file))
}

fn check_file(variable: &str, file: &Path) -> Result<(), Failure> {
    let name = file.display();
    let problem = match file.metadata() {
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => {
            format!("{name} is not a file")
        }
        Ok(metadata) if metadata.len() > LIMIT => format!("{name} has more than {LIMIT} bytes"),
        _ => return Ok(()),
    };
    let what = format!("cannot read the certificates that {variable} names: {problem}");
    let next_step = format!("Set {variable} to certificates in PEM form, or unset it.");
    Err(Failure::usage(what, next_step))
}
