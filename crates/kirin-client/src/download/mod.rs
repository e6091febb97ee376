//! Bringing the videos home: a path of its own that never carries the key.
//!
//! What is decided of a URL, an answer or a file is pure and stands in modules of its own; this
//! one sends, reads and writes.

mod container;

mod error;
pub use error::{DownloadError, DownloadErrorKind};

mod judgement;

mod operation;
pub use operation::Download;

mod source;

mod target;
pub use target::DownloadTarget;

mod transfer;
