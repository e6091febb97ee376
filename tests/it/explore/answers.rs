//! What the client hears: the bytes that came back, read by the client's own decoder.
//!
//! Texts are taken out after the reading, so that answers that mean the same lead to the same state.

use bytes::Bytes;
use http::{Response, StatusCode, header};
use kirin_client::{
    BaseUrl,
    machine::{Event, Withheld},
    wire::{CreateAnswer, Endpoint, Exchange, Probe, QueryAnswer, Trouble},
};
use kirin_transport::{Sent, TransportError, TransportErrorKind};
use kirin_types::{ErrorBody, ExternalTaskId, GenerationRequest};

/// The external task id of the create that all is about.
pub(super) const ID: &str = "order-42";

/// A task that the lookups must find, by both of its ids.
pub(super) const CONTROL: (&str, &str) = ("order-41", "control");

/// Which task an answer is about: one that was charged, by its number, or another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Named {
    /// The answer to another lookup.
    Another,
    Charged(u8),
    Control,
    /// An id in an answer with an error; no task has it.
    NoTask,
    /// Someone's task that has had the external id for long.
    Older,
}

impl Named {
    pub(super) fn task_id(self) -> &'static str {
        match self {
            Self::Another => "another",
            Self::Charged(number) => ["task-1", "task-2", "task-3", "task-4"][usize::from(number)],
            Self::Control => CONTROL.1,
            Self::NoTask => "no task",
            Self::Older => "older",
        }
    }

    pub(super) fn of_task_id(id: &str) -> Self {
        let charged = (0..4).map(Self::Charged);
        let mut all = charged.chain([Self::Another, Self::Control, Self::NoTask, Self::Older]);
        all.find(|named| named.task_id() == id)
            .expect("an id of a task")
    }
}

/// An answer to a create that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lost {
    BadGateway,
    Closed,
    Garbage,
    Hint(Named),
    SeeOther,
    Unlisted,
}

/// A refusal that says that nothing was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Refused {
    Bad,
    Key,
    Money,
    NotFound,
    Rate,
    Redirect,
}

/// What comes back of a create.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum CreateHeard {
    Created(Named),
    Duplicate { named: bool },
    Lost(Lost),
    NotSent,
    Refused(Refused),
}

/// What comes back of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Got {
    /// The answer to another lookup.
    AboutAnother,
    Completed(Named),
    Key,
    NotFound,
    Running(Named),
    Trouble,
}

/// Every event that a machine may receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Heard {
    Create(CreateHeard),
    Probe {
        got: Got,
        created_at: i64,
        is_from_cache: bool,
        date: Option<i64>,
    },
    Query {
        got: Got,
        created_at: i64,
    },
    SendDelayed,
    WaitEnded,
    /// By its number among those that were met.
    Withheld(u8),
    Woken,
}

impl Heard {
    pub(super) fn event(self, withheld: &[Withheld]) -> Event {
        match self {
            Self::Create(heard) => Event::CreateAnswered(create(heard)),
            Self::Probe {
                got,
                created_at,
                is_from_cache,
                date,
            } => {
                let mut probe = probe(got, created_at, is_from_cache);
                probe.date = date.map(kirin_types::Timestamp::from_milliseconds);
                Event::Probed(probe)
            }
            Self::Query { got, created_at } => Event::QueryAnswered(query(got, created_at)),
            Self::SendDelayed => Event::SendDelayed,
            Self::WaitEnded => Event::WaitEnded,
            Self::Withheld(number) => Event::Withheld(withheld[usize::from(number)].clone()),
            Self::Woken => Event::Woken,
        }
    }
}

pub(super) fn external_task_id() -> ExternalTaskId {
    ID.parse().expect("an external task id")
}

fn create(heard: CreateHeard) -> CreateAnswer {
    let failed =
        |sent| CreateAnswer::failed(&TransportError::new(TransportErrorKind::Closed, sent));
    let request = GenerationRequest::builder("a fox").external_task_id(ID);
    let call = endpoint().create(&request.build().expect("a request"));
    let read = |response: Response<Bytes>| {
        let event = call.read(Exchange::Whole(response), None);
        event
            .create_answer()
            .expect("an answer to a create")
            .clone()
    };
    let answer = match heard {
        CreateHeard::Created(task) => read(respond(200, &running(task, 0))),
        CreateHeard::Duplicate { named: true } => read(respond(
            400,
            r#"{"code":1201,"message":"external_task_id order-42 already exists"}"#,
        )),
        CreateHeard::Duplicate { named: false } => read(respond(400, r#"{"code":1201}"#)),
        CreateHeard::NotSent => failed(Sent::No),
        CreateHeard::Lost(Lost::BadGateway) => read(respond(502, "<html>bad gateway</html>")),
        CreateHeard::Lost(Lost::Closed) => failed(Sent::Maybe),
        CreateHeard::Lost(Lost::Garbage) => read(respond(200, r#"{"id":"d5u5ob"#)),
        CreateHeard::Lost(Lost::Hint(task)) => read(respond(
            200,
            &format!(
                r#"{{"id":"{}","error":{{"code":"INTERNAL","message":"x"}}}}"#,
                task.task_id()
            ),
        )),
        CreateHeard::Lost(Lost::SeeOther) => read(respond(303, "")),
        CreateHeard::Lost(Lost::Unlisted) => read(respond(424, r#"{"message":"dependency"}"#)),
        CreateHeard::Refused(refused) => read(refusal(refused)),
    };
    plain_create(answer)
}

fn endpoint() -> Endpoint {
    let key = "any-key".parse().expect("a key");
    Endpoint::new(BaseUrl::default(), key).expect("a key of the service")
}

fn refusal(refused: Refused) -> Response<Bytes> {
    let (status, body) = match refused {
        Refused::Bad => (400, r#"{"message":"bad request"}"#),
        Refused::Key => (401, r#"{"message":"no"}"#),
        Refused::Money => (402, r#"{"message":"insufficient balance"}"#),
        Refused::NotFound => (404, r#"{"message":"no Route matched with those values"}"#),
        Refused::Rate => (429, r#"{"message":"slow down"}"#),
        Refused::Redirect => (307, ""),
    };
    respond(status, body)
}

fn query(got: Got, created_at: i64) -> QueryAnswer {
    let event = endpoint()
        .query(ID)
        .read(Exchange::Whole(get(got, created_at)), None);
    plain_query(event.query_answer().expect("an answer to a query").clone())
}

fn probe(got: Got, created_at: i64, is_from_cache: bool) -> Probe {
    let mut response = get(got, created_at);
    if is_from_cache {
        let age = header::HeaderValue::from_static("7");
        response.headers_mut().insert(header::AGE, age);
    }
    let call = endpoint().probe(&external_task_id(), "1");
    let Event::Answered { answer, .. } = call.read(Exchange::Whole(response), None) else {
        panic!("an answer");
    };
    let Event::Probed(mut probe) = *answer else {
        panic!("an answer to a probe");
    };
    probe.answer = plain_query(probe.answer);
    probe
}

fn get(got: Got, created_at: i64) -> Response<Bytes> {
    match got {
        Got::AboutAnother => respond(
            200,
            r#"{"id":"another","status":"in_progress","external_task_id":"order-99"}"#,
        ),
        Got::Completed(task) => {
            let output = r#""output":[{"content":[{"url":"https://example.com/a.mp4"}]}]"#;
            let id = task.task_id();
            respond(
                200,
                &format!(r#"{{"id":"{id}","status":"completed",{output}}}"#),
            )
        }
        Got::Key => respond(401, r#"{"message":"no"}"#),
        Got::NotFound => respond(404, r#"{"message":"Not Found"}"#),
        Got::Running(task) => respond(200, &running(task, created_at)),
        Got::Trouble => respond(503, ""),
    }
}

fn running(task: Named, created_at: i64) -> String {
    let created = match created_at {
        0 => String::new(),
        at => format!(r#","created_at":{at}"#),
    };
    format!(
        r#"{{"id":"{}","status":"in_progress"{created}}}"#,
        task.task_id()
    )
}

fn respond(status: u16, body: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response
}

fn plain(mut trouble: Trouble) -> Trouble {
    trouble.description = "lost".into();
    trouble.unreadable = None;
    trouble
}

fn plain_create(answer: CreateAnswer) -> CreateAnswer {
    match answer {
        CreateAnswer::Ambiguous(trouble) => CreateAnswer::Ambiguous(plain(trouble)),
        CreateAnswer::NotSent(trouble) => CreateAnswer::NotSent(plain(trouble)),
        CreateAnswer::Refused(mut refusal) => {
            refusal.body = ErrorBody::decode(b"");
            CreateAnswer::Refused(refusal)
        }
        answer => answer,
    }
}

fn plain_query(answer: QueryAnswer) -> QueryAnswer {
    match answer {
        QueryAnswer::NotFound(mut refusal) => {
            refusal.body = ErrorBody::decode(b"");
            QueryAnswer::NotFound(refusal)
        }
        QueryAnswer::Refused(mut refusal) => {
            refusal.body = ErrorBody::decode(b"");
            QueryAnswer::Refused(refusal)
        }
        QueryAnswer::Trouble(trouble) => QueryAnswer::Trouble(plain(trouble)),
        answer => answer,
    }
}
