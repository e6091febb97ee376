//! Where the values of the properties come from: small alphabets, so that things collide.

use kirin_tests::proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{Index, select},
    strategy::Union,
};
use serde_json::{Map, Value, json};

use crate::{fixtures, validate::PAGE_ORDER};

/// The flat parameters of any legal request, each optional one there or not.
pub(crate) fn legal_parameters() -> impl Strategy<Value = Map<String, Value>> {
    let text = prop_oneof![
        Just("x".to_owned()),
        Just("船".repeat(2500)),
        any::<String>()
    ];
    let word = |words: &[&str]| select(words.iter().map(|it| json!(it)).collect::<Vec<_>>());
    let optional = |name: &'static str, value: BoxedStrategy<Value>| {
        option::of(value).prop_map(move |value| Some((name, value?)))
    };
    let prompt = text.clone().prop_filter("not empty", |it| !it.is_empty());
    let callback_urls = ["", "https://example.com/hook?x=1", "http://127.0.0.1:1"];
    (
        prompt,
        optional("duration", word(&["5", "10"]).boxed()),
        optional("aspect_ratio", word(&["16:9", "9:16", "1:1"]).boxed()),
        optional("mode", word(&["std", "pro"]).boxed()),
        optional("negative_prompt", text.prop_map(Value::from).boxed()),
        optional(
            "watermark_info",
            any::<bool>()
                .prop_map(|it| json!({ "enabled": it }))
                .boxed(),
        ),
        optional("callback_url", word(&callback_urls).boxed()),
        optional(
            "external_task_id",
            "[A-Za-z0-9._-]{0,64}".prop_map(Value::from).boxed(),
        ),
    )
        .prop_map(|(prompt, a, b, c, d, e, f, g)| {
            let optional = [a, b, c, d, e, f, g].into_iter().flatten();
            [
                ("model", json!("kirin_v2_5_turbo_t2v")),
                ("prompt", json!(prompt)),
            ]
            .into_iter()
            .chain(optional)
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
        })
}

/// One or more parameters, none of which is legal.
pub(crate) fn broken_parameters() -> impl Strategy<Value = Map<String, Value>> {
    let names = PAGE_ORDER
        .into_iter()
        .chain(["promt", "cfg_scale", "", "Mode"]);
    let each: Vec<_> = names
        .map(|name| option::weighted(0.3, broken(name)).prop_map(move |value| Some((name, value?))))
        .collect();
    each.prop_map(|broken| {
        let broken = broken.into_iter().flatten();
        broken
            .map(|(name, value)| (name.to_owned(), value))
            .collect::<Map<_, _>>()
    })
    .prop_filter("at least one is broken", |broken| !broken.is_empty())
}

/// An illegal value of one parameter.
fn broken(name: &str) -> BoxedStrategy<Value> {
    let too_long = || (2501_usize..2600).prop_map(|length| json!("船".repeat(length)));
    let no_string = vec![
        json!(0),
        json!(5),
        json!(0.5),
        json!(true),
        json!([]),
        json!({"a": 1}),
    ];
    let no_string = select(no_string);
    let words = |words: &[&str]| select(words.iter().map(|it| json!(it)).collect::<Vec<_>>());
    match name {
        "model" => prop_oneof![
            no_string,
            words(&["", "kirin", "kirin_v9_t2v"]),
            Just(json!(null))
        ]
        .boxed(),
        "prompt" => prop_oneof![no_string, too_long(), words(&[""]), Just(json!(null))].boxed(),
        "duration" => prop_oneof![no_string, words(&["", "7", "5 ", "05", "５"])].boxed(),
        "aspect_ratio" => prop_oneof![no_string, words(&["", "4:3", "16/9", "9:16:1"])].boxed(),
        "mode" => prop_oneof![no_string, words(&["", "Std", "pro+", "best"])].boxed(),
        "negative_prompt" => prop_oneof![no_string, too_long()].boxed(),
        "watermark_info" => prop_oneof![
            no_string,
            words(&["", "true", "enabled"]),
            Just(json!({"enabled": 1})),
            Just(json!({"enabled": true, "text": "mine"})),
        ]
        .boxed(),
        "callback_url" => {
            prop_oneof![no_string, words(&["x", "//a/b", "file:///a", "https://"])].boxed()
        }
        "external_task_id" => prop_oneof![
            no_string,
            "[a-z]{65,80}".prop_map(Value::from),
            words(&[" ", "a b", "../a", "ä", "a\n"]),
        ]
        .boxed(),
        // A parameter that does not exist is broken whatever its value is.
        _ => prop_oneof![no_string, words(&["", "x"]), Just(json!(null))].boxed(),
    }
}

/// Bytes that somebody might send in place of an answer: noise, JSON in pieces, JSON of the
/// right words in wrong places, and golden bodies that were damaged on their way.
pub(crate) fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => vec(any::<u8>(), 0..64),
        2 => vec(select(FRAGMENTS), 0..24).prop_map(|it| it.concat().into_bytes()),
        3 => json_text().prop_map(String::into_bytes),
        3 => damaged_golden_body(),
    ]
}

/// JSON of a small alphabet of names and values, so that names meet values that do not suit them.
fn json_text() -> BoxedStrategy<String> {
    select(VALUES)
        .prop_map(str::to_owned)
        .prop_recursive(4, 48, 6, |inner| {
            let fields = (select(NAMES), inner.clone())
                .prop_map(|(name, value)| format!("\"{name}\":{value}"));
            prop_oneof![
                3 => vec(fields, 0..6).prop_map(|it| format!("{{{}}}", it.join(","))),
                1 => vec(inner, 0..4).prop_map(|it| format!("[{}]", it.join(","))),
            ]
        })
        .boxed()
}

/// The JSON of a task: an id, and fields that may have any value.
pub(crate) fn task_json() -> impl Strategy<Value = String> {
    let status = select(vec![
        "\"completed\"",
        "\"failed\"",
        "\"in_progress\"",
        "\"new\"",
        "7",
    ]);
    let field = (select(TASK_FIELDS), json_text());
    (
        "[a-v0-9]{20}|[^\\x00-\\x1f\\x7f-\\x9f\"\\\\]{1,20}",
        status,
        vec(field, 0..8),
    )
        .prop_map(|(id, status, fields)| {
            let fields = fields
                .iter()
                .map(|(name, value)| format!(",\"{name}\":{value}"));
            let fields: String = fields.collect();
            format!("{{\"id\":\"{id}\",\"status\":{status}{fields}}}")
        })
}

/// A golden body after a few accidents.
fn damaged_golden_body() -> impl Strategy<Value = Vec<u8>> {
    let folders = [
        "tasks",
        "errors",
        "requests",
        "family",
        "callbacks",
        "models",
    ];
    let bodies: Vec<_> = folders
        .iter()
        .flat_map(|folder| {
            let names = fixtures::names(folder).into_iter();
            names.map(|name| Just(fixtures::read(folder, &name)))
        })
        .collect();
    (Union::new(bodies), vec(accident(), 0..4)).prop_map(|(mut body, accidents)| {
        for accident in &accidents {
            accident.happen(&mut body);
        }
        body
    })
}

/// One thing that can happen to a body.
#[derive(Clone, Debug)]
enum Accident {
    /// The connection was cut.
    Cut(Index),
    /// A piece is missing.
    Loss(Index, usize),
    /// A byte is another one.
    Noise(Index, u8),
    /// A piece stands there twice.
    Repetition(Index, usize),
    /// A token is another one.
    Token(Index, &'static str),
}

impl Accident {
    fn happen(&self, body: &mut Vec<u8>) {
        if body.is_empty() {
            return;
        }
        match self {
            Self::Cut(at) => body.truncate(at.index(body.len())),
            Self::Loss(at, length) => drop(body.drain(piece(at, *length, body.len()))),
            Self::Noise(at, byte) => *at.get_mut(body) = *byte,
            Self::Repetition(at, length) => {
                let piece = piece(at, *length, body.len());
                let copy = body[piece.clone()].to_vec();
                drop(body.splice(piece.start..piece.start, copy));
            }
            Self::Token(at, token) => {
                let at = at.index(body.len());
                drop(body.splice(at..at, token.bytes()));
            }
        }
    }
}

fn accident() -> impl Strategy<Value = Accident> {
    prop_oneof![
        any::<Index>().prop_map(Accident::Cut),
        (any::<Index>(), 1_usize..9).prop_map(|(at, length)| Accident::Loss(at, length)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Accident::Noise(at, byte)),
        (any::<Index>(), 1_usize..40).prop_map(|(at, length)| Accident::Repetition(at, length)),
        (any::<Index>(), select(FRAGMENTS)).prop_map(|(at, token)| Accident::Token(at, token)),
    ]
}

/// At most `length` bytes of `total`, from somewhere on.
fn piece(at: &Index, length: usize, total: usize) -> std::ops::Range<usize> {
    let start = at.index(total);
    start..total.min(start + length)
}

/// Any text, often of pieces that mean something in a path.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    let pieces = select(vec![
        "a", "Z", "0", ".", "..", "/", "../", "\\", "?x=", "#", "%", "%2f", "%2e", "ä", "船", " ",
        "\u{0}", "\n", "\u{1b}", "-", "_", "~", "spec", "task",
    ]);
    prop_oneof![
        3 => vec(pieces, 0..8).prop_map(|it| it.concat()),
        1 => any::<String>(),
        1 => "[A-Za-z0-9._-]{60,70}",
        1 => "[a-zä]{250,260}",
    ]
}

/// Pieces of paths.
#[rustfmt::skip] // A list of words reads better in lines.
pub(crate) const PATH_FRAGMENTS: &[&str] = &[
    "/", "/model/v1/generation", "/task/", "/api/v1/skill/models", "/spec", "a", "..", "%2f", "%",
    "%ff", "%c3%a4", "?x=", "ä", " ",
];

/// Tokens of the protocol, and what breaks a careless reader.
#[rustfmt::skip] // A list of words reads better in lines.
const FRAGMENTS: &[&str] = &[
    "{", "}", "[", "]", ":", ",", "\"", "null", "true", "1", "-1", "0.5", "1e999", "1303", " ",
    r#"{"id":"a""#, r#","id":"b""#, r#","status":"completed""#, r#","status":"failed""#,
    r#","error":"#, r#","output":[{"content":["#, "]}]", r#","usage":{"cost":"#, r#"{"data":"#,
    "19.999999999999999999", r#""\ud800""#, r#""\u001b[31m""#, "\"ä\"", "\u{0}",
];

/// Names of fields; the last is another way to write `id`.
#[rustfmt::skip] // A list of words reads better in lines.
const NAMES: &[&str] = &[
    "id", "status", "data", "code", "error", "message", "error_message", "error_code", "detail",
    "request_id", "output", "content", "type", "url", "duration", "usage", "cost", "quantity",
    "progress", "created_at", "metadata", "external_task_id", "model", "prompt", "watermark_info", "enabled",
    r"\u0069d",
];

/// Fields of a task beside `id` and `status`.
#[rustfmt::skip] // A list of words reads better in lines.
const TASK_FIELDS: &[&str] = &[
    "model", "created_at", "updated_at", "progress", "error", "output", "usage", "metadata",
    "external_task_id", "task_info", "params",
];

/// JSON values: those that mean something somewhere, and those that are hard to read.
#[rustfmt::skip] // A list of words reads better in lines.
const VALUES: &[&str] = &[
    "null", "true", "0", "-1", "200", "401", "40201", "1201", "2011095", "1769757744021", "0.5",
    "1e999", "1e-400", "19.999999999999999999", "123456789012345678901234567890", r#""""#, r#""a""#,
    r#""completed""#, r#""failed""#, r#""in_progress""#, r#""002011099""#, r#""0.21""#,
    r#""external_task_id exists""#, r#""Insufficient credits""#, r#""\ud800""#,
    "1577836800000.5", r#""2020-01-01T00:00:00Z""#, r#""1577836800""#, r#"{"external_task_id":"a"}"#,
    r#""\u001b[31m\u009b""#, r#""https://example.com/a.mp4""#,
];
