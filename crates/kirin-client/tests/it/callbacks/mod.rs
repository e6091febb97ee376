//! The rows CB1 to CB8 of the faults: callbacks are hints, and the authenticated query decides.

mod service;

mod wakes;
