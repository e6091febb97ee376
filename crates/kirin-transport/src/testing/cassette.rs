//! Exchanges as a file.

use std::{error::Error, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::{Sent, TransportErrorKind};

/// Exchanges that were recorded, without their secrets: a JSON text that shows its differences
/// line by line.
///
/// Keys, cookies and whatever a header marks as sensitive are removed where they stand, and where
/// the answer repeats them; the queries of all URLs are removed, because they sign them.
///
/// ```
/// use kirin_transport::testing::Cassette;
///
/// let text = r#"{
///   "exchanges": [
///     {
///       "request": {"method": "GET", "url": "https://cloud.vtrix.ai/", "headers": {}, "body": ""},
///       "response": {"status": 404, "headers": {}, "body": "{\"message\":\"no such task\"}"}
///     }
///   ]
/// }"#;
/// let cassette = Cassette::from_json(text)?;
/// assert_eq!(cassette.len(), 1);
/// assert_eq!(Cassette::from_json(&cassette.to_json())?, cassette);
/// # Ok::<(), kirin_transport::testing::InvalidCassette>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cassette {
    pub(super) exchanges: Vec<Exchange>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exchange {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    pub(super) answer: Answer,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Failed {
        kind: TransportErrorKind,
        sent: Sent,
        reason: Option<String>,
    },
    Response {
        status: StatusCode,
        headers: Vec<(String, String)>,
        body: Bytes,
        is_cut: bool,
        /// Whether the message said where its body ends, where its headers do not tell that.
        is_framed: bool,
    },
}

/// The names of the kinds in a file.
const KINDS: [(&str, TransportErrorKind); 8] = [
    ("body", TransportErrorKind::Body),
    ("closed", TransportErrorKind::Closed),
    ("connect", TransportErrorKind::Connect),
    ("other", TransportErrorKind::Other),
    ("protocol", TransportErrorKind::Protocol),
    ("request", TransportErrorKind::Request),
    ("timeout", TransportErrorKind::Timeout),
    ("too large", TransportErrorKind::TooLarge),
];

impl Cassette {
    /// Reads the text of a cassette.
    ///
    /// # Errors
    ///
    /// The text is not JSON, or not of this form; the error names the place.
    pub fn from_json(text: &str) -> Result<Self, InvalidCassette> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| InvalidCassette(error.to_string()))?;
        let exchanges = value["exchanges"].as_array();
        let exchanges = exchanges.ok_or_else(|| invalid("exchanges", "a list"))?;
        let exchange = |(index, value)| Exchange::read(&format!("exchanges[{index}]"), value);
        let exchanges = exchanges.iter().enumerate().map(exchange);
        Ok(Self {
            exchanges: exchanges.collect::<Result<_, _>>()?,
        })
    }

    /// The text of the cassette, with a newline at its end.
    pub fn to_json(&self) -> String {
        let exchanges: Vec<Value> = self.exchanges.iter().map(Exchange::write).collect();
        format!("{:#}\n", json!({ "exchanges": exchanges }))
    }

    /// How many exchanges it holds.
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }
}

impl Exchange {
    fn write(&self) -> Value {
        let mut request = Map::new();
        request.insert("method".into(), self.method.as_str().into());
        request.insert("url".into(), self.url.as_str().into());
        request.insert("headers".into(), write_headers(&self.headers));
        write_body(&mut request, &self.body);
        let (name, answer) = self.answer.write();
        json!({ "request": request, name: answer })
    }

    fn read(place: &str, value: &Value) -> Result<Self, InvalidCassette> {
        let at = |name: &str| format!("{place}.request.{name}");
        let request = &value["request"];
        let method = request["method"].as_str().and_then(|it| it.parse().ok());
        let url = request["url"].as_str();
        Ok(Self {
            method: method.ok_or_else(|| invalid(&at("method"), "a method"))?,
            url: url.ok_or_else(|| invalid(&at("url"), "a URL"))?.to_owned(),
            headers: read_headers(&at("headers"), &request["headers"])?,
            body: read_body(&at("body"), request)?,
            answer: Answer::read(place, value)?,
        })
    }
}

impl Answer {
    fn write(&self) -> (&'static str, Value) {
        match self {
            Self::Failed { kind, sent, reason } => {
                let (kind, _) = KINDS[position(|known| known == kind)];
                let sent = if *sent == Sent::No { "no" } else { "maybe" };
                (
                    "error",
                    json!({"kind": kind, "sent": sent, "reason": reason}),
                )
            }
            Self::Response {
                status,
                headers,
                body,
                is_cut,
                is_framed,
            } => {
                let mut response = Map::new();
                response.insert("status".into(), status.as_u16().into());
                response.insert("headers".into(), write_headers(headers));
                write_body(&mut response, body);
                if *is_cut {
                    response.insert("cut".into(), true.into());
                }
                if *is_framed {
                    response.insert("framed".into(), true.into());
                }
                ("response", response.into())
            }
        }
    }

    fn read(place: &str, value: &Value) -> Result<Self, InvalidCassette> {
        if let Some(error) = value.get("error") {
            return Self::read_error(&format!("{place}.error"), error);
        }
        let at = |name: &str| format!("{place}.response.{name}");
        let response = &value["response"];
        let status = response["status"].as_u64();
        let status = status.and_then(|it| StatusCode::from_u16(u16::try_from(it).ok()?).ok());
        Ok(Self::Response {
            status: status.ok_or_else(|| invalid(&at("status"), "a status"))?,
            headers: read_headers(&at("headers"), &response["headers"])?,
            body: read_body(&at("body"), response)?,
            is_cut: response["cut"] == true,
            is_framed: response["framed"] == true,
        })
    }

    fn read_error(place: &str, error: &Value) -> Result<Self, InvalidCassette> {
        let kind = KINDS.iter().find(|(name, _)| error["kind"] == *name);
        let (_, kind) = kind.ok_or_else(|| invalid(&format!("{place}.kind"), "a known kind"))?;
        let sent = match error["sent"].as_str() {
            Some("maybe") => Sent::Maybe,
            Some("no") => Sent::No,
            _ => return Err(invalid(&format!("{place}.sent"), "maybe or no")),
        };
        Ok(Self::Failed {
            kind: *kind,
            sent,
            reason: error["reason"].as_str().map(str::to_owned),
        })
    }
}

/// Where a kind stands among [`KINDS`]; a kind of a later version is recorded as `other`.
fn position(is_meant: impl Fn(&TransportErrorKind) -> bool) -> usize {
    let found = KINDS.iter().position(|(_, kind)| is_meant(kind));
    found.unwrap_or(3)
}

fn write_headers(headers: &[(String, String)]) -> Value {
    let mut written = Map::new();
    for (name, value) in headers {
        let values = written
            .entry(name)
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(value.as_str().into());
        }
    }
    written.into()
}

fn read_headers(place: &str, value: &Value) -> Result<Vec<(String, String)>, InvalidCassette> {
    let wanted = || invalid(place, "an object of lists of strings");
    let mut headers = Vec::new();
    for (name, values) in value.as_object().ok_or_else(wanted)? {
        for value in values.as_array().ok_or_else(wanted)? {
            let value = value.as_str().ok_or_else(wanted)?;
            headers.push((name.clone(), value.to_owned()));
        }
    }
    Ok(headers)
}

/// Text as it is, and other bytes in Base64.
fn write_body(object: &mut Map<String, Value>, body: &Bytes) {
    match std::str::from_utf8(body) {
        Ok(text) => object.insert("body".into(), text.into()),
        Err(_) => object.insert("body_base64".into(), STANDARD.encode(body).into()),
    };
}

fn read_body(place: &str, object: &Value) -> Result<Bytes, InvalidCassette> {
    if let Some(text) = object["body"].as_str() {
        return Ok(Bytes::from(text.to_owned()));
    }
    let decoded = object["body_base64"]
        .as_str()
        .map(|text| STANDARD.decode(text));
    match decoded {
        Some(Ok(bytes)) => Ok(bytes.into()),
        _ => Err(invalid(place, "a string, or body_base64 in Base64")),
    }
}

/// Headers as HTTP takes them; one that it does not take is left out.
pub(super) fn header_map(headers: &[(String, String)]) -> HeaderMap {
    let header = |(name, value): &(String, String)| {
        let name: HeaderName = name.parse().ok()?;
        Some((name, HeaderValue::from_str(value).ok()?))
    };
    headers.iter().filter_map(header).collect()
}

fn invalid(place: &str, expected: &str) -> InvalidCassette {
    InvalidCassette(format!("{place} is not {expected}"))
}

/// A text that is no cassette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidCassette(String);

impl fmt::Display for InvalidCassette {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the cassette cannot be read: {}", self.0)
    }
}

impl Error for InvalidCassette {}
