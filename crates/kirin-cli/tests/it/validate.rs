//! Files of requests, checked without a key, a network or a ledger.

use serde_json::json;

use crate::kirin::{Kirin, Run};

fn validate(file: &str, content: &str) -> Run {
    Kirin::new()
        .with_file(file, content)
        .args(["validate", file])
        .run()
}

const VALID: [(&str, &str); 3] = [
    (
        "requests.jsonl",
        "{\"prompt\": \"a fox\"}\n\n{\"prompt\": \"a crow\", \"mode\": \"pro\", \"duration\": \"10\"}\n",
    ),
    (
        "requests.csv",
        "prompt,mode,duration\na fox,,\na crow,pro,10\n",
    ),
    (
        "request.json",
        "{\n  \"prompt\": \"a crow\",\n  \"mode\": \"pro\"\n}\n",
    ),
];

#[test]
fn a_valid_file_has_a_price() {
    let said = VALID.map(|(file, content)| validate(file, content).ended_with(0).stdout);
    let both = "2 valid requests, list price 0.91 USD\n";
    assert_eq!(said, [both, both, "1 valid request, list price 0.35 USD\n"]);
    let other = "{\"prompt\": \"a fox\", \"model\": \"kling_v1_t2v\"}\n";
    let without = validate("requests.jsonl", other).ended_with(0);
    assert_eq!(
        without.stdout,
        "1 valid request, with no known list price\n"
    );
    let mixed = validate("requests.jsonl", &format!("{}{other}", VALID[0].1)).ended_with(0);
    let said = "3 valid requests, list price 0.91 USD, plus 1 with no known price\n";
    assert_eq!(mixed.stdout, said);
}

#[test]
fn every_problem_of_every_line_is_listed() {
    let content = "{\"prompt\": \"\", \"mode\": \"best\"}\n[]\n{\"prompt\": \"a fox\"}\n{\n";
    let run = validate("requests.jsonl", content).ended_with(2);
    assert_eq!(run.stdout, "");
    let problems = [
        "line 1: prompt is empty; a string of 1 to 2500 characters is required",
        "line 1: mode is \"best\"; the string \"std\" or \"pro\" is required",
        "line 2: is not a JSON object",
        "line 4: is not JSON: EOF while parsing an object at column 1",
    ];
    for problem in problems {
        assert!(run.stderr.contains(problem), "{problem}\n{}", run.stderr);
    }
    let json = Kirin::new().with_file("requests.jsonl", content);
    let json = json
        .args(["validate", "--json", "requests.jsonl"])
        .run()
        .ended_with(2);
    let report = json.json();
    assert_eq!(report["requests"], 0);
    let first = json!({
        "line": 1,
        "field": "prompt",
        "what": "prompt is empty; a string of 1 to 2500 characters is required",
    });
    assert_eq!(report["problems"][0], first);
    assert_eq!(report["problems"][2]["field"], json!(null));
    let lines: Vec<_> = report["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["line"])
        .collect();
    assert_eq!(lines, [&json!(1), &json!(1), &json!(2), &json!(4)]);
}

#[test]
fn what_is_wrong_with_one_object_is_reported_at_its_line() {
    let broken =
        validate("request.json", "{\n  \"prompt\": \"a crow\",\n  oops\n}\n").ended_with(2);
    assert!(broken.stderr.contains("line 3: is not JSON"), "{broken:#?}");
}

#[test]
fn json_has_the_price_of_all() {
    let (file, content) = VALID[1];
    let run = Kirin::new()
        .with_file(file, content)
        .args(["validate", "--json", file])
        .run();
    let report = json!({"requests": 2, "price": "0.91", "without_price": 0, "problems": []});
    assert_eq!(run.ended_with(0).json(), report);
}

#[test]
fn a_display_name_is_the_model() {
    let csv = "model,prompt,duration\nkling_v1_6_t2v,a fox,10\n";
    validate("requests.csv", csv).ended_with(0);
    let arguments = ["validate", "--model", "kling_v1_6_t2v", "requests.csv"];
    let run = Kirin::new().with_file("requests.csv", "prompt,duration\na fox,10\n");
    run.args(arguments).run().ended_with(0);
}

#[test]
fn a_file_that_cannot_be_read_is_said() {
    Kirin::new()
        .args(["validate", "nowhere.csv"])
        .run()
        .ended_with(5);
    Kirin::new()
        .with_folder("a.csv")
        .args(["validate", "a.csv"])
        .run()
        .ended_with(1);
    validate("requests.md", "a fox").ended_with(2);
    let format = ["validate", "--format", "jsonl", "requests.txt"];
    Kirin::new()
        .with_file("requests.txt", VALID[0].1)
        .args(format)
        .run()
        .ended_with(0);
}
