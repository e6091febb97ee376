//! What is wrong with a download, where a scenario has it.

use super::Artifact;

/// A way in which the answer does not fit the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The whole is answered, although a range was asked for.
    RangeIgnored,
    /// The first half of the file is taken for all of it.
    Truncated,
    /// A range is said to begin a byte later than it does.
    WrongContentRange,
}

impl Artifact {
    pub(crate) fn with_flaw(mut self, flaw: Flaw) -> Self {
        self.flaw = Some(flaw);
        self
    }

    /// Another file, as if it had been replaced between two requests.
    pub(crate) fn changed(mut self) -> Self {
        self.name.push_str("-changed");
        self.spec.seed ^= 1;
        self
    }
}
