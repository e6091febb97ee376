//! A row of the catalogue, for people to read.

use alloc::{
    format,
    string::{String, ToString},
};
use core::fmt::{self, Write};

use super::{Model, Parameter, ParameterKind};

impl Model {
    /// Everything the catalogue knows of the model, as Markdown: its parameters with their
    /// ranges, defaults and sources, its rules, output, time and prices.
    ///
    /// ```
    /// use kirin_types::KIRIN_V2_5_TURBO_T2V;
    ///
    /// let reference = KIRIN_V2_5_TURBO_T2V.reference();
    /// assert!(reference.starts_with("## kirin_v2_5_turbo_t2v\n"));
    /// assert!(reference.contains("| `duration` | `\"5\"`, `\"10\"` | `\"5\"` |"));
    /// ```
    pub fn reference(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_reference(&mut text);
        text
    }

    fn write_reference(&self, text: &mut String) -> fmt::Result {
        writeln!(
            text,
            "## {}\n\n{} ({}). {}\n",
            self.id, self.title, self.kind, self.description
        )?;
        writeln!(text, "| parameter | allowed | default | meaning | source |")?;
        writeln!(text, "|---|---|---|---|---|")?;
        for parameter in self.parameters {
            write_parameter(text, parameter, "")?;
        }
        writeln!(text)?;
        for rule in self.rules {
            writeln!(text, "- Rule: {rule}.")?;
        }
        for note in self.notes {
            writeln!(text, "- Not checked: {note}")?;
        }
        self.write_output(text)
    }

    fn write_output(&self, text: &mut String) -> fmt::Result {
        for resolution in self.resolutions {
            let mode = resolution
                .mode
                .map(|mode| format!(" with mode {mode}"))
                .unwrap_or_default();
            let (side, source) = (resolution.short_side, resolution.source);
            writeln!(text, "- Output{mode}: {side}p ({source}).")?;
        }
        let (rate, time) = (self.frame_rate, self.typical_time);
        writeln!(
            text,
            "- Frame rate: {} frames a second ({}).",
            rate.frames_per_second, rate.source
        )?;
        writeln!(
            text,
            "- Typical time: {} s ({}).",
            time.duration.as_secs(),
            time.source
        )?;
        for price in self.prices {
            let (mode, seconds, usd) = (price.mode, price.seconds, price.usd);
            let (source, read) = (price.source, price.read);
            writeln!(
                text,
                "- Price with mode {mode} and {seconds} s: {usd} USD ({source}, read {read})."
            )?;
        }
        match self.prices.is_empty() {
            true => writeln!(text, "- Price: not known."),
            false => Ok(()),
        }
    }
}

fn write_parameter(text: &mut String, parameter: &Parameter, path: &str) -> fmt::Result {
    let name = format!("{path}{}", parameter.name);
    let required = if parameter.required { ", required" } else { "" };
    let default = match parameter.kind.default() {
        Some(default) => format!("`{default}`"),
        None => String::new(),
    };
    let (allowed, meaning) = (parameter.kind.allowed(), parameter.description);
    let source = parameter.source;
    writeln!(
        text,
        "| `{name}`{required} | {allowed} | {default} | {meaning} | {source} |"
    )?;
    let (fields, path) = match parameter.kind {
        ParameterKind::Object { fields } => (fields, format!("{name}.")),
        ParameterKind::List { fields, .. } => (fields, format!("{name}[].")),
        _ => return Ok(()),
    };
    fields
        .iter()
        .try_for_each(|field| write_parameter(text, field, &path))
}

impl ParameterKind {
    /// What is allowed, as Markdown in a few words.
    ///
    /// ```
    /// use kirin_types::KIRIN_V2_5_TURBO_T2V;
    ///
    /// let allowed = |name| KIRIN_V2_5_TURBO_T2V.parameter(name).unwrap().kind.allowed();
    /// assert_eq!(allowed("duration"), "`\"5\"`, `\"10\"`");
    /// assert_eq!(allowed("prompt"), "a string of 1 to 2500 characters");
    /// ```
    pub fn allowed(&self) -> String {
        let quoted = |options: &[&str]| {
            let quoted = options.iter().map(|option| format!("`{option:?}`"));
            quoted.collect::<alloc::vec::Vec<_>>().join(", ")
        };
        match self {
            Self::Boolean { .. } => "`true`, `false`".into(),
            Self::Choice { options, .. } => quoted(options),
            Self::Identifier { max } => {
                format!("1 to {max} characters of `A-Z a-z 0-9 . _ -`; empty counts as absent")
            }
            Self::Image { bounded_ratio } => {
                let ratio = if *bounded_ratio {
                    ", from 1:2.5 to 2.5:1"
                } else {
                    ""
                };
                format!(
                    "a URL, or bare base64 of a JPEG or PNG of at most 10 MB, at least 300 pixels a side{ratio}"
                )
            }
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::List { min, max, .. } => format!("an array of {min} to {max} objects"),
            Self::Number { min, max, .. } => format!("a number from {min} to {max}"),
            Self::NumberChoice { options, .. } => {
                let options = options.iter().map(ToString::to_string);
                format!(
                    "the number {}",
                    options.collect::<alloc::vec::Vec<_>>().join(" or ")
                )
            }
            Self::Object { .. } => "an object".into(),
            Self::Seconds { min, max, .. } => format!("`\"{min}\"` to `\"{max}\"`"),
            Self::Text { min, max } => format!("a string of {min} to {max} characters"),
            Self::Url => "an absolute http or https URL; empty counts as absent".into(),
        }
    }
}

/// The whole catalogue as Markdown: what `crates/kirin-types/models.md` holds.
///
/// ```
/// assert!(kirin_types::models_reference().starts_with("# Models\n"));
/// ```
pub fn models_reference() -> String {
    let mut text = String::from(
        "# Models\n\nEvery model of the catalogue, printed from it. Beside these parameters each \
         request has `model`, the id.\nWhat stands under \"source\" says who documents the bounds; \
         no default means that none is documented.\n",
    );
    for model in super::MODELS {
        text.push('\n');
        text.push_str(&model.reference());
    }
    text
}
