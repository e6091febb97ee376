//! What holds for every request, every answer and every text.

mod family;
mod total;

use std::{
    collections::BTreeSet,
    time::{Duration, UNIX_EPOCH},
};

use kirin_tests::{
    property,
    proptest::{collection::vec, prelude::*, sample::select},
};
use kirin_types::{
    Amount, ErrorBody, ErrorReason, ExternalTaskId, GenerationRequest, Route, Task, TaskId,
    TaskState, Timestamp,
};
use serde_json::{Value, json};

use crate::{
    family::root,
    render,
    strategies::{
        PATH_FRAGMENTS, broken_parameters, hostile_bytes, legal_parameters, task_json, texts,
    },
    validate::{self, PAGE_ORDER, fields},
};

// ----------------------------------------------------------------- requests

/// A create that is sent again after a restart is the one that was sent first.
#[test]
fn extra_numbers_survive_writing_and_reading_unchanged() {
    let numbers = prop_oneof![
        4 => any::<f64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => Just(json!(1e-28)),
    ];
    property!(vec(numbers, 1..4), |numbers| {
        let request = GenerationRequest::builder("a fox").extra("numbers", numbers);
        let request = request.build()?;
        let written = serde_json::to_string(&request)?;
        let read: GenerationRequest = serde_json::from_str(&written)?;
        prop_assert_eq!(&read, &request);
        prop_assert_eq!(serde_json::to_string(&read)?, written);
        Ok(())
    });
}

#[test]
fn a_legal_request_survives_a_round_trip() {
    property!(legal_parameters(), |parameters| {
        let request = GenerationRequest::from_parameters(&parameters)?;
        let written = serde_json::to_string(&request)?;
        prop_assert_eq!(
            &serde_json::from_str::<GenerationRequest>(&written)?,
            &request
        );
        Ok(())
    });
}

#[test]
fn a_legal_request_is_written_as_it_was_read() {
    property!(legal_parameters(), |parameters| {
        let request = GenerationRequest::from_parameters(&parameters)?;
        let mut expected = parameters;
        for (name, default) in [("duration", "5"), ("aspect_ratio", "16:9"), ("mode", "std")] {
            expected.entry(name).or_insert_with(|| json!(default));
        }
        for name in ["callback_url", "external_task_id"] {
            if expected.get(name) == Some(&json!("")) {
                expected.remove(name);
            }
        }
        prop_assert_eq!(serde_json::to_value(&request)?, Value::Object(expected));
        Ok(())
    });
}

#[test]
fn every_broken_parameter_is_named_and_no_other() {
    property!((legal_parameters(), broken_parameters()), |(
        legal,
        broken,
    )| {
        let mut parameters = legal;
        parameters.extend(broken.clone());
        let invalid = GenerationRequest::from_parameters(&parameters).unwrap_err();
        let is_known = |name: &&str| PAGE_ORDER.contains(&root(name));
        let (named, named_unknown): (Vec<_>, Vec<_>) =
            fields(&invalid).into_iter().partition(is_known);
        if broken.contains_key("model") {
            // Which parameters it has, only a known model says.
            prop_assert_eq!(fields(&invalid), ["model"]);
            return Ok(());
        }
        let expected = PAGE_ORDER
            .into_iter()
            .filter(|name| broken.contains_key(*name));
        // An object can be wrong in more than one field.
        let mut named: Vec<_> = named.into_iter().map(root).collect();
        named.dedup();
        prop_assert_eq!(named, expected.collect::<Vec<_>>(), "{}", invalid);
        let unknown = broken
            .keys()
            .map(String::as_str)
            .filter(|name| !is_known(name));
        prop_assert_eq!(named_unknown.len(), unknown.clone().count(), "{}", invalid);
        prop_assert_eq!(
            BTreeSet::from_iter(named_unknown),
            BTreeSet::from_iter(unknown)
        );
        Ok(())
    });
}

#[test]
fn texts_are_counted_in_characters() {
    let text = (
        select(vec!["x", "ä", "船", "⛵", "\u{0}", "\n"]),
        2490_usize..2511,
    );
    property!(text, |(character, length)| {
        for name in ["prompt", "negative_prompt"] {
            let request = validate::with(name, json!(character.repeat(length)));
            prop_assert_eq!(request.is_ok(), length <= 2500, "{} {}", name, length);
        }
        Ok(())
    });
}

// ----------------------------------------------------------------- answers

#[test]
fn no_bytes_make_a_decoder_panic() {
    property!(hostile_bytes(), |bytes| {
        if let Ok(task) = Task::from_json(&bytes) {
            let raw = task.raw().as_str().as_bytes();
            let stands_there = || bytes.windows(raw.len()).any(|window| window == raw);
            prop_assert!(task.is_damaged() || stands_there());
            prop_assert!(
                (1..=TaskId::MAX_CHARACTERS).contains(&task.id().as_str().chars().count())
            );
            let _ = render::task(&task);
        }
        if let Ok(request) = serde_json::from_slice::<GenerationRequest>(&bytes) {
            let prompt = request.prompt().unwrap_or_default();
            prop_assert!(request.model().is_none() || prompt.chars().count() <= 2500);
        }
        Ok(())
    });
}

#[test]
fn every_error_body_has_a_short_printable_text_and_a_reason() {
    property!((hostile_bytes(), 100_u16..600), |(bytes, http_status)| {
        let body = ErrorBody::decode(&bytes);
        let _ = (
            body.reason(http_status),
            body.is_known(),
            body.names_duplicate(),
        );
        let id = "order-4711".parse()?;
        let duplicate = body.reason_of_create(400, &id) == ErrorReason::DuplicateExternalTaskId;
        prop_assert!(duplicate || !body.names_duplicate_of(&id));
        prop_assert!(body.text.chars().count() <= 2000);
        let shown = body.to_string();
        prop_assert!(!shown.contains(char::is_control), "{:?}", shown);
        Ok(())
    });
}

#[test]
fn a_task_survives_a_round_trip() {
    property!(task_json(), |json| {
        let task = Task::from_json(json.as_bytes())?;
        let written = serde_json::to_vec(&task)?;
        prop_assert_eq!(&Task::from_json(&written)?, &task);
        prop_assert_eq!(&serde_json::from_slice::<Task>(&written)?, &task);
        Ok(())
    });
}

#[test]
fn an_envelope_changes_nothing() {
    property!((task_json(), select(vec![0, 200])), |(json, code)| {
        let enveloped = format!(r#"{{"status":{{"code":{code}}},"data":{json}}}"#);
        prop_assert_eq!(
            Task::from_json(enveloped.as_bytes())?,
            Task::from_json(json.as_bytes())?
        );
        Ok(())
    });
}

#[test]
fn a_word_that_is_not_listed_keeps_polling() {
    property!(
        "[a-z_ ]{0,12}|Complete|fail|FAILURE|success_|error",
        |word| {
            let listed = ["completed", "success", "succeed", "succeeded", "failed"];
            let body = json!({"id": "a", "status": word}).to_string();
            let task = Task::from_json(body.as_bytes())?;
            prop_assert_eq!(task.state().is_terminal(), listed.contains(&word.as_str()));
            prop_assert_eq!(task.status(), Some(word.as_str()));
            Ok(())
        }
    );
}

// ----------------------------------------------------------------- ids and routes

#[test]
fn an_id_is_kept_or_refused() {
    property!(texts(), |text| {
        let characters = text.chars().count();
        let task_id = text.parse::<TaskId>();
        let legal = (1..=256).contains(&characters) && !text.contains(char::is_control);
        prop_assert_eq!(
            task_id.ok().map(|id| id.to_string()),
            legal.then(|| text.clone())
        );

        let external = text.parse::<ExternalTaskId>();
        let listed = |it: char| it.is_ascii_alphanumeric() || ['.', '_', '-'].contains(&it);
        let legal = (1..=64).contains(&characters) && text.chars().all(listed);
        prop_assert_eq!(
            external.ok().map(|id| id.to_string()),
            legal.then_some(text)
        );
        Ok(())
    });
}

#[test]
fn a_route_is_parsed_to_what_it_was_built_from() {
    property!(
        texts().prop_filter("an id is not empty", |id| !id.is_empty()),
        |id| {
            let task = Route::Task { id: id.clone() };
            for (route, count) in [(task, 6), (Route::ModelSpec { id }, 7)] {
                let path = route.path();
                prop_assert_eq!(Route::parse(route.method(), &path), Ok(route.clone()));

                let segments: Vec<_> = path.split('/').collect();
                prop_assert_eq!(segments.len(), count, "{}", path);
                prop_assert!(
                    !segments.contains(&".") && !segments.contains(&".."),
                    "{}",
                    path
                );
                let safe = |it: char| it.is_ascii_alphanumeric() || "/%-._~".contains(it);
                prop_assert!(path.chars().all(safe), "{}", path);
            }
            Ok(())
        }
    );
}

#[test]
fn no_path_makes_the_parser_panic_and_what_it_takes_can_be_built_again() {
    let paths = prop_oneof![
        texts(),
        vec(select(PATH_FRAGMENTS), 0..6).prop_map(|it| it.concat())
    ];
    property!((select(vec!["GET", "POST", "get", ""]), paths), |(
        method,
        path,
    )| {
        if let Ok(route) = Route::parse(method, &path) {
            prop_assert_eq!(route.method(), method);
            prop_assert_eq!(Route::parse(method, &route.path()), Ok(route));
        }
        Ok(())
    });
}

// ----------------------------------------------------------------- money

#[test]
fn an_amount_keeps_its_text_as_string_and_as_number() {
    property!("-?(0|[1-9][0-9]{0,11})(\\.[0-9]{1,12})?", |text| {
        let amount: Amount = text.parse()?;
        prop_assert_eq!(&amount.to_string(), &text);
        prop_assert_eq!(serde_json::to_value(&amount)?, json!(text));
        prop_assert_eq!(&serde_json::from_value::<Amount>(json!(text))?, &amount);
        for token in [format!("\"{text}\""), text.clone()] {
            let body = format!(r#"{{"id":"a","status":"completed","usage":{{"cost":{token}}}}}"#);
            let task = Task::from_json(body.as_bytes())?;
            let TaskState::Completed {
                usage: Some(usage), ..
            } = task.state()
            else {
                return Err(TestCaseError::fail(body));
            };
            prop_assert_eq!(
                usage.cost.as_ref().map(Amount::to_string),
                Some(text.clone())
            );
        }
        Ok(())
    });
}

#[test]
fn no_text_makes_an_amount_panic_and_what_it_takes_is_exact() {
    let numbers = "[-+]?[0-9]{0,32}(\\.[0-9]{0,32})?([eE][-+]?[0-9]{1,3})?";
    let texts = prop_oneof![3 => numbers.boxed(), 1 => texts().boxed()];
    property!(texts, |text| {
        if let Ok(amount) = text.parse::<Amount>() {
            prop_assert_eq!(amount.to_string(), text.clone());
            // A sum forgets the text, so it shows the value.
            let value = [amount].into_iter().sum::<Amount>().to_string();
            prop_assert_eq!(decimal(&value), decimal(&text), "{}", text);
        }
        Ok(())
    });
}

#[test]
fn sums_are_exact_to_the_cent() {
    property!(vec(-1_000_000_000_i64..1_000_000_000, 0..100), |cents| {
        let amount = |cents: i64| dollars(cents).parse::<Amount>();
        let sum = cents.iter().map(|it| amount(*it).unwrap()).sum::<Amount>();
        let expected: i64 = cents.iter().sum();
        prop_assert_eq!(&sum, &amount(expected)?);
        prop_assert_eq!(sum.is_negative(), expected < 0);
        prop_assert_eq!(decimal(&sum.to_string()), decimal(&dollars(expected)));
        Ok(())
    });
}

// ----------------------------------------------------------------- oracles

/// Cents as dollars, by integers alone.
fn dollars(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

/// The value of a decimal text: its sign, its digits without zeros at either end, and the power
/// of ten of the last one.
fn decimal(text: &str) -> (bool, String, i64) {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().unwrap();
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{}{fraction}", whole.trim_start_matches(['-', '+']));
    let significant = digits.trim_end_matches('0');
    let zeros = digits.len() - significant.len();
    match significant.trim_start_matches('0') {
        "" => (false, String::new(), 0),
        significant => (
            mantissa.starts_with('-'),
            significant.into(),
            exponent - fraction.len() as i64 + zeros as i64,
        ),
    }
}

// ----------------------------------------------------------------- times

#[test]
fn a_time_that_somebody_else_wrote_is_read_to_the_millisecond() {
    // From 1970 to 9999, which is all that the writer can write.
    property!(0_i64..253_402_300_800_000, |milliseconds| {
        let time = UNIX_EPOCH + Duration::from_millis(milliseconds.unsigned_abs());
        let expected = Some(Timestamp::from_milliseconds(milliseconds));
        let written = humantime::format_rfc3339_nanos(time).to_string();
        prop_assert_eq!(Timestamp::from_text(&written), expected);
        let spaced = written.replace(['T', 'Z'], " ");
        prop_assert_eq!(Timestamp::from_text(&spaced), expected);
        Ok(())
    });
}

#[test]
fn no_text_is_too_strange_for_a_time() {
    let pieces = select(vec![
        "2020", "-", "01", "T", " ", "00", ":", ".", ",", "Z", "+", "08", "9", "Jan", "Wed, ",
        "GMT", "\u{2212}", "ä", "e9", "\u{0}",
    ]);
    let text = prop_oneof![
        vec(pieces, 0..14).prop_map(|it| it.concat()),
        any::<String>()
    ];
    property!(text, |text| {
        let _ = Timestamp::from_text(&text);
        let body = json!({"id": "a", "created_at": text}).to_string();
        prop_assert!(Task::from_json(body.as_bytes()).is_ok());
        Ok(())
    });
}
