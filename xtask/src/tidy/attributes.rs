//! Attributes that are not used here, beyond those that clippy refuses.

use crate::files::TextFile;

/// Where it is tried that our types bear what others write.
const TRIES_PARTS_OF_SERDE: &str = "tests/it/formats.rs";

/// All findings in one file of Rust.
pub(super) fn problems(file: &TextFile) -> Vec<String> {
    if !file.has_extension("rs") {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (index, line) in file.text.lines().map(str::trim_start).enumerate() {
        // Clippy's `allow_attributes` looks at outer attributes only.
        let is_inner = line.starts_with("#![") || line.starts_with("#[cfg_attr(");
        if is_inner && line.contains("allow(") {
            let sentence = "write `expect(.., reason = \"..\")` instead of `allow`";
            problems.push(format!("{}:{}: {sentence}", file.path, index + 1));
        }
    }
    if file.path != TRIES_PARTS_OF_SERDE {
        problems.extend(parts_of_serde(file));
    }
    problems
}

/// Where an attribute of serde, which may have several lines, hides what is wrong with the input.
fn parts_of_serde(file: &TextFile) -> impl Iterator<Item = String> {
    let attributes = file.text.match_indices("serde(");
    let attributes = attributes.filter(|(start, _)| {
        let line = file.text[..*start].lines().next_back().unwrap_or_default();
        line.trim_start().starts_with("#[")
    });
    attributes.filter_map(|(start, _)| {
        let inside = file.text[start..].split(")]").next()?;
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        let mut words = inside.split(|character| !is_word(character));
        let word = words.find(|word| matches!(*word, "flatten" | "untagged"))?;
        let line = file.text[..start].lines().count();
        let sentence = "hides what is wrong with the input; write a visitor";
        Some(format!("{}:{line}: serde's `{word}` {sentence}", file.path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let (path, text) = (path.to_owned(), text.to_owned());
        let found = problems(&TextFile { path, text });
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn what_clippy_does_not_see_is_found() {
        check(
            "a.rs",
            "\n#![allow(dead_code)]\n",
            &["a.rs:2: write `expect"],
        );
        check("a.rs", "#[cfg_attr(test, allow(dead_code))]\n", &["a.rs:1"]);
        check("a.rs", "// #![allow(dead_code)]\n", &[]);
        check("a.md", "#![allow(dead_code)]\n", &[]);
    }

    #[test]
    fn parts_of_serde_are_refused() {
        check(
            "a.rs",
            "#[serde(untagged)]\nenum A {}\n",
            &["a.rs:1: serde's `untagged`"],
        );
        check(
            "a.rs",
            "\n    #[serde(\n        default,\n        flatten\n    )]\n",
            &["a.rs:2"],
        );
        check("a.rs", "#[cfg_attr(a, serde(flatten))]\n", &["`flatten`"]);
        check("a.rs", "#[serde(rename = \"flattened\")]\n", &[]);
        check(
            "a.rs",
            "#[derive(Serialize)]\nstruct A { flatten: u8 }\n",
            &[],
        );
        check(TRIES_PARTS_OF_SERDE, "#[serde(untagged)]\nenum A {}\n", &[]);
    }
}
