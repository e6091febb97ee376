//! The header that names a request.

use http::HeaderName;

/// Answered with every response: what the service's support asks for.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
