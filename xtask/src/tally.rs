//! What ran, counted per crate.

use std::fmt::Write as _;

use crate::cargo::LIBRARIES;
use crate::libtest::{Kind, Verdict};

/// One test that was run.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) package: String,
    /// The crate of the test program as its modules name it: `it`, `kirin_types`.
    pub(crate) program: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) verdict: Verdict,
}

impl Test {
    /// The path of the test function, crate first.
    pub(crate) fn path(&self) -> String {
        format!("{}::{}", self.program, self.name)
    }
}

/// All tests of a run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) tests: Vec<Test>,
}

impl Tally {
    /// How many tests ended in this way.
    pub(crate) fn count(&self, verdict: Verdict) -> usize {
        let tests = self.tests.iter();
        tests.filter(|test| test.verdict == verdict).count()
    }

    /// How many tests of a kind a package ran; a skipped test did not run.
    pub(crate) fn ran(&self, package: &str, kind: Kind) -> usize {
        let matching = |test: &&Test| {
            test.package == package && test.kind == kind && test.verdict != Verdict::Skipped
        };
        self.tests.iter().filter(matching).count()
    }

    /// A sentence per library crate that ran no test of this kind: a filter that matches nothing
    /// must not look like success.
    pub(crate) fn lacking(&self, kind: Kind) -> Vec<String> {
        let tests = match kind {
            Kind::Doc => "doc test",
            Kind::Property => "property test; such tests lie in a module named `prop`",
            Kind::Snapshot => "snapshot test; such tests lie in a module named `snap`",
            Kind::Unit => "unit test",
        };
        let without = LIBRARIES.iter().filter(|name| self.ran(name, kind) == 0);
        without
            .map(|name| format!("{name} ran no {tests}"))
            .collect()
    }

    /// The table of all packages: name and the cases its properties ran.
    pub(crate) fn table(&self, packages: &[(&str, u64)]) -> String {
        let widths = packages.iter().map(|(name, _)| name.len());
        let width = widths.max().unwrap_or(0).max("crate".len());
        let mut table = format!(
            "{:width$} {:>6} {:>9} {:>9} {:>8} {:>5}\n",
            "crate", "unit", "snapshot", "property", "cases", "doc"
        );
        for (name, cases) in packages {
            let [unit, snapshot, property, doc] =
                [Kind::Unit, Kind::Snapshot, Kind::Property, Kind::Doc]
                    .map(|kind| self.ran(name, kind));
            // Writing to a string cannot fail.
            let _ = writeln!(
                table,
                "{name:width$} {unit:>6} {snapshot:>9} {property:>9} {cases:>8} {doc:>5}"
            );
        }
        table
    }

    /// The last line of a run.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.count(Verdict::Passed),
            self.count(Verdict::Failed),
            self.count(Verdict::Skipped)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(tests: &[(&str, &str, Verdict)]) -> Tally {
        let tests = tests.iter().map(|&(package, name, verdict)| Test {
            package: package.to_owned(),
            program: "it".to_owned(),
            name: name.to_owned(),
            kind: Kind::of(name),
            verdict,
        });
        Tally {
            tests: tests.collect(),
        }
    }

    #[test]
    fn a_library_without_tests_of_the_kind_is_named() {
        let tally = tally(&[
            ("kirin-types", "snap::a", Verdict::Passed),
            ("kirin-transport", "snap::a", Verdict::Failed),
            ("kirin-client", "snap::a", Verdict::Skipped),
            ("kirin-emulator", "prop::a", Verdict::Passed),
        ]);
        let lacking = tally.lacking(Kind::Snapshot);
        assert_eq!(lacking.len(), 3, "{lacking:?}");
        assert!(lacking[0].starts_with("kirin-client ran no snapshot test"));
        assert!(lacking[1].starts_with("kirin-emulator ran no snapshot test"));
        assert!(lacking[2].starts_with("kirin-ledger ran no snapshot test"));
    }

    #[test]
    fn a_run_of_nothing_lacks_everything() {
        assert_eq!(
            Tally::default().lacking(Kind::Property).len(),
            LIBRARIES.len()
        );
    }

    #[test]
    fn table_and_summary() {
        let tally = tally(&[
            ("a", "snap::x", Verdict::Passed),
            ("a", "prop::x", Verdict::Passed),
            ("a", "y", Verdict::Skipped),
            ("a", "z", Verdict::Failed),
        ]);
        let expected = "\
crate   unit  snapshot  property    cases   doc
a          1         1         1      256     0
bcd        0         0         0        0     0
";
        assert_eq!(tally.table(&[("a", 256), ("bcd", 0)]), expected);
        assert_eq!(tally.summary(), "2 passed, 1 failed, 1 skipped");
    }
}
