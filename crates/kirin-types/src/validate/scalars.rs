//! Values that are neither object nor list.

use alloc::{format, string::String};

use serde_json::Value;

use crate::{
    ExternalTaskId, Image, ParameterKind, Problem, absolute_url::is_absolute_http_url,
    problem::alternatives,
};

/// Longest part of a wrong value that a problem repeats, in characters.
const ECHO_CHARACTERS: usize = 40;

pub(super) fn check(kind: ParameterKind, value: &Value, name: &str) -> Result<(), Problem> {
    let allowed = allowed(kind);
    let wrong = |found: String| Err(Problem::new(name, found, allowed.clone()));
    match (kind, value) {
        (ParameterKind::Boolean { .. }, Value::Bool(_)) => Ok(()),
        (ParameterKind::Choice { options, .. }, Value::String(word))
            if options.contains(&word.as_str()) =>
        {
            Ok(())
        }
        (ParameterKind::Identifier { .. } | ParameterKind::Url, Value::String(text))
            if text.is_empty() =>
        {
            Ok(())
        }
        (ParameterKind::Identifier { .. }, Value::String(text))
            if text.parse::<ExternalTaskId>().is_ok() =>
        {
            Ok(())
        }
        (ParameterKind::Image { bounded_ratio }, Value::String(text)) => {
            Image::check(text, bounded_ratio)
                .map_err(|invalid| Problem::new(name, format!("{invalid}"), allowed))
        }
        (ParameterKind::Integer { min, max }, Value::Number(number))
            if number
                .as_i64()
                .is_some_and(|number| (min..=max).contains(&number)) =>
        {
            Ok(())
        }
        (ParameterKind::Number { min, max, .. }, Value::Number(number))
            if number
                .as_f64()
                .is_some_and(|number| (min..=max).contains(&number)) =>
        {
            Ok(())
        }
        (ParameterKind::NumberChoice { options, .. }, Value::Number(number))
            if number
                .as_i64()
                .is_some_and(|number| options.contains(&number)) =>
        {
            Ok(())
        }
        (ParameterKind::Seconds { min, max, .. }, Value::String(text))
            if seconds(text).is_some_and(|seconds| (min..=max).contains(&seconds)) =>
        {
            Ok(())
        }
        (ParameterKind::Text { min, max }, Value::String(text)) => match text.chars().count() {
            characters if (min..=max).contains(&characters) => Ok(()),
            0 => wrong("is empty".into()),
            characters => wrong(format!("has {characters} characters")),
        },
        (ParameterKind::Url, Value::String(text)) if is_absolute_http_url(text) => Ok(()),
        _ => wrong(describe_value(value)),
    }
}

/// What a parameter of this kind may be, as a sentence.
pub(crate) fn allowed(kind: ParameterKind) -> String {
    match kind {
        ParameterKind::Boolean { .. } => "true or false is required".into(),
        ParameterKind::Choice { options, .. } => {
            format!("the string {} is required", alternatives(options))
        }
        ParameterKind::Identifier { max } => {
            format!("a string of 1 to {max} characters of A-Z a-z 0-9 . _ - is required")
        }
        ParameterKind::Image { .. } => "a URL, or bare base64 of a JPEG or PNG, is required".into(),
        ParameterKind::Integer { min, max } => {
            format!("a whole number from {min} to {max} is required")
        }
        ParameterKind::Number { min, max, .. } => {
            format!("a number from {min} to {max} is required")
        }
        ParameterKind::NumberChoice { options, .. } => {
            let options = options.iter().map(|option| format!("{option}"));
            let options = options.collect::<alloc::vec::Vec<_>>().join(" or ");
            format!("the number {options} is required")
        }
        ParameterKind::Seconds { min, max, .. } => {
            format!("a string of a whole number from {min} to {max} is required")
        }
        ParameterKind::Text { min, max } => {
            format!("a string of {min} to {max} characters is required")
        }
        ParameterKind::Url => {
            "an absolute URL that starts with https:// or http:// is required".into()
        }
        ParameterKind::List { .. } => "an array of objects is required".into(),
        ParameterKind::Object { .. } => "an object is required".into(),
    }
}

/// A whole number of seconds, written without sign or leading zeros.
pub(super) fn seconds(text: &str) -> Option<u32> {
    let seconds: u32 = text.parse().ok()?;
    (format!("{seconds}") == text).then_some(seconds)
}

/// What `value` is, as a predicate.
pub(crate) fn describe_value(value: &Value) -> String {
    match value {
        Value::Array(_) => "is an array".into(),
        Value::Bool(_) => format!("is the boolean {value}"),
        Value::Null => "is null".into(),
        Value::Number(_) => format!("is the number {value}"),
        Value::Object(_) => "is an object".into(),
        Value::String(text) => format!("is {:?}", shorten(text)),
    }
}

pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(ECHO_CHARACTERS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into(),
    }
}
