//! Answers that are not JSON.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::world::Reply;

/// What a proxy says that has lost its service, or a captive portal that wants a login.
const PAGE: &str = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n\
    <center><h1>502 Bad Gateway</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>\n";

/// A page.
pub(super) fn html(status: StatusCode) -> Reply {
    let mut response = Response::new(Bytes::from_static(PAGE.as_bytes()));
    *response.status_mut() = status;
    let html = HeaderValue::from_static("text/html");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    Reply::Response(response)
}

/// No body.
pub(super) fn empty(status: StatusCode) -> Reply {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    Reply::Response(response)
}
