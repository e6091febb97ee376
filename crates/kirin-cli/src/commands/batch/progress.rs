//! How far the whole is: a bar on a terminal, a line for each that ended elsewhere.

use std::{cell::RefCell, fmt, time::Duration};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use kirin_client::Billing;
use kirin_types::Amount;

use super::{Costs, End, Files, Planned};
use crate::{
    arguments::SharedOptions,
    progress::shows_bar,
    request_file::how_many,
    terminal::{print_stderr, printable},
};

pub(super) struct BatchProgress {
    /// Not drawn if stderr is not a terminal; it keeps the time anyway.
    bar: ProgressBar,
    prints_lines: bool,
    /// What the whole costs, in USD, as far as it is known.
    total: Amount,
    count: RefCell<Count>,
}

#[derive(Default)]
struct Count {
    ended: u32,
    /// How many of them this run had nothing to do for.
    done_before: u32,
    failed: u32,
    /// What those that ended cost, in USD, or may.
    spent: Amount,
}

impl BatchProgress {
    pub(super) fn new(shared: &SharedOptions, count: usize, costs: &Costs) -> Self {
        let is_terminal = shows_bar();
        let target = match is_terminal && !shared.quiet {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(count as u64), target);
        bar.set_style(bar_style());
        bar.enable_steady_tick(Duration::from_millis(100));
        if costs.done > 0 && !shared.quiet {
            print_stderr(&format!(
                "{} of {} done before",
                costs.done,
                how_many(count)
            ));
        }
        let progress = Self {
            bar,
            prints_lines: !is_terminal && !shared.quiet,
            total: costs.spent.clone() + costs.price.clone(),
            count: RefCell::default(),
        };
        progress
            .bar
            .set_message(progress.summary_message(&Count::default()));
        progress
    }

    /// Does something that writes to the terminal.
    pub(super) fn while_suspended<T>(&self, act: impl FnOnce() -> T) -> T {
        self.bar.suspend(act)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.bar.elapsed()
    }

    /// A line ended. That one failed is said in any case.
    pub(super) fn report_end(&self, planned: &Planned, end: &End) {
        let mut count = self.count.borrow_mut();
        count.ended += 1;
        let (what, amount) = match end {
            End::Completed(files) => (
                format!("completed, {}", file_names(files)),
                files.cost.clone(),
            ),
            End::Done(files) => {
                count.done_before += 1;
                (String::new(), files.cost.clone())
            }
            End::Failed(failure) => {
                count.failed += 1;
                let task = failure.about.task.as_ref();
                let cost = task.and_then(|task| task.state().usage()?.cost.clone());
                let amount = cost
                    .or_else(|| planned.expected_cost())
                    .filter(|_| failure.billing != Billing::None);
                (failure.in_a_line(), amount)
            }
            End::NotStarted(_) => {
                count.failed += 1;
                ("not started because of an earlier failure".into(), None)
            }
        };
        count.spent = count.spent.clone() + amount.unwrap_or_default();
        let is_told = match end {
            End::Completed(_) | End::NotStarted(_) => self.prints_lines,
            End::Done(_) => false,
            End::Failed(_) => true,
        };
        if is_told {
            let (number, id) = (planned.line.number, planned.id());
            let of = format!(
                "[{}/{}]",
                count.ended,
                self.bar.length().unwrap_or_default()
            );
            let line = printable(&format!("{of} line {number}, {id}: {what}"));
            self.bar.suspend(|| print_stderr(&line));
        }
        self.bar.set_message(self.summary_message(&count));
        if let End::Done(_) = end {
            // They are no measure of the time that is left.
            self.bar.set_position(count.ended.into());
            self.bar.reset_eta();
        } else {
            self.bar.inc(1);
        }
    }

    fn summary_message(&self, count: &Count) -> String {
        let (spent, total) = (&count.spent, &self.total);
        let in_this_run = count.ended - count.done_before;
        let minutes = self.elapsed().as_secs_f64() / 60.0;
        let rate = f64::from(in_this_run) / minutes.max(1.0 / 60.0);
        let failed = match count.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        format!("{spent} of {total} USD, {rate:.0} a minute{failed}")
    }
}

impl Drop for BatchProgress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn bar_style() -> ProgressStyle {
    let template = "{elapsed_precise} [{bar:12}] {pos}/{len}{left}, {msg}";
    // The template is a constant, and a test renders it.
    let style = ProgressStyle::with_template(template).expect("a template that parses");
    style
        .progress_chars("=> ")
        .with_key("left", write_time_left)
}

/// The time that is left, once something shows how long it takes.
fn write_time_left(state: &ProgressState, text: &mut dyn fmt::Write) {
    if !state.eta().is_zero() {
        // A line that cannot be made is not shown.
        let _ = write!(text, ", {:#} left", HumanDuration(state.eta()));
    }
}

fn file_names(files: &Files) -> String {
    let names = files.paths.iter().map(|path| path.to_string_lossy());
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_of_the_bar_parses() {
        let bar = ProgressBar::hidden().with_style(bar_style());
        assert_eq!(bar.position(), 0);
    }
}
