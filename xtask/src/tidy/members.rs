//! What the repository as a whole must have: manifests, licenses, the places of snapshots.

use toml::{Table, Value};

use crate::cargo::LIBRARIES;
use crate::files::TextFile;

const LICENSES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// All findings about the set of files.
pub(super) fn problems(files: &[TextFile]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        let path = &file.path;
        if path.ends_with("/Cargo.toml") {
            problems.extend(manifest(file));
        }
        if file.has_extension("snap") && !file.is_below("snapshots") {
            problems.push(format!(
                "{path}: snapshots lie in a folder named `snapshots`"
            ));
        }
    }
    for license in LICENSES {
        if !files.iter().any(|file| file.path == license) {
            problems.push(format!("{license} is missing from the root"));
        }
    }
    problems
}

/// A sentence for each line that a manifest lacks.
fn manifest(file: &TextFile) -> Vec<String> {
    let manifest: Table = file.text.parse().unwrap_or_default();
    let value = |path: &str| {
        let mut keys = path.split('.');
        let first = manifest.get(keys.next()?);
        keys.fold(first, |table, key| table?.get(key))
    };
    let is_true = |path| value(path).and_then(Value::as_bool) == Some(true);
    let has = |path| match value(path) {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(values)) => !values.is_empty(),
        _ => false,
    };
    let is_published = value("package.publish").is_none();
    let name = value("package.name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let is_library = LIBRARIES.contains(&name);
    let wanted = [
        (has("package.description"), "description = \"..\""),
        (
            is_true("package.license.workspace"),
            "license.workspace = true",
        ),
        (
            is_true("package.rust-version.workspace"),
            "rust-version.workspace = true",
        ),
        (is_true("lints.workspace"), "[lints] workspace = true"),
        (!is_published || has("package.keywords"), "keywords = [..]"),
        (
            !is_published || has("package.categories"),
            "categories = [..]",
        ),
        (!is_published || has("package.include"), "include = [..]"),
        (
            !is_library || is_true("package.metadata.docs.rs.all-features"),
            "[package.metadata.docs.rs] all-features = true",
        ),
    ];
    let absent = wanted.iter().filter(|(present, _)| !present);
    absent
        .map(|(_, line)| format!("{}: add `{line}`", file.path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"kirin-types\"\ndescription = \"A thing\"\n\
        license.workspace = true\nrust-version.workspace = true\nkeywords = [\"video\"]\n\
        categories = [\"no-std\"]\ninclude = [\"/src\"]\n[package.metadata.docs.rs]\n\
        all-features = true\n[lints]\nworkspace = true\n";

    fn file(path: &str, text: &str) -> TextFile {
        let (path, text) = (path.to_owned(), text.to_owned());
        TextFile { path, text }
    }

    fn sound() -> Vec<TextFile> {
        let mut files: Vec<TextFile> = LICENSES.iter().map(|name| file(name, "")).collect();
        files.push(file("Cargo.toml", "[workspace]\n"));
        files.push(file("crates/a/Cargo.toml", MANIFEST));
        files.push(file("crates/a/tests/it/snapshots/it__snap__a.snap", ""));
        files
    }

    #[test]
    fn a_sound_repository_passes() {
        assert_eq!(problems(&sound()), [""; 0]);
    }

    #[test]
    fn each_line_of_a_manifest_is_missed() {
        for line in MANIFEST
            .lines()
            .filter(|line| line.contains('=') && !line.starts_with("name"))
        {
            let text = MANIFEST.replacen(&format!("\n{line}\n"), "\n", 1);
            let found = manifest(&file("crates/a/Cargo.toml", &text));
            assert_eq!(found.len(), 1, "without `{line}`: {found:?}");
        }
    }

    #[test]
    fn what_is_not_published_needs_no_keywords() {
        let unpublished = "[package]\nname = \"a\"\npublish = false\n";
        assert_eq!(manifest(&file("a/Cargo.toml", unpublished)).len(), 4);
    }

    #[test]
    fn misplaced_snapshots_and_missing_licenses() {
        let mut files = sound();
        files.retain(|file| file.path != "LICENSE-MIT");
        files.push(file("crates/a/tests/a.snap", ""));
        let found = problems(&files);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("crates/a/tests/a.snap: "));
        assert_eq!(found[1], "LICENSE-MIT is missing from the root");
    }
}
