//! Bringing the videos home: a path of its own that never carries the key.
//!
//! What is decided of a URL, an answer or bytes is pure and is in modules of its own, the
//! machine above all; the transfer drives it, and hands the bytes to a file or a stream.

mod blocking;

mod source;

mod container;

mod matroska;

mod page;

mod content;

mod judgement;

mod gzip;

mod action;

mod event;
pub use event::DownloadEvent;

mod machine;

mod error;
pub use error::DownloadError;

mod error_kind;
pub use error_kind::DownloadErrorKind;

mod outputs;

mod transfer;

mod identity;

mod note;

mod temporary;

mod file_digest;

mod target;
use target::DownloadTarget;

mod part;

mod operation;
pub use operation::Download;

mod stream;
pub use stream::DownloadStream;

mod tokio;

mod file_name;
pub use file_name::file_name;
