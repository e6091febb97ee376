//! Telling `cargo xtask` what a test did: that a property ran, and with how many cases.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

const VARIABLE: &str = "KIRIN_PROPERTY_REPORT";

/// Appends a line to the report, if the environment names one.
///
/// # Panics
///
/// Panics if it cannot be written: the property would look as if it had not run.
pub(crate) fn append(package: &str, path: &str, cases: u32) {
    #[expect(
        clippy::disallowed_methods,
        reason = "xtask asks for the report through the environment, the only way into a test"
    )]
    let Some(file) = std::env::var_os(VARIABLE) else {
        return;
    };
    append_to(Path::new(&file), &line(package, path, cases), VARIABLE);
}

/// Appends a line to the file that a variable names.
///
/// # Panics
///
/// Panics if it cannot be written: what is reported would look as if it had not happened.
pub(crate) fn append_to(file: impl AsRef<Path>, line: &str, variable: &str) {
    if let Err(error) = append_line(file.as_ref(), line) {
        panic!("could not append to the file named by {variable}: {error}");
    }
}

fn line(package: &str, path: &str, cases: u32) -> String {
    format!("{package}\t{path}\t{cases}\n")
}

/// Appends in one call, so that the lines of tests that run at the same time do not mix.
fn append_line(file: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(file)?;
    file.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_three_columns() {
        assert_eq!(
            line("kirin-types", "it::prop::x", 256),
            "kirin-types\tit::prop::x\t256\n"
        );
    }

    #[test]
    fn lines_are_appended() {
        let file = std::env::temp_dir().join(format!("kirin-report-{}", std::process::id()));
        append_line(&file, "a\n").expect("a first line");
        append_line(&file, "b\n").expect("a second line");
        let text = std::fs::read_to_string(&file).expect("the report");
        std::fs::remove_file(&file).expect("the file goes away");
        assert_eq!(text, "a\nb\n");
    }

    #[test]
    fn a_report_that_cannot_be_written_is_an_error() {
        assert!(append_line(Path::new(""), "a\n").is_err());
    }
}
