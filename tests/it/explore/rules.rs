//! What has to hold in each state.

use kirin_client::{
    JournalState, OperationId,
    machine::{Action, Outcome},
};

use super::{
    answers::Named,
    driver::Driver,
    service::Broken,
    state::{At, Client, State},
};

/// A client reported that nothing was created.
pub(super) fn deny(state: &mut State) -> Result<(), Broken> {
    if state.charged().any(|(_, charge)| !charge.is_excused) {
        return Err("a create is said not to be made, and was charged".into());
    }
    for late in state.late.iter_mut().flatten() {
        late.is_denied = true;
    }
    Ok(())
}

/// Every charge has an entry that leads to a task of it, or says that it may be charged; no other task is
/// taken for it.
pub(super) fn check(driver: &Driver, state: &State) -> Result<(), Broken> {
    for client in &state.clients {
        if matches!(client.at, At::Accepting(task) if !matches!(task, Named::Charged(_))) {
            return Err("somebody else's task is taken for ours".into());
        }
    }
    if state.charged().all(|(_, charge)| charge.is_excused) {
        return Ok(());
    }
    let Some(entry) = driver.store.entry(state.entry) else {
        return match driver.cell.has_journal {
            true => Err("a create was charged, and the journal does not know of it".into()),
            false => Ok(()),
        };
    };
    let is_known = match (&entry.state, entry.state.task_id()) {
        (_, Some(id)) => matches!(Named::of_task_id(id.as_str()), Named::Charged(_)),
        (JournalState::Sent, None) => true,
        // Nothing is sent before it is looked up.
        (JournalState::Intended, None) => entry.is_refusal_open,
        (JournalState::Ended(outcome), None) => matches!(**outcome, Outcome::Unresolved { .. }),
        (_, None) => false,
    };
    let is_at_it = |client: &&Client| {
        let operation = OperationId::new(client.number.into(), client.operation.into());
        entry.intent.operation == Some(operation) && is_open(driver, client)
    };
    match is_known || state.clients.iter().any(|client| is_at_it(&client)) {
        true => Ok(()),
        false => Err("a create was charged, and the journal says that it was not".into()),
    }
}

/// Whether an operation may still find the task.
fn is_open(driver: &Driver, client: &Client) -> bool {
    match client.at {
        At::Idle => false,
        At::Acting => !matches!(
            driver.action(client),
            Action::Finished(Outcome::NotCreated { .. })
        ),
        _ => true,
    }
}
