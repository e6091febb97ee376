//! What signs a URL, cut out of what is kept and shown: the query, the fragment, and a name and password.

use std::ops::Range;

use kirin_transport::escapes::{self, Reading};
use kirin_types::{RawJson, Task};
use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::value::RawValue;

/// How deep JSON within a string of JSON is read as JSON.
const DEEPEST: usize = 4;

/// A text without what signs the URLs in it: their queries and fragments, and names and passwords before their
/// hosts. Of a query its question mark stays, so that it is seen to have been cut. The text may be JSON, also with
/// JSON in its strings, and stays JSON; ids stay whatever they are.
///
/// The signed URL of a video is a key to it. So a journal, a machine that is serialized and an error keep
/// URLs only as this leaves them, and a download asks for the task again where the query was cut.
///
/// ```
/// use kirin_client::without_url_queries;
///
/// let text = "no answer from https://cdn.example.com/a.mp4?signature=s3cret, 3 times";
/// assert_eq!(without_url_queries(text), "no answer from https://cdn.example.com/a.mp4? 3 times");
///
/// let json = r#"{"url":"https:\/\/cdn.example.com\/a.mp4?signature=s3cret","size":1.0}"#;
/// assert_eq!(without_url_queries(json), r#"{"url":"https:\/\/cdn.example.com\/a.mp4?","size":1.0}"#);
/// ```
pub fn without_url_queries(text: &str) -> String {
    clean(text, DEEPEST)
}

/// Whether what signed a URL was cut out of it.
#[cfg(feature = "tokio")]
pub(crate) fn is_cut(url: &str) -> bool {
    url.ends_with('?')
}

/// Writes a task down without what signs its URLs.
pub(crate) fn serialize_task<S: Serializer>(task: &Task, serializer: S) -> Result<S::Ok, S::Error> {
    let json = without_url_queries(task.raw().as_str());
    let raw = RawJson::read(json.as_bytes()).map_err(S::Error::custom)?;
    raw.serialize(serializer)
}

/// The same for a task that may be missing, boxed or not.
pub(crate) fn serialize_optional_task<T, S>(
    task: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error>
where
    T: std::borrow::Borrow<Task>,
    S: Serializer,
{
    struct Unsigned<'a>(&'a Task);

    impl Serialize for Unsigned<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serialize_task(self.0, serializer)
        }
    }

    let task = task.as_ref().map(|task| Unsigned(task.borrow()));
    task.serialize(serializer)
}

fn clean(text: &str, levels: usize) -> String {
    if !text.contains(['?', '#', '@', '%', '&', '\\']) {
        return text.into();
    }
    let is_json = text.trim_start().starts_with(['{', '[', '"']);
    match is_json && serde_json::from_str::<&RawValue>(text).is_ok() {
        true => clean_json(text, levels),
        false => cut(text, Extent::Text),
    }
}

/// Every string in a text that is JSON, and nothing else of it.
fn clean_json(json: &str, levels: usize) -> String {
    let mut cleaned = String::with_capacity(json.len());
    let mut key = String::new();
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        let (before, literal) = rest.split_at(start);
        let (literal, after) = literal.split_at(literal_length(literal));
        cleaned.push_str(before);
        let is_key = after.trim_start().starts_with(':');
        match serde_json::from_str::<String>(literal) {
            Ok(text) => {
                let kept = match is_key {
                    true => cut(&text, Extent::Text),
                    false => clean_value(&key, &text, levels),
                };
                match kept == text {
                    true => cleaned.push_str(literal),
                    false => cleaned.push_str(&literal_of(&kept, literal)),
                }
                if is_key {
                    key = text;
                }
            }
            // Half of a character that takes two escapes.
            Err(_) => cleaned.push_str(&cut(literal, Extent::Text)),
        }
        rest = after;
    }
    cleaned.push_str(rest);
    cleaned
}

/// How long the string at the beginning of JSON is, with its quotation marks.
fn literal_length(json: &str) -> usize {
    let mut is_escaped = true;
    let end = json.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(json.len(), |end| end + 1)
}

/// A text as a string of JSON, with its slashes escaped where they were.
fn literal_of(text: &str, before: &str) -> String {
    let literal = serde_json::Value::from(text).to_string();
    match before.contains(r"\/") {
        true => literal.replace('/', r"\/"),
        false => literal,
    }
}

fn clean_value(key: &str, text: &str, levels: usize) -> String {
    match key {
        // What a task is found by is never changed.
        "id" | "task_id" | "external_task_id" => text.into(),
        _ if levels > 0 && text.trim_start().starts_with(['{', '[', '"']) => {
            clean(text, levels - 1)
        }
        _ if is_url(key, text) => cut(text, Extent::Url),
        _ => cut(text, Extent::Text),
    }
}

/// Whether a string is one URL, so that white space and quotation marks in it are a part of it.
fn is_url(key: &str, text: &str) -> bool {
    let text = text.trim_start();
    let is_of_scheme =
        |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
    let behind_scheme = text.trim_start_matches(is_of_scheme);
    key.to_ascii_lowercase().ends_with("url")
        || text.starts_with("//")
        || behind_scheme.starts_with("://") && behind_scheme.len() < text.len()
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// It may have URLs in it, and each ends at white space or a quotation mark.
    Text,
    /// It is one, to its end.
    Url,
}

/// A part that is cut out of a text, and what stays in its place.
struct Cut {
    place: Range<usize>,
    mark: &'static str,
}

fn cut(text: &str, extent: Extent) -> String {
    let mut cuts = Vec::new();
    escapes::read(text.as_bytes(), &mut |reading| {
        find(reading, extent, text.len(), &mut cuts);
    });
    cuts.sort_unstable_by_key(|cut| (cut.place.start, cut.place.end));
    let mut kept = String::with_capacity(text.len());
    let mut cuts = cuts.into_iter().peekable();
    let mut done = 0;
    while let Some(mut cut) = cuts.next() {
        // What several readings find is one.
        while let Some(next) = cuts.next_if(|next| next.place.start <= cut.place.end) {
            cut.place.end = cut.place.end.max(next.place.end);
            cut.mark = cut.mark.max(next.mark);
        }
        kept.push_str(&text[done..cut.place.start]);
        kept.push_str(cut.mark);
        done = cut.place.end;
    }
    kept.push_str(&text[done..]);
    kept
}

/// Finds the URLs in one reading of a text.
fn find(reading: &Reading, extent: Extent, length: usize, cuts: &mut Vec<Cut>) {
    // What is not seen ends no URL.
    let is_kept = |character: u8| character.is_ascii() && !is_unseen(character);
    let numbered = reading.characters().iter().enumerate();
    let (places, seen): (Vec<usize>, Vec<u8>) = numbered
        .filter(|(_, it)| is_kept(**it))
        .map(|(at, it)| (at, *it))
        .unzip();
    let start = |at: usize| match places.get(at) {
        Some(place) => reading.place(*place..*place).start,
        None => length,
    };
    let until = |from: usize, ends: &dyn Fn(usize) -> bool| {
        (from..seen.len())
            .find(|at| ends(*at))
            .unwrap_or(seen.len())
    };
    let is_one_of = |at: usize, marks: &[u8]| marks.contains(&seen[at]);
    let mut at = match extent {
        Extent::Text => 0,
        Extent::Url => until(0, &|at| !seen[at].is_ascii_whitespace()),
    };
    while let Some(host) = next_host(&seen, at, extent) {
        let is_quoted = is_quoted(&seen[..host]);
        let is_end = |at: usize| {
            extent == Extent::Text && (ends_url(seen[at]) || is_quoted && ends_quote(&seen[at..]))
        };
        let host_end = until(host, &|at| is_one_of(at, b"/\\?#") || is_end(at));
        if let Some(name) = seen[host..host_end].iter().rposition(|it| *it == b'@') {
            let place = start(host)..start(host + name + 1);
            cuts.push(Cut { place, mark: "" });
        }
        let query = until(host_end, &|at| is_one_of(at, b"?#") || is_end(at));
        let mut end = query;
        if query < seen.len() && !is_end(query) {
            end = until(query, &is_end);
            if extent == Extent::Text && end < seen.len() {
                // Those before a quotation mark belong to the mark.
                let behind = seen[query..end].iter().rev();
                end -= behind.take_while(|it| **it == b'\\').count();
            }
            if end > query + 1 {
                let place = start(query)..start(end);
                cuts.push(Cut { place, mark: "?" });
            }
        }
        if extent == Extent::Url {
            return;
        }
        at = end.max(host);
    }
}

/// Where the host of the next URL begins.
fn next_host(seen: &[u8], from: usize, extent: Extent) -> Option<usize> {
    let slashes = |at: &usize| seen[*at..].starts_with(b"//");
    // Two slashes within a path begin nothing.
    let is_begun = |at: &usize| *at == 0 || !is_of_path(seen[*at - 1]);
    let found = (from..seen.len()).find(|at| slashes(at) && is_begun(at));
    match (found, extent) {
        (Some(at), _) => Some(at + 2),
        // It has no host that can be told.
        (None, Extent::Url) => Some(from),
        (None, Extent::Text) => None,
    }
}

/// Whether an apostrophe stands before a URL whose host follows.
fn is_quoted(before: &[u8]) -> bool {
    let is_of_scheme = |it: &&u8| it.is_ascii_alphanumeric() || b":/+-.".contains(it);
    before.iter().rev().find(|it| !is_of_scheme(it)) == Some(&b'\'')
}

/// Whether a text begins with an apostrophe that ends what began with one. One within a query, as it stands
/// where the name of a file is signed, does not.
fn ends_quote(text: &[u8]) -> bool {
    let goes_on = |it: &u8| it.is_ascii_alphanumeric() || b"'%&=+-._~".contains(it);
    text[0] == b'\'' && !text.get(1).is_some_and(goes_on)
}

fn is_of_path(character: u8) -> bool {
    character.is_ascii_alphanumeric() || b"/._-~%".contains(&character)
}

fn ends_url(character: u8) -> bool {
    character.is_ascii_whitespace() || matches!(character, b'"' | b'<' | b'>' | b'`')
}

fn is_unseen(character: u8) -> bool {
    character.is_ascii_control() && !character.is_ascii_whitespace()
}

#[cfg(test)]
mod tests;
