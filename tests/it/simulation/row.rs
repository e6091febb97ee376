//! The row of lookups that proves absence, as the wire shows it: control, miss, miss, control,
//! miss, control.

use std::time::{Duration, SystemTime};

/// How long a row may take, and how long it is good for.
pub(crate) const TEN_SECONDS: Duration = Duration::from_secs(10);

/// Whether each place of a row is a control's.
const CONTROLS: [bool; 6] = [true, false, false, true, false, true];

/// A lookup by an external id, and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) id: String,
    pub(crate) began_at: Duration,
    pub(crate) ended_at: Duration,
    pub(crate) said: Said,
    pub(crate) task_id: Option<String>,
    /// It was kept in a cache.
    pub(crate) is_kept: bool,
    pub(crate) date: Option<SystemTime>,
    /// What is in its address against caches.
    pub(crate) parameter: Option<String>,
}

/// What an answer to a lookup says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Found,
    Missed { is_json: bool },
    Refused { key: bool },
    Trouble,
}

/// The lookups so far that may be a row.
#[derive(Debug, Default)]
pub(crate) struct Row {
    looks: Vec<Look>,
    has_older_control: bool,
}

impl Row {
    /// Adds a lookup; what does not fit begins another row.
    pub(crate) fn add(&mut self, look: Look, is_own: bool, is_control: Option<bool>) {
        let fits = |place: usize| {
            let fits = match CONTROLS[place] {
                true => is_control.is_some(),
                false => is_own && matches!(look.said, Said::Missed { .. }),
            };
            fits && !look.is_kept && look.parameter.is_some()
        };
        let is_next = self.looks.len() < CONTROLS.len() && fits(self.looks.len());
        let is_in_time = self
            .looks
            .first()
            .is_none_or(|first| look.ended_at - first.began_at <= TEN_SECONDS);
        let is_dated = self.looks.last().is_none_or(|last| {
            let dates = last.date.zip(look.date);
            dates.is_none_or(|(before, date)| before <= date)
        });
        if !is_next || !is_in_time || !is_dated {
            *self = Self::default();
        }
        if fits(self.looks.len()) {
            self.has_older_control |= is_control == Some(true);
            self.looks.push(look);
        }
    }

    /// When it began and ended, if it is complete.
    pub(crate) fn is_complete(&self) -> Option<(Duration, Duration)> {
        let (first, last) = (self.looks.first()?, self.looks.last()?);
        let is_complete = self.looks.len() == CONTROLS.len() && self.has_older_control;
        is_complete.then_some((first.began_at, last.ended_at))
    }
}
