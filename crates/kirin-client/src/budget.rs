//! A limit on what is spent.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use kirin_types::{Amount, ExternalTaskId, GenerationRequest, TaskState};

use crate::machine::{Outcome, Withheld};

/// A limit on what creates may cost together, in USD, kept before each is sent.
///
/// A create takes its list price when it is about to be sent for the first time, and gives it back
/// only where it is proved that nothing was created; a finished task that says what it cost takes
/// that in its place. What is unresolved, still running or failed keeps its price, because it may be
/// charged. Where no price is known nothing is sent, unless [`allow_unknown_prices`] says so.
///
/// The vendor publishes no prices; the list prices are those of the service behind it. One budget may
/// be shared by several clients; it ends with the process.
///
/// ```
/// use std::sync::Arc;
///
/// use kirin_client::{Budget, Client};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let budget = Arc::new(Budget::new("5.00".parse()?));
/// let client = Client::builder("my-key".parse()?).budget(budget.clone()).build()?;
/// assert_eq!(budget.spent().to_string(), "0");
/// # let _ = client;
/// # Ok(())
/// # }
/// # example().unwrap();
/// ```
///
/// [`allow_unknown_prices`]: Self::allow_unknown_prices
#[derive(Debug)]
pub struct Budget {
    limit: Amount,
    allows_unknown_prices: bool,
    /// What each create costs, or may.
    charges: Mutex<HashMap<ExternalTaskId, Amount>>,
}

impl Budget {
    /// A budget of so many USD.
    pub fn new(limit: Amount) -> Self {
        Self {
            limit,
            allows_unknown_prices: false,
            charges: Mutex::default(),
        }
    }

    /// Lets creates pass whose price is not known; they count nothing until their task says what it
    /// cost.
    pub fn allow_unknown_prices(mut self) -> Self {
        self.allows_unknown_prices = true;
        self
    }

    /// The limit, in USD.
    pub fn limit(&self) -> &Amount {
        &self.limit
    }

    /// What is spent or may be, in USD.
    pub fn spent(&self) -> Amount {
        self.locked().values().cloned().sum()
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<ExternalTaskId, Amount>> {
        self.charges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the price of a create that is about to be sent. One that has taken it may be sent again.
    /// The client does this itself; it is for a driver of one's own.
    ///
    /// ```
    /// use kirin_client::Budget;
    /// use kirin_types::GenerationRequest;
    ///
    /// let budget = Budget::new("0.30".parse()?);
    /// let request = |id: &str| GenerationRequest::builder("a fox").external_task_id(id).build();
    /// assert!(budget.reserve(&request("order-1")?).is_ok());
    /// assert!(budget.reserve(&request("order-2")?).is_err());
    /// assert_eq!(budget.spent().to_string(), "0.21");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// It would exceed the budget, or its price is not known.
    pub fn reserve(&self, request: &GenerationRequest) -> Result<(), Withheld> {
        let Some(id) = request.external_task_id() else {
            return Ok(());
        };
        let mut charges = self.locked();
        if charges.contains_key(id) {
            return Ok(());
        }
        let refused = |description| Err(Withheld::Budget { description });
        let price = match price(request) {
            Some(price) => price,
            None if self.allows_unknown_prices => nothing(),
            None => return refused("what this request costs is not known".to_owned()),
        };
        let spent: Amount = charges.values().cloned().sum();
        if spent.clone() + price.clone() > self.limit {
            let limit = &self.limit;
            return refused(format!(
                "it costs {price} USD, and {spent} of {limit} USD are spent or reserved"
            ));
        }
        charges.insert(id.clone(), price);
        Ok(())
    }

    /// Takes the price of a create that another process may have sent, whatever is left.
    pub fn remember(&self, request: &GenerationRequest) {
        if let Some(id) = request.external_task_id() {
            let price = price(request).unwrap_or_else(nothing);
            self.locked().entry(id.clone()).or_insert(price);
        }
    }

    /// Gives the price back, or puts the true cost in its place, where the end tells.
    pub fn settle(&self, id: &ExternalTaskId, outcome: &Outcome) {
        let mut charges = self.locked();
        if matches!(outcome, Outcome::NotCreated { .. }) {
            charges.remove(id);
        }
        let task = outcome.task().map(|task| task.state());
        if let Some(TaskState::Completed {
            usage: Some(usage), ..
        }) = task
            && let (Some(cost), Some(charge)) = (&usage.cost, charges.get_mut(id))
        {
            *charge = cost.clone();
        }
    }
}

fn price(request: &GenerationRequest) -> Option<Amount> {
    // A list price in the catalogue is a decimal: a test of kirin-types reads them all.
    request.price_estimate()?.usd.parse().ok()
}

fn nothing() -> Amount {
    std::iter::empty::<Amount>().sum()
}
