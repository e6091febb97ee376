//! Refusals by status: each with all the bodies that are known for it.

use serde_json::{Map, Value, json};

use super::{any_of, reference};

/// One kind of refusal.
struct Refusal {
    name: &'static str,
    status: &'static str,
    description: &'static str,
    bodies: &'static [&'static str],
    /// Headers beside `X-Request-Id`.
    headers: &'static [&'static str],
    source: &'static str,
}

const REFUSALS: [Refusal; 8] = [
    Refusal {
        name: "BadRequest",
        status: "400",
        description: "A parameter is wrong, or the external_task_id is in use: then the code is \
                      1201 (inferred).",
        bodies: &["ErrorMessage", "ErrorNumber"],
        headers: &[],
        source: "client",
    },
    Refusal {
        name: "Forbidden",
        status: "403",
        description: "The key may not do this. A balance code, or a text that speaks of the balance \
                      and not of permission, means that there is no balance.",
        bodies: &["ErrorMessage", "ErrorDetail", "EnvelopeRefusal"],
        headers: &[],
        source: "client",
    },
    Refusal {
        name: "NotFound",
        status: "404",
        description: "There is no such task or model.",
        bodies: &["ErrorMessage", "ErrorDetail"],
        headers: &[],
        source: "client",
    },
    Refusal {
        name: "PaymentRequired",
        status: "402",
        description: "There is no balance: the error_code is 40201 to 40208, in the status or \
                      beside it, or a text says insufficient_balance, insufficient balance or \
                      insufficient credits. Nothing was created.",
        bodies: &["EnvelopeRefusal", "ErrorMessage", "ErrorObject"],
        headers: &[],
        source: "client",
    },
    Refusal {
        name: "ServerError",
        status: "5XX",
        description: "Try later. A create may have been accepted all the same: query the task by \
                      its external_task_id before anything is sent again.",
        bodies: &["ErrorMessage", "ErrorDetail"],
        headers: &[],
        source: "client",
    },
    Refusal {
        name: "TooLarge",
        status: "413",
        description: "The body is too long. Where the bound is, is not documented.",
        bodies: &["ErrorMessage"],
        headers: &[],
        source: "choice",
    },
    Refusal {
        name: "TooManyRequests",
        status: "429",
        description: "Slow down: too many requests, or too many tasks at once (codes 1302 and \
                      1303). Kling's codes 1100, 1101 and 1102 are trouble with the account or its \
                      money, which waiting does not help. Nothing was created.",
        bodies: &["ErrorObject", "ErrorNumber"],
        headers: &["Retry-After"],
        source: "kling",
    },
    Refusal {
        name: "Unauthorized",
        status: "401",
        description: "The key is missing or invalid. Also seen under HTTP 200, with the code 401 \
                      in an envelope.",
        bodies: &["ErrorObject", "ErrorText"],
        headers: &["WWW-Authenticate"],
        source: "client",
    },
];

/// Responses of an operation: these refusals, and what a server's trouble looks like.
pub(super) fn of(names: &[&str]) -> Value {
    let named = REFUSALS
        .iter()
        .filter(|refusal| names.contains(&refusal.name) || refusal.name == "ServerError");
    let responses: Map<_, _> = named
        .map(|refusal| {
            let response = reference("responses", refusal.name);
            (refusal.status.into(), response)
        })
        .collect();
    responses.into()
}

/// Every refusal, by its name as a component.
pub(super) fn refusals() -> Value {
    let refusals: Map<_, _> = REFUSALS
        .iter()
        .map(|refusal| (refusal.name.into(), refusal.response()))
        .collect();
    refusals.into()
}

impl Refusal {
    fn response(&self) -> Value {
        let headers: Map<_, _> = ["X-Request-Id"]
            .iter()
            .chain(self.headers)
            .map(|name| ((*name).into(), reference("headers", name)))
            .collect();
        let mut content = json!({ "application/json": { "schema": any_of(self.bodies) } });
        // What stands before a service answers in its own way.
        match self.status {
            "403" => content["text/plain"] = json!({ "schema": { "type": "string" } }),
            "5XX" => content["text/html"] = json!({ "schema": { "type": "string" } }),
            _ => {}
        }
        json!({
            "description": self.description,
            "headers": headers,
            "content": content,
            "x-source": self.source,
        })
    }
}

/// Every header of an answer, by its name.
pub(super) fn headers() -> Value {
    json!({
        "Retry-After": {
            "description": "Seconds to wait, or a date. It may not be there.",
            "schema": { "type": "string" },
            "x-source": "client",
        },
        "WWW-Authenticate": {
            "description": "Bearer.",
            "schema": { "type": "string" },
            "x-source": "choice",
        },
        "X-Request-Id": {
            "description": "The id that the request carried, or one that it was given.",
            "schema": { "type": "string" },
            "x-source": "documented",
        },
    })
}
