//! Requests per second over loopback: this transport, bare hyper-util and reqwest.
//!
//! ```text
//! cargo bench --package kirin-transport --all-features --bench overhead
//! ```
//!
//! The contestants take turns, a short round each, thirty times, and their medians are compared:
//! whatever else the machine does meets all of them alike. No harness of the field interleaves, so
//! this one is a program of its own.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark keeps time and talks to the person who runs it"
)]

use std::{future::Future, pin::Pin, sync::Arc, time::Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use kirin_transport::{HyperTransport, Transport};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const ROUNDS: usize = 30;
const REQUESTS: usize = 2_000;

const PROMPT: &str = r#"{"model":"kirin_v2_5_turbo_t2v","input":[{"params":{"prompt":"a paper boat on a rainy street","duration":"5","aspect_ratio":"16:9","mode":"std","external_task_id":"kirin-d6e6ee1ee82a6e68fb5fcbfab0b80dbc"}}]}"#;
const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 110\r\n\r\n\
    {\"id\":\"d5u5obte8783ap44qtj0\",\"status\":\"in_progress\",\"model\":\"kirin_v2_5_turbo_t2v\",\"created_at\":1769757744021}";

/// One request, to its last byte.
type Ask = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = usize> + Send>> + Send + Sync>;

fn main() {
    let server = serve();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let url = format!("http://{server}/model/v1/generation");
        let contestants = [
            ("kirin-transport", kirin(url.clone())),
            ("hyper-util, bare", hyper_util(url.clone())),
            ("reqwest", reqwest(url)),
        ];
        for parallel in [1, 16] {
            println!("{parallel} at a time, medians of {ROUNDS} rounds of {REQUESTS} requests:");
            compare(&contestants, parallel).await;
        }
    });
}

async fn compare(contestants: &[(&str, Ask)], parallel: usize) {
    let mut rates = vec![Vec::new(); contestants.len()];
    // The first round opens connections and fills caches.
    for round in 0..=ROUNDS {
        for turn in 0..contestants.len() {
            // Nobody is always first.
            let index = (turn + round) % contestants.len();
            let rate = rate(&contestants[index].1, parallel).await;
            if round > 0 {
                rates[index].push(rate);
            }
        }
    }
    let medians: Vec<f64> = rates.iter_mut().map(|rates| median(rates)).collect();
    for ((name, _), rate) in contestants.iter().zip(&medians) {
        let ratio = medians[0] / rate;
        println!("  {name:18} {rate:9.0} requests/s   kirin-transport is {ratio:.3} of it");
    }
}

/// Requests per second of one round.
async fn rate(ask: &Ask, parallel: usize) -> f64 {
    let began = Instant::now();
    let asking: Vec<_> = (0..parallel)
        .map(|_| {
            let ask = ask.clone();
            tokio::spawn(async move {
                for _ in 0..REQUESTS / parallel {
                    assert_eq!(ask().await, 110);
                }
            })
        })
        .collect();
    for asked in asking {
        asked.await.expect("every request is answered");
    }
    REQUESTS as f64 / began.elapsed().as_secs_f64()
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    let middle = rates.len() / 2;
    (rates[middle - 1] + rates[middle]) / 2.0
}

fn request<B: From<Bytes>>(url: &str) -> Request<B> {
    Request::post(url)
        .header("authorization", "Bearer not-a-key")
        .header("content-type", "application/json")
        .body(Bytes::from_static(PROMPT.as_bytes()).into())
        .expect("a request of valid parts")
}

fn kirin(url: String) -> Ask {
    let transport = HyperTransport::plain();
    Arc::new(move || {
        let (transport, request) = (transport.clone(), request(&url));
        Box::pin(async move {
            let response = transport.send(request).await.expect("an answer");
            let body = response.into_body().collect(1 << 20).await;
            body.expect("a whole body").len()
        })
    })
}

fn hyper_util(url: String) -> Ask {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    Arc::new(move || {
        let asking = client.request(request(&url));
        Box::pin(async move {
            let response = asking.await.expect("an answer");
            let body = response.into_body().collect().await;
            body.expect("a whole body").to_bytes().len()
        })
    })
}

fn reqwest(url: String) -> Ask {
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    let client = builder.build().expect("a client");
    Arc::new(move || {
        let client = client.clone();
        let request = request::<reqwest::Body>(&url).try_into();
        Box::pin(async move {
            let request = request.expect("a request of valid parts");
            let response = client.execute(request).await.expect("an answer");
            response.bytes().await.expect("a whole body").len()
        })
    })
}

// ----------------------------------------------------------------- the server, as quick as can be

/// Answers every request on every connection, on a thread of its own.
fn serve() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream));
            }
        });
    });
    address
}

async fn answer(mut stream: TcpStream) {
    let mut read = Vec::with_capacity(4096);
    stream.set_nodelay(true).expect("a socket");
    while stream
        .read_buf(&mut read)
        .await
        .is_ok_and(|count| count > 0)
    {
        // Nobody sends the next request before the last one is answered.
        if read.ends_with(b"}]}") {
            read.clear();
            if stream.write_all(ANSWER.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}
