//! What gateways and frameworks answer where no route leads to the service: 404, most in JSON.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::world::{Call, Reply};

/// The body of a 404, and the `Server` that sends it.
enum Spelling {
    Json(&'static str, Value),
    Text(&'static str, &'static str),
}

/// One of the spellings.
pub(super) fn not_found(choice: u64, call: &Call<'_>) -> Reply {
    let mut all = spellings(call.path(), call.request_id());
    let index = choice % all.len() as u64;
    let (server, media_type, body) = match all.swap_remove(index as usize) {
        Spelling::Json(server, body) => (server, "application/json", body.to_string()),
        Spelling::Text(server, body) => (server, "text/plain; charset=utf-8", body.into()),
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::SERVER, HeaderValue::from_static(server));
    Reply::Response(response)
}

fn spellings(path: &str, request_id: &str) -> Vec<Spelling> {
    use Spelling::{Json, Text};
    let kong = "no Route matched with those values";
    vec![
        Json("kong/2.8.5", json!({ "message": kong })),
        Json(
            "kong/3.9.1",
            json!({ "message": kong, "request_id": request_id }),
        ),
        // AWS API Gateway.
        Json("awselb/2.0", json!({ "message": "Not Found" })),
        // FastAPI.
        Json("uvicorn", json!({ "detail": "Not Found" })),
        // Django REST framework.
        Json("gunicorn", json!({ "detail": "Not found." })),
        // Spring Boot.
        Json(
            "Apache-Coyote",
            json!({ "timestamp": "2026-11-29T00:00:00.000+00:00", "status": 404,
                "error": "Not Found", "path": path }),
        ),
        // NestJS on Express.
        Json(
            "Express",
            json!({ "message": format!("Cannot GET {path}"), "error": "Not Found",
                "statusCode": 404 }),
        ),
        // Azure API Management.
        Json(
            "Microsoft-IIS/10.0",
            json!({ "statusCode": 404, "message": "Resource not found" }),
        ),
        Json(
            "APISIX/3.14.1",
            json!({ "error_msg": "404 Route Not Found" }),
        ),
        // A gateway of gRPC.
        Json(
            "grpc-gateway",
            json!({ "code": 5, "message": "Not Found", "details": [] }),
        ),
        // The error pages of ingress-nginx.
        Json(
            "nginx",
            json!({ "message": "The page you're looking for could not be found." }),
        ),
        Text("Traefik", "404 page not found\n"),
        Text("envoy", ""),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::Request;

    use super::*;

    #[test]
    fn every_spelling_is_drawn_and_no_two_are_alike() {
        let request = Request::get("/model/v1/generation/task/a")
            .body(())
            .unwrap();
        let call = Call::new(std::time::Duration::ZERO, &request, None);
        let all = spellings(call.path(), call.request_id()).len() as u64;
        let drawn: HashSet<_> = (0..all)
            .map(|choice| {
                let Reply::Response(response) = not_found(choice, &call) else {
                    panic!("a 404 is a response");
                };
                assert_eq!(response.status(), 404);
                response.into_body()
            })
            .collect();
        assert_eq!(drawn.len() as u64, all);
    }
}
