//! A limit on what is spent.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use kirin_types::{Amount, ExternalTaskId, GenerationRequest, Price, Task, Total};

use crate::{
    JournalEntry, JournalState,
    lock::lock,
    machine::{Outcome, Withheld},
};

/// A limit on what creates may cost together, in USD, kept before each is sent.
///
/// A create takes its price when it is about to be sent for the first time, and gives it back where it
/// certainly was not sent, or it is proved that nothing was created; a finished task that says what it cost, at
/// the end of the operation that created it, takes that in its place, also if it failed. What is
/// unresolved, still running, or failed without a word on its cost keeps its price, because it may be
/// charged, and so does what `Client::submit` leaves to a later wait. Where no price is known nothing
/// is sent, unless [`allow_unknown_prices`] says so.
///
/// The vendor publishes no prices; the list prices are those of the service behind it, and most models have
/// none: [`prices`](Self::prices) takes yours. One budget may be shared by several clients, and one generation
/// may have one of its own beside that of its client: `GenerationBuilder::budget`. A budget ends with the process;
/// [`spent_before`](Self::spent_before) makes one that counts what an earlier process spent.
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
pub struct Budget {
    limit: Amount,
    allows_unknown_prices: bool,
    prices: Option<Prices>,
    charges: Arc<Mutex<Charges>>,
}

/// The caller's prices.
type Prices = Box<dyn Fn(&GenerationRequest) -> Option<Amount> + Send + Sync>;

impl Budget {
    /// A budget of so many USD.
    pub fn new(limit: Amount) -> Self {
        Self {
            limit,
            allows_unknown_prices: false,
            prices: None,
            charges: Arc::default(),
        }
    }

    /// Lets creates pass whose price is not known; they count nothing until their task says what it
    /// cost.
    pub fn allow_unknown_prices(mut self) -> Self {
        self.allows_unknown_prices = true;
        self
    }

    /// Says what a request costs, in USD, where you know it: in place of its list price, or where there is
    /// none. For `None`, and for a negative price, the list price counts.
    ///
    /// ```
    /// use kirin_client::Budget;
    /// use kirin_types::GenerationRequest;
    ///
    /// let price: kirin_types::Amount = "0.14".parse()?;
    /// let budget = Budget::new("0.50".parse()?)
    ///     .prices(move |request| (request.model_id() == "kirin_v1_t2v").then(|| price.clone()));
    /// let request = GenerationRequest::for_model("kirin_v1_t2v").parameter("prompt", "a fox").build()?;
    /// let reservation = budget.reserve(&request)?;
    /// assert_eq!(budget.spent().to_string(), "0.14");
    /// # drop(reservation);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn prices(
        mut self,
        prices: impl Fn(&GenerationRequest) -> Option<Amount> + Send + Sync + 'static,
    ) -> Self {
        self.prices = Some(Box::new(prices));
        self
    }

    /// Counts what was spent before this budget was made, as by an earlier process, in USD. A negative amount
    /// counts nothing. An amount names no creates: one that is part of it and is continued counts once more, so
    /// count those with [`spent_on`](Self::spent_on).
    ///
    /// ```
    /// use kirin_client::Budget;
    ///
    /// let budget = Budget::new("5.00".parse()?).spent_before("3.50".parse()?);
    /// assert_eq!(budget.spent().to_string(), "3.50");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spent_before(self, amount: Amount) -> Self {
        if !amount.is_negative() {
            lock(&self.charges).total += amount.into();
        }
        self
    }

    /// Counts what these creates cost before this budget was made, or may have: each that may have been sent and is
    /// not proved to have created nothing. What a task says it cost counts, else the price. One that is continued
    /// (`Client::resume_entry`) takes what is counted here, and not its price once more; so what is in an amount of
    /// [`spent_before`](Self::spent_before) must not be among these. Set the [prices](Self::prices) before.
    ///
    /// ```
    /// use kirin_client::{BaseUrl, Budget, Intent, JournalEntry, JournalState};
    /// use kirin_types::GenerationRequest;
    ///
    /// // What a journal knows of the creates of one customer, after a restart.
    /// let request = GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
    /// let intent = Intent::new(request, BaseUrl::default(), "0123456789abcdef".parse()?, None)?;
    /// let entries = [JournalEntry::new(intent, JournalState::Sent)];
    ///
    /// let customer = Budget::new("2.00".parse()?).spent_on(&entries);
    /// assert_eq!(customer.spent().to_string(), "0.21");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spent_on<'a>(self, entries: impl IntoIterator<Item = &'a JournalEntry>) -> Self {
        for entry in entries {
            if !entry.may_be_charged() {
                continue;
            }
            let request = &entry.intent.request;
            let price = self.known_price(request).unwrap_or_default();
            let number = lock(&self.charges).add(request, price, true);
            if let JournalState::Ended(outcome) = &entry.state {
                self.reservation(number).settle(outcome);
            }
        }
        self
    }

    /// The limit, in USD.
    pub fn limit(&self) -> &Amount {
        &self.limit
    }

    /// What is spent or may be, in USD.
    pub fn spent(&self) -> Amount {
        lock(&self.charges).total.amount()
    }

    /// Takes the price of a create that is about to be sent for the first time. The client does this
    /// itself; it is for a driver of one's own.
    ///
    /// What is dropped before [`Reservation::sent`] is given back.
    ///
    /// ```
    /// use kirin_client::Budget;
    /// use kirin_types::GenerationRequest;
    ///
    /// let budget = Budget::new("0.30".parse()?);
    /// let request = |id: &str| GenerationRequest::builder("a fox").external_task_id(id).build();
    /// let reservation = budget.reserve(&request("order-1")?)?;
    /// assert!(budget.reserve(&request("order-2")?).is_err());
    /// assert_eq!(budget.spent().to_string(), "0.21");
    /// // It was never sent.
    /// drop(reservation);
    /// assert_eq!(budget.spent().to_string(), "0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// It would exceed the budget, or its price is not known.
    pub fn reserve(&self, request: &GenerationRequest) -> Result<Reservation, Withheld> {
        let price = self.price(request)?;
        let mut charges = lock(&self.charges);
        let spent = charges.total;
        if spent + price > Total::from(&self.limit) {
            let limit = &self.limit;
            return Err(Withheld::Budget {
                description: format!(
                    "it costs {price} USD, and {spent} of {limit} USD are spent or reserved"
                ),
            });
        }
        let number = charges.add(request, price, false);
        Ok(self.reservation(number))
    }

    /// Takes the price of a create that another process may have sent, whatever is left; or the
    /// reservation that is there under its external task id. It is not given back when it is dropped.
    pub fn remember(&self, request: &GenerationRequest) -> Reservation {
        let price = self.known_price(request).unwrap_or_default();
        let mut charges = lock(&self.charges);
        let number = match charges.find(request.external_task_id()) {
            Some(number) => number,
            None => charges.add(request, price, true),
        };
        if let Some(charge) = charges.by_number.get_mut(&number) {
            charge.is_remembered = true;
        }
        self.reservation(number)
    }

    /// Asks whether a create whose price is taken already, by [`reserve`](Self::reserve) or
    /// [`remember`](Self::remember), may be sent again.
    ///
    /// # Errors
    ///
    /// More is spent or reserved than the budget allows, or its price is not known.
    pub fn readmit(&self, request: &GenerationRequest) -> Result<(), Withheld> {
        self.price(request)?;
        let (spent, limit) = (lock(&self.charges).total, &self.limit);
        match spent > Total::from(limit) {
            true => Err(Withheld::Budget {
                description: format!("with it, {spent} of {limit} USD are spent or reserved"),
            }),
            false => Ok(()),
        }
    }

    fn reservation(&self, number: u64) -> Reservation {
        Reservation {
            charges: Arc::clone(&self.charges),
            number,
            attempts: AtomicU32::new(0),
        }
    }

    fn price(&self, request: &GenerationRequest) -> Result<Total, Withheld> {
        match self.known_price(request) {
            Some(price) => Ok(price),
            None if self.allows_unknown_prices => Ok(Total::default()),
            None => Err(Withheld::UnknownPrice {
                model: request.model_id().to_owned(),
            }),
        }
    }

    fn known_price(&self, request: &GenerationRequest) -> Option<Total> {
        let own = self.prices.as_ref().and_then(|prices| prices(request));
        let own = own.filter(|price| !price.is_negative());
        let price = own.or_else(|| request.price_estimate().map(Price::amount));
        price.map(Total::from)
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Budget")
            .field("limit", &self.limit)
            .field("spent", &self.spent())
            .finish_non_exhaustive()
    }
}

/// A part of a [`Budget`] that is taken: by one create, with all its attempts.
///
/// It belongs to the budget that gave it, and changes no other. Dropped, it gives back what certainly was
/// not sent; what may have been sent keeps its price until it is [released](Self::release).
///
/// ```
/// use kirin_client::{Budget, machine::Outcome};
/// use kirin_types::{GenerationRequest, Task};
///
/// let budget = Budget::new("1".parse()?);
/// let request = GenerationRequest::builder("a fox").build()?;
/// let lost = budget.reserve(&request)?;
/// lost.sent();
/// // The connection was refused.
/// lost.not_sent();
/// drop(lost);
/// assert_eq!(budget.spent().to_string(), "0");
///
/// let refused = budget.reserve(&request)?;
/// refused.sent();
/// refused.release();
/// assert_eq!(budget.spent().to_string(), "0");
///
/// let done = budget.reserve(&request)?;
/// done.sent();
/// let task = Task::from_json(br#"{"id":"task-1","status":"completed","usage":{"cost":"0.17"}}"#)?;
/// done.settle(&Outcome::Completed(task));
/// assert_eq!(budget.spent().to_string(), "0.17");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "what is dropped before it is sent is given back at once"]
pub struct Reservation {
    charges: Arc<Mutex<Charges>>,
    number: u64,
    /// Those that may have been sent.
    attempts: AtomicU32,
}

impl Reservation {
    /// An attempt of the create is about to leave: from here on it may be charged.
    ///
    /// ```
    /// # use kirin_client::Budget;
    /// # use kirin_types::GenerationRequest;
    /// let budget = Budget::new("0.30".parse()?);
    /// let reservation = budget.reserve(&GenerationRequest::builder("a fox").build()?)?;
    /// reservation.sent();
    /// drop(reservation);
    /// assert_eq!(budget.spent().to_string(), "0.21");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sent(&self) {
        self.change_attempts(|attempts| attempts.saturating_add(1));
    }

    /// The latest attempt that was said to be [sent](Self::sent) certainly did not leave. It takes back that
    /// attempt and nothing else.
    pub fn not_sent(&self) {
        self.change_attempts(|attempts| attempts.saturating_sub(1));
    }

    /// Gives back the price of a create that is proved not to have created anything.
    pub fn release(self) {
        lock(&self.charges).remove(self.number);
    }

    /// Puts the true cost in the place of the price, where the end tells it. A negative one is no
    /// cost, and would make room that was never allowed.
    pub fn settle(self, outcome: &Outcome) {
        let cost = outcome.task().and_then(Task::cost);
        let cost = cost.filter(|cost| !cost.is_negative());
        lock(&self.charges).settle(self.number, cost.map(Total::from));
    }

    /// What it takes of the budget.
    #[cfg(feature = "metrics")]
    pub(crate) fn price(&self) -> Total {
        let charges = lock(&self.charges);
        let charge = charges.by_number.get(&self.number);
        charge.map_or_else(Total::default, |charge| charge.amount)
    }

    fn change_attempts(&self, change: impl Fn(u32) -> u32) {
        let changed = |attempts| Some(change(attempts));
        let order = Ordering::Relaxed;
        // There is always a next number.
        let _ = self.attempts.fetch_update(order, order, changed);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if *self.attempts.get_mut() == 0 {
            lock(&self.charges).remove_unless_remembered(self.number);
        }
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reservation")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// All that a budget has given away.
#[derive(Default)]
struct Charges {
    /// The sum of `by_number` and of what was spent before, so that no one has to add them up.
    total: Total,
    /// Numbers only grow, so a new one goes to the end, where memory is at hand however many there are.
    by_number: BTreeMap<u64, Charge>,
    /// Of those whose number is at most `indexed`. Only who remembers asks for an id, and then the rest is added.
    by_id: HashMap<ExternalTaskId, BTreeSet<u64>>,
    indexed: u64,
    made: u64,
}

/// What a reservation stands for, and what it costs, or may.
struct Charge {
    id: Option<ExternalTaskId>,
    amount: Total,
    /// It may have been sent before it was reserved, or has ended: it stays, whoever drops it.
    is_remembered: bool,
}

impl Charges {
    /// The first one under this id that is still there.
    fn find(&mut self, id: Option<&ExternalTaskId>) -> Option<u64> {
        let id = id?;
        for (number, charge) in self.by_number.range(self.indexed + 1..) {
            if let Some(id) = charge.id.clone() {
                self.by_id.entry(id).or_default().insert(*number);
            }
        }
        self.indexed = self.made;
        self.by_id.get(id)?.first().copied()
    }

    fn add(&mut self, request: &GenerationRequest, amount: Total, is_remembered: bool) -> u64 {
        self.made += 1;
        let number = self.made;
        self.total += amount;
        let charge = Charge {
            id: request.external_task_id().cloned(),
            amount,
            is_remembered,
        };
        self.by_number.insert(number, charge);
        number
    }

    fn settle(&mut self, number: u64, cost: Option<Total>) {
        if let Some(charge) = self.by_number.get_mut(&number) {
            let cost = cost.unwrap_or(charge.amount);
            self.total -= charge.amount;
            self.total += cost;
            charge.amount = cost;
            charge.is_remembered = true;
        }
    }

    fn remove_unless_remembered(&mut self, number: u64) {
        let charge = self.by_number.get(&number);
        if charge.is_some_and(|charge| !charge.is_remembered) {
            self.remove(number);
        }
    }

    fn remove(&mut self, number: u64) {
        let Some(charge) = self.by_number.remove(&number) else {
            return;
        };
        self.total -= charge.amount;
        if let Some(id) = charge.id
            && let Some(numbers) = self.by_id.get_mut(&id)
        {
            numbers.remove(&number);
            if numbers.is_empty() {
                self.by_id.remove(&id);
            }
        }
    }
}
