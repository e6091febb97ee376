//! Which refusals say that the external task id is in use, and which of them prove that the host
//! refuses duplicates: rule 7 of the create rule.

use kirin_types::{ErrorBody, ErrorReason as Reason, ExternalTaskId};

use crate::fixtures;

/// How much a refusal says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    /// It is none of a duplicate.
    Another,
    /// It is one, and proves nothing.
    Duplicate,
    /// It is one, and proves that the host refuses them.
    Proof,
}

/// What this body says under 400, to a create with this id.
fn said(body: &str, id: Option<&str>) -> Says {
    let id: Option<ExternalTaskId> = id.map(|id| id.parse().unwrap());
    let decoded = ErrorBody::decode(body.as_bytes());
    let (reason, proof) = match &id {
        Some(id) => (
            decoded.reason_of_create(400, id),
            decoded.names_duplicate_of(id),
        ),
        None => (decoded.reason(400), decoded.names_duplicate()),
    };
    match (reason, proof) {
        (Reason::DuplicateExternalTaskId, true) => Says::Proof,
        (Reason::DuplicateExternalTaskId, false) => Says::Duplicate,
        (_, false) => Says::Another,
        (_, true) => panic!("{body}: a proof of what is no duplicate"),
    }
}

#[test]
fn only_a_text_that_names_the_external_task_id_proves_that_duplicates_are_refused() {
    fn check(message: &str, expected: Says) {
        let body = serde_json::json!({ "message": message }).to_string();
        assert_eq!(said(&body, None), expected, "{message}");
        assert_eq!(said(message, None), expected, "as plain text: {message}");
    }

    check("external_task_id is duplicate", Says::Proof);
    check("duplicate external_task_id", Says::Proof);
    check("Duplicated external task ID.", Says::Proof);
    check("external_task_id already exists", Says::Proof);
    check("The external-task-id already exists", Says::Proof);
    check("externalTaskId has already been used", Says::Proof);
    check("this Custom Task ID is already in use", Says::Proof);
    check("External_Task_Id exist", Says::Proof);
    check("already exists: external_task_id", Says::Proof);
    check("external_task_id meets an existing task", Says::Proof);
    check(
        "Task could not be created because external_task_id already exists",
        Says::Proof,
    );
    check("Not created: external_task_id already exists", Says::Proof);
    check("external_task_id must be unique. a.b exists", Says::Proof);
    check("external_task_id is too long", Says::Another);
    check("a task exists already", Says::Another);
    check("duplicate prompt", Says::Another);
    check("task_id already exists", Says::Another);
    check("", Says::Another);
}

#[test]
fn a_text_that_says_that_something_does_not_exist_is_no_duplicate_refusal() {
    fn check(message: &str) {
        for code in [1201, 1200] {
            let body = serde_json::json!({ "code": code, "message": message }).to_string();
            assert_eq!(said(&body, None), Says::Another, "{body}");
            assert_eq!(said(&body, Some("order-4711")), Says::Another, "{body}");
        }
    }

    check("the model does not exist");
    check("external_task_id order-42 does not exist");
    check("no task with external_task_id order-42 exists");
    check("no video for external_task_id: order-42 exists");
    check("No task with external_task_id=order-42, model=m exists");
    check("this external_task_id doesn't exist");
    check("this external_task_id doesn\u{2019}t exist");
    check("task order-4711 (external_task_id) no longer exists");
    check("external_task_id order-42 exists no more");
    check("external_task_id order-42 never existed");
    check("external_task_id order-42 does not exist or was already deleted");
    check("external_task_id is non-existent");
    check("nonexistent external_task_id");
    check("external_task_id not found, duplicates are refused");
    check("unknown external_task_id, it may have been deleted already");
    check("external_task_id of the parent must exist");
    check("external_task_id must already exist");
    check("external_task_id does not already exist");
    check("the task with this external_task_id does not already exist");
    check("neither external_task_id nor id exists");
}

#[test]
fn code_1201_is_a_duplicate_refusal_only_without_another_text() {
    fn check(body: &str, expected: Says) {
        assert_eq!(said(body, None), expected, "{body}");
    }

    check(r#"{"code":1201}"#, Says::Duplicate);
    check(r#"{"code":"1201"}"#, Says::Duplicate);
    check(r#"{"code":1201,"message":""}"#, Says::Duplicate);
    check(
        r#"{"code":1201,"message":null,"data":null}"#,
        Says::Duplicate,
    );
    check(r#"{"code":1201,"request_id":"req-7f3a"}"#, Says::Duplicate);
    check(r#"{"error":{"code":1201}}"#, Says::Duplicate);
    check(
        r#"{"status":{"code":400,"error_code":1201}}"#,
        Says::Duplicate,
    );
    check(r#"{"code":1201,"message":"duplicate"}"#, Says::Duplicate);
    check(r#"{"code":1201,"message":"It exists"}"#, Says::Duplicate);
    check(r#"{"code":1201,"msg":"exists"}"#, Says::Duplicate);
    check(
        r#"{"code":1201,"message":"duration is invalid"}"#,
        Says::Another,
    );
    check(
        r#"{"code":1201,"msg":"duration is invalid"}"#,
        Says::Another,
    );
    check(
        r#"{"code":1201,"detail":["duration is invalid"]}"#,
        Says::Another,
    );
    check(r#"{"code":1201,"message":"already done"}"#, Says::Another);
    check(r#"{"code":1200}"#, Says::Another);
    check(r#"{"code":12010}"#, Says::Another);
}

#[test]
fn where_a_body_has_no_message_each_of_its_texts_is_read_with_its_name() {
    fn check(body: &str, expected: Says) {
        assert_eq!(said(body, None), expected, "{body}");
    }

    check(
        r#"{"external_task_id":["has already been taken"]}"#,
        Says::Proof,
    );
    check(
        r#"{"errors":[{"msg":"external_task_id exists"}]}"#,
        Says::Proof,
    );
    check(r#"["external_task_id exists"]"#, Says::Proof);
    check(
        r#"{"request":{"external_task_id":"a","prompt":"a duplicate"}}"#,
        Says::Another,
    );
}

#[test]
fn where_a_body_has_a_message_nothing_else_speaks() {
    let body = r#"{"message":"duration is invalid","hint":"external_task_id already exists"}"#;
    assert_eq!(said(body, None), Says::Another);
    let body = r#"{"code":1201,"message":"duration is invalid","hint":"duplicate"}"#;
    assert_eq!(said(body, None), Says::Another);
}

/// As it comes back from a journal that kept the fields only.
#[test]
fn a_code_without_any_body_is_a_duplicate_refusal() {
    let body: ErrorBody = serde_json::from_str(r#"{"code":"1201"}"#).unwrap();
    assert_eq!(body.reason(400), Reason::DuplicateExternalTaskId);
    assert!(!body.names_duplicate());
}

#[test]
fn the_own_text_of_the_id_names_it_and_says_nothing_else() {
    fn check(id: &str, message: &str, expected: Says) {
        let body = serde_json::json!({ "message": message }).to_string();
        assert_eq!(said(&body, Some(id)), expected, "{id}: {message}");
    }

    check(
        "order-4711",
        "task 'order-4711' already exists",
        Says::Proof,
    );
    check("Order-4711", "duplicate: ORDER-4711.", Says::Proof);
    check(
        "order-4711",
        "task order-47110 already exists",
        Says::Another,
    );
    check(
        "order-4711",
        "task my-order-4711 already exists",
        Says::Another,
    );
    check("video", "the video model exists already", Says::Another);
    check(
        "duplicate-of-7",
        "external_task_id duplicate-of-7 is too long",
        Says::Another,
    );
    check(
        "exist",
        "external_task_id exist has an illegal character",
        Says::Another,
    );
    check("no.7", "external_task_id no.7 already exists", Says::Proof);
}

#[test]
fn a_duplicate_is_a_duplicate_under_any_client_error() {
    fn check(http_status: u16, expected: Reason) {
        let bytes = fixtures::read("errors", "400-external-task-id-exists.json");
        let body = ErrorBody::decode(&bytes);
        assert_eq!(body.reason(http_status), expected, "{http_status}");
    }

    for http_status in [400, 401, 402, 403, 404, 409, 422, 429, 499] {
        check(http_status, Reason::DuplicateExternalTaskId);
    }
    check(500, Reason::Unavailable);
    check(503, Reason::Unavailable);
}
