//! What is shown while a task runs: a bar on a terminal, plain lines elsewhere.

use std::{io::IsTerminal, time::Duration};

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressStyle};
use kirin_client::{DownloadEvent, machine::Notice, without_url_queries};
use kirin_types::{ExternalTaskId, TaskId};

use crate::{
    arguments::SharedOptions,
    events::Events,
    report::Json,
    terminal::{print_stderr, printable, status_text},
    verbose,
};

/// Shows how far a generation is.
pub(crate) struct Progress {
    shown: Shown,
    events: Option<Events>,
    /// Which of several it is.
    prefix: String,
    /// The latest line, which is not said twice in a row.
    last: String,
}

enum Shown {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

/// Whether a bar can be shown: lines of other things would break it.
pub(crate) fn shows_bar() -> bool {
    std::io::stderr().is_terminal() && !verbose::is_on()
}

impl Progress {
    /// Of a task with these ids, as far as they are known before anything happens to it.
    pub(crate) fn new(
        shared: &SharedOptions,
        external_task_id: Option<&ExternalTaskId>,
        id: Option<&TaskId>,
    ) -> Self {
        let shown = match (shared.quiet, shows_bar()) {
            (true, _) => Shown::Nothing,
            (false, true) => Shown::Bar(new_bar()),
            (false, false) => Shown::Lines,
        };
        let events = Events::new(external_task_id.cloned(), id.cloned());
        Self::with_events(shared, shown, events, String::new())
    }

    /// One of many, of which only events are reported.
    pub(crate) fn events_only(shared: &SharedOptions, id: &ExternalTaskId) -> Self {
        let events = Events::new(Some(id.clone()), None);
        Self::with_events(shared, Shown::Nothing, events, format!("{id}: "))
    }

    fn with_events(shared: &SharedOptions, shown: Shown, events: Events, prefix: String) -> Self {
        Self {
            shown,
            events: (shared.json == Some(Json::Events)).then_some(events),
            prefix,
            last: String::new(),
        }
    }

    /// One of several that are shown together.
    pub(crate) fn shown_beside(mut self, screen: &MultiProgress, name: &str) -> Self {
        self.prefix = printable(&format!("{name}: "));
        if let Shown::Bar(bar) = &mut self.shown {
            *bar = screen.add(bar.clone());
            bar.set_prefix(self.prefix.clone());
        }
        self
    }

    /// The bar shows how far the task is. Events stay on the terminal above it: the ids must not be
    /// lost with the bar.
    pub(crate) fn show_notice(&mut self, notice: &Notice) {
        let line = notice_text(notice);
        if let Some(events) = &mut self.events {
            events.print_notice(notice, line.as_deref());
        }
        match (notice, &self.shown) {
            // The user has to know what the ledger does not.
            (Notice::NotRecorded { .. }, Shown::Nothing) => self.say_anyway(line),
            (
                Notice::Progress {
                    status, progress, ..
                },
                Shown::Bar(bar),
            ) => {
                if let Some(progress) = progress {
                    bar.set_position(per_cent(*progress).into());
                }
                let status = printable(status.as_deref().unwrap_or("in progress"));
                bar.set_message(without_url_queries(&status));
            }
            _ => line.iter().for_each(|line| self.show_line(line)),
        }
    }

    pub(crate) fn show_downloading(&mut self) {
        match &self.shown {
            Shown::Bar(bar) => {
                bar.set_position(0);
                bar.set_message("downloading");
            }
            Shown::Lines | Shown::Nothing => self.show_line("downloading"),
        }
    }

    /// Shows how far the download is in the bar, and anything unusual in a line.
    pub(crate) fn show_download(&mut self, event: &DownloadEvent) {
        let line = download_text(event);
        if let Some(events) = &mut self.events {
            events.print_download(event, line.as_deref());
        }
        match (event, &self.shown) {
            (DownloadEvent::Progress { bytes, total }, _) => self.show_bytes(*bytes, *total),
            // You have to know it when you open the file.
            (DownloadEvent::Unusual { .. }, Shown::Nothing) => self.say_anyway(line),
            _ => line.iter().for_each(|line| self.show_line(line)),
        }
    }

    fn show_bytes(&self, bytes: u64, total: Option<u64>) {
        if let Shown::Bar(bar) = &self.shown {
            if let Some(total) = total {
                bar.set_length(total);
                bar.set_position(bytes);
            }
            bar.set_message(format!("downloading, {}", HumanBytes(bytes)));
        }
    }

    /// Says it although nothing else is shown.
    fn say_anyway(&self, line: Option<String>) {
        let line = line.unwrap_or_default();
        print_stderr(&printable(&format!("{}{line}", self.prefix)));
    }

    pub(crate) fn show_line(&mut self, line: &str) {
        let line = without_url_queries(&printable(line));
        if line == self.last {
            return;
        }
        match &self.shown {
            Shown::Bar(bar) => bar.println(format!("{}{line}", self.prefix)),
            Shown::Lines => print_stderr(&format!("{}{line}", self.prefix)),
            Shown::Nothing => {}
        }
        self.last = line;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::new(100);
    let style = ProgressStyle::with_template(
        "{prefix}{elapsed_precise} [{bar:30}] {percent:>3} % {wide_msg}",
    );
    // The template is a constant, and a test renders it.
    bar.set_style(style.expect("a template that parses").progress_chars("=> "));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// What a notice says, or nothing if it says nothing new.
fn notice_text(notice: &Notice) -> Option<String> {
    Some(match notice {
        Notice::Accepted { id, adopted: false } => format!("accepted as task {id}"),
        Notice::Accepted { id, adopted: true } => {
            format!("the answer was lost, but the task was found: {id}")
        }
        Notice::LostAnswer { cause } => {
            format!("the answer to the create was lost ({cause}); looking for the task")
        }
        Notice::NotRecorded { cause } => {
            format!(
                "the journal could not be written ({cause}): write down the ids and how the task ends"
            )
        }
        Notice::Progress {
            status, progress, ..
        } => {
            let status = status.as_deref().unwrap_or("in progress");
            match progress {
                Some(progress) => format!("{status}, {} %", per_cent(*progress)),
                None => status.into(),
            }
        }
        Notice::Retrying { cause, wait } => {
            format!(
                "nothing was created ({cause}); trying again in {:.0} s",
                wait.as_secs_f64()
            )
        }
        Notice::Submitting { external_task_id } => {
            format!("sending the request, external task id {external_task_id}")
        }
        Notice::Trouble { cause } => format!("no result yet ({cause}); asking again"),
        Notice::UnknownStatus { status, reason } => {
            let status = status_text(status.as_deref(), reason.as_deref());
            format!("the service says {status}; still waiting")
        }
        _ => return None,
    })
}

/// What an event of a download says, or nothing if all goes its way.
fn download_text(event: &DownloadEvent) -> Option<String> {
    Some(match event {
        DownloadEvent::RefreshedUrl => "the URL had expired; downloading from a new one".into(),
        DownloadEvent::Restarted { because } => {
            format!("downloading from the start again: {because}")
        }
        DownloadEvent::Resumed { at, .. } => {
            format!(
                "downloading the rest; {} are already there",
                HumanBytes(*at)
            )
        }
        DownloadEvent::Retrying { because, wait } => format!(
            "the download was cut off ({because}); trying again in {:.0} s",
            wait.as_secs_f64()
        ),
        DownloadEvent::Unusual { what } => {
            format!("warning: the file may not play everywhere: {what}")
        }
        _ => return None,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0 to 100"
)]
fn per_cent(progress: f64) -> u8 {
    (progress * 100.0).clamp(0.0, 100.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_of_the_bar_parses() {
        assert_eq!(new_bar().length(), Some(100));
    }

    #[test]
    fn per_cent_is_clamped() {
        assert_eq!(
            [-1.0, 0.0, 0.404, 1.0, 7.0].map(per_cent),
            [0, 0, 40, 100, 100]
        );
    }
}
