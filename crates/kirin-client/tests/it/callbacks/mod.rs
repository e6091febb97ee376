//! Callbacks are hints, and the authenticated query decides.

mod service;

mod wakes;

#[cfg(feature = "callbacks")]
mod posts;

#[cfg(feature = "callbacks")]
mod hostile;

#[cfg(feature = "callbacks")]
mod prop;

#[cfg(feature = "callbacks")]
mod receiver;
