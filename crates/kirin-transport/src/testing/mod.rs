//! Transports for tests: scripts, captures, cassettes, silence, and streams that break.
//!
//! Each is a few lines over [`Transport`](crate::Transport) and stands alone.

mod scripted;
pub use scripted::Scripted;

mod capture;
pub use capture::Capture;

mod never;
pub use never::Never;

mod cassette;
pub use cassette::{Cassette, InvalidCassette};

mod recorder;
pub use recorder::{Recorder, Replay};

mod redaction;

mod fault;
pub use fault::{Direction, Fault, FaultPlan};

mod tokio;
pub use tokio::FaultPipe;
