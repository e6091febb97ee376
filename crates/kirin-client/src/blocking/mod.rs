//! The client for programs without async: each call blocks its thread until it is done.
//!
//! [`Client`] is made of an async one, and keeps the same promise, because it is the same code. Whatever is
//! said before a generation or a download starts is said on the async client's builders, which
//! [`Client::as_async`] gives; then a blocking call finishes it.
//!
//! ```
//! use std::time::Duration;
//!
//! use kirin_client::blocking;
//! # use kirin_emulator::{Emulator, EmulatorConfig};
//! use kirin_types::GenerationRequest;
//!
//! # // The service, which has threads of its own.
//! # let service = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
//! # let config = EmulatorConfig::default().task_time(Duration::ZERO);
//! # let emulator = service.block_on(Emulator::start(config))?;
//! # let base_url = emulator.base_url().parse()?;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("boat.mp4");
//! let client = kirin_client::Client::builder("any-key".parse()?).base_url(base_url).build()?;
//! let client = blocking::Client::new(client)?;
//!
//! let request = GenerationRequest::builder("a paper boat on a rainy street").build()?;
//! let task = client.generate(request)?;
//! client.download(&task, &path)?;
//!
//! let request = GenerationRequest::builder("a fox in the snow").build()?;
//! let generation = client.as_async().generate(request).deadline(Duration::from_secs(600));
//! let task = client.finish_with(generation, |notice| println!("{notice:?}"))?;
//! # assert_eq!(task.status(), Some("completed"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Within async code
//!
//! A task of tokio must not block, so there each call is an error at once
//! ([`ErrorKind::InAsyncTask`](crate::ErrorKind::InAsyncTask)), and nothing is sent. Make it within
//! `tokio::task::spawn_blocking`, on a thread of your own, or use the async client. Tasks of other async
//! runtimes are not known here: do not block them. A client may be made, cloned and dropped anywhere.

mod client;
pub use client::Client;

mod runtime;
pub use crate::in_async_task::InAsyncTask;
