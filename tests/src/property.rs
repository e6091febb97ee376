//! Running one property.

use std::cell::Cell;

use proptest::strategy::Strategy;
use proptest::test_runner::{
    Config, FailurePersistence, FileFailurePersistence, TestCaseError, TestRunner,
};

use crate::report;

/// Tests a property: `property!(strategy, |value| { ..; Ok(()) })`.
///
/// Write it in the test function itself, because the function around it names the property.
///
/// # Panics
///
/// Panics if the property does not hold for some value, with the smallest such value found.
#[macro_export]
macro_rules! property {
    ($strategy:expr, $test:expr $(,)?) => {{
        fn here() {}
        $crate::Property::new(
            ::core::env!("CARGO_PKG_NAME"),
            ::core::any::type_name_of_val(&here),
            ::core::file!(),
        )
        .check(&$strategy, $test)
    }};
}

/// A property by its place; [`property!`](crate::property!) makes it.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    package: &'static str,
    path: &'static str,
    file: &'static str,
}

impl Property {
    /// The property of the test function around `marker`, which is the path of a function
    /// within it.
    #[must_use]
    pub fn new(package: &'static str, marker: &'static str, file: &'static str) -> Self {
        let mut path = marker.rsplit_once("::").map_or(marker, |(test, _)| test);
        // An async test and a closure in a test are functions of their own within it.
        while let Some(outer) = path.strip_suffix("::{{closure}}") {
            path = outer;
        }
        Self {
            package,
            path,
            file,
        }
    }

    /// Runs as many cases as the environment asks for, and reports them.
    ///
    /// # Panics
    ///
    /// Panics if the test fails for some value.
    #[track_caller]
    pub fn check<S: Strategy>(
        self,
        strategy: &S,
        test: impl Fn(S::Value) -> Result<(), TestCaseError>,
    ) {
        match run(self.config(), strategy, test) {
            Ok(cases) => report::append(self.package, self.path, cases),
            Err(explanation) => panic!("{explanation}"),
        }
    }

    /// What the environment says, with the regressions of this file.
    fn config(self) -> Config {
        let said = Config::default();
        let beside = || -> Box<dyn FailurePersistence> {
            Box::new(FileFailurePersistence::SourceParallel("regressions"))
        };
        Config {
            source_file: Some(self.file),
            // Nothing is kept if the environment says so.
            failure_persistence: said.failure_persistence.as_ref().map(|_| beside()),
            ..said
        }
    }
}

/// Runs the cases and counts those that came to their end, or explains the failure.
fn run<S: Strategy>(
    config: Config,
    strategy: &S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) -> Result<u32, String> {
    let mut runner = TestRunner::new(config);
    let cases = Cell::new(0_u32);
    let outcome = runner.run(strategy, |value| {
        test(value)?;
        cases.set(cases.get() + 1);
        Ok(())
    });
    match outcome {
        Ok(()) => Ok(cases.get()),
        Err(error) => Err(format!("{error}\n{runner}")),
    }
}

#[cfg(test)]
mod prop {
    use proptest::prelude::*;

    #[test]
    fn numbers_are_themselves() {
        crate::property!(any::<u8>(), |number| {
            prop_assert_eq!(number, number);
            Ok(())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Runs `test` for 50 cases; without regressions, since some fail on purpose.
    fn run_on_numbers(test: impl Fn(u8) -> Result<(), TestCaseError>) -> Result<u32, String> {
        let config = Config {
            cases: 50,
            failure_persistence: None,
            ..Config::default()
        };
        run(config, &any::<u8>(), test)
    }

    #[test]
    fn rejected_cases_do_not_count() {
        let tried = Cell::new(0);
        let counted = run_on_numbers(|number| {
            tried.set(tried.get() + 1);
            prop_assume!(number % 2 == 0);
            Ok(())
        });
        assert_eq!(counted, Ok(50));
        assert!(tried.get() > 50, "half of the numbers are odd");
    }

    #[test]
    fn a_failure_shows_the_smallest_value() {
        let explanation = run_on_numbers(|number| {
            prop_assert!(number < 10);
            Ok(())
        });
        let explanation = explanation.expect_err("most numbers are not below 10");
        assert!(
            explanation.contains("minimal failing input: 10"),
            "{explanation}"
        );
    }

    #[test]
    fn the_function_around_the_marker_names_the_property() {
        let named = |marker| Property::new("a", marker, "a.rs").path;
        assert_eq!(named("it::prop::x::here"), "it::prop::x");
        assert_eq!(
            named("it::prop::x::{{closure}}::{{closure}}::here"),
            "it::prop::x"
        );
        fn here() {}
        let this = named(std::any::type_name_of_val(&here));
        let path = "the_function_around_the_marker_names_the_property";
        assert_eq!(this, format!("{}::{path}", module_path!()));
    }

    #[test]
    fn regressions_lie_with_the_file() {
        let config = Property::new("a", "it::prop::x::here", "crates/a/tests/it/prop.rs").config();
        assert_eq!(config.source_file, Some("crates/a/tests/it/prop.rs"));
        assert!(config.cases >= 1);
    }
}
