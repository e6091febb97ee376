//! What holds for every model of the family.

use std::sync::LazyLock;

use kirin_tests::{
    property,
    proptest::{
        collection::vec,
        prelude::*,
        sample::{Index, select},
    },
};
use kirin_types::{Callback, GenerationRequest, GenerationRequestBuilder, Image, Task};
use serde_json::{Value, json};

use crate::{
    family::{build, root},
    image::{jpeg, png},
    section_8::{self, Kind, Need, Parameters, ROWS, Row},
    strategies::{hostile_bytes, task_json},
    validate::fields,
};

#[test]
fn a_legal_request_of_any_model_is_accepted_and_survives_a_round_trip() {
    property!(legal_request(), |(row, parameters)| {
        let request = build(row.model, &parameters)?;
        let written = serde_json::to_string(&request)?;
        prop_assert_eq!(
            &serde_json::from_str::<GenerationRequest>(&written)?,
            &request
        );
        // What was given is sent as it is; only defaults are added and empty ids left out.
        let sent = serde_json::to_value(request.parameters())?;
        for (name, value) in &parameters {
            let counts_as_absent =
                *value == "" && ["callback_url", "external_task_id"].contains(&name.as_str());
            let expected = (!counts_as_absent).then_some(value);
            prop_assert_eq!(sent.get(name), expected, "{}", name);
        }
        Ok(())
    });
}

/// One object is a request, whoever reads it.
#[test]
fn from_parameters_takes_the_serialized_form_of_every_request() {
    let name = select(vec!["seed", "style", "extra", "input", "new parameter"]);
    let value = select(vec![json!(7), json!(null), json!(""), json!({"extra": []})]);
    let extra = || vec((name.clone(), value.clone()), 0..3);
    let check = |request: &GenerationRequest| -> Result<(), TestCaseError> {
        let flat = serde_json::to_value(request).unwrap();
        let read = GenerationRequest::from_parameters(flat.as_object().unwrap());
        prop_assert_eq!(&read, &Ok(request.clone()), "{}", flat);
        Ok(())
    };
    property!((legal_request(), extra()), |((row, parameters), extra)| {
        let builder = crate::family::builder(row.model, &parameters);
        let with_extra = |builder: GenerationRequestBuilder, (name, value): &(_, Value)| {
            builder.extra(*name, value.clone())
        };
        let request = extra.iter().fold(builder, with_extra).build()?;
        check(&request)?;
        let mut unchecked = parameters;
        unchecked.extend(extra.into_iter().map(|(name, value)| (name.into(), value)));
        // Empty counts as absent only where the catalogue knows the model.
        unchecked.retain(|name, value| name != "external_task_id" || *value != "");
        check(&GenerationRequest::unchecked("kirin_v9_t2v", &unchecked)?)
    });
}

#[test]
fn a_request_with_one_broken_parameter_is_refused_by_its_name() {
    let broken = (legal_request(), any::<Index>(), any::<Index>());
    property!(broken, |((row, mut parameters), which, what)| {
        let place = which.index(row.parameters.len());
        let name = row.parameters[place].0;
        let illegal = &values(row, place).illegal;
        parameters.insert(name.into(), illegal[what.index(illegal.len())].clone());
        let invalid = build(row.model, &parameters).unwrap_err();
        let names: Vec<_> = fields(&invalid).into_iter().map(root).collect();
        prop_assert!(names.iter().all(|it| *it == name), "{}: {}", name, invalid);
        Ok(())
    });
}

#[test]
fn the_validator_agrees_with_an_independent_reading_of_section_8() {
    property!(any_request(), |(row, parameters)| {
        let result = build(row.model, &parameters);
        let expected = section_8::is_legal(row, &parameters);
        prop_assert_eq!(result.is_ok(), expected, "{}: {:?}", row.model, result);
        Ok(())
    });
}

#[test]
fn no_bytes_make_a_picture_a_callback_or_a_request_panic() {
    property!((hostile_bytes(), damaged_picture()), |(bytes, picture)| {
        if let Ok(callback) = Callback::from_json(&bytes) {
            let named = callback.task_id().is_some() || callback.external_task_id().is_some();
            prop_assert!(named, "a callback without a task");
            let raw = callback.raw().as_str().as_bytes();
            let stands_there = || bytes.windows(raw.len()).any(|window| window == raw);
            prop_assert!(callback.raw().is_damaged() || stands_there());
        }
        if let Ok(request) = serde_json::from_slice::<GenerationRequest>(&bytes) {
            let written = serde_json::to_vec(&request)?;
            prop_assert_eq!(
                serde_json::from_slice::<GenerationRequest>(&written)?,
                request
            );
        }
        for bytes in [&bytes, &picture] {
            if let Ok(image) = Image::from_bytes(bytes) {
                prop_assert!(bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"\xff\xd8"));
                let length = bytes.len().div_ceil(3) * 4;
                prop_assert_eq!(image.as_str().len(), length);
            }
        }
        Ok(())
    });
}

#[test]
fn the_unknown_fields_of_a_task_survive() {
    property!((task_json(), "[a-z]{1,8}", any::<i64>()), |(
        json,
        name,
        value,
    )| {
        let name = format!("x_{name}");
        let longer = format!("{},{name:?}:{value}}}", &json[..json.len() - 1]);
        let task = Task::from_json(longer.as_bytes())?;
        let written = serde_json::to_string(&task)?;
        let kept = written.contains(&format!("{name:?}:{value}"));
        prop_assert!(kept, "{}", written);
        prop_assert_eq!(task.raw().as_str(), longer);
        Ok(())
    });
}

// ----------------------------------------------------------------- values

/// What a parameter of a row is tried with.
struct Values {
    legal: Vec<Value>,
    illegal: Vec<Value>,
}

/// By row and parameter; made once, since some are long.
static VALUES: LazyLock<Vec<Vec<Values>>> = LazyLock::new(|| {
    let of = |kind| Values {
        legal: section_8::legal_values(kind),
        illegal: section_8::illegal_values(kind),
    };
    let parameters = |row: &Row| row.parameters.iter().map(|it| of(it.1)).collect();
    ROWS.iter().map(parameters).collect()
});

/// Values that fit one parameter or another, so that some meet one that they do not fit.
static ALPHABET: LazyLock<Vec<Value>> = LazyLock::new(|| {
    vec![
        json!(null),
        json!("5"),
        json!("10"),
        json!("15"),
        json!("std"),
        json!("pro"),
        json!("on"),
        json!("off"),
        json!("16:9"),
        json!("customize"),
        json!("https://example.com/fox.png"),
        json!(""),
        json!(5),
        json!(10),
        json!(0),
        json!(1),
        json!(0.5),
        json!(-1),
        json!(true),
        json!(false),
        json!([]),
        json!({}),
        json!({"enabled": true}),
        json!({"type": "simple"}),
        section_8::shots(&["5"]),
        section_8::shots(&["1", "2"]),
    ]
});

fn values(row: &Row, place: usize) -> &'static Values {
    let index = ROWS.iter().position(|it| it.model == row.model).unwrap();
    &VALUES[index][place]
}

/// Most parameters that a model has, and one for an unknown name.
const SLOTS: usize = 12;

/// A legal request of any model: legal values, then the rules between them obeyed.
fn legal_request() -> impl Strategy<Value = (&'static Row, Parameters)> {
    let slots = vec((any::<bool>(), any::<Index>(), 0_i32..=1000), SLOTS);
    (0..ROWS.len(), slots, text(), any::<Index>()).prop_map(|(row, slots, text, choice)| {
        let row = &ROWS[row];
        let mut parameters = Parameters::new();
        for (place, (name, kind, need)) in row.parameters.iter().enumerate() {
            let (there, which, number) = &slots[place];
            if *there || *need == Need::Required {
                let legal = &values(row, place).legal;
                let value = match which.index(2 * legal.len()) {
                    listed if listed < legal.len() => legal[listed].clone(),
                    _ => within(*kind, &text, *number)
                        .unwrap_or_else(|| legal[which.index(legal.len())].clone()),
                };
                parameters.insert((*name).into(), value);
            }
        }
        section_8::adjust_to_the_rules(row.model, &mut parameters, &choice);
        assert!(
            section_8::is_legal(row, &parameters),
            "{} {parameters:?}",
            row.model
        );
        (row, parameters)
    })
}

/// A legal value somewhere between the limits, for the kinds that have many. `number` is from 0
/// to 1000.
fn within(kind: Kind, text: &str, number: i32) -> Option<Value> {
    let signed = f64::from(number - 500) / 50.0;
    match kind {
        Kind::CameraControl if signed != 0.0 => {
            let axes = ["horizontal", "vertical", "pan", "tilt", "roll", "zoom"];
            let axis = axes[usize::try_from(number).ok()? % axes.len()];
            Some(json!({"type": "simple", "config": {axis: signed}}))
        }
        Kind::CfgScale => Some(json!(f64::from(number) / 1000.0)),
        Kind::Text { min } if text.chars().count() >= min => Some(json!(text)),
        Kind::ThreeToFifteen => Some(json!((3 + number % 13).to_string())),
        _ => None,
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,12}", any::<String>()]
}

/// Any parameters of any model, most of them legal by themselves.
fn any_request() -> impl Strategy<Value = (&'static Row, Parameters)> {
    (0..ROWS.len(), vec((0_u8..100, any::<Index>()), SLOTS)).prop_map(|(row, slots)| {
        let row = &ROWS[row];
        let pick = |values: &[Value], which: &Index| values[which.index(values.len())].clone();
        let mut parameters = Parameters::new();
        for (place, (name, _, need)) in row.parameters.iter().enumerate() {
            let (weight, which) = &slots[place];
            let absent_below = if *need == Need::Required { 2 } else { 45 };
            let value = match *weight {
                weight if weight < absent_below => continue,
                97.. => pick(&ALPHABET, which),
                94..97 => pick(&values(row, place).illegal, which),
                _ => pick(&values(row, place).legal, which),
            };
            parameters.insert((*name).into(), value);
        }
        if slots[SLOTS - 1].0 > 97 {
            parameters.insert("seed".into(), pick(&ALPHABET, &slots[SLOTS - 1].1));
        }
        (row, parameters)
    })
}

/// The head of a picture after an accident, or a JPEG of random segments.
fn damaged_picture() -> impl Strategy<Value = Vec<u8>> {
    let whole = (any::<bool>(), any::<u16>(), any::<u16>());
    let whole = whole.prop_map(|(is_png, width, height)| match is_png {
        true => png(width.into(), height.into()),
        false => jpeg(width, height),
    });
    let accident = (any::<Index>(), any::<u8>(), any::<Index>());
    let damaged = (whole, accident).prop_map(|(mut bytes, (at, byte, end))| {
        *at.get_mut(&mut bytes) = byte;
        bytes.truncate(end.index(2 * bytes.len()));
        bytes
    });
    let markers = prop_oneof![Just(0xff_u8), 0xc0_u8..=0xcf, any::<u8>()];
    let segment =
        (markers, 0_u16..20, vec(any::<u8>(), 0..12)).prop_map(|(marker, length, rest)| {
            [&[0xff, marker][..], &length.to_be_bytes(), &rest].concat()
        });
    let random = vec(segment, 0..5)
        .prop_map(|segments| [b"\xff\xd8".as_slice(), &segments.concat()].concat());
    prop_oneof![damaged, random]
}
