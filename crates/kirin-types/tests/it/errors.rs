//! What a refusal decodes to and means: the golden bodies of `errors/`.

use kirin_types::{ErrorBody, ErrorReason as Reason};

use crate::{fixtures, render};

/// Each file of `errors/`, what it means under the HTTP status that its name begins with, and the
/// facts that it states.
#[rustfmt::skip] // One line per case, however long.
const ERRORS: &[(&str, Reason, &str)] = &[
    ("200-unauthorized.json", Reason::Authentication, "message unauthorized, status.code 401"),
    ("200-insufficient-credits.json", Reason::Balance, "message Insufficient credits, status.code 402, error_code 40201"),
    ("200-envelope-error-beside-task.json", Reason::Unavailable, "message internal error, status.code 500"),
    ("200-task-creation-error.json", Reason::Other, "message Task creation error, code 002011099"),
    ("200-task-creation-error-integer.json", Reason::Other, "message Task creation error, code 2011099"),
    ("200-missing-token.json", Reason::Authentication, "message Missing Token"),
    ("200-neither-id-nor-error.json", Reason::Other, ""),
    ("400-bad-request.json", Reason::InvalidRequest, "message bad request"),
    ("400-duplicate-external-task-id.json", Reason::DuplicateExternalTaskId, "message external_task_id is duplicate, code 1201, request id req-7f3a"),
    ("400-external-task-id-exists.json", Reason::DuplicateExternalTaskId, "message The external_task_id already exists, code 1201, request id req-7f3a"),
    ("400-code-1201-other-parameter.json", Reason::InvalidRequest, "message duration is invalid, code 1201, request id req-7f3a"),
    ("409-external-task-id-exists.json", Reason::DuplicateExternalTaskId, "message external_task_id already exists, code 1201, request id req-7f3a"),
    ("400-every-message.json", Reason::InvalidRequest, "message from status.message, status.code 400"),
    ("200-nested-code-without-money.json", Reason::Other, ""),
    ("400-code-1113.json", Reason::Balance, "message no, code 1113"),
    ("403-insufficient-user-quota.json", Reason::Balance, "message no, code insufficient_user_quota"),
    ("429-insufficient-quota.json", Reason::Balance, "message quota exceeded, code insufficient_quota"),
    ("401-unauthorized.json", Reason::Authentication, "message Invalid API key, code UNAUTHORIZED, request id req-7f3a"),
    ("401-missing-token.json", Reason::Authentication, "message Missing Token"),
    ("402-insufficient-credits.json", Reason::Balance, "message Insufficient credits, status.code 402, error_code 40201"),
    ("402-error-code-40208.json", Reason::Balance, "message payment required, status.code 402, error_code 40208"),
    ("402-error-code-top-level.json", Reason::Balance, "message payment required, error_code 40204"),
    ("402-error-code-40200.json", Reason::Other, "message payment required, status.code 402, error_code 40200"),
    ("402-insufficient-balance-word.json", Reason::Balance, "message INSUFFICIENT_BALANCE, code PAYMENT"),
    ("403-balance-or-permission.json", Reason::Permission, "message Insufficient balance or permission denied"),
    ("403-balance-or-permission.txt", Reason::Permission, ""),
    ("403-model-not-allowed.json", Reason::Permission, "message Model not allowed for this user"),
    ("403-insufficient-balance.json", Reason::Balance, "message Insufficient Balance"),
    ("403-balance-code.json", Reason::Balance, "message Insufficient balance or permission denied, status.code 403, error_code 40201"),
    ("404-detail.json", Reason::NotFound, "message Task not found"),
    ("404-message.json", Reason::NotFound, "message task not found"),
    ("404-external-task-id-does-not-exist.json", Reason::NotFound, "message task with external_task_id order-42 does not exist"),
    ("429-rate-limit-exceeded.json", Reason::RateLimit, "message Too many requests, code RATE_LIMIT_EXCEEDED, request id req-7f3a"),
    ("429-kling-1302.json", Reason::ParallelTaskLimit, "message parallel task over resource pack limit, code 1302, request id req-7f3a"),
    ("429-kling-1303.json", Reason::ParallelTaskLimit, "message parallel task over resource pack limit, code 1303, request id req-7f3a"),
    ("429-kling-1100.json", Reason::Permission, "message Account exception, code 1100, request id req-7f3a"),
    ("429-kling-1101.json", Reason::Balance, "message Account in arrears, code 1101, request id req-7f3a"),
    ("429-kling-1102.json", Reason::Balance, "message Resource pack depleted or expired, code 1102, request id req-7f3a"),
    ("500-message.json", Reason::Unavailable, "message internal server error"),
    ("500-runtime-execution-failed.json", Reason::Unavailable, "message Runtime execution failed"),
    ("500-empty.txt", Reason::Unavailable, ""),
    ("502-proxy.html", Reason::Unavailable, ""),
];

#[test]
fn every_golden_error_decodes_to_what_it_states() {
    fn check(name: &str, reason: Reason, facts: &str) {
        let bytes = fixtures::read("errors", name);
        let body = ErrorBody::decode(&bytes);
        assert_eq!(render::line(&render::error_body(&body)), facts, "{name}");
        assert_eq!(body.reason(http_status(name)), reason, "{name}");
        assert_eq!(body.text.as_bytes(), bytes, "{name}");
    }

    for (name, reason, facts) in ERRORS {
        check(name, *reason, facts);
    }
}

#[test]
fn no_golden_error_is_forgotten() {
    fixtures::assert_all_are_named("errors", ERRORS.iter().map(|(name, ..)| *name));
}

#[test]
fn only_a_listed_error_makes_a_success_status_a_refusal() {
    fn check(name: &str, known: bool) {
        let body = ErrorBody::decode(&fixtures::read("errors", name));
        assert_eq!(body.is_known(), known, "{name}");
    }

    check("200-unauthorized.json", true);
    check("200-insufficient-credits.json", true);
    check("200-missing-token.json", true);
    // The code of a task: one may have been created.
    check("200-task-creation-error.json", false);
    check("200-task-creation-error-integer.json", false);
    check("400-duplicate-external-task-id.json", true);
    check("401-unauthorized.json", true);
    check("429-kling-1303.json", true);
    check("200-neither-id-nor-error.json", false);
    check("200-envelope-error-beside-task.json", false);
    check("400-bad-request.json", false);
    check("500-runtime-execution-failed.json", false);
    check("500-empty.txt", false);
    check("502-proxy.html", false);
}

#[test]
fn a_code_speaks_where_no_message_does() {
    fn check(http_status: u16, body: &str, expected: Reason) {
        let decoded = ErrorBody::decode(body.as_bytes());
        assert_eq!(
            decoded.reason(http_status),
            expected,
            "{http_status} {body}"
        );
    }

    check(429, r#"{"code":1302}"#, Reason::RateLimit);
    check(429, r#"{"code":1303}"#, Reason::ParallelTaskLimit);
    check(429, r#"{"code":"1303"}"#, Reason::ParallelTaskLimit);
    check(429, r#"{"error":{"code":1303}}"#, Reason::ParallelTaskLimit);
    check(429, r#"{"code":1101}"#, Reason::Balance);
    check(200, r#"{"code":1100}"#, Reason::Permission);
    check(200, r#"{"code":1102}"#, Reason::Balance);
    check(
        200,
        r#"{"error":{"code":"UNAUTHORIZED"}}"#,
        Reason::Authentication,
    );
    check(
        200,
        r#"{"error":{"code":"RATE_LIMIT_EXCEEDED"}}"#,
        Reason::RateLimit,
    );
    check(200, r#"{"error_code":40204}"#, Reason::Balance);
    check(200, r#"{"code":0,"message":"ok"}"#, Reason::Other);
}

#[test]
fn the_message_is_the_first_that_says_something() {
    fn check(body: &str, expected: &str) {
        let decoded = ErrorBody::decode(body.as_bytes());
        assert_eq!(decoded.message.as_deref(), Some(expected), "{body}");
    }

    check(
        r#"{"status":{"code":400,"message":"s"},"message":"m","error":"e","detail":"d"}"#,
        "s",
    );
    check(
        r#"{"status":{"code":400,"message":""},"message":"m","error":"e","detail":"d"}"#,
        "m",
    );
    check(r#"{"message":"m","error":"e","detail":"d"}"#, "m");
    check(
        r#"{"message":"m","error":{"message":"em"},"detail":"d"}"#,
        "m",
    );
    check(r#"{"message":"","error":"e","detail":"d"}"#, "e");
    check(
        r#"{"message":7,"error":{"message":"em"},"detail":"d"}"#,
        "em",
    );
    check(r#"{"error":{"message":""},"detail":"d"}"#, "d");
    check(
        r#"{"status":{"code":200,"message":"success"},"error":"e"}"#,
        "e",
    );
    check(r#"{"status":{"code":0,"message":"ok"},"detail":"d"}"#, "d");
}

#[test]
fn balance_codes_are_40201_to_40208() {
    fn check(error_code: u32, expected: Reason) {
        for body in [
            format!(r#"{{"status":{{"code":400,"message":"no","error_code":{error_code}}}}}"#),
            format!(r#"{{"message":"no","error_code":{error_code}}}"#),
        ] {
            assert_eq!(
                ErrorBody::decode(body.as_bytes()).reason(400),
                expected,
                "{body}"
            );
        }
    }

    (40201..=40208).for_each(|error_code| check(error_code, Reason::Balance));
    check(40200, Reason::InvalidRequest);
    check(40209, Reason::InvalidRequest);
    check(1, Reason::InvalidRequest);
}

#[test]
fn balance_words_count_in_any_case() {
    fn check(message: &str, http_status: u16, expected: Reason) {
        let body = format!(r#"{{"message":"{message}"}}"#);
        let decoded = ErrorBody::decode(body.as_bytes());
        assert_eq!(
            decoded.reason(http_status),
            expected,
            "{http_status} {message}"
        );
    }

    check("insufficient_balance", 400, Reason::Balance);
    check("Insufficient Balance, please top up", 400, Reason::Balance);
    check("INSUFFICIENT CREDITS", 429, Reason::Balance);
    check("insufficient credits", 200, Reason::Balance);
    check("insufficient credits", 403, Reason::Balance);
    check(
        "insufficient balance or no permission",
        403,
        Reason::Permission,
    );
    check("insufficient balance", 401, Reason::Balance);
    check("insufficient patience", 400, Reason::InvalidRequest);
}

#[test]
fn words_and_codes_for_an_account_without_money_are_money_under_any_client_error() {
    fn check(body: &str) {
        let decoded = ErrorBody::decode(body.as_bytes());
        for status in [400, 401, 402, 403, 404, 409, 422, 429] {
            assert_eq!(decoded.reason(status), Reason::Balance, "{status} {body}");
        }
        assert_eq!(decoded.reason(503), Reason::Unavailable, "{body}");
        assert!(!decoded.is_known(), "{body}");
    }

    check(r#"{"error":{"code":"insufficient_quota","message":"quota exceeded"}}"#);
    check(r#"{"error":{"type":"insufficient_quota","message":"You exceeded your current quota"}}"#);
    check(r#"{"error":{"type":"new_api_error","code":"insufficient_user_quota","message":"x"}}"#);
    check(r#"{"code":"InsufficientQuota"}"#);
    check(r#"{"reason":"INSUFFICIENT-QUOTA"}"#);
    check(r#"{"error":"insufficientquota"}"#);
    check(r#"{"error":{"code":"1113","message":"no"}}"#);
    check(r#"{"error":{"code":1113,"message":"no"}}"#);
    check(r#"{"code":1113,"msg":"no"}"#);
    check(r#"{"base_resp":{"status_code":1008,"status_msg":"no"}}"#);
    check(r#"{"base_resp":{"status_code":"1008"}}"#);
    check(r#"{"result":[{"errors":[{"errorCode":1008}]}]}"#);
    check(r#"{"message":"{\"error\":{\"code\":\"1113\"}}"}"#);
    check(r#"{"title":"You do not have enough credit.","balance":30}"#);
    check(r#"{"msg":"your account balance is insufficient"}"#);
    check(r#"{"msg":"insufficient account balance"}"#);
    check(r#"{"msg":"账户余额不足，请充值"}"#);
    check(r#"{"message":"该令牌额度已用尽"}"#);
    check(r#"{"message":"账号已欠费"}"#);
    for code in [
        "billing_hard_limit_reached",
        "billing_not_active",
        "BILLING_DISABLED",
        "billing_error",
        "payment_required",
        "PaymentRequired",
        "credit_limit_exceeded",
        "no_credits",
        "OUT_OF_CREDITS",
        "creditsExhausted",
        "quota_not_enough",
        "token-quota-exhausted",
        "QUOTA_EXHAUSTED",
        "balance.not.enough",
        "BalanceTooLow",
        "zero_balance",
        "budget_exceeded",
        "spend_limit_reached",
        "Arrearage",
        "AccountOverdueError",
        "PrepaidBillOverdue",
        "INSUFFICIENT_FUNDS",
        "insufficientBalance",
    ] {
        for field in ["code", "type", "reason", "status", "error_code", "message"] {
            check(
                &format!(r#"{{"error":{{"{field}":"{code}","message":"x"}}}}"#)
                    .replace(r#""message":"x","message""#, ""),
            );
            check(&format!(r#"{{"{field}":"{code}"}}"#));
        }
        check(&format!(r#"{{"error":"{code}"}}"#));
    }
    for sentence in [
        "You exceeded your current quota, please check your plan and billing details. See https://h.example/rate-limits",
        "Your credit balance is too low to access the API.",
        "User is locked. Reason: Exhausted balance.",
        "Your team has used all available credits",
        "You have reached its monthly spending limit",
        "You have exceeded your monthly included credits",
        "No credit left",
        "Budget has been exceeded! Current cost: 2",
        "Your account has an unpaid invoice",
    ] {
        check(&format!(
            r#"{{"error":{{"message":"{sentence}","type":"x"}}}}"#
        ));
        check(&format!(r#"{{"detail":"{sentence}"}}"#));
        check(sentence);
    }
    check("insufficient quota for this account");
}

/// Each word says it by itself, without another one that would do.
#[test]
fn each_word_for_an_account_without_money_is_enough() {
    for text in [
        "insufficient fund",
        "balance depleted",
        "empty balance",
        "lack of credits",
        "negative balance",
        "short of funds",
        "credits expired",
        "the limit of your budget",
        "over budget",
        "your spending reached it",
        "open invoice",
        "prepaid account",
        "unpaid account",
    ] {
        let decoded = ErrorBody::decode(text.as_bytes());
        assert_eq!(decoded.reason(400), Reason::Balance, "{text}");
    }
    let named = ErrorBody::decode(br#"{"error":{"balance":"too low"}}"#);
    assert_eq!(named.reason(400), Reason::Balance);
}

/// What else a text says, in another sentence or in brackets, does not make a limit of it that ends by itself.
#[test]
fn money_is_money_whatever_another_sentence_says_of_limits() {
    for text in [
        "Balance too low. Retry then",
        "Balance too low (retry then)",
        "Balance too low; retry then",
        "Balance too low! Retry then",
        "Balance too low? Retry then",
        "Balance too low\nRetry then",
    ] {
        for status in [400, 403, 429] {
            let decoded = ErrorBody::decode(text.as_bytes());
            assert_eq!(decoded.reason(status), Reason::Balance, "{status} {text}");
        }
    }
}

/// Each word for another limit says it by itself, and words of money that say nothing of too little are none.
#[test]
fn each_word_for_another_limit_is_enough_and_money_alone_is_none() {
    for text in [
        "concurrency quota exceeded",
        "frequency quota exceeded",
        "qps quota exceeded",
        "rpm quota exceeded",
        "quota of this second exceeded",
        "throttled, quota exceeded",
        "permission quota exceeded",
        "You have enough credits",
        "no file with this name was found among those of this balance",
        "余额查询失败",
        "参数不足",
    ] {
        let decoded = ErrorBody::decode(text.as_bytes());
        assert_ne!(decoded.reason(400), Reason::Balance, "{text}");
    }
    let right = ErrorBody::decode(b"No credits can be used. You have no permission");
    assert_eq!(right.reason(403), Reason::Permission);
}

#[test]
fn other_limits_are_no_money() {
    fn check(status: u16, body: &str, expected: Reason) {
        let decoded = ErrorBody::decode(body.as_bytes());
        assert_eq!(decoded.reason(status), expected, "{status} {body}");
    }

    check(429, r#"{"message":"quota exceeded"}"#, Reason::RateLimit);
    check(
        429,
        r#"{"message":"insufficient rate quota"}"#,
        Reason::RateLimit,
    );
    check(
        429,
        r#"{"message":"insufficient parallel task quota"}"#,
        Reason::ParallelTaskLimit,
    );
    check(
        403,
        r#"{"message":"insufficient permission"}"#,
        Reason::Permission,
    );
    check(
        403,
        r#"{"message":"insufficient scope"}"#,
        Reason::Permission,
    );
    check(
        400,
        r#"{"message":"no","width":1008,"request_id":"1113"}"#,
        Reason::InvalidRequest,
    );
    check(
        400,
        r#"{"message":"the prompt is refused","prompt":"a king of insufficient balance"}"#,
        Reason::InvalidRequest,
    );
    for body in [
        r#"{"error":{"code":"rate_limit_exceeded","message":"Rate limit reached: 3 / min. Please add a payment method to increase it. Visit https://h.example/account/billing"}}"#,
        r#"{"error":{"code":"rate_limit_exceeded","message":"add a payment method for more"}}"#,
        r#"{"error":{"status":"RESOURCE_EXHAUSTED","message":"Resource has been exhausted (e.g. check quota)."}}"#,
        r#"{"error":{"message":"You exceeded your current quota, please check your billing details. Please retry in 26s."}}"#,
        r#"{"code":"Throttling.AllocationQuota","message":"Allocated quota exceeded, please increase your quota limit."}"#,
        r#"{"code":"quota_exceeded"}"#,
        r#"{"code":"RateQuotaExhausted"}"#,
        r#"{"message":"credit limit of 3 requests per minute reached"}"#,
        r#"{"message":"slow down","billing_url":"https://h.example/billing","support":"billing@h.example"}"#,
        r#"{"message":"too many requests","currency":"credits","plan":"credit"}"#,
        r#"{"message":"接口频率额度不足"}"#,
    ] {
        check(429, body, Reason::RateLimit);
    }
    for body in [
        r#"{"error":{"code":"invalid_api_key","message":"Invalid API key. Find yours beside billing"}}"#,
        r#"{"message":"Your API key is not valid, see https://h.example/billing"}"#,
        r#"{"code":"UNAUTHORIZED","message":"key expired"}"#,
    ] {
        check(401, body, Reason::Authentication);
    }
    check(
        403,
        r#"{"message":"no permission to use credits"}"#,
        Reason::Permission,
    );
    check(
        400,
        r#"{"message":"white_balance is not a parameter"}"#,
        Reason::InvalidRequest,
    );
    check(
        400,
        r#"{"message":"mode must be std or pro","unit":"credits"}"#,
        Reason::InvalidRequest,
    );
}

#[test]
fn a_refusal_in_unknown_words_is_shown_with_its_sentence() {
    fn check(body: &str, expected: &str) {
        let decoded = ErrorBody::decode(body.as_bytes());
        assert_eq!(decoded.to_string(), expected, "{body}");
    }

    check(
        r#"{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}"#,
        "insufficient balance",
    );
    check(
        r#"{"error":"invalid_token","error_description":"The key has expired"}"#,
        "invalid_token: The key has expired",
    );
    check(
        r#"{"errors":[{"code":7,"message":"The model is not available"}]}"#,
        "The model is not available",
    );
    check(
        r#"{"type":"https://h.example/no-credit","title":"No credit left here.","status":403}"#,
        "No credit left here.",
    );
    check(
        r#"{"success":false,"msg":"key was revoked"}"#,
        "key was revoked",
    );
    check(r#"{"errno":3,"reason":"模型不可用"}"#, "模型不可用");
    check(
        r#"{"time":"Mon, 02 Nov 2026 10:00:00 GMT","prompt":"a fox runs","info":"come back later"}"#,
        "come back later",
    );
    check(
        r#"{"message":"{\"error\":{\"message\":\"come back later\"}}"}"#,
        r#"{"error":{"message":"come back later"}}"#,
    );
    check("{\n  \"reason\": \"gone\"\n}", r#"{ "reason": "gone" }"#);
    check("come back later", "come back later");
    check(
        "<!DOCTYPE html>\n<html><head><title>502 Bad\nGateway</title></head><body>x</body>",
        "502 Bad Gateway",
    );
    check(
        "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
        "AccessDenied Access Denied",
    );
}

#[test]
fn a_status_without_a_telling_body_means_what_http_says() {
    fn check(http_status: u16, expected: Reason) {
        for body in ["", "no JSON", "{}", "[]", "null", r#"{"message":"no"}"#] {
            let decoded = ErrorBody::decode(body.as_bytes());
            assert_eq!(
                decoded.reason(http_status),
                expected,
                "{http_status} {body:?}"
            );
        }
    }

    check(200, Reason::Other);
    check(301, Reason::Other);
    check(400, Reason::InvalidRequest);
    check(401, Reason::Authentication);
    check(402, Reason::Balance);
    check(403, Reason::Permission);
    check(404, Reason::NotFound);
    check(413, Reason::InvalidRequest);
    check(418, Reason::Other);
    check(422, Reason::InvalidRequest);
    check(429, Reason::RateLimit);
    check(500, Reason::Unavailable);
    check(503, Reason::Unavailable);
    check(599, Reason::Unavailable);
}

#[test]
fn what_is_shown_is_one_short_line_without_control_characters() {
    fn check(body: &str, expected: &str) {
        assert_eq!(
            ErrorBody::decode(body.as_bytes()).to_string(),
            expected,
            "{body:?}"
        );
    }

    check(r#"{"message":"bad request"}"#, "bad request");
    check(
        r#"{"message":"no","request_id":"r1"}"#,
        "no (request id r1)",
    );
    check(r#"{"message":"a\u001b[31mb\u0007"}"#, "a[31mb");
    check(
        r#"{"message":"no","request_id":"r\u001b[31m1\n"}"#,
        "no (request id r[31m1)",
    );
    check("<html>\n<body>", "<html>");
    check("\r\n  <html>\n<body>", "<html>");
    check("", "");
    check(
        &format!(r#"{{"message":"{}"}}"#, "ä".repeat(501)),
        &"ä".repeat(500),
    );
}

#[test]
fn of_a_long_body_2000_characters_are_kept() {
    let body = ErrorBody::decode("ä".repeat(2001).as_bytes());
    assert_eq!(body.text, "ä".repeat(2000));
}

/// The HTTP status that the name of a golden error begins with.
pub(crate) fn http_status(name: &str) -> u16 {
    let (digits, _) = name.split_once('-').expect("NNN-words.json");
    digits.parse().expect("NNN-words.json")
}
