//! Which refusal speaks of money, in the words of the service and of gateways in front of it.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    ErrorBody, RawJson,
    body_text::{self, Leaf},
};

/// What an account can have too little of.
const MONEY: [&str; 6] = ["balance", "credit", "credits", "fund", "funds", "quota"];

/// Between too little and money, these say that something else is meant.
const OTHER_LIMITS: [&str; 7] = [
    "concurrency",
    "concurrent",
    "minute",
    "parallel",
    "permission",
    "rate",
    "second",
];

/// Words that may stand between the two: `insufficient user quota`.
const MOST_BETWEEN: usize = 3;

/// Codes of gateways for an account without money, as a number or a text.
const CODES: [&str; 2] = ["1008", "1113"];

/// The same in the language of the service's makers.
const IN_CHINESE: [&str; 3] = ["余额不足", "额度不足", "欠费"];

impl ErrorBody {
    /// Whether any text or code of the body says that there is no money left. It may also have been
    /// written by a gateway that knows nothing of the service, so it counts under a 4xx only.
    pub(crate) fn speaks_of_money(&self, status: u16) -> bool {
        let json = RawJson::read(self.text.as_bytes());
        let leaves = json.map(|json| body_text::leaves(json.token()));
        let text = |text: &str| says_no_money(text) && !(status == 403 && says_permission(text));
        let leaf = |leaf: &Leaf| is_code(leaf) || text(&format!("{} {}", leaf.name, leaf.text));
        match leaves {
            Ok(leaves) if !leaves.is_empty() => leaves.iter().any(leaf),
            _ => text(&self.text),
        }
    }
}

fn is_code(leaf: &Leaf) -> bool {
    let name = leaf.name.to_ascii_lowercase();
    let names_a_code = ["code", "err", "status"].iter().any(|it| name.contains(it));
    names_a_code && CODES.contains(&leaf.text.trim())
}

fn says_permission(text: &str) -> bool {
    text.to_ascii_lowercase().contains("permission")
}

/// Whether a text says, in any spelling, that money is insufficient.
pub(crate) fn says_no_money(text: &str) -> bool {
    if IN_CHINESE.iter().any(|words| text.contains(words)) {
        return true;
    }
    let words = words(text);
    let denies = |word: &String| matches!(word.as_str(), "not" | "t");
    let is_too_little = |at: usize| match words[at].as_str() {
        "insufficient" => true,
        // "You do not have enough credit", "you don't have enough credit".
        "enough" => words[at.saturating_sub(3)..at].iter().any(denies),
        "out" => words.get(at + 1).is_some_and(|word| word == "of"),
        _ => false,
    };
    let money = |word: &String| MONEY.contains(&word.as_str());
    let is_other = |word: &String| OTHER_LIMITS.contains(&word.as_str());
    let near = |from: usize, to: usize| {
        let between = &words[from + 1..to];
        between.len() <= MOST_BETWEEN && !between.iter().any(is_other)
    };
    let owes = words.iter().any(|word| word.starts_with("arrear"));
    owes || (0..words.len()).filter(|at| is_too_little(*at)).any(|at| {
        let after = (at + 1..words.len()).find(|it| money(&words[*it]));
        let before = (0..at).rev().find(|it| money(&words[*it]));
        after.is_some_and(|it| near(at, it)) || before.is_some_and(|it| near(it, at))
    })
}

/// The words of a text in lower case, whatever is between them: blanks, signs, or only a letter in
/// upper case.
fn words(text: &str) -> Vec<String> {
    let mut spaced = String::new();
    let mut was_lower = false;
    for character in text.chars() {
        if character.is_uppercase() && was_lower {
            spaced.push(' ');
        }
        was_lower = character.is_lowercase();
        spaced.push(character.to_ascii_lowercase());
    }
    let words = spaced.split(|it: char| !it.is_alphanumeric());
    let words = words.flat_map(|word| match word.strip_prefix("insufficient") {
        Some(rest) => ["insufficient", rest],
        None => [word, ""],
    });
    words
        .filter(|word| !word.is_empty())
        .map(ToString::to_string)
        .collect()
}
