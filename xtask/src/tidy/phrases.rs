//! The phrases that documents and the help of the program must not contain: CONTRIBUTING.md lists them.

use crate::files::TextFile;

const LIST: &str = "CONTRIBUTING.md";
const MARKS: [&str; 2] = ["<!-- refused phrases -->", "<!-- until here -->"];

/// All findings in the documents and in the help of the program.
pub(super) fn problems(files: &[TextFile]) -> Vec<String> {
    let list = files.iter().find(|file| file.path == LIST);
    let phrases = list.map_or_else(Vec::new, |file| phrases(&file.text));
    if phrases.is_empty() {
        return vec![format!(
            "{LIST}: between `{}` and `{}`, list the phrases to refuse",
            MARKS[0], MARKS[1]
        )];
    }
    let documents = files
        .iter()
        .filter(|file| file.has_extension("md") || file.path.contains("/snapshots/it__snap__help"));
    documents
        .flat_map(|file| findings(file, &phrases))
        .collect()
}

/// The first column of the table, where commas separate phrases.
fn phrases(text: &str) -> Vec<&str> {
    let lines = text.lines().skip_while(|line| *line != MARKS[0]);
    let table = lines.take_while(|line| *line != MARKS[1]);
    let rows = table.filter(|line| line.starts_with('|')).skip(2);
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    cells
        .flat_map(|cell| cell.split(',').map(str::trim))
        .collect()
}

fn findings(file: &TextFile, phrases: &[&str]) -> Vec<String> {
    let mut is_list = false;
    let mut problems = Vec::new();
    let mut lines = file.text.lines().map(str::trim).enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        is_list = (is_list || line == MARKS[0]) && line != MARKS[1];
        if is_list {
            continue;
        }
        // A phrase may continue on the next line.
        let next = lines.peek().map_or("", |(_, next)| *next);
        let both = format!("{line} {next}").to_ascii_lowercase();
        let found = phrases
            .iter()
            .filter(|phrase| contains(&both, phrase, line.len()));
        problems.extend(found.map(|phrase| {
            format!(
                "{}:{}: `{phrase}`: {LIST} says what to write instead",
                file.path,
                index + 1
            )
        }));
    }
    problems
}

/// Whether `phrase` is in `text`, as whole words, and begins before `end`.
fn contains(text: &str, phrase: &str, end: usize) -> bool {
    text.match_indices(phrase).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + phrase.len()..].chars().next();
        start < end
            && ![before, after]
                .into_iter()
                .flatten()
                .any(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let list = "<!-- refused phrases -->\n\n| do not write | write |\n|---|---|\n\
            | anew | again |\n| go on with, nobody | continue |\n\n<!-- until here -->\n";
        let files = [(LIST, list), ("docs/a.md", text)].map(|(path, text)| TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        });
        let found = problems(&files);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                found.starts_with(&format!("docs/a.md:{expected}: ")),
                "{found}"
            );
        }
    }

    #[test]
    fn phrases_of_the_list_are_found_as_whole_words() {
        check("It begins anew.\n", &["1: `anew`"]);
        check("# A\n\nNobody knows.\n", &["3: `nobody`"]);
        check("We go on\nwith it.\n", &["1: `go on with`"]);
        check("A new nobodyness goes on.\n", &[]);
    }

    #[test]
    fn a_list_that_is_lost_is_a_finding() {
        let path = LIST.to_owned();
        let text = "# Contributing\n".to_owned();
        assert_eq!(problems(&[TextFile { path, text }]).len(), 1);
        assert_eq!(problems(&[]).len(), 1);
    }
}
