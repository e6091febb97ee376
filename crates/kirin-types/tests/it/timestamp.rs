//! Which texts and numbers of an answer are a time, and which one.

use kirin_types::{Task, Timestamp};

/// 2020-01-01T00:00:00Z.
const NEWYEAR: i64 = 1_577_836_800_000;

/// The time that an answer says with this value of `created_at`.
fn created_at(value: &str) -> Option<i64> {
    let body = format!(r#"{{"id":"a","created_at":{value}}}"#);
    let task = Task::from_json(body.as_bytes()).unwrap();
    task.created_at().map(Timestamp::milliseconds)
}

#[test]
fn a_date_with_a_time_is_read_as_services_write_it() {
    fn check(text: &str, expected: i64) {
        let time = Timestamp::from_milliseconds(expected);
        assert_eq!(Timestamp::from_text(text), Some(time), "{text}");
        let quoted = serde_json::json!(text).to_string();
        let of_a_task = Some(expected).filter(|it| *it > 0);
        assert_eq!(created_at(&quoted), of_a_task, "{text}");
    }

    check("2020-01-01T00:00:00Z", NEWYEAR);
    check("2020-01-01t00:00:00z", NEWYEAR);
    check("2020-01-01 00:00:00Z", NEWYEAR);
    check("2020-01-01T00:00:00", NEWYEAR);
    check("2020-01-01 00:00:00 UTC", NEWYEAR);
    check(" 2020-01-01T00:00:00Z\n", NEWYEAR);
    check("2020-01-01T00:00:00.5Z", NEWYEAR + 500);
    check("2020-01-01T00:00:00.000001Z", NEWYEAR);
    check("2020-01-01T00:00:00.999999999Z", NEWYEAR + 999);
    check("2020-01-01T00:00:00,25Z", NEWYEAR + 250);
    check("2020-01-01T08:00:00+08:00", NEWYEAR);
    check("2020-01-01T08:00:00+0800", NEWYEAR);
    check("2020-01-01T08:00:00+08", NEWYEAR);
    check("2020-01-01 08:00:00 +0800", NEWYEAR);
    check("2019-12-31T18:30:00-05:30", NEWYEAR);
    check("2019-12-31T18:30:00\u{2212}05:30", NEWYEAR);
    check("2020-01-01T00:00:00-00:00", NEWYEAR);
    check("2019-12-31T23:59:60Z", NEWYEAR);
    check("Wed, 01 Jan 2020 00:00:00 GMT", NEWYEAR);
    check("Wed, 01 Jan 2020 08:00:00 +0800", NEWYEAR);
    check("1970-01-01T00:00:00Z", 0);
    check("1969-12-31T23:59:59.999Z", -1);
    check("2000-02-29T00:00:00Z", 951_782_400_000);
    check("0000-01-01T00:00:00Z", -62_167_219_200_000);
    check("9999-12-31T23:59:59Z", 253_402_300_799_000);
}

#[test]
fn a_number_is_a_time_with_a_fraction_and_in_quotes_too() {
    fn check(number: &str, expected: i64) {
        let of_a_task = Some(expected).filter(|it| *it > 0);
        assert_eq!(created_at(number), of_a_task, "{number}");
        if let Ok(number) = number.parse() {
            let time = Timestamp::from_milliseconds(expected);
            assert_eq!(Timestamp::from_wire(number), time, "{number}");
        }
        let quoted = format!("\"{number}\"");
        assert_eq!(created_at(&quoted), of_a_task, "{quoted}");
    }

    check("1577836800000", NEWYEAR);
    check("1577836800000.5", NEWYEAR);
    check("1577836800", NEWYEAR);
    check("1577836800.0215", NEWYEAR + 21);
    check("1.5778368e9", NEWYEAR);
    check("1.5778368E+12", NEWYEAR);
    check("0", 0);
    check("-1", -1000);
    check("99999999999.999", 99_999_999_999_999);
    check("99999999999", 99_999_999_999_000);
    check("100000000000", 100_000_000_000);
    check("-9223372036854775808", i64::MIN);
}

#[test]
fn zero_and_what_is_before_1970_are_no_time_of_a_task() {
    for value in [
        "0",
        "0.0",
        "-1",
        "-1769757744021",
        "null",
        r#""""#,
        r#""0""#,
        r#""1970-01-01T00:00:00Z""#,
        r#""0001-01-01T00:00:00Z""#,
    ] {
        assert_eq!(created_at(value), None, "{value}");
        let body = format!(r#"{{"id":"a","updated_at":{value}}}"#);
        let task = Task::from_json(body.as_bytes()).unwrap();
        assert_eq!(task.updated_at(), None, "{value}");
    }
    assert_eq!(created_at("1"), Some(1000));
}

#[test]
fn what_is_no_time_says_nothing() {
    fn check(value: &str) {
        assert_eq!(created_at(value), None, "{value}");
    }

    check("null");
    check("true");
    check("[1577836800]");
    check(r#"{"seconds":1577836800}"#);
    check("1e999");
    check("9223372036854775808");
    check("123456789012345678901234567890");
    for text in [
        "",
        "now",
        "NaN",
        "1_577_836_800",
        "2020-01-01",
        "2020-01-01T00:00Z",
        "2020-1-1T00:00:00Z",
        "2020-13-01T00:00:00Z",
        "2020-00-01T00:00:00Z",
        "2020-01-00T00:00:00Z",
        "2020-01-32T00:00:00Z",
        "2019-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2020-04-31T00:00:00Z",
        "2020-01-01T24:00:00Z",
        "2020-01-01T00:60:00Z",
        "2020-01-01T00:00:61Z",
        "2020-01-01T00:00:00.Z",
        "2020-01-01T00:00:00+24:00",
        "2020-01-01T00:00:00+00:60",
        "2020-01-01T00:00:00+1",
        "2020-01-01T00:00:00+08:",
        "2020-01-01T00:00:00Zulu",
        "2020-01-01T00:00:00 CEST",
        "+2020-01-01T00:00:00Z",
        "-2020-01-01T00:00:00Z",
        "20ä0-01-01T00:00:00Z",
        "Wed, 01 Foo 2020 00:00:00 GMT",
        "01 Jan 2020 00:00:00 GMT",
    ] {
        check(&serde_json::json!(text).to_string());
    }
}
