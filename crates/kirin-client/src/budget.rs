//! A limit on what is spent.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use kirin_types::{Amount, ExternalTaskId, GenerationRequest, Price};

use crate::machine::{Outcome, Withheld};

/// A limit on what creates may cost together, in USD, kept before each is sent.
///
/// A create takes its list price when it is about to be sent for the first time, and gives it back
/// only where it is proved that nothing was created; a finished task that says what it cost, at the
/// end of the operation that created it, takes that in its place, also if it failed. What is
/// unresolved, still running, or failed without a word on its cost keeps its price, because it may be
/// charged, and so does what `Client::submit` leaves to a later wait. Where no price is known nothing
/// is sent, unless [`allow_unknown_prices`] says so.
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
/// ```
///
/// [`allow_unknown_prices`]: Self::allow_unknown_prices
#[derive(Debug)]
pub struct Budget {
    limit: Amount,
    allows_unknown_prices: bool,
    charges: Mutex<Charges>,
}

#[derive(Debug, Default)]
struct Charges {
    /// What each reservation stands for, and what it costs, or may.
    reserved: HashMap<u64, (Option<ExternalTaskId>, Amount)>,
    made: u64,
}

/// A part of a [`Budget`] that is taken: by one create, with all its attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation(u64);

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
        self.locked().sum()
    }

    /// Takes the price of a create that is about to be sent for the first time. The client does this
    /// itself; it is for a driver of one's own.
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
    pub fn reserve(&self, request: &GenerationRequest) -> Result<Reservation, Withheld> {
        let mut charges = self.locked();
        let price = self.price(request)?;
        let spent = charges.sum();
        self.check(&spent, price.clone())?;
        Ok(charges.add(request, price))
    }

    /// Takes the price of a create that another process may have sent, whatever is left; or the
    /// reservation that is there under its external task id.
    pub fn remember(&self, request: &GenerationRequest) -> Reservation {
        let mut charges = self.locked();
        let is_meant =
            |id: Option<&ExternalTaskId>| id.is_some() && request.external_task_id() == id;
        let mut reserved = charges.reserved.iter();
        match reserved.find(|(_, (id, _))| is_meant(id.as_ref())) {
            Some((number, _)) => Reservation(*number),
            None => charges.add(request, list_price(request).unwrap_or_default()),
        }
    }

    /// Asks whether a create whose price is taken already, by [`reserve`](Self::reserve) or
    /// [`remember`](Self::remember), may be sent again.
    ///
    /// # Errors
    ///
    /// More is spent or reserved than the budget allows, or its price is not known.
    pub fn readmit(&self, request: &GenerationRequest) -> Result<(), Withheld> {
        self.price(request)?;
        let (spent, limit) = (self.spent(), &self.limit);
        match spent > *limit {
            true => Err(Withheld::Budget {
                description: format!("with it, {spent} of {limit} USD are spent or reserved"),
            }),
            false => Ok(()),
        }
    }

    /// Gives back the price of a create that is proved not to have created anything.
    pub fn release(&self, reservation: Reservation) {
        self.locked().reserved.remove(&reservation.0);
    }

    /// Puts the true cost in the place of the price, where the end tells it. A negative one is no
    /// cost, and would make room that was never allowed.
    pub fn settle(&self, reservation: Reservation, outcome: &Outcome) {
        let usage = outcome.task().and_then(|task| task.state().usage());
        if let Some(cost) = usage.and_then(|usage| usage.cost.as_ref())
            && !cost.is_negative()
            && let Some((_, charge)) = self.locked().reserved.get_mut(&reservation.0)
        {
            *charge = cost.clone();
        }
    }

    fn price(&self, request: &GenerationRequest) -> Result<Amount, Withheld> {
        match list_price(request) {
            Some(price) => Ok(price),
            None if self.allows_unknown_prices => Ok(Amount::default()),
            None => Err(Withheld::Budget {
                description: "what this request costs is not known".to_owned(),
            }),
        }
    }

    fn check(&self, spent: &Amount, price: Amount) -> Result<(), Withheld> {
        let limit = &self.limit;
        match spent.clone() + price.clone() > *limit {
            true => Err(Withheld::Budget {
                description: format!(
                    "it costs {price} USD, and {spent} of {limit} USD are spent or reserved"
                ),
            }),
            false => Ok(()),
        }
    }

    fn locked(&self) -> MutexGuard<'_, Charges> {
        self.charges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Charges {
    fn sum(&self) -> Amount {
        self.reserved
            .values()
            .map(|(_, amount)| amount.clone())
            .sum()
    }

    fn add(&mut self, request: &GenerationRequest, price: Amount) -> Reservation {
        self.made += 1;
        let id = request.external_task_id().cloned();
        self.reserved.insert(self.made, (id, price));
        Reservation(self.made)
    }
}

fn list_price(request: &GenerationRequest) -> Option<Amount> {
    request.price_estimate().map(Price::amount)
}
