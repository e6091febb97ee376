//! The life of one generation as a pure state machine: create, reconcile, wait, query, finish.
//!
//! Ask [`Machine::action`] what to do, as often as you like; do it; report the result with
//! [`Machine::handle`], which is the only thing that moves the machine. Time comes in as the
//! duration elapsed since the machine was made.
//!
//! ```text
//!                 not sent, rate limit                      found
//!                .--------------------.            .-----------------------.
//!                v                    |            |                       v
//!  start --> [ create ] --------> ( pause )    [ look up ] <--> ( pause )  |
//!                |  ^  ambiguous, duplicate        ^    |                  |
//!                |  |  .---------------------------'    | nothing more     |
//!                |  '--|-- absent, and safe to repeat --+ can be learned   |
//!                |     |                                v                  |
//!        created |     |                          < unresolved >           |
//!                |     +--- refused, withheld --> < not created >          |
//!                v                                                         |
//!            ( wait ) <----------------------------------------------------'
//!              |  ^
//!              v  | in progress, unknown word, trouble
//!           [ query ] --> < completed >  < failed >  < other end >  < still running >  < lost > ...
//! ```
//!
//! Square brackets are calls, round ones are waits, angle brackets are the ends.
//!
//! Only completed and failed are final at the service. A word that no one documented and that plainly means an
//! end elsewhere, as `cancelled`, `expired`, or `done` beside an output
//! ([`TaskState::OtherEnd`](kirin_types::TaskState::OtherEnd) has the rule), ends the wait when it was answered
//! three times in a row over at least 30 s, as [`Outcome::OtherEnd`]. Any other unknown word keeps it polling.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use kirin_client::{
//!     BaseUrl,
//!     machine::{Action, Machine, Outcome, Settings},
//!     wire::{Endpoint, Exchange},
//! };
//! use kirin_types::{GenerationRequest, KIRIN_V2_5_TURBO_T2V, Timestamp};
//!
//! let endpoint = Endpoint::new(BaseUrl::default(), "a-secret".parse()?)?;
//! let request = GenerationRequest::builder("a fox").external_task_id("order-42").build()?;
//! let now = Timestamp::from_milliseconds(1_769_757_744_021);
//! let settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V, Some(now));
//! let mut machine = Machine::generate(request, settings)?;
//! let Action::Create(request) = machine.action() else {
//!     panic!("a create comes first");
//! };
//!
//! let call = endpoint.create(request);
//! // Send `call.request()`, and read what comes back.
//! let body = br#"{"id":"a","status":"completed","output":[{"content":[{"url":"https://example.com/a.mp4"}]}]}"#;
//! let answer = Exchange::Whole(http::Response::new(Bytes::from_static(body)));
//! machine.handle(Duration::from_millis(80), call.read(answer, Some(now)))?;
//! assert!(matches!(machine.action(), Action::Finished(Outcome::Completed(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod action;
pub use action::Action;

mod event;
pub use event::{Event, Notice, SendReason, WrongEvent};

mod outcome;
pub(crate) use outcome::names_output;
pub use outcome::{Cause, Knowledge, KnownCreate, Outcome, Withheld};

mod clock_difference;
pub use clock_difference::ClockDifference;

mod clocks;

mod settings;
pub use settings::Settings;

mod context;

mod step;

mod answered;

mod generation;
pub use generation::{Machine, MissingExternalTaskId};

mod create;
pub(crate) use create::MAX_REPETITIONS_AFTER_ABSENCE;

mod doubt;

mod absence;

mod refused;

mod seek;

mod wait;
