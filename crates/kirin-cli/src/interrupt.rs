//! Ctrl-C and SIGTERM: how far the command got decides what a person reads.

use kirin_client::Billing;

use crate::{
    exit_code,
    failure::{Failure, Ids},
    reached::Reached,
    request_file::how_many,
};

/// Runs `work` until it ends or the program is interrupted.
pub(crate) async fn unless_interrupted<T>(
    reached: &Reached,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        // First, so that signals are caught before anything is done.
        biased;
        () = wait_for_interrupt() => Err(interrupted_failure(reached.ids())),
        done = work => done,
    }
}

/// Waits for Ctrl-C or SIGTERM. A second one ends the program at once, whatever it is busy with.
pub(crate) async fn wait_for_interrupt() {
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
            // The flag is read before it is set. A signal that cannot be caught ends the program anyway.
            let _ = flag::register_conditional_shutdown(signal, code, Arc::clone(&is_second));
            let _ = flag::register(signal, Arc::clone(&is_second));
        }
    });
}

/// Listens for SIGTERM from now on; ready when it comes, and never on systems without it.
pub(crate) fn wait_for_sigterm() -> impl Future<Output = ()> {
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

/// Ctrl-C or SIGTERM.
fn interrupted_failure(ids: Ids) -> Failure {
    let what = match &ids.last_status {
        Some(status) => format!("interrupted; the last status was {status}"),
        None => "interrupted".into(),
    };
    let failure = |next_step: &str| Failure::new(exit_code::INTERRUPTED, what, next_step);
    let failure = match (&ids.id, &ids.external_task_id) {
        (Some(id), _) if ids.completed => failure("Do not generate it again: download it.")
            .followed_by("download", id.as_str())
            .completed_and_charged(),
        (Some(id), _) => failure("Do not generate it again: continue with it.")
            .followed_by("wait", id.as_str())
            .with_money(
                Billing::Unknown,
                format!("Task {id} continues at the service, and may be charged."),
            ),
        (None, Some(id)) => failure(
            "Do not generate it again before you have looked for its task; a new one can \
             take a minute to be found.",
        )
        .followed_by("status", id.as_str())
        .with_money(
            Billing::Unknown,
            "The request was being sent: it may have been charged.",
        ),
        (None, None) => failure("Nothing was sent; run the command again at any time."),
    };
    failure.with_ids(ids)
}

/// Ctrl-C or SIGTERM during a batch.
pub(crate) fn batch_interrupted(under_way: &[Ids]) -> Failure {
    let what = format!("interrupted, with {} under way", how_many(under_way.len()));
    let next_step =
        "Continue with the same command: it looks for what was sent before it sends anything.";
    let details = under_way.iter().map(|ids| {
        let which = match (&ids.external_task_id, &ids.id) {
            (Some(external), Some(id)) => format!("{external}, task {id}"),
            (Some(external), None) => format!("{external}, sent and not answered"),
            (None, Some(id)) => format!("task {id}"),
            (None, None) => "nothing was sent yet".into(),
        };
        match &ids.last_status {
            Some(status) => format!("{which}, the last status was {status}"),
            None => which,
        }
    });
    let is_sent = |ids: &Ids| ids.external_task_id.is_some() || ids.id.is_some();
    let money = match under_way.iter().any(is_sent) {
        true => "What is under way continues at the service, and may be charged.",
        false => "Nothing that was under way was sent. Completed tasks were charged.",
    };
    Failure::new(exit_code::INTERRUPTED, what, next_step)
        .with_details(details)
        .with_money(Billing::Unknown, money)
}

/// Ctrl-C or SIGTERM while several were resumed; none where nothing was interrupted.
pub(crate) fn all_interrupted(mut all: Vec<Failure>) -> Option<Failure> {
    if all.len() < 2 {
        return all.pop();
    }
    let ids: Vec<_> = all.into_iter().map(|failure| failure.about.ids).collect();
    Some(batch_interrupted(&ids))
}
