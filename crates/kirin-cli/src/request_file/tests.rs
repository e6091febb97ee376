use super::*;

const MODEL: &str = kirin_types::KIRIN_V2_5_TURBO_T2V.id;

fn read(format: Format, content: &[u8]) -> Result<Vec<Line>, Vec<String>> {
    let content = content.to_vec();
    let file = RequestFile {
        name: "the file".into(),
        content: Content::File(content, format),
    };
    let requests = file.parse_requests(MODEL);
    requests.map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn ids(lines: &[Line]) -> Vec<&str> {
    let ids = lines.iter().map(|line| line.request.external_task_id());
    ids.map(|id| id.unwrap().as_str()).collect()
}

#[test]
fn the_same_requests_in_both_formats_are_the_same() {
    let jsonl = br#"{"prompt": "a \"fox\"", "mode": "pro", "watermark_info": {"enabled": true}}

{"prompt": "a boat,\nsinking", "external_task_id": "order-2"}
{"model": "kirin_v1_6_t2v", "prompt": "a fox", "duration": 10}
"#;
    let csv = b"\xef\xbb\xbfprompt, mode,watermark_info,external_task_id,model,duration\r\n\
        \"a \"\"fox\"\"\",pro,true,,,\r\n\
        \"a boat,\nsinking\",,,order-2,,\r\n\
        a fox,,,,kling_v1_6_t2v,10\r\n";
    let jsonl = read(Format::Jsonl, jsonl).unwrap();
    let csv = read(Format::Csv, csv).unwrap();
    let requests =
        |lines: &[Line]| -> Vec<_> { lines.iter().map(|line| line.request.clone()).collect() };
    assert_eq!(requests(&jsonl), requests(&csv));
    let numbers = |lines: &[Line]| -> Vec<_> { lines.iter().map(|line| line.number).collect() };
    assert_eq!(numbers(&jsonl), [1, 3, 4]);
    assert_eq!(numbers(&csv), [2, 3, 5]);
}

/// It is what `sha256sum` gives for a line with `1`, and, without a line feed behind it,
/// `{"aspect_ratio":"16:9","duration":"5","mode":"std","model":"kirin_v2_5_turbo_t2v","prompt":"a fox"}`.
#[test]
fn a_derived_id_is_what_is_documented() {
    let lines = read(Format::Jsonl, br#"{"prompt": "a fox"}"#).unwrap();
    assert_eq!(ids(&lines), ["batch-39de16db656d0239a3968f371f0738e3"]);
}

#[test]
fn ids_do_not_depend_on_the_order_of_the_lines() {
    let (fox, boat) = (r#"{"prompt": "a fox"}"#, r#"{"prompt": "a boat"}"#);
    let lines = |all: &[&str]| read(Format::Jsonl, all.join("\n").as_bytes()).unwrap();
    let (before, after) = (lines(&[fox, boat, fox]), lines(&["", boat, fox, boat, fox]));
    let (before, after) = (ids(&before), ids(&after));
    assert_eq!(after[..2], [before[1], before[0]]);
    assert_eq!(after[3], before[2]);
    assert!(!before.contains(&after[2]), "{after:?}");
}

#[test]
fn what_is_run_again_has_another_id_each_time() {
    let first: ExternalTaskId = "order-1".parse().unwrap();
    let second = after_failure(&first);
    assert_eq!(second, after_failure(&first));
    assert_ne!(second, after_failure(&second));
}

#[test]
fn every_problem_of_every_line_is_reported() {
    let lines = br#"{"prompt": "", "mode": "best"}
{"prompt": "a fox", "external_task_id": "order-1"}
["a fox"]
{"prompt": "a fox"
{"prompt": "a fox", "external_task_id": "order-1"}
{"prompt": "a fox", "extra": 7}"#;
    let problems = read(Format::Jsonl, lines).unwrap_err();
    let expected = [
        "line 1: prompt ",
        "line 1: mode ",
        "line 3: is not a JSON object",
        "line 4: is not JSON: EOF while parsing an object at column 18",
        "line 5: external_task_id order-1 is that of line 2",
        "line 6: extra is not an object",
    ];
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    for (problem, expected) in problems.iter().zip(expected) {
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[test]
fn every_problem_of_a_table_is_reported() {
    for (content, expected) in [
        (&b""[..], "the file has no request"),
        (b"prompt\n", "the file has no request"),
        (
            b"prompt,,mode,prompt\na,b,c,d\n",
            "line 1: column 2 has no name / line 1: two columns have the name prompt",
        ),
        (
            b"prompt,mode\na fox\n",
            "line 2: has 1 cells, and the header has 2",
        ),
        (
            b"prompt,mode\na fox,pro\n\n\xff,pro\n",
            "line 4: cannot be read: CSV parse error",
        ),
    ] {
        let problems = read(Format::Csv, content).unwrap_err().join(" / ");
        assert!(problems.starts_with(expected), "{problems}");
    }
}
