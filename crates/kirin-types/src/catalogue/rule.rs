//! What holds between the parameters of a request.

use alloc::{vec, vec::Vec};
use core::fmt;

/// A rule between parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// Exactly one field of the object `object` is not zero.
    ExactlyOneNonZero {
        /// Path of the object.
        object: &'static str,
    },
    /// Where every condition of `when` holds, every one of `then` must.
    Implies {
        /// When the rule applies.
        when: &'static [Condition],
        /// What must hold then.
        then: &'static [Condition],
    },
    /// The field `item` of the objects in `list` adds up to `total`, all in seconds.
    SumsTo {
        /// Path of the list.
        list: &'static str,
        /// Field of each object.
        item: &'static str,
        /// Parameter with the total.
        total: &'static str,
    },
}

/// A condition on one parameter, named by its path: `camera_control.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// It is not there.
    Absent(&'static str),
    /// It has this value, or it is absent and this is its default. A boolean is written `true` or
    /// `false`.
    Is(&'static str, &'static str),
    /// It is there.
    Present(&'static str),
}

impl Condition {
    /// Path of the parameter.
    pub const fn parameter(&self) -> &'static str {
        match self {
            Self::Absent(parameter) | Self::Is(parameter, _) | Self::Present(parameter) => {
                parameter
            }
        }
    }
}

impl Rule {
    /// Paths of the parameters that it is about.
    pub(crate) fn parameters(&self) -> Vec<&'static str> {
        match self {
            Self::ExactlyOneNonZero { object } => vec![object],
            Self::Implies { when, then } => {
                when.iter().chain(*then).map(Condition::parameter).collect()
            }
            Self::SumsTo { list, total, .. } => vec![list, total],
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(parameter) => write!(formatter, "{parameter} is absent"),
            Self::Is(parameter, value) => write!(formatter, "{parameter} is {value}"),
            Self::Present(parameter) => write!(formatter, "{parameter} is set"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExactlyOneNonZero { object } => {
                write!(formatter, "exactly one field of {object} is not zero")
            }
            Self::Implies { when, then } => {
                write!(formatter, "where {}, {}", All(when), All(then))
            }
            Self::SumsTo { list, item, total } => {
                write!(formatter, "the {item} of every {list} adds up to {total}")
            }
        }
    }
}

/// Conditions that all hold.
pub(crate) struct All(pub(crate) &'static [Condition]);

impl fmt::Display for All {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, condition) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { " and " };
            write!(formatter, "{separator}{condition}")?;
        }
        Ok(())
    }
}
