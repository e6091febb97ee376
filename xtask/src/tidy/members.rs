//! What the repository as a whole must have: manifests, licenses, the places of snapshots.

use crate::cargo::LIBRARIES;
use crate::files::TextFile;
use crate::manifest::{inherits, inherits_lints, value};

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

fn manifest(file: &TextFile) -> Vec<String> {
    let described = value(&file.text, "package", "description").is_some_and(|text| text != "\"\"");
    let wanted = [
        (described, "description = \"..\""),
        (inherits(&file.text, "license"), "license.workspace = true"),
        (
            inherits(&file.text, "rust-version"),
            "rust-version.workspace = true",
        ),
        (inherits_lints(&file.text), "[lints] workspace = true"),
    ];
    let name = value(&file.text, "package", "name").unwrap_or_default();
    let is_library = LIBRARIES.contains(&name.trim_matches('"'));
    let shows_all = value(&file.text, "package.metadata.docs.rs", "all-features") == Some("true");
    let documented = (
        !is_library || shows_all,
        "[package.metadata.docs.rs] all-features = true",
    );
    let wanted = [&wanted[..], &[documented]].concat();
    let absent = wanted.iter().filter(|(present, _)| !present);
    absent
        .map(|(_, line)| format!("{}: add `{line}`", file.path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\ndescription = \"A thing\"\nlicense.workspace = true\n\
        rust-version.workspace = true\n\n[lints]\nworkspace = true\n";

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
        for line in MANIFEST.lines().filter(|line| line.contains('=')) {
            let kept: Vec<&str> = MANIFEST.lines().filter(|kept| *kept != line).collect();
            let text = kept.join("\n");
            let found = manifest(&file("crates/a/Cargo.toml", &text));
            assert_eq!(found.len(), 1, "without `{line}`: {found:?}");
        }
    }

    #[test]
    fn the_documentation_of_a_library_shows_all_features() {
        let library = MANIFEST.replace("[package]", "[package]\nname = \"kirin-types\"");
        let found = manifest(&file("crates/kirin-types/Cargo.toml", &library));
        assert_eq!(found.len(), 1, "{found:?}");
        let shown = library + "\n[package.metadata.docs.rs]\nall-features = true\n";
        let found = manifest(&file("crates/kirin-types/Cargo.toml", &shown));
        assert_eq!(found, [""; 0]);
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
