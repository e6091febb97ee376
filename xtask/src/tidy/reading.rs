//! Reads without a bound: a path may lead to what never ends.

use crate::files::TextFile;

/// What reads a whole file, and takes no bound.
const WHOLE: [&str; 3] = ["fs::read(", "fs::read_to_string(", "io::read_to_string("];

/// What reads up to an end, or to the end of a line, and is given a bound before it in the same line.
const UP_TO: [&str; 4] = [
    ".read_to_end(&mut ",
    ".read_to_string(&mut ",
    ".read_line(&mut ",
    ".read_until(b'",
];

/// All findings in the code of a crate, up to its tests.
pub(super) fn problems(file: &TextFile) -> Vec<String> {
    let is_code = file.path.starts_with("crates/") && file.path.contains("/src/");
    if !is_code || !file.has_extension("rs") || file.path.ends_with("/tests.rs") {
        return Vec::new();
    }
    let lines = file.text.lines().enumerate();
    let code = lines.take_while(|(_, line)| line.trim() != "#[cfg(test)]");
    let findings =
        code.filter(|(_, line)| !line.trim_start().starts_with("//") && !is_bounded(line));
    findings
        .map(|(index, _)| {
            format!(
                "{}:{}: this read has no bound; write `.take(LIMIT)` before it, or use `bounded_file`",
                file.path,
                index + 1
            )
        })
        .collect()
}

fn is_bounded(line: &str) -> bool {
    let is_whole = WHOLE.iter().any(|call| line.contains(call));
    let is_up_to = UP_TO.iter().any(|call| line.contains(call));
    !is_whole && (!is_up_to || line.contains(".take("))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        let (path, text) = (path.to_owned(), text.to_owned());
        problems(&TextFile { path, text }).len()
    }

    #[test]
    fn a_read_of_a_whole_file_is_found_and_one_with_a_bound_is_not() {
        let path = "crates/a/src/b.rs";
        for line in [
            "let bytes = std::fs::read(path)?;",
            "let text = fs::read_to_string(path)?;",
            "file.read_to_end(&mut bytes)?;",
            "io::stdin().read_line(&mut answer)?;",
        ] {
            assert_eq!(count(path, line), 1, "{line}");
            assert_eq!(count(path, &format!("#[cfg(test)]\n{line}")), 0, "{line}");
            assert_eq!(count("crates/a/tests/it/b.rs", line), 0, "{line}");
            assert_eq!(count("crates/a/src/b/tests.rs", line), 0, "{line}");
        }
        for line in [
            "file.take(LIMIT).read_to_end(&mut bytes)?;",
            "/// std::fs::read(\"file\")?;",
            "bounded_file::read(path, LIMIT)?;",
            "fs::read_dir(folder)?;",
            "fs::read_link(path)?;",
        ] {
            assert_eq!(count(path, line), 0, "{line}");
        }
    }
}
