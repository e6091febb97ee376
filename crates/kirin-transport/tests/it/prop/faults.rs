//! Whatever happens to a connection, what is said of the request is true, and it ends.

use kirin_tests::{property, proptest::prelude::*};
use kirin_transport::{
    Sent,
    testing::{Direction, Fault, FaultPlan},
};
use tokio::runtime::{Builder, Runtime};

use crate::pipes::offsets::{ANSWERED, Version, check_cut, exchange, has_request};

/// A clock that jumps, so that a stalled connection costs no time.
fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

#[test]
fn a_connection_with_any_fault_ends_and_is_honest() {
    let runtime = runtime();
    let versions = prop_oneof![Just(Version::Http1), Just(Version::Http2)];
    property!((any::<u64>(), versions, 0_usize..300), |(
        seed,
        version,
        size,
    )| {
        let plan = FaultPlan::from_seed(seed, 600);
        let (direction, fault) = plan.faults()[0];
        let found = runtime.block_on(exchange(version, size, plan.clone()));
        match fault {
            // No checksum protects a body, but what is said of the request stays true.
            Fault::Corrupt { .. } => {
                prop_assert_eq!(found.attempts, 1);
                let denied = found
                    .outcome
                    .as_ref()
                    .is_err_and(|it| it.sent() == Sent::No);
                // A changed request is not for us to read.
                let seen = direction == Direction::ToClient && has_request(version, &found.seen);
                prop_assert!(!(denied && seen), "{:?}", found.outcome);
            }
            _ => {
                check_cut(version, size, seed, &found);
            }
        }
        // The same plan does the same again.
        let again = runtime.block_on(exchange(version, size, plan));
        let whole = |it: &crate::pipes::offsets::Exchange| matches!(&it.outcome, Ok(response) if response.body().as_ref().is_ok_and(|it| it == ANSWERED));
        prop_assert_eq!(whole(&found), whole(&again));
        prop_assert_eq!(found.seen, again.seen);
        Ok(())
    });
}
