//! The golden bodies, which nobody's serializer wrote.

use std::{collections::BTreeSet, fs, path::PathBuf};

/// The bytes of `tests/fixtures/wire/{folder}/{name}`.
pub(crate) fn read(folder: &str, name: &str) -> Vec<u8> {
    let file = path(folder).join(name);
    fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The names of all files in `tests/fixtures/wire/{folder}`, sorted.
pub(crate) fn names(folder: &str) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(path(folder))
        .expect("the folder is part of the repository")
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Fails unless the rows of a table name every file of the folder, each once.
pub(crate) fn assert_all_are_named<'a>(folder: &str, rows: impl Iterator<Item = &'a str>) {
    let mut named = BTreeSet::new();
    for name in rows {
        assert!(named.insert(name), "{folder}/{name} has two rows");
    }
    let files = names(folder);
    let files: BTreeSet<_> = files.iter().map(String::as_str).collect();
    let difference: Vec<_> = files.symmetric_difference(&named).collect();
    assert!(!files.is_empty(), "{folder} has no files");
    assert!(
        difference.is_empty(),
        "{folder}: files without a row, or rows without a file: {difference:?}"
    );
}

fn path(folder: &str) -> PathBuf {
    let wire = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/wire");
    PathBuf::from(wire).join(folder)
}
