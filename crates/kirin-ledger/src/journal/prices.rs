//! What a request costs.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use kirin_client::JournalError;
use kirin_types::{Amount, GenerationRequest, Price};

/// The caller's prices, and where there are none the list prices.
#[derive(Clone, Default)]
pub(super) struct Prices(Option<Arc<Own>>);

type Own = dyn Fn(&GenerationRequest) -> Option<Amount> + Send + Sync;

impl Prices {
    pub(super) fn new(
        own: impl Fn(&GenerationRequest) -> Option<Amount> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(own)))
    }

    /// A negative price would make room that was never allowed.
    ///
    /// # Errors
    ///
    /// The caller's function panics. It is called on the thread that writes for everyone, which must not end.
    pub(super) fn of(&self, request: &GenerationRequest) -> Result<Option<Amount>, JournalError> {
        let own = match &self.0 {
            Some(own) => catch_unwind(AssertUnwindSafe(|| own(request))).map_err(|_| {
                JournalError::new("the function that you gave to LedgerJournal::prices panicked")
            })?,
            None => None,
        };
        let own = own.filter(|price| !price.is_negative());
        Ok(own.or_else(|| request.price_estimate().map(Price::amount)))
    }
}

impl fmt::Debug for Prices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Prices").finish_non_exhaustive()
    }
}
