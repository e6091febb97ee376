//! The texts of a body of any form, and which of them is the sentence that a person should read.

use alloc::{string::String, vec::Vec};

use crate::{
    RawJson,
    decode::{Object, Token},
};

/// Levels of a body that are looked into, JSON within a text of JSON included.
const DEEPEST: usize = 32;

/// A text or a number of a body, with the name of the field it is in.
pub(crate) struct Leaf {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) is_number: bool,
    /// How many levels below the top it stands.
    depth: usize,
}

/// Fields of a task that are documented to hold something else than why it ended, and those that hold its
/// request.
const NO_REASONS: [&str; 13] = [
    "created_at",
    "external_task_id",
    "id",
    "input",
    "metadata",
    "model",
    "output",
    "params",
    "progress",
    "request",
    "status",
    "updated_at",
    "usage",
];

/// What the names of fields contain whose texts say why, also in one word.
const REASONS: [&str; 6] = ["detail", "error", "fail", "message", "msg", "reason"];

/// Every text and number of the JSON, in the order in which they came. What a request said, and an
/// answer repeats, is none of it: a prompt may hold any words.
pub(crate) fn leaves(body: Token<'_>) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    collect("", body, 0, &mut leaves);
    leaves
}

/// What a task with this status word says of why it ended, beside what is documented: the texts whose names
/// say so, else every sentence; those that stand nearer to the top come first.
pub(crate) fn reason(task: &Object<'_>, status: &str) -> Option<String> {
    let mut leaves = Vec::new();
    let others = task.fields().filter(|(name, _)| !NO_REASONS.contains(name));
    others.for_each(|(name, value)| collect(name, value, 1, &mut leaves));
    leaves.retain(|leaf| !leaf.is_number && !leaf.text.trim().eq_ignore_ascii_case(status));
    leaves.sort_by_key(|leaf| leaf.depth);
    let joined = |says: fn(&Leaf) -> bool| {
        let mut texts: Vec<_> = Vec::new();
        for leaf in leaves.iter().filter(|leaf| says(leaf)) {
            if !texts.contains(&leaf.text.trim()) {
                texts.push(leaf.text.trim());
            }
        }
        Some(texts.join("; ")).filter(|text| !text.is_empty())
    };
    joined(names_a_reason).or_else(|| joined(|leaf| is_sentence(&leaf.text)))
}

fn names_a_reason(leaf: &Leaf) -> bool {
    let name = leaf.name.to_ascii_lowercase();
    REASONS.iter().any(|it| name.contains(it))
        && !name.ends_with("id")
        && has_more_letters_than_digits(&leaf.text)
}

fn collect(name: &str, value: Token<'_>, depth: usize, leaves: &mut Vec<Leaf>) {
    if depth == DEEPEST || name.to_ascii_lowercase().contains("prompt") {
        return;
    }
    if let Some(object) = value.object() {
        for (name, value) in object.fields() {
            collect(name, value, depth + 1, leaves);
        }
    } else if let Some(items) = value.array() {
        for item in items {
            collect(name, item, depth + 1, leaves);
        }
    } else if let Some(text) = value.lossy_text().or_else(|| value.text_or_number()) {
        let inner = match text.trim_start().starts_with(['{', '[']) {
            true => RawJson::read(text.as_bytes()).ok(),
            false => None,
        };
        match inner {
            Some(inner) => collect(name, inner.token(), depth + 1, leaves),
            None => leaves.push(Leaf {
                name: name.into(),
                text,
                is_number: value.number().is_some(),
                depth,
            }),
        }
    }
}

/// The first text that says something: words, and not only a number, a word or an address.
pub(crate) fn first_sentence(leaves: Vec<Leaf>) -> Option<String> {
    let mut texts = leaves.into_iter().filter(|leaf| !leaf.is_number);
    texts
        .find(|leaf| is_sentence(&leaf.text))
        .map(|leaf| leaf.text)
}

/// Whether a text has at least two words, and more letters than digits, which a date has not. Some
/// scripts have no blanks between words.
pub(crate) fn is_sentence(text: &str) -> bool {
    let words = text
        .split_whitespace()
        .filter(|word| word.contains(char::is_alphabetic));
    has_more_letters_than_digits(text)
        && (words.count() > 1 || count(text, |it| it.is_alphabetic() && !it.is_ascii()) > 1)
}

fn has_more_letters_than_digits(text: &str) -> bool {
    count(text, char::is_alphabetic) > count(text, char::is_numeric)
}

fn count(text: &str, counts: fn(char) -> bool) -> usize {
    text.chars().filter(|it| counts(*it)).count()
}

/// What a page says: its title, else its words without their tags.
pub(crate) fn of_markup(text: &str) -> Option<String> {
    let text = text.trim_start();
    if !text.starts_with('<') {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|from| {
        let from = from + lower[from..].find('>')? + 1;
        let length = lower[from..].find("</title")?;
        Some(&text[from..from + length])
    });
    let title = title.map(joined).filter(|title| !title.is_empty());
    title.or_else(|| Some(joined(&without_tags(text))).filter(|words| !words.is_empty()))
}

/// The text with one blank in the place of each tag.
fn without_tags(text: &str) -> String {
    let mut is_in_tag = false;
    let kept = text.chars().filter_map(|character| match character {
        '<' => {
            is_in_tag = true;
            Some(' ')
        }
        '>' if is_in_tag => {
            is_in_tag = false;
            None
        }
        _ if is_in_tag => None,
        other => Some(other),
    });
    kept.collect()
}

/// The words of a text with one blank between them.
pub(crate) fn joined(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ")
}

/// How much of a sentence is shown, in characters.
pub(crate) const SENTENCE_CHARACTERS: usize = 500;

/// The beginning of a text, without control characters: it may reach a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(SENTENCE_CHARACTERS)
        .collect()
}
