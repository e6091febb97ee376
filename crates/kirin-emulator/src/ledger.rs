//! What was charged, for what, and whether anything was charged twice.

use std::{collections::BTreeMap, fmt};

use kirin_types::{Amount, Timestamp};
use serde::{Serialize, Serializer, ser::SerializeStruct};

/// When a task is charged. It is documented nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Charging {
    /// When it completes; one that fails is never charged, and a create is refused only if what has
    /// completed leaves too little for it.
    AtCompletion,
    /// When it is created, whatever becomes of it.
    AtCreate,
    /// When it is created, and given back if it fails; the default. A lack of money is answered to a
    /// create, so that is where the money must be taken; and only a completed task has a `usage`
    /// (documented), so one that failed cost nothing.
    #[default]
    AtCreateRefunded,
}

/// What an emulator charged. Serialized, it is the answer of `GET /_emulator/ledger`.
///
/// ```
/// use std::time::Duration;
///
/// use kirin_emulator::{EmulatorConfig, World};
/// use kirin_types::Timestamp;
///
/// let config = EmulatorConfig::new().balance("2.50".parse()?);
/// let mut world = World::new(config, Timestamp::from_milliseconds(0));
/// let ledger = world.ledger(Duration::ZERO);
/// assert_eq!(ledger.balance(), Some(&"2.50".parse()?));
/// assert!(ledger.charges().is_empty());
/// ledger.assert_charged_once();
/// # Ok::<(), kirin_types::InvalidAmount>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    charges: Vec<Charge>,
    spent: Amount,
    balance: Option<Amount>,
}

/// One charge, and the create that caused it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Charge {
    /// Id of the create's request: the caller's `X-Request-Id`, or the one in its answer.
    pub request_id: String,
    /// Whether a proxy sent that create, as a repetition of the caller's: see
    /// [`Fault::ReplayedPost`](crate::Fault::ReplayedPost).
    pub is_of_proxy: bool,
    /// The caller's id of the task, if it has one.
    pub external_task_id: Option<String>,
    /// The service's id of the task.
    pub task_id: String,
    /// The model.
    pub model: String,
    /// How much, in USD: the list price, or where none is known, 0.05 for each second of video.
    pub amount: Amount,
    /// When it was charged.
    pub charged_at: Timestamp,
    /// When it was given back, if it was.
    pub refunded_at: Option<Timestamp>,
}

/// More than one charge for one external task id: someone paid twice for one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DoubleCharge {
    /// The caller's id.
    pub external_task_id: String,
    /// Its charges, the earliest first.
    pub charges: Vec<Charge>,
}

impl Ledger {
    pub(crate) fn new(charges: Vec<Charge>, spent: Amount, balance: Option<Amount>) -> Self {
        Self {
            charges,
            spent,
            balance,
        }
    }

    /// Every charge, the earliest first.
    pub fn charges(&self) -> &[Charge] {
        &self.charges
    }

    /// The external task ids that were charged more than once, refunded charges included: a refund is
    /// luck, and no reason to send a create twice. A charge that a proxy caused does not count, and
    /// tasks without an external task id are not judged.
    pub fn double_charges(&self) -> Vec<DoubleCharge> {
        let mut by_id: BTreeMap<&str, Vec<&Charge>> = BTreeMap::new();
        for charge in &self.charges {
            if let Some(id) = &charge.external_task_id
                && !charge.is_of_proxy
            {
                by_id.entry(id).or_default().push(charge);
            }
        }
        by_id
            .into_iter()
            .filter(|(_, charges)| charges.len() > 1)
            .map(|(id, charges)| DoubleCharge {
                external_task_id: id.into(),
                charges: charges.into_iter().cloned().collect(),
            })
            .collect()
    }

    /// All that was charged, less what was given back, in USD.
    pub fn spent(&self) -> &Amount {
        &self.spent
    }

    /// What is left, in USD; `None` if there is no end of it.
    pub fn balance(&self) -> Option<&Amount> {
        self.balance.as_ref()
    }

    /// Fails a test whose client was charged twice for one external task id.
    ///
    /// # Panics
    ///
    /// There are [`double_charges`](Self::double_charges); the message lists them.
    #[track_caller]
    pub fn assert_charged_once(&self) {
        let doubles = self.double_charges();
        let report: String = doubles.iter().map(ToString::to_string).collect();
        assert!(doubles.is_empty(), "charged more than once:\n{report}");
    }
}

impl Serialize for Ledger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut ledger = serializer.serialize_struct("Ledger", 4)?;
        ledger.serialize_field("balance", &self.balance)?;
        ledger.serialize_field("spent", &self.spent)?;
        ledger.serialize_field("double_charges", &self.double_charges())?;
        ledger.serialize_field("charges", &self.charges)?;
        ledger.end()
    }
}

impl fmt::Display for DoubleCharge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, times) = (&self.external_task_id, self.charges.len());
        writeln!(formatter, "  {id}: {times} times")?;
        for charge in &self.charges {
            writeln!(formatter, "    {charge}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Charge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            amount,
            task_id,
            request_id,
            charged_at,
            refunded_at,
            ..
        } = self;
        let milliseconds = charged_at.milliseconds();
        write!(
            formatter,
            "{amount} USD for task {task_id}, by request {request_id} at {milliseconds} ms"
        )?;
        match refunded_at {
            Some(at) => write!(formatter, ", refunded at {} ms", at.milliseconds()),
            None => Ok(()),
        }
    }
}
