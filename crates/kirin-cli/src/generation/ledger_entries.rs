//! What `kirin resume` and `kirin resolve` share: entries of the ledger, several at once.

use std::{cell::RefCell, pin::pin};

use futures_util::{StreamExt, stream};
use indicatif::MultiProgress;
use kirin_client::{Error, ErrorKind};
use kirin_ledger::{Claim, Entry, LedgerError, Money, Owner};

use super::take_over;
use crate::{
    arguments::SharedOptions,
    exit_code,
    failure::Failure,
    interrupt,
    progress::Progress,
    reached::Reached,
    report::print_failure,
    session::{PayingSession, Session},
    terminal::print_stderr,
};

/// The entries among these that the client of a session can resume.
pub(crate) fn at_this_host(
    session: &Session,
    entries: Result<Vec<Entry>, LedgerError>,
) -> Result<Vec<Entry>, Failure> {
    let mut entries = entries?;
    entries.retain(|entry| entry.base_url == *session.client.base_url());
    Ok(entries)
}

/// Whether something is left to find out about an entry.
pub(crate) fn is_open(entry: &Entry) -> bool {
    entry.money() != Money::None || entry.is_refusal_open
}

/// The state that an interruption reports. A create that is known to have created nothing is not on its way.
pub(crate) fn reached_by(entry: &Entry) -> Reached {
    match entry.money() {
        Money::None => Reached::default(),
        _ => Reached::of_entry(entry),
    }
}

/// Whether a create that was refused could not be looked up once more. It stays refused, and that is said.
pub(crate) fn stays_refused(entry: &Entry, error: &Error) -> bool {
    let stays = entry.money() == Money::None && error.kind() == ErrorKind::Unresolved;
    if stays {
        let id = &entry.external_task_id;
        print_stderr(&format!(
            "{id} was refused, and could not be looked up again now: nothing is known to have been spent"
        ));
    }
    stays
}

/// How many are looked for or waited for at once. The client spaces out their requests.
const CONCURRENCY: usize = 16;

/// How one entry ended.
enum Ended<T> {
    Act(Result<T, Failure>),
    /// There is nothing to do: it may have been proved in the meantime that nothing was created.
    Nothing,
    UnderWay(Owner),
}

/// Does something to all that are wanted and that no other process is at, several at once; prints what comes of each,
/// and reports what fails, in their order. The exit code is that of the first that failed. An interruption ends it.
pub(crate) async fn run_concurrently<T>(
    PayingSession { ledger, .. }: &PayingSession,
    entries: Vec<Entry>,
    shared: &SharedOptions,
    is_wanted: impl Fn(&Entry) -> bool,
    act: impl AsyncFn(&Entry, Progress) -> Result<T, Failure>,
    print: impl Fn(&Entry, T) -> Result<(), Failure>,
) -> Result<u8, Failure> {
    let screen = MultiProgress::new();
    let is_one = entries.len() == 1;
    let interrupted = RefCell::new(Vec::new());
    let run_one = async |entry: Entry| {
        if !interrupted.borrow().is_empty() {
            return (entry, Ended::Nothing);
        }
        let id = &entry.external_task_id;
        let progress = Progress::new(shared, Some(id), entry.task_id.as_ref());
        let progress = match is_one {
            true => progress,
            false => progress.shown_beside(&screen, id.as_str()),
        };
        let ended = match ledger.claim_entry(entry.number).await {
            Ok(Claim::Taken(entry)) if is_wanted(&entry) => Ended::Act(act(&entry, progress).await),
            Ok(Claim::UnderWay(_, owner)) => Ended::UnderWay(owner),
            Ok(_) => Ended::Nothing,
            Err(error) => Ended::Act(Err(error.into())),
        };
        (entry, ended)
    };
    let mut code = exit_code::DONE;
    let mut ended = pin!(stream::iter(entries).map(run_one).buffered(CONCURRENCY));
    while let Some((entry, ended)) = ended.next().await {
        let done = match ended {
            Ended::Act(done) => done.and_then(|done| screen.suspend(|| print(&entry, done))),
            Ended::Nothing => continue,
            Ended::UnderWay(owner) => {
                screen.suspend(|| take_over::report_owner(&entry.external_task_id, &owner));
                continue;
            }
        };
        let Err(failure) = done else { continue };
        if failure.exit_code == exit_code::INTERRUPTED {
            interrupted.borrow_mut().push(failure);
            continue;
        }
        if code == exit_code::DONE {
            code = failure.exit_code;
        }
        let failure = failure.at_base_url(shared.base_url.as_deref());
        screen.suspend(|| print_failure(&failure, shared.json));
    }
    match interrupt::all_interrupted(interrupted.take()) {
        Some(failure) => Err(failure),
        None => Ok(code),
    }
}
