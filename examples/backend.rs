//! A web backend that makes videos for its customers. It may be killed or stopped at any time: no video is paid
//! for twice, and none that was paid for is lost. What is behind the web server is in `studio.rs`.
//!
//! ```text
//! export KIRIN_BASE_URL=http://127.0.0.1:4010 KIRIN_API_KEY=any
//! export LEDGER=backend.sqlite3 FOLDER=. LISTEN=127.0.0.1:8080 CALLBACKS=/callbacks/hard-to-guess
//! cargo run --package kirin-examples --bin backend &
//! curl -X POST localhost:8080/videos -H 'x-customer: ada' -H 'idempotency-key: 1' --json '{"prompt":"a fox"}'
//! curl localhost:8080/videos/ada.1; curl localhost:8080/videos/ada.1/notices
//! ```
#![expect(clippy::disallowed_methods, reason = "it reads its environment")]
#![expect(clippy::print_stdout, reason = "it says what it does")]

mod studio;

use std::{convert::Infallible, env, error::Error, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::sse,
    routing::{get, post},
};
use futures_util::{Stream, StreamExt as _};
use kirin_client::{ErrorKind, Wakes};
use kirin_ledger::Ledger;
use kirin_types::{Callback, ExternalTaskId, GenerationRequest};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{broadcast, oneshot};

use studio::Studio;

/// How long what is under way has when the process is asked to end.
const GRACE: Duration = Duration::from_secs(20);

#[derive(Clone)]
struct Backend {
    studio: Arc<Studio>,
    /// The same at each start: an order that is repeated is the same request. Nothing that comes is believed.
    callback_url: String,
}

type Refused = (StatusCode, String);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let set = |name: &str| env::var(name).map_err(|_| format!("set the variable {name}"));
    let mut terminated = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind(set("LISTEN")?).await?;
    let address = listener.local_addr()?;
    let studio = Arc::new(Studio {
        key: set("KIRIN_API_KEY")?.parse()?,
        base_url: set("KIRIN_BASE_URL")?.parse()?,
        ledger: Ledger::open(set("LEDGER")?)?,
        folder: set("FOLDER")?.into(),
        notices: broadcast::Sender::new(1024),
        wakes: Wakes::new(),
        clients: Default::default(),
    });
    studio.resume().await?;
    let callbacks = set("CALLBACKS")?;
    let routes = Router::new()
        .route("/videos", post(create))
        .route("/videos/{id}", get(show))
        .route("/videos/{id}/notices", get(notices))
        .route(&callbacks, post(callback))
        .with_state(Backend {
            studio: Arc::clone(&studio),
            callback_url: format!("http://{address}{callbacks}"),
        });
    println!("listening on {address}");
    tokio::spawn(async { axum::serve(listener, routes).await });
    terminated.recv().await;
    // Until the end, customers can look, and learn that no new video begins.
    for left in studio.drain(GRACE).await {
        println!("left for the next start: {:?}", left.external_task_id);
    }
    Ok(())
}

/// Creates a video once for each customer and idempotency key, however often it is asked for.
async fn create(
    State(backend): State<Backend>,
    headers: HeaderMap,
    Json(order): Json<Value>,
) -> Result<Json<Value>, Refused> {
    let header = |name| headers.get(name).and_then(|it| it.to_str().ok());
    // In earnest, a session says who asks.
    let ids = header("x-customer").zip(header("idempotency-key"));
    let (customer, key) = ids.ok_or_else(|| invalid("no customer or no idempotency key"))?;
    let id: ExternalTaskId = format!("{customer}.{key}").parse().map_err(invalid)?;
    let request = GenerationRequest::builder(order["prompt"].as_str().unwrap_or_default())
        .external_task_id(id.as_str())
        .callback_url(backend.callback_url);
    let request = request.build().map_err(invalid)?;
    let studio = backend.studio;
    let client = studio.client(&id).map_err(invalid)?;
    let generation = client.generate(request).start();
    let (accepted, answer) = oneshot::channel();
    tokio::spawn(studio.work(id.clone(), generation, Some(accepted)));
    let id = Json(json!({ "id": id }));
    let Err(error) = answer.await.map_err(invalid)? else {
        return Ok(id);
    };
    let status = match error.kind() {
        ErrorKind::Known | ErrorKind::UnderWay => return Ok(id),
        ErrorKind::Balance | ErrorKind::Budget => StatusCode::PAYMENT_REQUIRED,
        ErrorKind::Draining => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::InvalidRequest | ErrorKind::OtherRequest => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::BAD_GATEWAY,
    };
    Err((status, error.to_string()))
}

fn invalid(error: impl ToString) -> Refused {
    (StatusCode::BAD_REQUEST, error.to_string())
}

async fn show(
    State(Backend { studio, .. }): State<Backend>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    let found = studio.ledger.find(&id).await.map_err(invalid)?;
    let [entry, ..] = &found[..] else {
        return Err((StatusCode::NOT_FOUND, "no such video".into()));
    };
    let is_delivered = entry.is_delivered;
    Ok(Json(json!({ "id": id, "is_delivered": is_delivered })))
}

/// What there is to tell of a video, as it comes.
async fn notices(
    State(Backend { studio, .. }): State<Backend>,
    Path(id): Path<String>,
) -> sse::Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    let event = |text| Ok(sse::Event::default().data(text));
    sse::Sse::new(studio.notices_of(id).map(event))
}

async fn callback(State(Backend { studio, .. }): State<Backend>, body: Bytes) -> StatusCode {
    if let Ok(callback) = Callback::from_json(&body) {
        studio.wakes.wake(&callback);
    }
    StatusCode::NO_CONTENT
}
