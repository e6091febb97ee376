//! One parameter of a model.

use serde_json::Value;

use super::Source;

/// One parameter of a model, or a field of one that is an object.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Parameter {
    /// Name on the wire.
    pub name: &'static str,
    /// Type, bounds, options and default.
    pub kind: ParameterKind,
    /// Whether a request without it is refused.
    pub required: bool,
    /// Meaning, in a sentence.
    pub description: &'static str,
    /// Where the bounds come from.
    pub source: Source,
}

/// Type and bounds of a parameter. A default of `None` says that no default is documented.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ParameterKind {
    /// `true` or `false`.
    Boolean {
        /// What the service takes when the parameter is absent.
        default: Option<bool>,
    },
    /// One of the listed strings.
    Choice {
        /// The legal values.
        options: &'static [&'static str],
        /// What the service takes when the parameter is absent.
        default: Option<&'static str>,
    },
    /// An identifier of 1 to `max` characters of `A-Z a-z 0-9 . _ -`; empty counts as absent.
    Identifier {
        /// Longest legal value, in characters.
        max: usize,
    },
    /// A picture: an http or https URL, or bare base64 of a JPEG or PNG of at most 10 MB, both
    /// sides at least 300 pixels.
    Image {
        /// Whether width to height must lie between 1:2.5 and 2.5:1.
        bounded_ratio: bool,
    },
    /// A whole number.
    Integer {
        /// Smallest legal value.
        min: i64,
        /// Largest legal value.
        max: i64,
    },
    /// A list of objects.
    List {
        /// Fields of each object.
        fields: &'static [Parameter],
        /// Fewest objects.
        min: usize,
        /// Most objects.
        max: usize,
    },
    /// A number.
    Number {
        /// Smallest legal value.
        min: f64,
        /// Largest legal value.
        max: f64,
        /// What the service takes when the parameter is absent.
        default: Option<f64>,
    },
    /// One of the listed whole numbers.
    NumberChoice {
        /// The legal values.
        options: &'static [i64],
        /// What the service takes when the parameter is absent.
        default: Option<i64>,
    },
    /// An object.
    Object {
        /// Its fields.
        fields: &'static [Parameter],
    },
    /// A whole number of seconds, written as a string.
    Seconds {
        /// Smallest legal value.
        min: u32,
        /// Largest legal value.
        max: u32,
        /// What the service takes when the parameter is absent.
        default: Option<&'static str>,
    },
    /// Free text, counted in characters (Unicode scalar values).
    Text {
        /// Shortest legal value, in characters.
        min: usize,
        /// Longest legal value, in characters.
        max: usize,
    },
    /// An absolute http or https URL; empty counts as absent.
    Url,
}

impl ParameterKind {
    /// The documented default, as the value it has on the wire.
    pub fn default(&self) -> Option<Value> {
        match self {
            Self::Boolean { default } => default.map(Value::from),
            Self::Choice { default, .. } | Self::Seconds { default, .. } => {
                default.map(Value::from)
            }
            Self::Number { default, .. } => default.map(Value::from),
            Self::NumberChoice { default, .. } => default.map(Value::from),
            _ => None,
        }
    }
}
