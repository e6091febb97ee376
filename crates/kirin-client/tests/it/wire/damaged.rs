//! Which kind an answer is of which not all can be read.

use bytes::Bytes;
use http::Response;
use kirin_client::wire::{CreateAnswer, Exchange, QueryAnswer};
use kirin_transport::{Sent, TransportError, TransportErrorKind};

use super::{
    Create, Query, create_kind, decode_create, decode_query, query_kind, read_create, response,
};

fn answer(body: &[u8]) -> Response<Bytes> {
    response(200, &[], body)
}

#[test]
fn a_create_with_one_bad_byte_is_accepted_by_its_id() {
    for body in [
        &b"\xEF\xBB\xBF{\"id\":\"t1\",\"status\":\"in_progress\"}"[..],
        b"\xEF\xBB\xBF{\"id\":\"t1\"}",
        b"{\"id\":\"t1\",\"status\":\"in_progress\",\"prompt\":\"a fox \xF0\x9F\"}",
        b"{\"id\":\"t1\",\"status\":\"in_progress\",\"progress\":NaN}",
        b"{\"prompt\":\"a\nfox\",\"id\":\"t1\",\"status\":\"in_progress\"}",
        b"{\"id\":\"t1\",\"status\":\"in_progress\"}<!-- node 3 -->",
        b"{\"id\":\"t1\",\"status\":\"in_progress\",\"model\":\"kir",
        b"{\"data\":{\"id\":\"t1\",\"status\":\"in_progress\",\"a\":\"\xFF\"},\"status\":{\"code\":200}}",
    ] {
        let CreateAnswer::Created(task) = decode_create(&answer(body)) else {
            panic!("{}", String::from_utf8_lossy(body));
        };
        assert_eq!(task.id().as_str(), "t1");
    }
    let integer = br#"{"id":9123456789012345678,"status":"in_progress"}"#;
    let CreateAnswer::Created(task) = decode_create(&answer(integer)) else {
        panic!("an integer is an id");
    };
    assert_eq!(task.id().as_str(), "9123456789012345678");
}

#[test]
fn a_query_with_one_bad_byte_is_read() {
    let body =
        b"{\"id\":\"t1\",\"status\":\"completed\",\"task_info\":{\"prompt\":\"a fox \xF0\x9F\"},\
        \"output\":[{\"content\":[{\"url\":\"https://h.example/v.mp4\",\"type\":\"video\"}]}]}";
    let QueryAnswer::Task(task) = decode_query(&answer(body)) else {
        panic!("a prompt is not the answer");
    };
    assert_eq!(task.status(), Some("completed"));
    assert!(task.is_damaged());
}

/// An error may have followed, or stands there damaged.
#[test]
fn a_damaged_create_without_a_status_is_asked_about_and_not_believed() {
    for body in [
        &b"{\"id\":\"t1\""[..],
        b"{\"id\":\"t1\",\"err",
        b"{\"id\":\"t1\",\"status\":\"in_pro",
        b"{\"id\":\"t1\",\"error\":\"no \xFF\"}",
        b"{\"id\":\"t1\",\"status\":\"in\xFFprogress\",\"error\":\"no\"}",
        b"{\"id\":7,\"error\":\"Missing Token\"}",
    ] {
        let CreateAnswer::Ambiguous(trouble) = decode_create(&answer(body)) else {
            panic!("{}", String::from_utf8_lossy(body));
        };
        assert!(trouble.hint.is_some(), "{}", String::from_utf8_lossy(body));
    }
}

/// Whatever an error says: where an answer is damaged, a task may stand in what is lost.
#[test]
fn a_damaged_success_is_never_proof_that_nothing_was_created() {
    for body in [
        &b"{\"error\":{\"code\":\"UNAUTHORIZED\",\"message\":\"no \xFF\"}}"[..],
        b"{\"error\":{\"code\":\"UNAUTHORIZED\"},\"i",
        b"{\"status\":{\"code\":402,\"message\":\"Insufficient credits\",\"error_code\":40201},\"da",
        b"{\"status\":{\"code\":401,\"message\":\"no\"},\"data\":NaN}",
    ] {
        let body = answer(body);
        assert_eq!(create_kind(&body), Create::Ambiguous, "{body:?}");
    }
    // A mark in front of it is no damage.
    let marked = b"\xEF\xBB\xBF{\"error\":{\"code\":\"UNAUTHORIZED\"}}";
    assert_eq!(create_kind(&answer(marked)), Create::NotCreated);
}

#[test]
fn of_a_create_that_was_cut_only_the_task_is_read() {
    fn check(body: &[u8]) -> CreateAnswer {
        let error = TransportError::new(TransportErrorKind::Body, Sent::Maybe);
        read_create(Exchange::Cut(answer(body), error))
    }

    let created = check(b"{\"id\":\"t1\",\"status\":\"in_progress\",\"mod");
    assert!(matches!(created, CreateAnswer::Created(_)), "{created:?}");
    for (body, hint) in [
        (&b""[..], None),
        (b"{\"id\":\"t1", None),
        (b"{\"id\":12", None),
        (b"{\"id\":\"t1\",", Some("t1")),
        (br#"{"error":{"code":"UNAUTHORIZED"}}"#, None),
        (
            br#"{"code":1201,"message":"external_task_id already exists"}"#,
            None,
        ),
    ] {
        let CreateAnswer::Ambiguous(trouble) = check(body) else {
            panic!("{}", String::from_utf8_lossy(body));
        };
        assert_eq!(trouble.hint.as_ref().map(|id| id.as_str()), hint);
        assert!(trouble.unreadable.is_none());
    }
}

#[test]
fn a_success_in_unknown_words_is_ambiguous_and_shows_its_sentence() {
    fn check(body: &str, expected: &str) {
        let body = answer(body.as_bytes());
        let CreateAnswer::Ambiguous(trouble) = decode_create(&body) else {
            panic!("{body:?}");
        };
        assert!(trouble.to_string().contains(expected), "{trouble}");
        assert_eq!(query_kind(&body), Query::Trouble);
    }

    check(
        r#"{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}"#,
        "an answer without a task, which says: insufficient balance (the field id is missing)",
    );
    check(
        r#"{"code":1113,"msg":"your account owes money"}"#,
        "says: your account owes money",
    );
    check(
        r#"{"error":{"code":"insufficient_quota","message":"no quota left"}}"#,
        "no quota left",
    );
    check(
        "<html><title>Just a moment...</title>",
        "says: Just a moment...",
    );
    check(
        r#"{"reason":"see https://h.example/?sig=secret for more"}"#,
        "see https://h.example/? for more",
    );
}
