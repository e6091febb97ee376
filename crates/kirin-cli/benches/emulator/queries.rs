//! Queries a second while many tasks are in progress, beside what hyper can do at most.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use super::{BARE, Connection, EMULATE, Peer, Result, TASK_TIME, connection::header};

/// In progress at once.
const TASKS: usize = 100_000;

/// That the client has open, each with one query at a time.
const CONNECTIONS: usize = 16;

/// Both servers are started again so many times: how fast one is depends on where the system happens
/// to put it, for as long as it lives.
const PAIRS: usize = 7;

/// A short round each in turns, so that whatever else the machine does meets both alike.
const ROUNDS: usize = 5;
const QUERIES: usize = 32_000;

/// Of 60 characters.
const PROMPT: &str = "a paper boat on a rainy street at night, seen from far above";

/// A server, and the id that it answers if it is always the same.
struct Contestant {
    peer: Peer,
    address: SocketAddr,
    always: Option<String>,
    rates: Vec<f64>,
    processor: Vec<f64>,
}

pub(super) async fn measure() -> Result<()> {
    let (mut ratios, mut memory) = (Vec::new(), Vec::new());
    let mut figures: [Vec<f64>; 4] = Default::default();
    for _ in 0..PAIRS {
        let (peer, address) = Peer::serve(&[EMULATE])?;
        let idle = peer.memory()?;
        let ids: Arc<[String]> = create(address).await?.into();
        memory.push((peer.memory()? - idle) as f64 * 1024.0 / TASKS as f64);
        let (emulator, bare) = compare(peer, address, &ids).await?;
        ratios.push(emulator.0 / bare.0);
        let pair = [emulator.0, bare.0, emulator.1, bare.1];
        for (figures, figure) in figures.iter_mut().zip(pair) {
            figures.push(figure);
        }
    }
    let [emulator, bare, emulator_processor, bare_processor] =
        figures.map(|mut figures| median(&mut figures));
    println!(
        "memory for a task in progress: {:.0} bytes (prompts of 60 characters, {TASKS} tasks)",
        median(&mut memory)
    );
    println!(
        "status queries at {TASKS} tasks in progress over {CONNECTIONS} connections:\n  \
         {:.2} of bare hyper (wanted: at least 0.7), median of {PAIRS} pairs of servers from \
         {:.2} to {:.2}\n  medians: {emulator:.0} and {bare:.0} a second, {emulator_processor:.1} \
         and {bare_processor:.1} microseconds of the processor for each",
        median(&mut ratios),
        ratios[0],
        ratios[PAIRS - 1]
    );
    Ok(())
}

/// What the emulator and a bare server that answers the same do in turns.
async fn compare(
    peer: Peer,
    address: SocketAddr,
    ids: &Arc<[String]>,
) -> Result<((f64, f64), (f64, f64))> {
    let half = TASK_TIME.as_millis() / 2;
    let mut connection = Connection::open(address).await?;
    let advance = post("/_emulator/clock", &format!("{{\"advance_ms\":{half}}}"));
    connection.ask(&advance).await?;
    let (head, body) = connection.ask(&query(&ids[0])).await?;
    let body = std::str::from_utf8(body)?;
    if !body.contains(r#""status":"in_progress""#) {
        return Err(format!("the tasks are not in progress: {body}").into());
    }
    let request_id = header(head, "x-request-id").ok_or("no request id")?;
    let (bare, bare_address) = Peer::serve(&[BARE, request_id, body])?;
    let mut contestants = [
        Contestant::new(peer, address, None),
        Contestant::new(bare, bare_address, Some(ids[0].clone())),
    ];
    // The first round fills caches.
    for round in 0..=ROUNDS {
        for turn in 0..contestants.len() {
            // Nobody is always first.
            let contestant = &mut contestants[(turn + round) % 2];
            contestant.round(ids, round as u64).await?;
        }
    }
    let [emulator, bare] = contestants.map(Contestant::medians);
    Ok((emulator, bare))
}

/// Creates the tasks, and gives their ids.
async fn create(address: SocketAddr) -> Result<Vec<String>> {
    let mut connection = Connection::open(address).await?;
    let mut ids = Vec::with_capacity(TASKS);
    for number in 0..TASKS {
        let body = format!(
            r#"{{"model":"kirin_v2_5_turbo_t2v","input":[{{"params":{{"prompt":"{PROMPT}","external_task_id":"order-{number}"}}}}]}}"#
        );
        let (_, body) = connection.ask(&post("/model/v1/generation", &body)).await?;
        let task: serde_json::Value = serde_json::from_slice(body)?;
        ids.push(task["id"].as_str().ok_or("no task")?.to_owned());
    }
    Ok(ids)
}

fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer any\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into()
}

fn query(id: &str) -> Vec<u8> {
    format!(
        "GET /model/v1/generation/task/{id} HTTP/1.1\r\nhost: 127.0.0.1\r\n\
         authorization: Bearer any\r\n\r\n"
    )
    .into()
}

impl Contestant {
    fn new(peer: Peer, address: SocketAddr, always: Option<String>) -> Self {
        let (rates, processor) = (Vec::new(), Vec::new());
        Self {
            peer,
            address,
            always,
            rates,
            processor,
        }
    }

    async fn round(&mut self, ids: &Arc<[String]>, round: u64) -> Result<()> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(Connection::open(self.address).await?);
        }
        let (began, processor) = (Instant::now(), self.peer.processor_time()?);
        let mut asking = tokio::task::JoinSet::new();
        for (number, mut connection) in connections.into_iter().enumerate() {
            let (ids, always) = (Arc::clone(ids), self.always.clone());
            asking.spawn(async move {
                let seed = round * CONNECTIONS as u64 + number as u64;
                let mut random = fastrand::Rng::with_seed(seed);
                for _ in 0..QUERIES / CONNECTIONS {
                    let id = &ids[random.usize(..ids.len())];
                    let (_, body) = connection
                        .ask(&query(id))
                        .await
                        .map_err(|error| error.to_string())?;
                    let answered = always.as_ref().unwrap_or(id).as_bytes();
                    // Behind `{"id":"`.
                    if body.get(7..7 + answered.len()) != Some(answered) {
                        return Err(format!("not the task {id}"));
                    }
                }
                Ok(())
            });
        }
        while let Some(asked) = asking.join_next().await {
            asked??;
        }
        if round > 0 {
            let queries = QUERIES as f64;
            self.rates.push(queries / began.elapsed().as_secs_f64());
            let processor = self.peer.processor_time()? - processor;
            self.processor.push(processor.as_secs_f64() * 1e6 / queries);
        }
        Ok(())
    }

    /// Queries a second, and microseconds of the processor for each.
    fn medians(mut self) -> (f64, f64) {
        (median(&mut self.rates), median(&mut self.processor))
    }
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
