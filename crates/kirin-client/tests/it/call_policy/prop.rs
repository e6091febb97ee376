//! No value of a policy panics, and none makes the settle time shorter.

use std::{num::NonZeroU32, time::Duration};

use kirin_client::{CallPolicy, HostCapabilities, Lookup, machine::Settings};
use kirin_tests::proptest::{collection::vec, prelude::*};
use tokio::runtime::Builder;

use super::{builder, look_ups};

/// From nothing to the longest there is, and what lies around the bounds.
fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        Just(Duration::from_secs(u64::MAX)),
        (0..200_000u64).prop_map(Duration::from_secs),
        (0..10_000u64).prop_map(Duration::from_millis),
    ]
}

fn attempts() -> impl Strategy<Value = NonZeroU32> {
    prop_oneof![(1..20u32), Just(u32::MAX)].prop_map(|number| NonZeroU32::new(number).unwrap())
}

fn policies() -> impl Strategy<Value = CallPolicy> {
    let times = (durations(), durations(), vec(durations(), 0..5));
    (times, attempts(), attempts()).prop_map(|((create, query, times), queries, downloads)| {
        CallPolicy::default()
            .with_create_timeout(create)
            .with_query_timeout(query)
            .with_look_up_times(times)
            .with_query_attempts(queries)
            .with_download_attempts(downloads)
    })
}

#[test]
fn no_policy_panics_and_none_shortens_the_settle_time() {
    kirin_tests::property!((policies(), durations()), |(policy, lag)| {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let settled = Settings::longest_call_under(&policy);
        prop_assert!(settled >= Settings::LONGEST_CALL);
        let host = HostCapabilities::default().with_lookup(Lookup::Proven);
        let builder = builder(policy.clone()).capabilities(host.with_lookup_lag(lag));
        // Nothing is sent again after a day, and nothing is proved then.
        let (look_ups, rows) =
            runtime.block_on(look_ups(builder.deadline(Duration::from_secs(86_400))));
        prop_assert!(!look_ups.is_empty());
        let lost_at = policy.create_timeout();
        if let Some(row) = rows.first() {
            prop_assert!(*row >= lost_at + settled, "{row:?} after {lost_at:?}");
        }
        Ok(())
    });
}

#[test]
fn a_policy_survives_being_written_down() {
    kirin_tests::property!(policies(), |policy| {
        let written = serde_json::to_string(&policy).unwrap();
        prop_assert_eq!(
            serde_json::from_str::<CallPolicy>(&written).unwrap(),
            policy
        );
        Ok(())
    });
}
