//! The events of a task, as one JSON object per line: `--json=events`.

use kirin_client::{DownloadEvent, machine::Notice, without_url_queries};
use kirin_types::{ExternalTaskId, TaskId};
use serde::Serialize;

use crate::report::{path_text, print_json};

/// Reports events to a program.
#[derive(Debug)]
pub(crate) struct Events {
    external_task_id: Option<ExternalTaskId>,
    id: Option<TaskId>,
    /// How much of a file was there at the last event.
    reported: u64,
}

/// An event, always with every field.
#[derive(Debug, Default, Serialize)]
struct Event<'a> {
    event: &'static str,
    external_task_id: Option<&'a ExternalTaskId>,
    id: Option<&'a TaskId>,
    /// The service's status word.
    status: Option<&'a str>,
    /// From 0.0 to 1.0.
    progress: Option<f64>,
    /// Bytes of the file that are there.
    bytes: Option<u64>,
    /// Bytes that it has.
    total_bytes: Option<u64>,
    /// How long the wait is, in seconds.
    wait: Option<f64>,
    path: Option<String>,
    /// The line that a person sees.
    message: Option<&'a str>,
}

impl Events {
    /// A download reports its progress at most this many times.
    const STEPS: u64 = 20;

    pub(crate) fn new(external_task_id: Option<ExternalTaskId>, id: Option<TaskId>) -> Self {
        Self {
            external_task_id,
            id,
            reported: 0,
        }
    }

    pub(crate) fn print_notice(&mut self, notice: &Notice, message: Option<&str>) {
        let mut event = Event {
            message,
            ..Event::default()
        };
        event.event = match notice {
            Notice::Accepted { id, adopted } => {
                self.id = Some(id.clone());
                match adopted {
                    true => "adopted",
                    false => "accepted",
                }
            }
            Notice::Found { id } => {
                self.id = Some(id.clone());
                return;
            }
            Notice::LostAnswer { .. } => "lost_answer",
            Notice::NotRecorded { .. } => "not_recorded",
            Notice::Progress {
                status, progress, ..
            } => {
                event.status = status.as_deref();
                event.progress = *progress;
                "progress"
            }
            Notice::Retrying { wait, .. } => {
                event.wait = Some(wait.as_secs_f64());
                "retrying"
            }
            Notice::Submitting { external_task_id } => {
                self.external_task_id = Some(external_task_id.clone());
                "submitting"
            }
            Notice::Trouble { .. } => "trouble",
            Notice::UnknownStatus { status, .. } => {
                event.status = status.as_deref();
                "unknown_status"
            }
            Notice::Woken => "woken",
            // The result follows.
            _ => return,
        };
        self.print_event(event);
    }

    pub(crate) fn print_download(&mut self, download: &DownloadEvent, message: Option<&str>) {
        let mut event = Event {
            message,
            ..Event::default()
        };
        event.event = match download {
            DownloadEvent::Finished { path } => {
                event.path = Some(path_text(path));
                "downloaded"
            }
            DownloadEvent::Progress { bytes, total } => {
                let step = total.unwrap_or_default() / Self::STEPS;
                let is_whole = Some(*bytes) == *total;
                if *bytes < self.reported.saturating_add(step.max(1 << 16)) && !is_whole {
                    return;
                }
                self.reported = *bytes;
                (event.bytes, event.total_bytes) = (Some(*bytes), *total);
                "downloading"
            }
            DownloadEvent::RefreshedUrl => "refreshed_url",
            DownloadEvent::Restarted { .. } => "download_restarted",
            DownloadEvent::Resumed { at, total } => {
                self.reported = *at;
                (event.bytes, event.total_bytes) = (Some(*at), Some(*total));
                "download_resumed"
            }
            DownloadEvent::Retrying { wait, .. } => {
                event.wait = Some(wait.as_secs_f64());
                "download_retrying"
            }
            DownloadEvent::Started { total } => {
                self.reported = 0;
                event.total_bytes = *total;
                "download_started"
            }
            DownloadEvent::Unusual { .. } => "download_unusual",
            _ => return,
        };
        self.print_event(event);
    }

    /// If stdout fails, the result reports it.
    fn print_event(&self, event: Event<'_>) {
        let unsigned = |text: Option<&str>| text.map(without_url_queries);
        let (status, message) = (unsigned(event.status), unsigned(event.message));
        let event = Event {
            external_task_id: self.external_task_id.as_ref(),
            id: self.id.as_ref(),
            status: status.as_deref(),
            message: message.as_deref(),
            ..event
        };
        let _ = print_json(&event);
    }
}
