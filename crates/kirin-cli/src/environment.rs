//! The environment of the program.

use std::ffi::OsString;

/// A variable that is set to something.
pub(crate) fn read_variable(name: &str) -> Option<OsString> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program reads its environment here"
    )]
    let value = std::env::var_os(name)?;
    (!value.is_empty()).then_some(value)
}
