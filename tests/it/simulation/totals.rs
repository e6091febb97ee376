//! What many sessions add up to.

use std::{collections::BTreeMap, time::Duration};

use super::{
    fault::Fault,
    session::{Report, TASKS},
    setting::Setting,
};

/// Counted over many sessions.
#[derive(Default)]
pub(crate) struct Totals {
    sessions: u64,
    processes: u64,
    creates: u64,
    duplicates: u64,
    repetitions: u64,
    left_open: [u64; 2],
    other_ends: u64,
    faults: BTreeMap<&'static str, u64>,
    outcomes: BTreeMap<&'static str, u64>,
    by_setting: BTreeMap<String, BTreeMap<&'static str, u64>>,
}

impl Totals {
    pub(crate) fn add(&mut self, report: &Report) {
        self.sessions += 1;
        self.processes += report.processes;
        self.creates += report.creates;
        self.duplicates += report.duplicates;
        self.repetitions += report.repetitions;
        self.left_open = [0, 1].map(|at| self.left_open[at] + report.left_open[at]);
        self.other_ends += report.other_ends;
        for (fault, count) in Fault::ALL.iter().zip(report.faults) {
            *self.faults.entry(fault.name()).or_default() += count;
        }
        let by_setting = self.by_setting.entry(report.setting.to_string());
        let by_setting = by_setting.or_default();
        for outcome in &report.outcomes {
            *self.outcomes.entry(outcome).or_default() += 1;
            *by_setting.entry(outcome).or_default() += 1;
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.processes += other.processes;
        self.creates += other.creates;
        self.duplicates += other.duplicates;
        self.repetitions += other.repetitions;
        self.left_open = [0, 1].map(|at| self.left_open[at] + other.left_open[at]);
        self.other_ends += other.other_ends;
        for (fault, count) in other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        for (setting, outcomes) in other.by_setting {
            let by_setting = self.by_setting.entry(setting).or_default();
            for (outcome, count) in outcomes {
                *by_setting.entry(outcome).or_default() += count;
            }
        }
    }

    pub(crate) fn print(&self, seed: u64, took: Duration) {
        let tasks = self.outcomes.values().sum::<u64>();
        let rate = tasks as f64 / took.as_secs_f64();
        println!(
            "simulation: {tasks} tasks in {} sessions of {TASKS}, seed {seed}, {rate:.0} tasks a second",
            self.sessions
        );
        println!(
            "processes: {}, of which {} ended early or were followed by another",
            self.processes,
            self.processes - self.sessions
        );
        println!(
            "creates sent: {}, refused as duplicates: {}",
            self.creates, self.duplicates
        );
        println!(
            "sent again after a row of controls, and in doubt once more: {}",
            self.repetitions
        );
        println!(
            "left unresolved by a process, where a client that believes a single miss sends again: {}, of which {} were charged",
            self.left_open[0], self.left_open[1]
        );
        println!(
            "waits that ended with an undocumented word, and were resumed: {}",
            self.other_ends
        );
        println!("faults:");
        for (fault, count) in &self.faults {
            println!("  {count:9}  {fault}");
        }
        println!("outcomes:");
        for (outcome, count) in &self.outcomes {
            println!("  {count:9}  {outcome}");
        }
        println!("outcomes by setting:");
        for (setting, outcomes) in &self.by_setting {
            let outcomes: Vec<String> = outcomes
                .iter()
                .map(|(outcome, count)| format!("{count} {outcome}"))
                .collect();
            println!("  {setting}: {}", outcomes.join(", "));
        }
    }

    /// A simulation in which nothing goes wrong shows nothing.
    pub(crate) fn check_that_everything_happened(&self) {
        for (fault, count) in &self.faults {
            assert!(*count > 0, "{fault} never happened");
        }
        assert_eq!(self.by_setting.len(), Setting::COUNT);
        assert!(
            self.processes > self.sessions * 3 / 2,
            "{} processes",
            self.processes
        );
        assert!(self.duplicates > 0, "no duplicate was refused");
        assert!(self.repetitions > 0, "nothing followed from a row");
        assert!(self.left_open[0] > 0, "no miss was left open");
        assert!(self.other_ends > 0, "nothing ended in other words");
        let ends = [
            "completed",
            "completed without output",
            "failed",
            "not created",
            "unresolved",
        ];
        for end in ends {
            assert!(self.outcomes.contains_key(end), "nothing ended as {end}");
        }
        for (setting, outcomes) in &self.by_setting {
            assert!(
                outcomes.contains_key("completed"),
                "{setting}: {outcomes:?}"
            );
        }
    }
}
