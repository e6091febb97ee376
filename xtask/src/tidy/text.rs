//! What holds for the text of every file: length, white space, leftovers.

use crate::files::TextFile;

/// Files under these folders are held to the lengths.
const MEASURED: [&str; 3] = ["crates/", "tests/", "xtask/"];
const LONGEST: usize = 600;
const TARGET: usize = 400;

/// Marks of unfinished work. Each is put together so that this file does not contain it.
const UNFINISHED: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// Folders of the machines this is written on.
const MACHINES: [&str; 3] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

/// Where `Cargo.lock` may say that a crate comes from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// All findings in one file.
pub(super) fn problems(file: &TextFile) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let place = format!("{}:{}", file.path, index + 1);
        let checks = [
            unfinished(line),
            machine_path(line),
            registry(file, line),
            white_space(file, line),
            emoji(file, line),
        ];
        problems.extend(
            checks
                .into_iter()
                .flatten()
                .map(|problem| format!("{place}: {problem}")),
        );
    }
    problems.extend(end(file));
    problems.extend(length(file).filter(|lines| *lines > LONGEST).map(|lines| {
        format!(
            "{}: {lines} lines of at most {LONGEST}; split it by concept",
            file.path
        )
    }));
    problems
}

/// A word about a file that grows long but is not yet too long.
pub(super) fn warn_of_length(file: &TextFile) -> Option<String> {
    let lines = length(file).filter(|lines| *lines > TARGET && *lines <= LONGEST)?;
    Some(format!(
        "warning: {}: {lines} lines, the target is {TARGET}",
        file.path
    ))
}

fn length(file: &TextFile) -> Option<usize> {
    let is_measured = MEASURED.iter().any(|folder| file.path.starts_with(folder));
    (is_measured && file.has_extension("rs")).then(|| file.text.lines().count())
}

fn unfinished(line: &str) -> Option<String> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut words = line.split(|character| !is_word(character));
    let word = words.find(|word| UNFINISHED.contains(word))?;
    Some(format!(
        "`{word}`: finish it, or write down elsewhere what is open"
    ))
}

fn machine_path(line: &str) -> Option<String> {
    MACHINES.iter().find_map(|folder| {
        let mut found = line.match_indices(folder);
        let is_path = |(start, _): &(usize, &str)| {
            let before = line[..*start].chars().next_back();
            let after = line[start + folder.len()..].chars().next();
            // Within a URL or a longer path the folder is not this machine's.
            !before.is_some_and(|before| before.is_alphanumeric() || "._-~}".contains(before))
                && after.is_some_and(|after| after.is_alphanumeric() || "._-".contains(after))
        };
        found.find(is_path)?;
        Some(format!(
            "`{folder}`: a path of one machine; say it relative to the repository"
        ))
    })
}

fn registry(file: &TextFile, line: &str) -> Option<String> {
    let name = file.path.rsplit('/').next();
    let other = match name {
        Some("Cargo.lock") => line.starts_with("source = ") && !line.contains(REGISTRY),
        Some("Cargo.toml") => line.contains("registry = "),
        // Cargo's own settings would send everybody to this registry.
        Some("config.toml") if file.is_below(".cargo") => {
            line.starts_with("[source") || line.starts_with("[registr")
        }
        _ => line.contains(concat!("sparse", "+http")),
    };
    other.then(|| "crates come from crates.io; leave other registries to your own settings".into())
}

/// Whether the content is data that somebody else laid out.
fn is_data(file: &TextFile) -> bool {
    file.has_extension("snap") || file.is_below("fixtures") || file.is_below("regressions")
}

fn white_space(file: &TextFile, line: &str) -> Option<String> {
    let trailing = line.ends_with([' ', '\t', '\r']);
    (trailing && !is_data(file)).then(|| "white space at the end of the line".to_owned())
}

fn end(file: &TextFile) -> Option<String> {
    let text = &file.text;
    let right = text.is_empty() || (text.ends_with('\n') && !text.ends_with("\n\n"));
    (!right && !is_data(file)).then(|| format!("{}: end the file with one newline", file.path))
}

fn emoji(file: &TextFile, line: &str) -> Option<String> {
    if !file.has_extension("md") {
        return None;
    }
    let is_emoji = |character: &char| {
        let plain_mark = matches!(character, '\u{2713}' | '\u{2717}');
        let pictures = matches!(character, '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}');
        let presented = matches!(character, '\u{2b50}' | '\u{2b55}' | '\u{fe0f}');
        !plain_mark && (pictures || presented)
    };
    let found = line.chars().find(is_emoji)?;
    Some(format!("U+{:04X} is an emoji; use words", u32::from(found)))
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
    fn unfinished_work() {
        for word in UNFINISHED {
            check("a.rs", &format!("// {word}: later\n"), &["a.rs:1:"]);
            check("a.rs", &format!("let {word}ES = 1; // in{word}\n"), &[]);
        }
    }

    #[test]
    fn paths_of_a_machine() {
        for folder in MACHINES {
            check("a.md", &format!("\nsee {folder}main\n"), &["a.md:2: `/"]);
            check(
                "a.md",
                &format!("see https://example.com{folder}main\n"),
                &[],
            );
            check(
                "a.md",
                &format!("see docs{folder}main and {folder}<name>\n"),
                &[],
            );
        }
    }

    #[test]
    fn other_registries() {
        let ours = format!("source = \"{REGISTRY}\"\n");
        check("Cargo.lock", &ours, &[]);
        check(
            "Cargo.lock",
            "source = \"registry+https://a.example\"\n",
            &["crates.io"],
        );
        check(".cargo/config.toml", "[source.crates-io]\n", &["crates.io"]);
        check(
            ".cargo/config.toml",
            "[registries.a]\n[alias]\n",
            &["config.toml:1"],
        );
    }

    #[test]
    fn white_space_and_the_end() {
        check("a.rs", "a \nb\t\n", &["a.rs:1: white", "a.rs:2: white"]);
        check("a.rs", "a", &["one newline"]);
        check("a.rs", "a\n\n", &["one newline"]);
        check("a.rs", "", &[]);
        check("tests/fixtures/wire/a.json", "{} ", &[]);
    }

    #[test]
    fn emoji_only_in_prose() {
        check("a.md", "fast \u{1f680}\n", &["U+1F680"]);
        check("a.md", "\u{2192} \u{2713} \u{2026}\n", &[]);
        check("a.rs", "\"\u{1f680}\"\n", &[]);
    }

    #[test]
    fn long_files() {
        let of = |lines: usize| TextFile {
            path: "crates/a/src/lib.rs".to_owned(),
            text: "x\n".repeat(lines),
        };
        assert!(warn_of_length(&of(TARGET)).is_none());
        assert!(warn_of_length(&of(TARGET + 1)).is_some());
        assert!(problems(&of(LONGEST)).is_empty());
        assert!(problems(&of(LONGEST + 1))[0].contains("601 lines of at most 600"));
        assert!(
            warn_of_length(&of(LONGEST + 1)).is_none(),
            "it is an error already"
        );
        check("docs/a.rs", &"x\n".repeat(LONGEST + 1), &[]);
    }
}
