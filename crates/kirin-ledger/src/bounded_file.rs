//! Small files that are read whole, up to a bound: a path may lead to what never ends.

use std::{fs::File, io::Read as _, path::Path};

/// The first bytes of a file, at most so many. What cannot be read says nothing.
pub(crate) fn start_of(path: &Path, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok();
    let _ = file.map(|file| file.take(limit).read_to_end(&mut bytes));
    bytes
}
