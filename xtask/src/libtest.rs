//! The lines that Rust's test harness prints.

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    Failed,
    Passed,
    Skipped,
}

/// What sort of test it is, told from the modules it lies in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Doc,
    Property,
    Snapshot,
    Unit,
}

impl Kind {
    /// The kind of the test `module::test`; a module named `snap` or `prop` decides.
    pub(crate) fn of(name: &str) -> Self {
        let modules = name.rsplit("::").skip(1);
        for module in modules {
            match module {
                "prop" => return Self::Property,
                "snap" => return Self::Snapshot,
                _ => {}
            }
        }
        Self::Unit
    }
}

/// The names in the answer to `--list --format terse`.
pub(crate) fn listed(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
    names.map(str::to_owned).collect()
}

/// Reads `test NAME ... ok` and its like.
pub(crate) fn verdict(line: &str) -> Option<(&str, Verdict)> {
    let (name, word) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let verdict = match word.split([',', ' ']).next()? {
        "FAILED" => Verdict::Failed,
        "ignored" => Verdict::Skipped,
        "ok" => Verdict::Passed,
        _ => return None,
    };
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    Some((name, verdict))
}

/// The number of tests that `test result: ok. 3 passed; 0 failed; 1 ignored; ...` speaks of.
pub(crate) fn summed_up(line: &str) -> Option<usize> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut sum = 0;
    for count in counts.split("; ") {
        let (number, word) = count.split_once(' ')?;
        if matches!(word, "failed" | "ignored" | "passed") {
            sum += number.parse::<usize>().ok()?;
        }
    }
    Some(sum)
}

/// Whether the line tells a reader nothing while all goes well.
pub(crate) fn is_routine(line: &str) -> bool {
    let passed = |(_, verdict)| verdict != Verdict::Failed;
    line.is_empty()
        || verdict(line).is_some_and(passed)
        || line.starts_with("test result: ok.")
        || (line.starts_with("running ") && (line.ends_with(" tests") || line.ends_with(" test")))
        || line.starts_with("all doctests ran in ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_decides_the_kind() {
        assert_eq!(Kind::of("snap::a_request"), Kind::Snapshot);
        assert_eq!(Kind::of("codec::prop::deep::round_trip"), Kind::Property);
        assert_eq!(Kind::of("snapshots::a"), Kind::Unit);
        assert_eq!(Kind::of("codec::snap"), Kind::Unit);
        assert_eq!(Kind::of("prop"), Kind::Unit);
    }

    #[test]
    fn verdicts() {
        let cases = [
            ("test a::b ... ok", Some(("a::b", Verdict::Passed))),
            ("test a::b ... FAILED", Some(("a::b", Verdict::Failed))),
            ("test a ... ignored", Some(("a", Verdict::Skipped))),
            (
                "test a ... ignored, slow ... very",
                Some(("a", Verdict::Skipped)),
            ),
            ("test a - should panic ... ok", Some(("a", Verdict::Passed))),
            ("test a ... ok <0.012s>", Some(("a", Verdict::Passed))),
            ("test a ... okay", None),
            ("test result: ok. 1 passed; 0 failed", None),
            ("testing a ... ok", None),
        ];
        for (line, expected) in cases {
            assert_eq!(verdict(line), expected, "{line}");
        }
    }

    #[test]
    fn doctests_keep_their_place_in_the_name() {
        let line = "test crates/a/src/lib.rs - parse (line 3) - compile fail ... ok";
        let name = "crates/a/src/lib.rs - parse (line 3) - compile fail";
        assert_eq!(verdict(line), Some((name, Verdict::Passed)));
    }

    #[test]
    fn summaries_are_added_up() {
        let line = "test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; \
                    9 filtered out; finished in 0.00s";
        assert_eq!(summed_up(line), Some(6));
        assert_eq!(summed_up("test a ... ok"), None);
    }

    #[test]
    fn listing_takes_tests_only() {
        assert_eq!(listed("a::b: test\nc: benchmark\n"), ["a::b"]);
    }

    #[test]
    fn failures_are_no_routine() {
        for line in ["", "running 3 tests", "running 1 test", "test a ... ok"] {
            assert!(is_routine(line), "{line}");
        }
        for line in [
            "test a ... FAILED",
            "failures:",
            "test result: FAILED. 0 passed",
        ] {
            assert!(!is_routine(line), "{line}");
        }
    }
}
