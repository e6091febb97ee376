//! Paths that are built and paths that are parsed.

use kirin_types::{Route, RouteError};

#[test]
fn each_call_has_its_method_and_path() {
    fn check(route: Route, expected: &str) {
        assert_eq!(route.to_string(), expected);
        let (method, path) = expected.split_once(' ').unwrap();
        assert_eq!(Route::parse(method, path), Ok(route));
    }

    check(Route::CreateGeneration, "POST /model/v1/generation");
    check(Route::Models, "GET /api/v1/skill/models");
    check(
        spec("kirin_v2_5_turbo_t2v"),
        "GET /api/v1/skill/models/kirin_v2_5_turbo_t2v/spec",
    );
    check(
        task("d5u5obte8783ap44qtj0"),
        "GET /model/v1/generation/task/d5u5obte8783ap44qtj0",
    );
}

#[test]
fn an_id_is_always_one_segment() {
    fn check(id: &str, segment: &str) {
        let path = format!("/model/v1/generation/task/{segment}");
        assert_eq!(task(id).path(), path);
        assert_eq!(Route::parse("GET", &path), Ok(task(id)));

        let path = format!("/api/v1/skill/models/{segment}/spec");
        assert_eq!(spec(id).path(), path);
        assert_eq!(Route::parse("GET", &path), Ok(spec(id)));
    }

    check("Order_42.retry-1~x", "Order_42.retry-1~x");
    check("../../v1/account", "..%2F..%2Fv1%2Faccount");
    check("a/../b", "a%2F..%2Fb");
    check("?x=", "%3Fx%3D");
    check("a?x=1&y=2#z", "a%3Fx%3D1%26y%3D2%23z");
    check("%2f", "%252f");
    check("%2e%2e", "%252e%252e");
    check("100%", "100%25");
    check(".", "%2E");
    check("..", "%2E%2E");
    check("...", "%2E%2E%2E");
    check(".a", ".a");
    check("/", "%2F");
    check("\\", "%5C");
    check(" ", "%20");
    check("+", "%2B");
    check(";v=1", "%3Bv%3D1");
    check("a\r\nHost: b", "a%0D%0AHost%3A%20b");
    check("\0", "%00");
    check("纸船", "%E7%BA%B8%E8%88%B9");
    check("ä", "%C3%A4");
    check("spec", "spec");
    check("task", "task");
}

#[test]
fn a_segment_is_decoded_once() {
    fn check(segment: &str, id: &str) {
        let path = format!("/model/v1/generation/task/{segment}");
        assert_eq!(Route::parse("GET", &path), Ok(task(id)));
    }

    check("order%2F42", "order/42");
    check("order%2f42", "order/42");
    check("%252F", "%2F");
    check("a%20b", "a b");
    check("a+b", "a+b");
    check("100%", "100%");
    check("%zz", "%zz");
    check("..", "..");
}

#[test]
fn a_trailing_slash_is_no_other_path() {
    fn check(path: &str, expected: Route) {
        assert_eq!(Route::parse(expected.method(), path), Ok(expected));
    }

    check("/model/v1/generation/", Route::CreateGeneration);
    check("/model/v1/generation/task/a/", task("a"));
    check("/api/v1/skill/models/", Route::Models);
    check("/api/v1/skill/models/a/spec/", spec("a"));
}

#[test]
fn what_is_no_call_is_not_found() {
    fn check(path: &str) {
        for method in ["GET", "POST", "DELETE"] {
            assert_eq!(
                Route::parse(method, path),
                Err(RouteError::NotFound),
                "{path}"
            );
        }
    }

    check("");
    check("/");
    check("*");
    check("model/v1/generation");
    check("/model/v1");
    check("/model/v1/generations");
    check("/MODEL/v1/generation");
    check("//model/v1/generation");
    check("/model/v1/generation//");
    check("/v1/model/v1/generation");
    check("/model/v1/generation/task");
    check("/model/v1/generation/task/");
    check("/model/v1/generation/task//");
    check("/model/v1/generation/task/a/b");
    check("/model/v1/generation/task/../../v1/account");
    check("/model/v1/generation/tasks/a");
    check("/model/v1/generation/task/%ff");
    check("/api/v1/skill/models/a");
    check("/api/v1/skill/models/spec");
    check("/api/v1/skill/models//spec");
    check("/api/v1/skill/models/a/b/spec");
    check("/api/v1/skill/models/%ff/spec");
    check("/api/v1/skill/modelsa/spec");
}

#[test]
fn a_known_path_names_the_method_that_it_takes() {
    fn check(method: &str, path: &str, allowed: &'static str) {
        let expected = Err(RouteError::MethodNotAllowed { allowed });
        assert_eq!(Route::parse(method, path), expected, "{method} {path}");
    }

    check("GET", "/model/v1/generation", "POST");
    check("PUT", "/model/v1/generation", "POST");
    check("post", "/model/v1/generation", "POST");
    check("POST", "/model/v1/generation/task/a", "GET");
    check("DELETE", "/model/v1/generation/task/a", "GET");
    check("HEAD", "/model/v1/generation/task/a", "GET");
    check("POST", "/api/v1/skill/models", "GET");
    check("POST", "/api/v1/skill/models/a/spec", "GET");
    check("", "/api/v1/skill/models", "GET");
}

fn task(id: &str) -> Route {
    Route::Task { id: id.into() }
}

fn spec(id: &str) -> Route {
    Route::ModelSpec { id: id.into() }
}
