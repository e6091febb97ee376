//! As much of a database server as a journal needs, in memory: transactions over versions of rows, and what
//! goes wrong with them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use tokio::task::yield_now;

/// A table and the primary key in it.
pub(super) type Key = (&'static str, String);

/// What a statement or a commit ends with, as PostgreSQL says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SqlError {
    /// The connection broke, and whether the transaction was committed is not known.
    ConnectionLost,
    /// 40001: somebody else has changed the row since this transaction began.
    SerializationFailure,
    /// 23505: somebody else has inserted the row.
    UniqueViolation,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Isolation {
    ReadCommitted,
    RepeatableRead,
}

/// What has gone wrong so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    Error(SqlError),
    /// The connection broke, and the transaction was committed.
    LostAfterCommit,
}

#[derive(Default)]
pub(super) struct Server(Mutex<State>);

#[derive(Default)]
struct State {
    /// Each row, with when each of its versions was committed.
    rows: BTreeMap<Key, Vec<(u64, String)>>,
    commits: u64,
    random: u64,
    troubles: BTreeMap<Trouble, u64>,
    numbers: u64,
}

impl Server {
    /// A number that nobody else gets.
    pub(super) fn next_number(&self) -> u64 {
        let mut state = self.state();
        state.numbers += 1;
        state.numbers
    }

    /// How often something of the kind went wrong.
    pub(super) fn count(&self, trouble: Trouble) -> u64 {
        *self.state().troubles.get(&trouble).unwrap_or(&0)
    }

    pub(super) async fn begin(&self, isolation: Isolation) -> Result<Transaction<'_>, SqlError> {
        self.travel().await?;
        Ok(Transaction {
            server: self,
            isolation,
            snapshot: self.state().commits,
            changes: Vec::new(),
        })
    }

    /// To the server and back, while others do something.
    async fn travel(&self) -> Result<(), SqlError> {
        let turns = self.state().below(3);
        for _ in 0..turns {
            yield_now().await;
        }
        let mut state = self.state();
        match state.below(50) {
            0 => Err(state.fail(SqlError::ConnectionLost)),
            _ => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// Dropped without a commit, it is rolled back.
pub(super) struct Transaction<'a> {
    server: &'a Server,
    isolation: Isolation,
    /// It sees what was committed until then.
    snapshot: u64,
    changes: Vec<(Key, String, bool)>,
}

impl Transaction<'_> {
    pub(super) async fn select(&self, key: &Key) -> Result<Option<String>, SqlError> {
        self.server.travel().await?;
        let state = self.server.state();
        let versions = state.rows.get(key).map_or(&[][..], Vec::as_slice);
        let is_seen = |(at, _): &&(u64, String)| match self.isolation {
            Isolation::ReadCommitted => true,
            Isolation::RepeatableRead => *at <= self.snapshot,
        };
        let seen = versions.iter().rev().find(is_seen);
        Ok(seen.map(|(_, value)| value.clone()))
    }

    pub(super) async fn insert(&mut self, key: &Key, value: String) -> Result<(), SqlError> {
        self.change(key, value, true).await
    }

    pub(super) async fn update(&mut self, key: &Key, value: String) -> Result<(), SqlError> {
        self.change(key, value, false).await
    }

    async fn change(&mut self, key: &Key, value: String, is_new: bool) -> Result<(), SqlError> {
        self.server.travel().await?;
        self.changes.push((key.clone(), value, is_new));
        self.check(&mut self.server.state())
    }

    pub(super) async fn commit(self) -> Result<(), SqlError> {
        self.server.travel().await?;
        let mut state = self.server.state();
        self.check(&mut state)?;
        let fate = state.below(20);
        match fate {
            0 => return Err(state.fail(SqlError::SerializationFailure)),
            1 => return Err(state.fail(SqlError::ConnectionLost)),
            _ => {}
        }
        state.commits += 1;
        let at = state.commits;
        for (key, value, _) in self.changes {
            state.rows.entry(key).or_default().push((at, value));
        }
        match fate {
            2 => {
                *state.troubles.entry(Trouble::LostAfterCommit).or_default() += 1;
                Err(SqlError::ConnectionLost)
            }
            _ => Ok(()),
        }
    }

    /// Whether somebody else came before.
    fn check(&self, state: &mut State) -> Result<(), SqlError> {
        for (key, _, is_new) in &self.changes {
            let latest = state.rows.get(key).and_then(|versions| versions.last());
            let latest = latest.map(|(at, _)| *at);
            let is_changed = latest.is_some_and(|at| at > self.snapshot);
            match (is_new, latest, self.isolation) {
                (true, Some(_), _) => return Err(state.fail(SqlError::UniqueViolation)),
                (false, _, Isolation::RepeatableRead) if is_changed => {
                    return Err(state.fail(SqlError::SerializationFailure));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl State {
    fn fail(&mut self, error: SqlError) -> SqlError {
        *self.troubles.entry(Trouble::Error(error)).or_default() += 1;
        error
    }

    /// SplitMix64.
    fn below(&mut self, limit: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}
