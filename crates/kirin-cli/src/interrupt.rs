//! Ctrl-C and SIGTERM: what was going on decides what a person is told.

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
};

use kirin_client::machine::Notice;
use kirin_ledger::Entry;
use kirin_types::{ExternalTaskId, Task, TaskId, TaskState};

use crate::{exit_code, failure::Failure, progress::said};

/// How far a generation got, kept up to date by its notices.
#[derive(Debug, Default)]
pub(crate) struct Reached(Mutex<Ids>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    pub(crate) external_task_id: Option<ExternalTaskId>,
    pub(crate) id: Option<TaskId>,
    /// Whether the task is known to be completed.
    pub(crate) completed: bool,
    /// What the service said of it last: its status word, and the reason.
    pub(crate) said: Option<String>,
}

impl Reached {
    /// A task that is known from the start.
    pub(crate) fn task(id: TaskId) -> Self {
        Self(Mutex::new(Ids {
            id: Some(id),
            ..Ids::default()
        }))
    }

    /// A create that an earlier run has sent, and its task where that is known.
    pub(crate) fn entry(entry: &Entry) -> Self {
        let reached = Self::default();
        reached.begun(entry);
        reached
    }

    /// Another run has begun it: what that one sent may be charged.
    pub(crate) fn begun(&self, entry: &Entry) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *ids = Ids {
            external_task_id: Some(entry.external_task_id.clone()),
            id: entry.task_id.clone(),
            completed: entry.completed().is_some(),
            said: None,
        };
    }

    /// The video of the task is fetched. One that ended in other words may still go on.
    pub(crate) fn fetching(&self, task: &Task) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.id = Some(task.id().clone());
        ids.completed = matches!(task.state(), TaskState::Completed { .. });
    }

    pub(crate) fn update(&self, notice: &Notice) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match notice {
            Notice::Accepted { id, .. } | Notice::Found { id } => ids.id = Some(id.clone()),
            Notice::Submitting { external_task_id } => {
                ids.external_task_id = Some(external_task_id.clone());
            }
            Notice::Progress { status, reason, .. } | Notice::UnknownStatus { status, reason } => {
                ids.said = Some(said(status.as_deref(), reason.as_deref()));
            }
            _ => {}
        }
    }

    pub(crate) fn ids(&self) -> Ids {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Runs `work` until it ends or the program is interrupted.
pub(crate) async fn unless_interrupted<T>(
    reached: &Reached,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        // First, so that signals are caught before anything is done.
        biased;
        () = interrupted() => Err(Failure::interrupted(reached.ids())),
        done = work => done,
    }
}

/// Waits for Ctrl-C or SIGTERM. A second one ends the program at once, whatever it is busy with.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        second_one_ends();
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                Ok(()) = tokio::signal::ctrl_c() => return,
            }
        }
    }
    // Where signals cannot be caught the operating system ends the program.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

#[cfg(unix)]
fn second_one_ends() {
    use std::sync::{Arc, Once, atomic::AtomicBool};

    use signal_hook::{
        consts::{SIGINT, SIGTERM},
        flag,
    };

    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let is_second = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            let code = exit_code::INTERRUPTED.into();
            // The flag is looked at before it is set. What cannot be caught ends the program anyway.
            let _ = flag::register_conditional_shutdown(signal, code, Arc::clone(&is_second));
            let _ = flag::register(signal, Arc::clone(&is_second));
        }
    });
}

/// Listens for SIGTERM from now on; ready when it comes, and never where there is none.
pub(crate) fn terminated() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let listener = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate())
    };
    async {
        #[cfg(unix)]
        if let Ok(mut listener) = listener {
            listener.recv().await;
            return;
        }
        std::future::pending().await
    }
}

/// A write over the limit of file sizes (`ulimit -f`) ends a program by a signal, without a word.
/// With the signal caught, the write is an error like that of a full disk.
pub(crate) fn survive_file_size_limit() {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // SIGXFSZ, wherever these systems run but on MIPS, which keeps its default.
        const FILE_SIZE_EXCEEDED: i32 = 25;
        if !cfg!(target_arch = "mips") {
            // The handler stays when its listener is dropped.
            let _ = signal(SignalKind::from_raw(FILE_SIZE_EXCEEDED));
        }
    }
}
