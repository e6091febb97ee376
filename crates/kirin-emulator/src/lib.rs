#![doc = include_str!("../README.md")]
//!
//! | you want to | take |
//! |---|---|
//! | start a server and stop it | [`Emulator`] |
//! | decide its port, its tasks and what it refuses | [`EmulatorConfig`] |
//! | let containers reach it | [`EmulatorConfig::listen`], [`EmulatorConfig::host_name`] |
//! | decide when tasks end, and how | [`Lifecycle`], [`Emulator::complete`], [`Emulator::fail`] |
//! | see what was charged, and that nothing was twice | [`Ledger`], [`Emulator::assert_charged_once`] |
//! | write the answers as other pages show them | [`StatusWords`], [`ErrorForm`], [`AnswerForm`] |
//! | make its time faster, stop it, or let it jump | [`Pace`], [`Emulator::advance`] |
//! | decide what is called back, and whom | [`Callbacks`] |
//! | make things go wrong | [`Scenario`], [`Fault`] |
//! | ask what happened | [`Statistics`], [`Emulator::notes`], [`Emulator::requests`], [`Emulator::callback_records`] |
//! | see it in a browser while it runs | the page at [`Emulator::base_url`] |
//! | simulate without a socket or a clock | [`World`] |
//! | make a video yourself | [`video`] |
//! | describe the API to other tools | [`openapi`] |
//!
//! # Debug builds
//!
//! A video is made when it is first downloaded. A debug build does not optimize the encoder, and then a video of
//! five seconds in 720p takes a minute; with these lines it takes three seconds (both measured, on two busy cores).
//! They belong into the `Cargo.toml` at the root of your workspace, because Cargo reads no profiles of dependencies:
//!
//! ```toml
//! [profile.dev.package.rusty_h264-encoder]
//! opt-level = 3
//!
//! [profile.dev.package.rusty_h264-common]
//! opt-level = 3
//! ```
//!
//! [`VideoSize::Small`] makes videos of an eighth of the pixels, in an eighth of the time. Two videos of one task
//! are two videos to make. Until a video is made, whoever downloads it waits for the answer.
//!
//! # Two parts
//!
//! The service is two parts. [`World`] is the whole of it as a pure value: a request and the
//! elapsed time go in, an answer comes out; the same seed and the same requests at the same times
//! give the same bytes. Around it stands a thin server that owns the socket and the only clock.

pub use bytes;
pub use http;
pub use kirin_types;
pub use serde_json;

mod emulator;
pub use emulator::Emulator;

mod config;
pub use config::{BodyForms, Duplicates, EmulatorConfig, Lookup, VideoSize};

mod place;

mod lifecycle;
pub use lifecycle::{CannotEnd, Lifecycle, Which};

mod ledger;
pub use ledger::{Charge, Charging, DoubleCharge, Ledger};

mod limits;
pub use limits::LimitHeaders;

mod pace;
pub use pace::Pace;

mod scenario;
pub use scenario::{Fault, InvalidScenario, Rule, Scenario, Scope};

mod callbacks;
pub use callbacks::{CallbackBody, CallbackOutcome, CallbackRecord, CallbackTargets, Callbacks};

mod switches;
pub use switches::{AnswerForm, CreatedAt, ErrorForm, OutputForm, StatusWords, TaskErrorForm};

mod request_id;

mod split_mix;

mod statistics;
pub use statistics::Statistics;

pub mod world;
pub use world::World;

pub mod artifact;

pub mod range;

pub mod video;

pub mod openapi;

mod server;
