//! Attributes that are not used here.

use crate::files::TextFile;

/// Where it is tried that our types bear what others write.
const TRIES_PARTS_OF_SERDE: &str = "tests/it/formats.rs";

/// All findings in one file of Rust.
pub(super) fn problems(file: &TextFile) -> Vec<String> {
    if !file.has_extension("rs") {
        return Vec::new();
    }
    let attributes = attributes(&file.text);
    let is_exempt = |text: &str| file.path == TRIES_PARTS_OF_SERDE && text.starts_with("#[serde(");
    let attributes = attributes.filter(|(_, text)| !is_exempt(text));
    let findings = attributes.filter_map(|(line, text)| Some((line, problem(text)?)));
    findings
        .map(|(line, problem)| format!("{}:{line}: {problem}", file.path))
        .collect()
}

/// The attributes that begin a line, with the numbers of their first lines.
fn attributes(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    let lines = text.split_inclusive('\n').enumerate();
    lines.filter_map(move |(index, line)| {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let rest = &text[start + indent..];
        start += line.len();
        let begins = rest.starts_with("#[") || rest.starts_with("#![");
        begins.then(|| (index + 1, up_to_its_end(rest)))
    })
}

/// The attribute at the start of `text`, up to the bracket that closes it.
fn up_to_its_end(text: &str) -> &str {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (index, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted && depth == 1 => return &text[..=index],
            ']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text
}

fn problem(attribute: &str) -> Option<String> {
    let inside = attribute.trim_start_matches(['#', '!', '[']);
    // What a conditional attribute sets is looked at as if it stood alone.
    let inside = match inside.split_once(',') {
        Some((condition, rest)) if condition.starts_with("cfg_attr(") => rest.trim(),
        _ => inside,
    };
    if inside.starts_with("allow(") {
        return Some("write `#[expect(.., reason = \"..\")]` instead of `allow`".to_owned());
    }
    if inside.starts_with("expect(") && !inside.contains("reason = ") {
        return Some("say the `reason` of what is expected".to_owned());
    }
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut words = inside.split(|character| !is_word(character));
    if inside.starts_with("serde(") {
        let word = words.find(|word| matches!(*word, "flatten" | "untagged"))?;
        return Some(format!(
            "serde's `{word}` hides what is wrong with the input; write a visitor"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let (path, text) = ("a.rs".to_owned(), text.to_owned());
        let found = problems(&TextFile { path, text });
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn allowing_without_a_word() {
        check(
            "#[allow(dead_code)]\nfn a() {}\n",
            &["a.rs:1: write `#[expect"],
        );
        check("\n#![allow(dead_code)]\n", &["a.rs:2: write `#[expect"]);
        check("    #[allow(dead_code)] fn a() {}\n", &["a.rs:1"]);
        check("#[cfg_attr(test, allow(dead_code))]\n", &["a.rs:1"]);
        check("// #[allow(dead_code)]\n", &[]);
    }

    #[test]
    fn expecting_with_and_without_a_reason() {
        check(
            "#[expect(dead_code)]\nlet reason = \"\";\n",
            &["say the `reason`"],
        );
        check("#[expect(dead_code, reason = \"later\")]\n", &[]);
        check(
            "#[expect(\n    dead_code,\n    reason = \"later\"\n)]\nfn a() {}\n",
            &[],
        );
        check(
            "#[expect(\n    dead_code,\n)]\nfn reason() {}\n",
            &["a.rs:1: say"],
        );
    }

    #[test]
    fn parts_of_serde() {
        check("#[serde(untagged)]\nenum A {}\n", &["`untagged`"]);
        check("    #[serde(default, flatten)]\n", &["`flatten`"]);
        check("#[serde(rename = \"flattened\")]\n", &[]);
        check("#[derive(Serialize)]\nstruct A { flatten: u8 }\n", &[]);
    }

    #[test]
    fn one_file_tries_the_parts_of_serde() {
        let text = "#[serde(untagged)]\n#[allow(dead_code)]\nenum A {}\n".to_owned();
        let path = TRIES_PARTS_OF_SERDE.to_owned();
        assert_eq!(problems(&TextFile { path, text }).len(), 1);
    }

    #[test]
    fn only_rust_is_read() {
        let (path, text) = ("a.md".to_owned(), "#[allow(dead_code)]\n".to_owned());
        assert!(problems(&TextFile { path, text }).is_empty());
    }
}
