//! The same for whatever a service may answer.

use std::time::{Duration, SystemTime};

use kirin_tests::{
    property,
    proptest::{collection::vec, prelude::*},
};
use kirin_types::{GenerationRequest, Task, Timestamp};

use super::survives_everywhere;

/// Any JSON, with numbers of more digits than a float has.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|it| it.to_string()),
        any::<i64>().prop_map(|it| it.to_string()),
        "-?(0|[1-9][0-9]{0,30})([.][0-9]{1,30})?([eE][+-]?[0-9]{1,2})?",
        any::<String>().prop_map(|it| serde_json::Value::from(it).to_string()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let field = ("[a-z$]{0,5}", inner.clone());
        prop_oneof![
            vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(" , "))),
            vec(
                field.prop_map(|(name, value)| format!("{name:?}: {value}")),
                0..4
            )
            .prop_map(|fields| format!("{{ {} }}", fields.join(","))),
        ]
    })
}

#[test]
fn any_answer_survives_every_format_and_attribute() {
    property!(json(), |json| {
        let task = format!(r#"{{"id":"a","x":{json}}}"#);
        survives_everywhere(&Task::from_json(task.as_bytes())?);
        Ok(())
    });
}

#[test]
fn an_extra_number_is_the_same_after_each_write_and_read() {
    property!(
        "-?[1-9][0-9]{0,20}([.][0-9]{1,20})?(e-?[0-9]{1,2})?",
        |number| {
            let json = format!(
                r#"{{"model":"kirin_v2_5_turbo_t2v","prompt":"a fox","extra":{{"x":{number}}}}}"#
            );
            let first: GenerationRequest = serde_json::from_str(&json)?;
            let written = serde_json::to_string(&first)?;
            let second: GenerationRequest = serde_json::from_str(&written)?;
            prop_assert_eq!(&second, &first);
            prop_assert_eq!(serde_json::to_string(&second)?, written);
            Ok(())
        }
    );
}

#[test]
fn any_time_goes_through_the_systems_time_and_back() {
    // What every system's clock can hold: from 1601 to far in the future.
    let years_1601_to_9999 = -11_644_473_600_000_i64..253_402_300_800_000;
    property!((any::<i64>(), years_1601_to_9999), |(any, near)| {
        let near = Timestamp::from_milliseconds(near);
        prop_assert_eq!(Timestamp::from(SystemTime::from(near)), near);
        // The others at least do no harm.
        let _ = SystemTime::from(Timestamp::from_milliseconds(any));
        for time in [i64::MIN, i64::MAX] {
            let _ = SystemTime::from(Timestamp::from_milliseconds(time));
        }
        let finer = SystemTime::from(near) + Duration::from_micros(999);
        let cut = Timestamp::from(finer).milliseconds() - near.milliseconds();
        prop_assert!((0..=1).contains(&cut), "{}", cut);
        Ok(())
    });
}
