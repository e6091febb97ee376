//! A call on its way: what it is, and what is to be seen of its end.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{Response, header};

use super::{
    fault::{Answer, Call, Fault, Meaning},
    row::{Look, Said},
    service::Service,
};

/// A call on its way.
pub(crate) struct Exchange {
    pub(crate) call: Call,
    pub(crate) id: String,
    /// The create that it is made for.
    pub(crate) owner: String,
    pub(crate) address: String,
    pub(crate) fault: Option<Fault>,
    pub(crate) began_at: Duration,
    pub(crate) there: Duration,
    pub(crate) back: Duration,
    pub(crate) commits: bool,
}

/// A call that the client waits for.
pub(crate) struct OnItsWay<'a> {
    service: &'a Service,
    exchange: Arc<Exchange>,
    has_ended: bool,
}

impl<'a> OnItsWay<'a> {
    pub(crate) fn begin(service: &'a Service, exchange: Arc<Exchange>) -> Self {
        Self {
            service,
            exchange,
            has_ended: false,
        }
    }

    pub(crate) fn end(&mut self, answer: &Answer, meaning: Meaning) {
        self.has_ended = true;
        let Exchange {
            call,
            id,
            owner,
            fault,
            ..
        } = &*self.exchange;
        let (service, now) = (self.service, self.service.now());
        let said = match answer {
            Answer::Fail(kind, sent) => format!("{kind:?}, sent {sent:?}"),
            Answer::Never => "nothing".into(),
            Answer::Respond(response) => response.status().as_u16().to_string(),
        };
        let fault = fault.map(Fault::name).unwrap_or_default();
        service.note(format_args!("{call:?} {id} -> {said} {fault}"));
        let hinted = match answer {
            Answer::Respond(response) => response.headers().contains_key(header::RETRY_AFTER),
            _ => false,
        };
        let look = self.exchange.look(now, answer);
        service.oracle(|oracle| {
            oracle.called(owner, hinted);
            match call {
                Call::Create => oracle.create_ended(id, now, meaning),
                Call::LookUp => oracle.look_up_ended(owner, look),
                Call::Query => {}
            }
        });
    }
}

impl Exchange {
    /// The visible part of a lookup.
    fn look(&self, now: Duration, answer: &Answer) -> Look {
        let response = match answer {
            Answer::Respond(response) => Some(response),
            _ => None,
        };
        let header = |name| response?.headers().get(name)?.to_str().ok();
        let date: Option<SystemTime> =
            header(header::DATE).and_then(|date| httpdate::parse_http_date(date).ok());
        let parameter = self.address.split_once("no_cache=");
        Look {
            id: self.id.clone(),
            began_at: self.began_at,
            ended_at: now,
            said: response.map_or(Said::Trouble, said),
            task_id: response.and_then(|response| task_id(response.body())),
            is_kept: header(header::AGE).is_some_and(|age| age != "0"),
            date,
            parameter: parameter.map(|(_, parameter)| parameter.to_owned()),
        }
    }
}

fn said(response: &Response<Bytes>) -> Said {
    match response.status().as_u16() {
        200 if task_id(response.body()).is_some() => Said::Found,
        404 => Said::Missed {
            is_json: response.body().starts_with(b"{"),
        },
        401 | 403 => Said::Refused { key: true },
        400 => Said::Refused { key: false },
        _ => Said::Trouble,
    }
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        let Exchange {
            call, id, owner, ..
        } = &*self.exchange;
        if self.has_ended {
            return;
        }
        self.service.note(format_args!("{call:?} {id} -> given up"));
        let now = self.service.now();
        self.service.oracle(|oracle| {
            oracle.called(owner, false);
            if *call == Call::Create {
                oracle.create_ended(id, now, Meaning::Ambiguous);
            }
        });
    }
}

pub(crate) fn external_task_id(body: &[u8]) -> String {
    let id = between(body, "\"external_task_id\":\"");
    id.expect("a create has an external task id").to_owned()
}

pub(crate) fn task_id(body: &[u8]) -> Option<String> {
    between(body, "{\"id\":\"").map(str::to_owned)
}

/// What stands between `before` and the next quotation mark.
fn between<'a>(body: &'a [u8], before: &str) -> Option<&'a str> {
    let body = std::str::from_utf8(body).ok()?;
    let (_, rest) = body.split_once(before)?;
    Some(rest.split_once('"')?.0)
}
