//! Wherever a task's URL and its redirects point: every request of a download goes by https to a public host,
//! without the key, and it ends.
#![no_main]

use std::{
    net::IpAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use kirin_client::Client;
use kirin_transport::{Body, TransportError, from_fn};
use kirin_types::Task;
use libfuzzer_sys::fuzz_target;

/// What the store answers where it redirects.
const REDIRECTS: [u16; 6] = [301, 302, 303, 307, 308, 300];

/// What it answers where there is no other place.
const ENDS: [u16; 6] = [200, 403, 404, 410, 416, 503];

/// The input: how it ends, the task's URL, and where it is redirected to, one a line.
struct Places {
    how: u8,
    task: String,
    locations: Vec<HeaderValue>,
}

impl Places {
    fn new(data: &[u8]) -> Option<Self> {
        let (how, data) = data.split_first()?;
        let mut lines = data.split(|byte| *byte == b'\n');
        let first = String::from_utf8_lossy(lines.next()?);
        let url = match first.is_empty() {
            true => "https://cdn.example.com/films/a.mp4?v=1".into(),
            false => first,
        };
        let url = serde_json::to_string(&url).expect("a text");
        Some(Self {
            how: *how,
            task: format!(
                r#"{{"id":"a","status":"completed","output":[{{"content":[{{"type":"video","url":{url}}}]}}]}}"#
            ),
            locations: lines.flat_map(HeaderValue::from_bytes).collect(),
        })
    }

    fn answer(&self, number: usize) -> Response<Body> {
        let goes_round = self.how & 1 != 0;
        let location = match goes_round {
            true => self.locations.iter().cycle().nth(number),
            false => self.locations.get(number),
        };
        let how = usize::from(self.how >> 1);
        let response = match location {
            Some(location) => Response::builder()
                .status(REDIRECTS[(how + number) % REDIRECTS.len()])
                .header(header::LOCATION, location),
            None => Response::builder().status(ENDS[how % ENDS.len()]),
        };
        response.body("no film".into()).expect("legal headers")
    }
}

/// Written without looking at the client's own rule.
fn assert_public(uri: &Uri) {
    assert_eq!(uri.scheme_str(), Some("https"), "{uri}");
    let authority = uri.authority().expect("an absolute URL");
    assert!(!authority.as_str().contains('@'), "{uri}");
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    assert!(!host.is_empty(), "{uri}");
    match host.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => assert!(
            !(address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_broadcast()),
            "{uri}"
        ),
        Ok(IpAddr::V6(address)) => assert!(
            !(address.is_loopback()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_unspecified()
                || address.is_multicast()),
            "{uri}"
        ),
        Err(_) => {
            assert!(host.split('.').all(|label| !label.is_empty()), "{uri}");
            assert!(
                host != "localhost" && !host.ends_with(".localhost"),
                "{uri}"
            );
            let last = host.rsplit('.').next().unwrap_or_default();
            let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
                || last.starts_with("0x") && u64::from_str_radix(&last[2..], 16).is_ok();
            assert!(!is_number, "an address in another spelling: {uri}");
            assert!(!host.contains('%'), "{uri}");
        }
    }
}

async fn fetch(places: Places) {
    let Ok(task) = Task::from_json(places.task.as_bytes()) else {
        return;
    };
    let (answered, requests) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let transport = from_fn(move |request: Request<Bytes>| {
        let requests = requests.fetch_add(1, Ordering::Relaxed);
        assert!(requests < 1000, "it does not end");
        let answer = match request.headers().contains_key(header::AUTHORIZATION) {
            true => {
                assert_eq!(request.uri().host(), Some("cloud.vtrix.ai"));
                Response::new(Body::from(places.task.clone()))
            }
            false => {
                assert_public(request.uri());
                places.answer(answered.fetch_add(1, Ordering::Relaxed))
            }
        };
        async move { Ok::<_, TransportError>(answer) }
    });
    let key = "any-key".parse().expect("a key");
    let client = Client::builder(key).transport(transport).jitter_seed(1);
    let client = client.build().expect("a client");
    let mut stream = client.download_stream(&task);
    while let Some(data) = stream.next().await {
        if let Err(error) = data {
            assert!(!format!("{error} {error:?}").is_empty());
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some(places) = Places::new(data) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(fetch(places));
});
