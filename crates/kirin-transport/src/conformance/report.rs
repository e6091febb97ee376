//! What a check found.

use std::fmt;

use super::Clause;

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The clause that it is about.
    pub clause: Clause,
    /// What the server did.
    pub case: String,
    /// How the transport broke the clause, if it did.
    pub broken: Option<String>,
}

/// What became of all cases. Its Display goes clause by clause, names what is broken, and says which of it is
/// [about money](Clause::is_about_money).
///
/// ```text
/// holds   any status is Ok (23 cases)
/// BROKEN  one call is one attempt (1 of 8 cases), about money
///         the server reads the request and closes: 2 requests came
/// ```
#[derive(Clone, Debug)]
#[must_use = "a report that nobody reads proves nothing"]
pub struct Report(pub(super) Vec<Finding>);

impl Report {
    /// Whether every clause holds. A clause without a case is no proof, and counts as broken.
    pub fn is_conforming(&self) -> bool {
        self.broken_clauses().is_empty()
    }

    /// The clauses that do not hold, in the order of the contract.
    pub fn broken_clauses(&self) -> Vec<Clause> {
        let holds = |clause: &Clause| {
            let mut findings = self.of(*clause).peekable();
            findings.peek().is_some() && findings.all(|finding| finding.broken.is_none())
        };
        Clause::ALL.into_iter().filter(|it| !holds(it)).collect()
    }

    /// What became of each case.
    pub fn findings(&self) -> &[Finding] {
        &self.0
    }

    fn of(&self, clause: Clause) -> impl Iterator<Item = &Finding> {
        self.0
            .iter()
            .filter(move |finding| finding.clause == clause)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for clause in Clause::ALL {
            let count = self.of(clause).count();
            let broken: Vec<_> = self
                .of(clause)
                .filter_map(|finding| Some((&finding.case, finding.broken.as_ref()?)))
                .collect();
            let money = match clause.is_about_money() {
                true => ", about money",
                false => "",
            };
            match (count, broken.len()) {
                (0, _) => writeln!(formatter, "BROKEN  {clause} (no case was run){money}")?,
                (_, 0) => writeln!(formatter, "holds   {clause} ({count} cases)")?,
                (_, some) => {
                    writeln!(
                        formatter,
                        "BROKEN  {clause} ({some} of {count} cases){money}"
                    )?;
                }
            }
            for (case, reason) in broken {
                writeln!(formatter, "        {case}: {reason}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(clause: Clause, broken: Option<&str>) -> Finding {
        Finding {
            clause,
            case: "a case".into(),
            broken: broken.map(Into::into),
        }
    }

    #[test]
    fn a_clause_without_a_case_is_not_proved() {
        let mut findings: Vec<Finding> = Clause::ALL.iter().map(|it| finding(*it, None)).collect();
        assert!(Report(findings.clone()).is_conforming());
        let last = findings.pop().unwrap();
        let report = Report(findings);
        assert_eq!(report.broken_clauses(), [last.clause]);
        assert!(
            report
                .to_string()
                .ends_with("what was withdrawn never arrives (no case was run), about money\n")
        );
    }

    #[test]
    fn a_broken_clause_is_named_with_its_reason() {
        let mut findings: Vec<Finding> = Clause::ALL.iter().map(|it| finding(*it, None)).collect();
        findings.push(finding(Clause::OneAttempt, Some("2 requests came")));
        let report = Report(findings);
        assert_eq!(report.broken_clauses(), [Clause::OneAttempt]);
        let text = report.to_string();
        assert!(
            text.contains(
                "BROKEN  one call is one attempt (1 of 2 cases), about money\n        a case: 2 requests came\n"
            ),
            "{text}"
        );
        assert!(
            text.contains("holds   any status is Ok (1 cases)\n"),
            "{text}"
        );
    }

    #[test]
    fn only_what_is_broken_about_money_is_said_to_be() {
        for clause in Clause::ALL {
            let mut findings: Vec<Finding> =
                Clause::ALL.iter().map(|it| finding(*it, None)).collect();
            findings.push(finding(clause, Some("broken")));
            let text = Report(findings).to_string();
            let marked = text.contains(", about money");
            assert_eq!(marked, clause.is_about_money(), "{text}");
            let line = format!("BROKEN  {clause} (1 of 2 cases), about money");
            assert_eq!(text.contains(&line), marked, "{text}");
        }
    }

    /// The documentation of the module, row by row.
    #[test]
    fn the_table_of_clauses_is_that_of_the_code() {
        let rows: Vec<Vec<&str>> = include_str!("mod.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! | "))
            .map(|row| row.trim_end_matches(" |").split(" | ").collect())
            .collect();
        let expected: Vec<Vec<String>> = Clause::ALL
            .iter()
            .map(|clause| {
                let money = if clause.is_about_money() { "yes" } else { "no" };
                let blocking = if clause.needs_async() {
                    "not kept"
                } else {
                    "kept"
                };
                vec![clause.to_string(), money.into(), blocking.into()]
            })
            .collect();
        assert_eq!(
            rows[0][..3],
            ["clause", "about money", "over a blocking client"]
        );
        let shown: Vec<&[&str]> = rows[1..].iter().map(|row| &row[..3]).collect();
        assert_eq!(shown, expected);
    }
}
