//! What a check found.

use std::fmt;

use super::Clause;

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The clause that it is about.
    pub clause: Clause,
    /// What was written.
    pub case: String,
    /// How the journal broke the clause, if it did.
    pub broken: Option<String>,
}

/// What became of all cases. Its Display goes clause by clause, and names what is broken.
///
/// ```text
/// holds   the first final end stays (1 cases)
/// BROKEN  of many at once, one sends (1 of 2 cases)
///         the first create: 16 were sent
/// ```
#[derive(Clone, Debug)]
#[must_use = "a report that nobody reads proves nothing"]
pub struct Report(pub(super) Vec<Finding>);

impl Report {
    /// Whether every clause holds. A clause without a case is no proof, and counts as broken; but
    /// [`Clause::Reopens`] is left out where the maker does not offer it.
    pub fn is_conforming(&self) -> bool {
        self.broken_clauses().is_empty()
    }

    /// The clauses that do not hold.
    pub fn broken_clauses(&self) -> Vec<Clause> {
        Clause::ALL
            .into_iter()
            .filter(|it| !self.holds(*it))
            .collect()
    }

    /// What became of each case.
    pub fn findings(&self) -> &[Finding] {
        &self.0
    }

    fn holds(&self, clause: Clause) -> bool {
        let mut findings = self.of(clause).peekable();
        let has_cases = findings.peek().is_some() || !clause.needs_a_case();
        has_cases && findings.all(|finding| finding.broken.is_none())
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
            match (count, broken.len()) {
                (0, _) if self.holds(clause) => {
                    writeln!(formatter, "-       {clause} (not offered)")?
                }
                (0, _) => writeln!(formatter, "BROKEN  {clause} (no case was run)")?,
                (_, 0) => writeln!(formatter, "holds   {clause} ({count} cases)")?,
                (_, some) => writeln!(formatter, "BROKEN  {clause} ({some} of {count} cases)")?,
            }
            for (case, reason) in broken {
                writeln!(formatter, "        {case}: {reason}")?;
            }
        }
        Ok(())
    }
}
