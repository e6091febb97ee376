//! How a line of a batch ended.

use std::path::PathBuf;

use kirin_types::Amount;

use crate::{exit_code, failure::Failure};

/// How a line ended.
pub(super) enum End {
    Completed(Files),
    /// An earlier run has completed it.
    Done(Files),
    Failed(Box<Failure>),
    /// An earlier line ended in a way in which this one would have ended too: with this exit code.
    NotStarted(u8),
}

pub(super) struct Files {
    pub(super) paths: Vec<PathBuf>,
    /// In USD, as the service said it or as it is listed.
    pub(super) cost: Option<Amount>,
}

impl End {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Completed(_) | Self::Done(_) => exit_code::DONE,
            Self::Failed(failure) => failure.exit_code,
            Self::NotStarted(code) => *code,
        }
    }
}
