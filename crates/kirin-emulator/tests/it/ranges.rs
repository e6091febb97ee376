//! The `Range` header, row by row.

use kirin_emulator::range::{Selection, select};

#[test]
fn a_range_selects_a_part() {
    let check = |header: &str, first, last| {
        assert_eq!(
            select(Some(header), 100),
            Selection::Part(first..=last),
            "{header}"
        );
    };
    check("bytes=0-0", 0, 0);
    check("bytes=0-99", 0, 99);
    check("bytes=10-19", 10, 19);
    check("bytes=99-99", 99, 99);
    check("bytes=10-", 10, 99);
    check("bytes=10-100", 10, 99);
    check("bytes=10-99999999999999999999999999", 10, 99);
    check("bytes=-1", 99, 99);
    check("bytes=-100", 0, 99);
    check("bytes=-101", 0, 99);
    check("bytes=-99999999999999999999999999", 0, 99);
    check("Bytes=0010-0019", 10, 19);
    check("bytes= 10-19 ", 10, 19);
}

#[test]
fn a_range_behind_the_end_is_not_satisfiable() {
    let check = |header: &str, length| {
        assert_eq!(
            select(Some(header), length),
            Selection::Unsatisfiable,
            "{header}"
        );
    };
    check("bytes=100-", 100);
    check("bytes=100-200", 100);
    check("bytes=99999999999999999999999999-", 100);
    check("bytes=-0", 100);
    check("bytes=0-", 0);
    check("bytes=-5", 0);
}

#[test]
fn anything_else_selects_the_whole() {
    assert_eq!(select(None, 100), Selection::Whole);
    for header in [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=1-b",
        "bytes=5-4",
        "bytes=+1-2",
        "bytes=0-1,3-4",
        "bytes=0-1,",
        "items=0-1",
        " bytes=0-1",
        "bytes =0-1",
        "bytes=1--2",
        "bytes=0x1-2",
        "bytes=1.0-2",
    ] {
        assert_eq!(select(Some(header), 100), Selection::Whole, "{header}");
    }
}
