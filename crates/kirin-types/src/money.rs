//! Which refusal speaks of money, in the words of the service and of gateways in front of it.

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use crate::{
    ErrorBody, RawJson,
    body_text::{self, Leaf},
};

/// What an account can have too little of.
const CAN_RUN_OUT: [&str; 9] = [
    "balance", "budget", "credit", "credits", "fund", "funds", "quota", "spend", "spending",
];

/// Beginnings of words that say that something is used up.
const USED_UP: [&str; 11] = [
    "deplet",
    "empty",
    "exhaust",
    "insufficient",
    "lack",
    "low",
    "negative",
    "no",
    "short",
    "used",
    "zero",
];

/// Beginnings of words that say that a limit is reached. Of a quota under 429 they may mean the rate.
const REACHED: [&str; 5] = ["exceed", "expired", "limit", "over", "reached"];

/// Beginnings of words that speak of paying, and of nothing else.
const PAYING: [&str; 7] = [
    "arrear", "billing", "invoice", "overdue", "payment", "prepaid", "unpaid",
];

/// Beginnings of words that say that another limit is meant, which ends by itself, or a right.
const OTHER_LIMITS: [&str; 11] = [
    "concurren",
    "frequen",
    "minute",
    "parallel",
    "permission",
    "qps",
    "rate",
    "retry",
    "rpm",
    "second",
    "throttl",
];

/// Words that may stand between the two: `insufficient user quota`.
const MOST_BETWEEN: usize = 3;

/// Codes of gateways for an account without money, as a number or a text.
const CODES: [&str; 2] = ["1008", "1113"];

/// The same in the language of the service's makers: what can run out, that it has, and other limits.
const IN_CHINESE: [&[&str]; 3] = [
    &["余额", "额度", "积分", "点数"],
    &["不足", "不够", "用完", "用尽", "耗尽"],
    &["并发", "并行", "频率", "速率"],
];

impl ErrorBody {
    /// Whether any text or code of the body says that there is no money left. It may also have been
    /// written by a gateway that knows nothing of the service, so it counts under a 4xx only.
    pub(crate) fn speaks_of_money(&self, status: u16) -> bool {
        let json = RawJson::read(self.text.as_bytes());
        let leaves = json.map(|json| body_text::leaves(json.token()));
        let leaves = leaves.unwrap_or_default();
        let named = leaves
            .iter()
            .map(|leaf| format!("{} {}", leaf.name, leaf.text));
        let (named, plain): (Vec<_>, Vec<_>) = match leaves.is_empty() {
            true => (vec![self.text.clone()], vec![self.text.as_str()]),
            false => (
                named.collect(),
                leaves.iter().map(|it| it.text.as_str()).collect(),
            ),
        };
        let is_right =
            |text: &str| status == 403 && words(text).iter().any(|it| it.starts_with("permission"));
        leaves.iter().any(is_code)
            || named
                .iter()
                .any(|text| says_no_money(text, status) && !is_right(text))
            || speaks_of_paying(&plain, status)
    }
}

fn is_code(leaf: &Leaf) -> bool {
    let name = leaf.name.to_ascii_lowercase();
    let names_a_code = ["code", "err", "status"].iter().any(|it| name.contains(it));
    names_a_code && CODES.contains(&leaf.text.trim())
}

/// Whether the texts of a body speak of paying, and none of them of another limit: for a higher one, too,
/// some services want to be paid.
fn speaks_of_paying(texts: &[&str], status: u16) -> bool {
    let words: Vec<_> = texts.iter().flat_map(|text| words(text)).collect();
    let is_about_key = status == 401 && words.iter().any(|word| word == "key");
    let says = |beginnings: &[&str]| words.iter().any(|word| begins_with(word, beginnings));
    says(&PAYING) && !says(&OTHER_LIMITS) && !is_about_key
}

/// Whether a text or a code says, in any spelling, that money is used up.
fn says_no_money(text: &str, status: u16) -> bool {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let [can_run_out, used_up, other_limits] = IN_CHINESE;
    if text.contains("欠费") || says(can_run_out) && says(used_up) && !says(other_limits) {
        return true;
    }
    let parts = text.split(['(', ')', ';', '!', '?', '\n']);
    let mut clauses = parts.flat_map(|part| part.split(". "));
    clauses.any(|clause| is_used_up(&words(clause), status))
}

fn is_used_up(words: &[String], status: u16) -> bool {
    if words.iter().any(|word| begins_with(word, &OTHER_LIMITS)) {
        return false;
    }
    let denies = |word: &String| matches!(word.as_str(), "not" | "t");
    let is_too_little = |at: usize| match words[at].as_str() {
        // "You do not have enough credit", "you don't have enough credit", `quota_not_enough`.
        "enough" => words[at.saturating_sub(3)..at].iter().any(denies),
        "out" => words.get(at + 1).is_some_and(|word| word == "of"),
        word => begins_with(word, &USED_UP),
    };
    let is_near = |from: usize, to: usize| from.abs_diff(to) <= MOST_BETWEEN + 1;
    (0..words.len())
        .filter(|at| CAN_RUN_OUT.contains(&words[*at].as_str()))
        .any(|money| {
            let may_be_rate = status == 429 && words[money] == "quota";
            (0..words.len())
                .filter(|at| is_near(money, *at))
                .any(|at| is_too_little(at) || !may_be_rate && begins_with(&words[at], &REACHED))
        })
}

/// Whether a word begins with one of these; those of two letters are whole words.
fn begins_with(word: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|it| match it.len() {
        ..=2 => word == *it,
        _ => word.starts_with(it),
    })
}

/// The words of a text in lower case, whatever is between them: blanks, signs, or only a letter in
/// upper case. Addresses are none: a service may name one for whatever it refuses.
fn words(text: &str) -> Vec<String> {
    let mut spaced = String::new();
    let mut was_lower = false;
    let is_address = |it: &&str| it.contains("://") || it.contains('@');
    let texts = text
        .split_inclusive(char::is_whitespace)
        .filter(|it| !is_address(it));
    for character in texts.flat_map(str::chars) {
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
