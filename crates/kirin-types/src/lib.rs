#![doc = include_str!("../README.md")]
//!
//! | you want to | take |
//! |---|---|
//! | build or check a request | [`GenerationRequest`], [`InvalidRequest`], [`Image`] |
//! | know what a model takes and gives | [`models`], as a table: [`Model`], [`Parameter`] |
//! | read a task | [`Task`], [`TaskState`] |
//! | say which task is meant | [`TaskRef`], by a [`TaskId`] or an [`ExternalTaskId`] |
//! | read a callback | [`Callback`] |
//! | read a refusal | [`ErrorBody`], [`ErrorReason`] |
//! | build or parse a URL path | [`Route`] |
//!
//! | feature | adds |
//! |---|---|
//! | `std` | conversions between [`Timestamp`] and the standard library's `SystemTime` |
//! | `schema` | JSON Schema of requests and tasks, from the catalogue |
//! | `proptest` | strategies for valid requests of every model; needs `std` |
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub use serde_json;

mod catalogue;
pub use catalogue::{
    Condition, FrameRate, KIRIN_V2_5_TURBO_T2V, MODELS, Model, ModelKind, OutputSize, Parameter,
    ParameterKind, Price, Resolution, Rule, Source, TypicalTime, models_reference,
};

#[doc = include_str!("../models.md")]
pub mod models {}

mod vocabulary;
pub use vocabulary::{AspectRatio, Mode, UnknownWord, VideoDuration};

mod request;
pub use request::GenerationRequest;

mod builder;
pub use builder::GenerationRequestBuilder;

mod problem;
pub use problem::{InvalidRequest, Problem};

mod validate;

mod shared_values;

mod image;
pub use image::{Image, InvalidImage};

mod identifier;
pub use identifier::{ExternalTaskId, InvalidIdentifier, TaskId};

mod task_ref;
pub use task_ref::TaskRef;

mod named_id;

mod task;
pub use task::{Task, TaskState};

mod task_form;

mod status_word;

mod content;
pub use content::{Content, ContentType};

mod usage;
pub use usage::Usage;

mod task_error;
pub use task_error::{Retry, TaskError, TaskErrorCode};

mod amount;
pub use amount::{Amount, InvalidAmount};

mod total;
pub use total::Total;

mod timestamp;
pub use timestamp::Timestamp;

mod timestamp_text;

mod raw_json;
pub use raw_json::RawJson;

mod raw_json_form;

mod repair;

mod decode;
pub use decode::DecodeError;

mod callback;
pub use callback::Callback;

mod error_body;
pub use error_body::{ErrorBody, ErrorReason};

mod duplicate;

mod error_body_form;

mod absolute_url;

mod body_text;

mod money;

mod route;
pub use route::{Route, RouteError};

#[cfg(feature = "schema")]
mod schema;
#[cfg(feature = "schema")]
pub use schema::task_schema;

#[cfg(feature = "proptest")]
pub mod proptest;
