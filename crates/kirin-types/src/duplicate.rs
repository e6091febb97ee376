//! What a duplicate refusal is.
//!
//! Its text names the external task id and says duplicate, exists or already, and does not say
//! that something does not exist. Such a text proves that the host refuses duplicates. The code
//! 1201 stands under other refusals too: alone, or with a text that says duplicate or exist, it is
//! a duplicate refusal that proves nothing; with any other text it is none.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use crate::{
    ErrorBody, ExternalTaskId, RawJson,
    body_text::{Leaf, leaves},
};

/// What stands for the id's own text while a message is read.
const NAME: &str = "external_task_id";

/// Letters that name the external task id, whatever stands between its words: `external-task-id`,
/// `externalTaskId`; the reference page calls it the custom task id, too.
const NAMES: [&str; 2] = ["externaltaskid", "customtaskid"];

/// A shorter id may be a word of any message, so its own text names it only from here on.
const SHORTEST_NAME: usize = 8;

impl ErrorBody {
    /// Whether the text itself says that the external task id is in use. Only this proves that a
    /// host refuses duplicates: code 1201 alone has other uses at Kling.
    ///
    /// ```
    /// use kirin_types::ErrorBody;
    ///
    /// let proof = br#"{"code":1201,"message":"the external task id already exists"}"#;
    /// assert!(ErrorBody::decode(proof).names_duplicate());
    /// assert!(!ErrorBody::decode(br#"{"code":1201}"#).names_duplicate());
    /// ```
    pub fn names_duplicate(&self) -> bool {
        self.is_proof(None)
    }

    /// The same for a create that carried this id: the id's own text names it as well, if it has
    /// at least 8 characters, and is no word of the message otherwise.
    ///
    /// ```
    /// use kirin_types::ErrorBody;
    ///
    /// let body = ErrorBody::decode(br#"{"message":"task 'order-4711' already exists"}"#);
    /// assert!(body.names_duplicate_of(&"order-4711".parse()?));
    /// assert!(!body.names_duplicate_of(&"order-4712".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn names_duplicate_of(&self, id: &ExternalTaskId) -> bool {
        self.is_proof(Some(id))
    }

    fn is_proof(&self, id: Option<&ExternalTaskId>) -> bool {
        let texts = self.texts(id);
        texts
            .iter()
            .any(|text| names_id(text) && says(text, &["duplicat", "exist", "already"]))
    }

    /// Whether it is a duplicate refusal, proof or not.
    pub(crate) fn is_duplicate(&self, id: Option<&ExternalTaskId>) -> bool {
        let code = self.code.as_deref() == Some("1201")
            || self.error_code == Some(1201)
            || self.status_code == Some(1201);
        let by_code = || {
            let texts = self.texts(id);
            texts.is_empty() || texts.iter().any(|text| says(text, &["duplicat", "exist"]))
        };
        self.is_proof(id) || (code && by_code())
    }

    /// What the refusal says, in lower case: its message; where it has none, each text of its JSON
    /// with its name; where it is no JSON, all of it. The id's own text is put right.
    fn texts(&self, id: Option<&ExternalTaskId>) -> Vec<String> {
        let mut texts = Vec::new();
        let message = self.message.as_deref().map(str::trim).unwrap_or_default();
        match RawJson::read(self.text.as_bytes()) {
            _ if !message.is_empty() => texts.push(message.to_owned()),
            Ok(body) => {
                let leaves = leaves(body.token()).into_iter().filter(is_words);
                texts.extend(leaves.map(|leaf| format!("{}: {}", leaf.name, leaf.text)));
            }
            Err(_) if !self.text.trim().is_empty() => texts.push(self.text.clone()),
            Err(_) => {}
        }
        let put_right = |text: String| match id {
            Some(id) => without_id(&text.to_ascii_lowercase(), id),
            None => text.to_ascii_lowercase(),
        };
        texts.into_iter().map(put_right).collect()
    }
}

/// Whether it is words: no number, and no code.
fn is_words(leaf: &Leaf) -> bool {
    let is_code = matches!(leaf.name.as_str(), "code" | "request_id");
    !leaf.is_number && !is_code && !leaf.text.trim().is_empty()
}

/// The text with the name in place of the id, wherever the id stands as a word of its own.
fn without_id(text: &str, id: &ExternalTaskId) -> String {
    let id = id.as_str().to_ascii_lowercase();
    let name = match id.len() >= SHORTEST_NAME {
        true => NAME,
        false => "",
    };
    let part = |neighbour: Option<char>| {
        neighbour.is_some_and(|it| it.is_alphanumeric() || matches!(it, '_' | '-'))
    };
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(&id) {
        let inside = part(before.chars().next_back()) || part(after.chars().next());
        result.push_str(before);
        result.push_str(if inside { &id } else { name });
        rest = after;
    }
    result.push_str(rest);
    result
}

fn names_id(text: &str) -> bool {
    let letters: String = text.chars().filter(|it| it.is_alphanumeric()).collect();
    NAMES.iter().any(|name| letters.contains(name))
}

fn says(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word)) && !says_absent(text)
}

/// Whether a clause says that something does not exist, or must: the words of a duplicate and
/// their contrary. Where that is hard to tell, it does: a proof that is missed costs a lookup, a
/// wrong one a second charge.
fn says_absent(text: &str) -> bool {
    let absent = [
        "not found",
        "no such",
        "nonexist",
        "non-exist",
        "inexist",
        "unknown",
    ];
    if absent.iter().any(|words| text.contains(words)) {
        return true;
    }
    let words: Vec<_> = text.split_whitespace().collect();
    let mut denied = false;
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |at| words[at]);
        denied |= denies(word);
        if word.contains("exist") {
            let after = words.get(at + 1).is_some_and(|word| denies(word));
            // "Not created, for it already exists" denies the creation only.
            let already = before == "already" && !(at > 1 && denies(words[at - 2]));
            if after || (denied && !already) {
                return true;
            }
        }
        denied &= !ends_clause(word);
    }
    false
}

fn denies(word: &str) -> bool {
    let word = word.trim_matches(|it: char| !it.is_alphanumeric());
    let words = [
        "no", "not", "never", "none", "nothing", "neither", "nor", "non", "without", "cannot",
        "must", "should", "if", "unless", "whether",
    ];
    words.contains(&word) || word.ends_with("n't") || word.ends_with("n\u{2019}t")
}

fn ends_clause(word: &str) -> bool {
    matches!(word, "because" | "since" | "but") || word.ends_with(['.', ';', '!', '?'])
}
