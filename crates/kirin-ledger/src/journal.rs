//! What a client writes to.

use std::{collections::BTreeMap, path::PathBuf};

use async_trait::async_trait;
use kirin_client::{BaseUrl, Intent, Journal, JournalError, JournalState, machine::Outcome};
use kirin_types::{Amount, ExternalTaskId, Price, TaskId, TaskState};
use rusqlite::{Connection, params};

use crate::{Ledger, LedgerError, claim::take, clock, ledger::number, path, rows};

/// The journal of the creates for one base URL. A create that it writes down is this process's own
/// until it ends, so that no other process sends it at the same time.
#[derive(Clone, Debug)]
pub struct LedgerJournal {
    ledger: Ledger,
    base_url: BaseUrl,
    budget_per_day: Option<Amount>,
    outputs: BTreeMap<ExternalTaskId, PathBuf>,
}

/// What became of a write.
enum Written {
    Done,
    Refused(JournalError),
}

impl LedgerJournal {
    pub(crate) fn new(ledger: Ledger, base_url: BaseUrl) -> Self {
        Self {
            ledger,
            base_url,
            budget_per_day: None,
            outputs: BTreeMap::new(),
        }
    }

    /// Refuses a create that would cost more than this, in USD, together with all that was intended
    /// on the same day (UTC) by any process, at any base URL. What is proved not to have created
    /// anything counts nothing; what has no known price is refused.
    pub fn budget_per_day(mut self, limit: Amount) -> Self {
        self.budget_per_day = Some(limit);
        self
    }

    /// Says where the files of a create are wanted, a file or a folder, so that whoever goes on with
    /// it can put them there.
    pub fn output(mut self, id: ExternalTaskId, path: impl Into<PathBuf>) -> Self {
        self.outputs.insert(id, path.into());
        self
    }

    /// Does something to the entry of an id that is this process's own, or is taken by it.
    async fn on_entry(
        &self,
        id: &ExternalTaskId,
        is_sent: bool,
        act: impl FnOnce(&Connection, i64, bool) -> rusqlite::Result<Written> + Send + 'static,
    ) -> Result<(), JournalError> {
        let (base_url, id) = (self.base_url.to_string(), id.to_string());
        let process = self.ledger.process();
        let write = move |connection: &Connection| {
            let Some(number) = number(connection, &base_url, &id)? else {
                let problem = format!("there is no intent with the id {id}");
                return Ok(Written::Refused(JournalError::new(problem)));
            };
            if !take(connection, number, &process)? {
                return Ok(Written::Refused(JournalError::under_way()));
            }
            let is_final = rows::is_final(&rows::state_word(connection, number)?);
            act(connection, number, is_final)
        };
        let writer = self.ledger.writer();
        finish(match is_sent {
            true => writer.send(write).await,
            false => writer.write(write).await,
        })
    }
}

fn finish(written: Result<Written, LedgerError>) -> Result<(), JournalError> {
    match written {
        Ok(Written::Done) => Ok(()),
        Ok(Written::Refused(error)) => Err(error),
        Err(error) => Err(JournalError::new(error.to_string())),
    }
}

#[async_trait]
impl Journal for LedgerJournal {
    async fn intent(&self, intent: &Intent) -> Result<(), JournalError> {
        if intent.base_url != self.base_url {
            let problem = format!(
                "it is of {}, and the create goes to {}",
                self.base_url, intent.base_url
            );
            return Err(JournalError::new(problem));
        }
        let Some(id) = intent.request.external_task_id() else {
            return Err(JournalError::new("the request has no external task id"));
        };
        let output = self.outputs.get(id).map(|path| path::to_bytes(path));
        let (id, intent) = (id.to_string(), intent.clone());
        let (process, limit) = (self.ledger.process(), self.budget_per_day.clone());
        let request = serde_json::to_string(&intent.request)
            .map_err(|error| JournalError::new(error.to_string()))?;
        let written = self.ledger.writer().write(move |connection| {
            let earlier = number(connection, intent.base_url.as_str(), &id)?;
            if let Some(number) = earlier {
                if !take(connection, number, &process)? {
                    return Ok(Written::Refused(JournalError::under_way()));
                }
                let word = rows::state_word(connection, number)?;
                if !["intended", "not_created"].contains(&word.as_str()) {
                    let problem = format!("an earlier create has the external id {id}");
                    return Ok(Written::Refused(JournalError::new(problem)));
                }
            }
            let price = intent.request.price_estimate().map(Price::amount);
            let at = intent.intended_at.map_or_else(clock::now, |at| at.milliseconds());
            if let Some(limit) = &limit
                && let Err(problem) = check_budget(connection, limit, price.as_ref(), at, earlier)?
            {
                return Ok(Written::Refused(JournalError::over_budget(problem)));
            }
            // The entry of a create that created nothing becomes the one of this.
            let sql = "INSERT OR REPLACE INTO creates (number, base_url, external_task_id, key, model, \
                       prompt, price, intended_at, intended_at_is_known, state, claimed_by, output, request) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'intended', ?10, ?11, ?12)";
            connection.execute(sql, params![
                earlier,
                intent.base_url.as_str(),
                id,
                intent.key.to_string(),
                intent.request.model_id(),
                intent.request.prompt(),
                price.map(|price| price.to_string()),
                at,
                intent.intended_at.is_some(),
                process.name(),
                output,
                request,
            ])?;
            Ok(Written::Done)
        });
        finish(written.await)
    }

    async fn sent(&self, id: &ExternalTaskId) -> Result<(), JournalError> {
        let ended = JournalError::new(format!("the create {id} has ended"));
        self.on_entry(id, true, |connection, number, is_final| {
            if is_final {
                return Ok(Written::Refused(ended));
            }
            let sql = "UPDATE creates SET state = 'sent', attempts = attempts + 1, sent_at = ?2, \
                       outcome = NULL, ended_at = NULL WHERE number = ?1";
            connection.execute(sql, params![number, clock::now()])?;
            Ok(Written::Done)
        })
        .await
    }

    async fn accepted(&self, id: &ExternalTaskId, task: &TaskId) -> Result<(), JournalError> {
        let ended = JournalError::new(format!("the create {id} has ended"));
        let task = task.to_string();
        self.on_entry(id, false, move |connection, number, is_final| {
            if is_final {
                return Ok(Written::Refused(ended));
            }
            let sql = "UPDATE creates SET state = 'accepted', task_id = ?2, accepted_at = ?3, \
                       outcome = NULL, ended_at = NULL WHERE number = ?1";
            connection.execute(sql, params![number, task, clock::now()])?;
            Ok(Written::Done)
        })
        .await
    }

    async fn outcome(&self, id: &ExternalTaskId, outcome: &Outcome) -> Result<(), JournalError> {
        let json =
            serde_json::to_string(outcome).map_err(|error| JournalError::new(error.to_string()))?;
        let state = JournalState::Ended(Box::new(outcome.clone()));
        let cost = outcome.task().and_then(|task| match task.state() {
            TaskState::Completed {
                usage: Some(usage), ..
            // A negative one would make room in a budget that was never allowed.
            } => usage.cost.clone().filter(|cost| !cost.is_negative()),
            _ => None,
        });
        let task = task_id(outcome);
        self.on_entry(id, false, move |connection, number, is_final| {
            // The first end stays.
            if !is_final {
                let sql = "UPDATE creates SET state = ?2, outcome = ?3, ended_at = ?4, cost = ?5, \
                           task_id = coalesce(?6, task_id) WHERE number = ?1";
                let cost = cost.map(|cost| cost.to_string());
                connection.execute(
                    sql,
                    params![number, rows::word(&state), json, clock::now(), cost, task],
                )?;
            }
            connection.execute(
                "UPDATE creates SET claimed_by = NULL WHERE number = ?1",
                [number],
            )?;
            Ok(Written::Done)
        })
        .await
    }
}

/// The task that an end tells of.
fn task_id(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::CannotQuery { id, .. }
        | Outcome::Lost { id }
        | Outcome::StillRunning { id, .. } => Some(id.to_string()),
        outcome => outcome.task().map(|task| task.id().to_string()),
    }
}

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Why a create of this price is not allowed. The entry whose place it takes does not count.
fn check_budget(
    connection: &Connection,
    limit: &Amount,
    price: Option<&Amount>,
    at: i64,
    earlier: Option<i64>,
) -> rusqlite::Result<Result<(), String>> {
    let Some(price) = price else {
        return Ok(Err("what this request costs is not known".into()));
    };
    let first = at - at.rem_euclid(DAY);
    let sql = "SELECT coalesce(cost, price) FROM creates WHERE intended_at >= ?1 AND intended_at < ?2 \
               AND state <> 'not_created' AND number IS NOT ?3";
    let mut statement = connection.prepare(sql)?;
    let amounts = statement
        .query_map(params![first, first.saturating_add(DAY), earlier], |row| {
            row.get::<_, Option<String>>(0)
        })?;
    let amounts: Vec<_> = amounts.collect::<rusqlite::Result<_>>()?;
    // What was written was an amount.
    let spent: Amount = amounts
        .into_iter()
        .flatten()
        .filter_map(|text| text.parse::<Amount>().ok())
        .sum();
    Ok(match spent.clone() + price.clone() > *limit {
        true => Err(format!(
            "it costs {price} USD, and {spent} of the {limit} USD of this day are spent or reserved"
        )),
        false => Ok(()),
    })
}
