//! The `Range` header of a download, as RFC 9110 section 14 defines it.
//!
//! Several ranges in one header are answered with the whole, which every server may do.

use std::ops::RangeInclusive;

/// What a `Range` header selects from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a file, a part of it, or nothing: there is no fourth"
)]
pub enum Selection {
    /// These bytes, counted from 0, both ends included: 206.
    Part(RangeInclusive<u64>),
    /// Nothing, because the file ends before: 416.
    Unsatisfiable,
    /// All of it, because there is no header or none that must be obeyed: 200.
    Whole,
}

/// Reads a `Range` header for a file of `length` bytes.
///
/// ```
/// use kirin_emulator::range::{Selection, select};
///
/// assert_eq!(select(Some("bytes=0-99"), 1000), Selection::Part(0..=99));
/// assert_eq!(select(Some("bytes=-100"), 1000), Selection::Part(900..=999));
/// assert_eq!(select(Some("bytes=1000-"), 1000), Selection::Unsatisfiable);
/// assert_eq!(select(None, 1000), Selection::Whole);
/// ```
pub fn select(header: Option<&str>, length: u64) -> Selection {
    let range = header.and_then(single_range);
    match range {
        None => Selection::Whole,
        Some(Range::Suffix(wanted)) if wanted > 0 && length > 0 => {
            Selection::Part(length.saturating_sub(wanted)..=length - 1)
        }
        Some(Range::From { first, last }) if first < length => {
            let end = length - 1;
            Selection::Part(first..=last.map_or(end, |last| last.min(end)))
        }
        Some(_) => Selection::Unsatisfiable,
    }
}

enum Range {
    From { first: u64, last: Option<u64> },
    Suffix(u64),
}

/// The one range of a header; `None` if the header is malformed, of another unit or has several.
fn single_range(header: &str) -> Option<Range> {
    let (unit, range) = header.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    match range.trim_matches([' ', '\t']).split_once('-')? {
        ("", suffix) => position(suffix).map(Range::Suffix),
        (first, "") => Some(Range::From {
            first: position(first)?,
            last: None,
        }),
        (first, last) => {
            let (first, last) = (position(first)?, position(last)?);
            (first <= last).then_some(Range::From {
                first,
                last: Some(last),
            })
        }
    }
}

/// Digits as a number; one too large for a file is as good as the largest.
fn position(digits: &str) -> Option<u64> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().unwrap_or(u64::MAX))
}
