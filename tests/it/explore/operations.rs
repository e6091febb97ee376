//! Who is at a create: numbers of clients and operations, as few as there can be.

use kirin_client::OperationId;

use super::{
    state::{At, State},
    store::{NONE, Store},
};

/// A number that no known operation has.
pub(super) fn fresh_operation(store: &Store, state: &State, it: usize) -> u8 {
    let number = state.clients[it].number;
    let is_known = |operation: u8| {
        let id = OperationId::new(number.into(), operation.into());
        known_operations(store, state).any(|known| known == id)
    };
    (1..).find(|operation| !is_known(*operation)).expect("one")
}

/// The number of a client that begins where another one has ended.
pub(super) fn fresh_client(store: &Store, state: &State) -> u8 {
    let is_known = |number: u8| {
        let id = OperationId::new(number.into(), 0);
        known_operations(store, state).any(|known| known.is_of_same_client(&id))
            || state.clients.iter().any(|client| client.number == number)
    };
    (1..).find(|number| !is_known(*number)).expect("one")
}

/// The operations in the journal, in a backup, or in an entry that a client has read.
fn known_operations(store: &Store, state: &State) -> impl Iterator<Item = OperationId> {
    let read = state.clients.iter().flat_map(|client| {
        let taking_over = match client.at {
            At::TakingOver { intent, .. } => intent,
            _ => NONE,
        };
        [taking_over]
    });
    let entries = [state.entry, state.backup].into_iter().chain(read);
    let operations = entries.filter_map(|number| store.entry(number)?.intent.operation);
    operations.collect::<Vec<_>>().into_iter()
}
