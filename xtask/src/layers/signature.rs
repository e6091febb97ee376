//! Which crates' types a library shows in its public signatures.
//!
//! Read from rustdoc's JSON, which knows the crate that defines each type, however it is
//! imported. Only a few of the oldest parts of its format are used, and a document in which nothing can be found
//! is an error. cargo-check-external-types needs a nightly toolchain of its own, and knows neither rule below.
//!
//! A crate whose types are shown is exported again at the root, unless it comes with Rust or lies behind
//! its own feature: so nobody has to find out which version of it fits.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::Verdict;
use crate::cargo::{LIBRARIES, Workspace};
use crate::error::Failure;
use crate::rustdoc;

/// The crates whose types may appear in public, and why.
const ALLOWED: [(&str, &str); 11] = [
    ("alloc", "comes with Rust"),
    (
        "async_trait",
        "whoever implements `Transport` or `Journal` writes its attribute",
    ),
    ("bytes", "what bodies are made of"),
    ("core", "comes with Rust"),
    (
        "futures_core",
        "its `Stream` is the one everybody understands",
    ),
    ("http", "the vocabulary of every HTTP library"),
    ("http_body", "its `Body` is the one everybody understands"),
    ("secrecy", "a key must look like a secret"),
    ("serde", "its traits are how Rust serializes"),
    ("serde_core", "serde's traits are defined here"),
    ("std", "comes with Rust"),
];

/// Crates whose values may appear, though the rule speaks of traits only.
const ALLOWED_VALUES: [(&str, &str); 1] = [(
    "serde_json",
    "`Value` is the raw answer of the service, for what the types do not know",
)];

/// Crates that are a part of another one, which has the feature and the module.
const FEATURES_OF_PARTS: [(&str, &str); 1] = [("tower_service", "tower")];

/// Checks the signatures of all library crates.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Verdict>, Failure> {
    let mut verdicts = Vec::new();
    for (library, document) in LIBRARIES.iter().zip(rustdoc::documents(workspace)?) {
        verdicts.push(judge(
            library,
            &read(&document)?,
            workspace.features(library),
        ));
    }
    Ok(verdicts)
}

fn read(file: &Path) -> Result<Value, Failure> {
    let bytes = std::fs::read(file)
        .map_err(|error| Failure::new(format!("could not read {}: {error}", file.display())))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::new(format!("{} is no JSON: {error}", file.display())))
}

fn judge(library: &str, document: &Value, features: &[String]) -> Verdict {
    let items = document["index"]
        .as_object()
        .into_iter()
        .flat_map(|index| index.values());
    let items: Vec<&Value> = items.filter(|item| is_ours(item)).collect();
    let mut uses = Vec::new();
    for item in &items {
        let mut paths = Vec::new();
        collect_paths(&item["inner"], &mut paths);
        uses.extend(paths.into_iter().map(|path| (*item, path)));
    }
    let complaints = uses.iter().filter_map(|(item, path)| {
        complaint(library, document, features, item, path)
            .or_else(|| not_exported(library, document, features, item, path))
    });
    let problems: BTreeSet<String> = complaints.collect();
    if items.is_empty() || uses.is_empty() {
        return Err(vec![format!(
            "{library}: nothing was found in rustdoc's JSON; adapt xtask/src/layers/signature.rs"
        )]);
    }
    if !problems.is_empty() {
        return Err(problems.into_iter().collect());
    }
    let (items, uses) = (items.len(), uses.len());
    Ok(format!(
        "{library}: {uses} types named by {items} public items, no foreign one"
    ))
}

/// Whether a person wrote the item in this crate: blanket implementations and automatic traits
/// come from elsewhere.
fn is_ours(item: &Value) -> bool {
    let implementation = &item["inner"]["impl"];
    item["crate_id"] == 0
        && implementation["blanket_impl"].is_null()
        && implementation["is_synthetic"] != true
}

/// Collects every path to a type or a trait: those and no other objects have an id and
/// arguments, or, where something is exported again, an id and a source.
fn collect_paths<'document>(value: &'document Value, paths: &mut Vec<&'document Value>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect_paths(value, paths)),
        Value::Object(object) => {
            let is_path = object.contains_key("args") || object.contains_key("source");
            if is_path && object.get("id").is_some_and(Value::is_number) {
                paths.push(value);
            }
            object
                .values()
                .for_each(|value| collect_paths(value, paths));
        }
        _ => {}
    }
}

fn complaint(
    library: &str,
    document: &Value,
    features: &[String],
    item: &Value,
    path: &Value,
) -> Option<String> {
    let owner = owner(document, path)?;
    if is_allowed(owner) || is_behind_its_feature(item, owner, features) {
        return None;
    }
    let name = match (item["name"].as_str(), item["inner"].get("use")) {
        (Some(name), _) => name,
        (None, Some(_)) => "an export",
        (None, None) => "an implementation",
    };
    let shown = ["path", "name", "source"]
        .iter()
        .find_map(|key| path[*key].as_str());
    let shown = shown.unwrap_or("a type");
    let place = &item["span"];
    let file = place["filename"].as_str().unwrap_or(library);
    let line = &place["begin"][0];
    Some(format!(
        "{file}:{line}: {name} shows {shown} of the crate {owner} in public"
    ))
}

/// What need not be exported: it comes with Rust, or only traits of it are shown, which whoever wants to
/// implement them asks for by name.
const EVERYBODY_HAS: [&str; 5] = ["alloc", "core", "serde", "serde_core", "std"];

fn not_exported(
    library: &str,
    document: &Value,
    features: &[String],
    item: &Value,
    path: &Value,
) -> Option<String> {
    let owner = owner(document, path)?;
    let is_exempt = EVERYBODY_HAS.contains(&owner) || is_behind_its_feature(item, owner, features);
    if is_exempt || exports(document).any(|name| name == owner) {
        return None;
    }
    Some(format!(
        "{library}: shows types of the crate {owner} in public; add `pub use {owner};` to its root"
    ))
}

/// The crates that the root exports again.
fn exports(document: &Value) -> impl Iterator<Item = &str> {
    let items = document["index"].as_object().into_iter();
    let exported = items.flat_map(|index| index.values());
    exported.filter_map(|item| item["inner"]["use"]["source"].as_str())
}

/// The name of the crate that defines the type, or nothing for one of this crate.
fn owner<'document>(document: &'document Value, path: &Value) -> Option<&'document str> {
    let id = path["id"].to_string();
    let number = match &document["paths"][&id]["crate_id"] {
        // Private items have no path; those of other crates always have one.
        Value::Null => return None,
        number => number.to_string(),
    };
    if number == "0" {
        return None;
    }
    let name = document["external_crates"][&number]["name"].as_str();
    Some(name.unwrap_or("without a name"))
}

fn is_allowed(owner: &str) -> bool {
    let allowed = ALLOWED.iter().chain(&ALLOWED_VALUES);
    owner.starts_with("kirin_") || allowed.into_iter().any(|(name, _)| *name == owner)
}

/// Whether the item lies in a module named as the crate, behind a feature of that name.
fn is_behind_its_feature(item: &Value, owner: &str, features: &[String]) -> bool {
    let file = item["span"]["filename"].as_str().unwrap_or_default();
    let mut modules = file
        .split(['/', '\\'])
        .map(|part| part.trim_end_matches(".rs"));
    let feature = FEATURES_OF_PARTS
        .iter()
        .find_map(|(part, whole)| (*part == owner).then_some(*whole))
        .unwrap_or(owner);
    let same = |name: &String| name.replace('-', "_") == feature;
    modules.any(|module| module == feature) && features.iter().any(same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A function in `file` that takes a type of the crate numbered `owner`.
    fn document(file: &str, owner: u32) -> Value {
        let path = json!({"path": "Uri", "id": 7, "args": null});
        let signature = json!({"inputs": [["uri", {"resolved_path": path}]], "output": null});
        let span = json!({"filename": file, "begin": [3, 1]});
        json!({
            "index": {"1": {"crate_id": 0, "name": "connect", "span": span,
                            "inner": {"function": {"sig": signature}}},
                      "2": {"crate_id": 0, "name": null, "inner": {"use": {"source": "http"}}},
                      "3": {"crate_id": 0, "name": null, "inner": {"use": {"source": "kirin_types"}}}},
            "paths": {"7": {"crate_id": owner}},
            "external_crates": {"1": {"name": "core"}, "2": {"name": "hyper"},
                                "3": {"name": "http"}, "4": {"name": "kirin_types"}}
        })
    }

    fn check(file: &str, owner: u32) -> Verdict {
        judge("a", &document(file, owner), &["hyper".to_owned()])
    }

    #[test]
    fn own_and_allowed_types_pass() {
        for owner in [0, 1, 3, 4] {
            let line = "a: 1 types named by 3 public items, no foreign one".to_owned();
            assert_eq!(check("crates/a/src/lib.rs", owner), Ok(line));
        }
    }

    #[test]
    fn a_foreign_type_is_found_and_named() {
        let expected = "crates/a/src/lib.rs:3: connect shows Uri of the crate hyper in public";
        assert_eq!(
            check("crates/a/src/lib.rs", 2),
            Err(vec![expected.to_owned()])
        );
        assert!(
            check("crates/a/src/lib.rs", 9).is_err(),
            "a crate without a name"
        );
    }

    #[test]
    fn a_crate_that_is_shown_is_exported() {
        let mut without = document("crates/a/src/lib.rs", 3);
        without["index"]["2"]["inner"] = json!({});
        let expected =
            "a: shows types of the crate http in public; add `pub use http;` to its root";
        assert_eq!(judge("a", &without, &[]), Err(vec![expected.to_owned()]));
    }

    #[test]
    fn a_module_behind_the_feature_may_show_the_crate() {
        assert!(check("crates/a/src/hyper/connect.rs", 2).is_ok());
        assert!(check("crates/a/src/hyper.rs", 2).is_ok());
        let without = judge("a", &document("crates/a/src/hyper.rs", 2), &[]);
        assert!(without.is_err(), "no such feature");
    }

    #[test]
    fn a_part_of_a_crate_goes_by_the_name_of_the_whole() {
        let mut part = document("crates/a/src/tower.rs", 2);
        part["external_crates"]["2"]["name"] = json!("tower_service");
        assert!(judge("a", &part, &["tower".to_owned()]).is_ok());
        assert!(judge("a", &part, &["tower-service".to_owned()]).is_err());
        assert!(judge("a", &part, &[]).is_err());
    }

    #[test]
    fn traits_arguments_and_exports_count() {
        let foreign = json!({"path": "Error", "id": 7, "args": null});
        let own = json!({"path": "From", "id": 8, "args": {"angle_bracketed": {
            "args": [{"type": {"resolved_path": foreign}}]}}});
        let exported = json!({"use": {"source": "hyper::Error", "name": "Error", "id": 7}});
        for inner in [json!({"impl": {"trait": own}}), exported] {
            let mut document = document("crates/a/src/lib.rs", 2);
            document["index"]["1"]["inner"] = inner;
            assert!(judge("a", &document, &[]).is_err());
        }
    }

    #[test]
    fn what_nobody_wrote_is_passed_over() {
        for mark in [
            json!({"blanket_impl": {"generic": "T"}}),
            json!({"is_synthetic": true}),
        ] {
            assert!(!is_ours(&json!({"crate_id": 0, "inner": {"impl": mark}})));
        }
        assert!(!is_ours(&json!({"crate_id": 2, "inner": {}})));
    }

    #[test]
    fn an_empty_document_is_no_success() {
        assert!(judge("a", &json!({}), &[]).is_err());
        assert!(judge("a", &json!({"index": {"1": {"crate_id": 0}}}), &[]).is_err());
    }
}
