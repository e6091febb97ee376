//! What a request costs.

use std::{fmt, sync::Arc};

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
    pub(super) fn of(&self, request: &GenerationRequest) -> Option<Amount> {
        let own = self.0.as_ref().and_then(|own| own(request));
        let own = own.filter(|price| !price.is_negative());
        own.or_else(|| request.price_estimate().map(Price::amount))
    }
}

impl fmt::Debug for Prices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Prices").finish_non_exhaustive()
    }
}
