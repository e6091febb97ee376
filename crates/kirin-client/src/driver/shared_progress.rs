//! What a generation under way tells its caller.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
};

use crate::{
    Error, GenerationHandle,
    lock::lock,
    machine::{Machine, Notice},
};

/// Most notices that are kept for a stream that no one has asked for yet: the latest.
const MOST_KEPT: usize = 64;

/// What the running generation and its caller share.
pub(super) struct SharedProgress {
    /// The caller's own words.
    tags: Vec<String>,
    latest: Mutex<Latest>,
}

pub(super) struct Latest {
    pub(super) machine: Option<Machine>,
    /// Without the tags.
    pub(super) handle: Option<GenerationHandle>,
    /// The task is being written to the journal.
    is_being_recorded: bool,
    /// How many notices there were.
    count: u64,
    /// Those that no one has read, as long as someone may.
    kept: Option<VecDeque<Notice>>,
    /// What each stream has still to give, by its number.
    streams: Vec<(u64, VecDeque<Notice>)>,
    /// Of the stream that was opened last.
    number: u64,
}

impl SharedProgress {
    pub(super) fn new(tags: Vec<String>) -> Self {
        let latest = Latest {
            machine: None,
            handle: None,
            is_being_recorded: false,
            count: 0,
            kept: Some(VecDeque::new()),
            streams: Vec::new(),
            number: 0,
        };
        Self {
            tags,
            latest: Mutex::new(latest),
        }
    }

    pub(super) fn locked(&self) -> MutexGuard<'_, Latest> {
        lock(&self.latest)
    }

    pub(super) fn tags(&self) -> &[String] {
        &self.tags
    }

    pub(super) fn handle(&self) -> Option<GenerationHandle> {
        let handle = self.locked().handle.clone()?;
        Some(GenerationHandle {
            tags: self.tags.clone(),
            ..handle
        })
    }

    /// The handle, once the task is in the journal as well.
    pub(super) fn recorded_handle(&self) -> Option<GenerationHandle> {
        let handle = self.handle()?;
        (!self.locked().is_being_recorded).then_some(handle)
    }

    pub(super) fn with_handle(&self, error: Error) -> Error {
        match self.handle() {
            Some(handle) => error.with_handle(handle),
            None => error,
        }
    }
}

impl Latest {
    /// The service has the task, and the journal does not know it yet.
    pub(super) fn being_recorded(&mut self, handle: GenerationHandle) {
        self.handle = Some(handle);
        self.is_being_recorded = true;
    }

    /// The journal was told of the task, or does not answer: now everyone is.
    pub(super) fn recorded(&mut self, notice: Notice) {
        self.is_being_recorded = false;
        self.tell(notice);
    }

    pub(super) fn tell(&mut self, notice: Notice) {
        self.count += 1;
        for (_, unread) in &mut self.streams {
            unread.push_back(notice.clone());
        }
        if let Some(kept) = &mut self.kept {
            if kept.len() == MOST_KEPT {
                kept.pop_front();
            }
            kept.push_back(notice);
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// No one will ask for a stream any more.
    pub(super) fn keep_nothing(&mut self) {
        self.kept = None;
    }

    /// Opens a stream; the first one begins with what was kept. Gives its number.
    pub(super) fn open(&mut self) -> u64 {
        self.number += 1;
        let kept = self.kept.take().unwrap_or_default();
        self.streams.push((self.number, kept));
        self.number
    }

    pub(super) fn close(&mut self, number: u64) {
        self.streams.retain(|(open, _)| *open != number);
    }

    pub(super) fn next(&mut self, number: u64) -> Option<Notice> {
        let mut streams = self.streams.iter_mut();
        let (_, unread) = streams.find(|(open, _)| *open == number)?;
        unread.pop_front()
    }
}
