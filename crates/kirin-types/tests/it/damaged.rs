//! What can be read of an answer that is no JSON.

use kirin_tests::{
    property,
    proptest::{collection::vec, prelude::*, sample::Index},
};
use kirin_types::{Callback, ErrorBody, RawJson, Task, TaskState};

use crate::{
    fixtures, render,
    strategies::{hostile_bytes, task_json},
};

/// A task in progress with an id, whatever else stands there.
#[track_caller]
fn check_is_read(body: &[u8], id: &str, status: Option<&str>) {
    let shown = String::from_utf8_lossy(body);
    let task = Task::from_json(body).unwrap_or_else(|error| panic!("{shown}: {error}"));
    assert_eq!(task.id().as_str(), id, "{shown}");
    assert_eq!(task.status(), status, "{shown}");
}

#[track_caller]
fn check_has_no_id(body: &[u8]) {
    let task = Task::from_json(body);
    assert!(task.is_err(), "{}: {task:?}", String::from_utf8_lossy(body));
}

#[test]
fn one_bad_byte_costs_what_it_stands_in_and_not_the_answer() {
    for body in [
        &b"\xEF\xBB\xBF{\"id\":\"t1\",\"status\":\"in_progress\"}"[..],
        b" \xEF\xBB\xBF\xEF\xBB\xBF {\"id\":\"t1\",\"status\":\"in_progress\"}",
        "\u{ef}\u{bb}\u{bf}{\"id\":\"t1\",\"status\":\"in_progress\"}".as_bytes(),
        b"\0{\"id\":\"t1\",\"status\":\"in_progress\"}\0\0",
        b")]}',\n{\"id\":\"t1\",\"status\":\"in_progress\"}",
        b"{\"prompt\":\"a fox \xF0\x9F\",\"id\":\"t1\",\"status\":\"in_progress\"}",
        b"{\"a\":{\"b\xFF\":[\"\xC3\"]},\"id\":\"t1\",\"status\":\"in_progress\"}",
        b"{\"progress\":NaN,\"id\":\"t1\",\"status\":\"in_progress\"}",
        b"{\"a\":[Infinity,-Infinity,nan,+1,.5,01,0x1F,undefined,None,True],\"id\":\"t1\",\"status\":\"in_progress\"}",
        b"{\"prompt\":\"a fox\r\nruns\t\x01\",\"id\":\"t1\",\"status\":\"in_progress\"}",
        b"{\"prompt\":\"it\\'s \\x41 \\u12 \\ud83d\",\"id\":\"t1\",\"status\":\"in_progress\"}",
        b"{\"id\":\"t1\",\"status\":\"in_progress\"}\n<!-- node 3 -->",
        b"{\"id\":\"t1\",\"status\":\"in_progress\"}}",
        b"{\"id\":\"t1\",\"status\":\"in_progress\"}{\"id\":\"t1\",\"status\":\"completed\"}",
        b"{\"id\":\"t1\",\"status\":\"in_progress\"}\xFF",
        b"{\"id\":\"t1\",\"status\":\"in_progress\",}",
        b"{\"id\":\"t1\",,\"status\":\"in_progress\",\"a\":}",
        b"{\"id\":\"t1\",\"status\":\"in_progress\",\"output\":[{\"conte",
        b"{\"data\":{\"id\":\"t1\",\"status\":\"in_progress\",\"a\":NaN},\"status\":{\"code\":200}}",
    ] {
        check_is_read(body, "t1", Some("in_progress"));
    }
}

#[test]
fn an_integer_is_an_id_as_it_is_written() {
    for id in [
        "7",
        "9123456789012345678",
        "99999999999999999999999999999999999999",
    ] {
        let body = format!(r#"{{"id":{id},"status":"in_progress"}}"#);
        check_is_read(body.as_bytes(), id, Some("in_progress"));
        let body = format!(r#"{{"data":{{"id":{id},"status":"in_progress"}}}}"#);
        check_is_read(body.as_bytes(), id, Some("in_progress"));
    }
}

#[test]
fn an_id_that_was_cut_or_is_not_the_tasks_own_is_none() {
    for body in [
        &b"{\"id\":\"abc"[..],
        b"{\"id\":\"abc\\",
        b"{\"id\":123",
        b"{\"id\":tr",
        b"{\"id\":",
        b"{\"id\"",
        b"{\"i",
        b"{",
        b"{\"data\":{\"id\":\"abc",
        b"{\"id\":\"ab\xFFc\",\"status\":\"in_progress\"}",
        b"{\"id\":\"ab\nc\",\"status\":\"in_progress\"}",
        b"{\"id\":\"ab\\ud800\",\"status\":\"in_progress\"}",
        b"{\"id\":12\xFF,\"status\":\"in_progress\"}",
        b"{\"id\":12 34,\"status\":\"in_progress\"}",
        b"{\"id\":NaN,\"status\":\"in_progress\"}",
        // The quote that closes it is lost, or the one that opens it.
        b"{\"id\":\"abc,\"status\":\"in_progress\"}",
        b"{\"id\":abc\",\"status\":\"in_progress\"}",
        b"{\"model\":\"m,\"id\":\"abc\",\"status\":\"in_progress\"}",
        // Nested, however much of the rest is broken.
        b"{\"task_info\":{\"id\":\"abc\"}",
        b"{\"task_info\":{\"id\":\"abc\"]",
        b"{\"a\":\"\xFF\",\"request\":{\"id\":\"abc\"},\"status\":\"in_progress\"}",
        b"{\"output\":[{\"id\":\"abc\"}],\"a\":NaN}",
        // A page or a sentence that quotes an answer.
        b"<script>x({\"id\":\"abc\",\"status\":\"in_progress\"})</script>",
        b"upstream sent {\"id\":\"abc\",\"status\":\"in_progress\"}",
        b"var a={\"id\":\"abc\"}",
        // Two answers, and two ids in one.
        b"{\"id\":\"abc\",\"status\":\"in_progress\"}{\"id\":\"xyz\"}",
        b"{\"id\":\"abc\",\"a\":NaN,\"id\":\"xyz\"}",
    ] {
        check_has_no_id(body);
    }
}

#[test]
fn a_url_of_which_something_is_lost_is_none() {
    fn urls(output: &[u8]) -> Vec<Option<String>> {
        let body = [
            b"{\"id\":\"t1\",\"status\":\"completed\",\"output\":[{\"content\":[",
            output,
        ]
        .concat();
        let task = Task::from_json(&body).unwrap();
        // Also where it is read again from what was kept of it.
        let again = serde_json::to_vec(&task).unwrap();
        assert_eq!(Task::from_json(&again).unwrap(), task);
        let TaskState::Completed { output, .. } = task.state() else {
            panic!("{task:?}");
        };
        output.iter().map(|content| content.url.clone()).collect()
    }

    let whole = || Some("https://h.example/v.mp4".to_owned());
    assert_eq!(
        urls(b"{\"url\":\"https://h.example/v.mp4\",\"text\":\"\xFF\"}]}]}"),
        [whole()]
    );
    assert_eq!(urls(b"{\"url\":\"https://h.example/v.m"), [None]);
    assert_eq!(
        urls(b"{\"url\":\"https://h.example/\xC3.mp4\"}]}]}"),
        [None]
    );
    assert_eq!(
        urls(b"{\"url\":\"https://h.example/v.mp4\"},{\"url\":\"https://h.exam"),
        [whole(), None]
    );
}

#[test]
fn of_a_damaged_answer_a_word_that_is_not_whole_says_nothing() {
    let body = b"{\"id\":\"t1\",\"model\":\"kirin\xFF\",\"external_task_id\":\"a\xFF\",\"status\":\"complet";
    let task = Task::from_json(body).unwrap();
    assert_eq!(render::line(&render::task(&task)), "id t1, state other");
}

#[test]
fn a_damaged_answer_says_that_it_is() {
    fn check(body: &[u8], is_damaged: bool) {
        let task = Task::from_json(body).unwrap();
        assert_eq!(
            task.is_damaged(),
            is_damaged,
            "{}",
            String::from_utf8_lossy(body)
        );
        assert_eq!(task.raw().is_damaged(), is_damaged);
    }

    check(b"{\"id\":\"t1\"}", false);
    check(b"\xEF\xBB\xBF {\"id\":\"t1\"}\n", false);
    check(
        b"{\"id\":\"t1\",\"a\":\"\\ud83e\\udd8a \xEF\xBF\xBD\"}",
        false,
    );
    for damaged in [
        &b"{\"id\":\"t1\""[..],
        b"{\"id\":\"t1\"}.",
        b"{\"id\":\"t1\",}",
        b"{\"id\":\"t1\",\"a\":\"\n\"}",
        b"{\"id\":\"t1\",\"a\":\"\xFF\"}",
        b"{\"id\":\"t1\",\"a\":NaN}",
    ] {
        check(damaged, true);
    }
    let callback = Callback::from_json(b"{\"id\":\"t1\",\"a\":\"\xFF\"}").unwrap();
    assert!(callback.raw().is_damaged());
}

#[test]
fn a_damaged_refusal_keeps_its_message() {
    let body = b"\xEF\xBB\xBF{\"message\":\"no fox\xF0\x9F here\",\"request_id\":\"r\",\"a\":NaN";
    let body = ErrorBody::decode(body);
    assert_eq!(body.to_string(), "no fox\u{fffd} here (request id r)");
}

/// The parser takes half of a character for one, until its text is needed.
#[test]
fn half_of_a_character_costs_no_message() {
    let body = ErrorBody::decode(br#"{"message":"no fox \ud83e here"}"#);
    assert_eq!(body.to_string(), "no fox \u{fffd} here");
    check_has_no_id(br#"{"id":"a\ud83e","status":"in_progress"}"#);
}

/// A long answer of what opens and never closes, and of texts that are read again and again.
#[test]
fn no_answer_is_too_deep_or_takes_too_long() {
    for piece in [
        "[",
        "{\"a\":",
        "{\"a\":[",
        "\\u",
        "\"\\",
        "[NaN,",
        ",",
        "{\"id\":\"a\"}",
        "\u{1}",
    ] {
        let pieces = piece.repeat((1 << 18) / piece.len());
        for start in ["", "{\"id\":\"t1\",\"a\":", "{\"message\":\"", "[\""] {
            let body = format!("{start}{pieces}");
            let _ = Task::from_json(body.as_bytes());
            let _ = ErrorBody::decode(body.as_bytes()).to_string();
            let _ = ErrorBody::decode(body.as_bytes()).reason(429);
        }
    }
}

#[test]
fn no_cut_of_a_task_gives_another_id_status_or_url() {
    fn facts(task: &Task) -> Vec<(&'static str, String)> {
        let facts = render::task(task).into_iter();
        facts
            .filter(|(name, _)| ["id", "status"].contains(name))
            .collect()
    }

    for name in fixtures::names("tasks") {
        let body = fixtures::read("tasks", &name);
        let whole = Task::from_json(&body).unwrap();
        for length in 0..body.len() {
            let Ok(cut) = Task::from_json(&body[..length]) else {
                continue;
            };
            let known = facts(&whole);
            assert!(
                facts(&cut).iter().all(|fact| known.contains(fact)),
                "{name} {length}"
            );
            let urls = |task: &Task| match task.state() {
                TaskState::Completed { output, .. } => {
                    output.iter().filter_map(|it| it.url.clone()).collect()
                }
                _ => Vec::new(),
            };
            let known = urls(&whole);
            assert!(
                urls(&cut).iter().all(|url| known.contains(url)),
                "{name} {length}"
            );
        }
    }
}

mod prop {
    use super::*;

    #[test]
    fn no_cut_gives_another_id() {
        property!((task_json(), any::<Index>()), |(json, at)| {
            let whole = Task::from_json(json.as_bytes())?;
            if let Ok(cut) = Task::from_json(&json.as_bytes()[..at.index(json.len())]) {
                prop_assert_eq!(cut.id(), whole.id());
            }
            Ok(())
        });
    }

    /// One byte of a task is another one: unless it stands in the id itself, the id is that of the task or
    /// none.
    #[test]
    fn no_bad_byte_outside_of_the_id_gives_another_id() {
        property!((task_json(), any::<Index>(), any::<u8>()), |(
            json,
            at,
            byte,
        )| {
            let whole = Task::from_json(json.as_bytes())?;
            // The id comes first, in its quotes.
            let id = 7..7 + whole.id().as_str().len();
            let mut bytes = json.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if !id.contains(&at)
                && let Ok(damaged) = Task::from_json(&bytes)
            {
                prop_assert_eq!(
                    damaged.id(),
                    whole.id(),
                    "{}",
                    String::from_utf8_lossy(&bytes)
                );
            }
            Ok(())
        });
    }

    #[test]
    fn what_the_parser_takes_is_taken_as_it_stands() {
        property!(hostile_bytes(), |bytes| {
            let strict = serde_json::from_slice::<serde_json::Value>(&bytes);
            if strict.is_ok() {
                let read = RawJson::read(&bytes)?;
                let text = String::from_utf8(bytes)?;
                prop_assert_eq!((read.as_str(), read.is_damaged()), (text.trim(), false));
            }
            Ok(())
        });
    }

    #[test]
    fn what_was_read_is_json_and_stays_what_it_is() {
        let noise = vec(any::<u8>(), 0..8);
        property!((hostile_bytes(), noise, any::<Index>()), |(
            bytes,
            noise,
            at,
        )| {
            let mut bytes = bytes;
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, noise);
            if let Ok(read) = RawJson::read(&bytes) {
                serde_json::from_str::<&serde_json::value::RawValue>(read.as_str())?;
                let again = RawJson::read(read.as_str().as_bytes())?;
                prop_assert_eq!(&again, &read);
                prop_assert!(!again.is_damaged());
            }
            Ok(())
        });
    }
}
