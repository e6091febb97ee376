//! What `--verbose` reports: never a key, a header, a body or a signed URL.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, header::AUTHORIZATION};
use kirin_transport::{Body, Transport, TransportError};

use crate::{
    clock,
    terminal::{print_stderr, printable},
};

static IS_ON: AtomicBool = AtomicBool::new(false);

pub(crate) fn turn_on() {
    IS_ON.store(true, Ordering::Relaxed);
}

pub(crate) fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}

/// Reports it under `--verbose`.
pub(crate) fn print_verbose(what: impl fmt::Display) {
    if is_on() {
        print_stderr(&format!("verbose: {}", printable(&what.to_string())));
    }
}

/// A transport that reports each request and how it was answered.
#[derive(Debug)]
pub(crate) struct ReportingTransport<T>(pub(crate) T);

#[async_trait]
impl<T: Transport> Transport for ReportingTransport<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let name = request_line(&request);
        let begun = clock::instant_now();
        let answer = self.0.send(request).await;
        let time = begun.elapsed().as_millis();
        match &answer {
            Ok(response) => print_verbose(format!("{name}: {} after {time} ms", response.status())),
            Err(error) => print_verbose(format!("{name}: {error} after {time} ms")),
        }
        answer
    }
}

/// The method and the place. Where no key goes along, the path itself may be the secret.
fn request_line(request: &Request<Bytes>) -> String {
    let (method, url) = (request.method(), request.uri());
    let place = url.authority().map_or("", |place| place.as_str());
    let place = place.rsplit('@').next().unwrap_or_default();
    let path = match request.headers().contains_key(AUTHORIZATION) {
        true => url.path(),
        false => "/...",
    };
    format!("{method} {place}{path}")
}
