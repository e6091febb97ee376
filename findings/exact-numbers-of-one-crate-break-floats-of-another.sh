#!/usr/bin/env bash
# A crate that wants exact amounts makes another crate's answers unreadable: a float in a tagged enum is refused.
#
# One would guess: features of Cargo add, so a dependency that turns on exact decimals (rust_decimal's
# `serde-with-arbitrary-precision`) changes how decimals are read, and nothing else.
#
# True: it turns on serde_json's `arbitrary_precision` for the whole program. There a number that is not read at once
# stands as a map with a secret name, and `tag`, `untagged` and `flatten` do not read at once. rust_decimal knows the
# map, `f64` does not: "invalid type: map, expected f64". The same source reads the same answer where the other
# crate is not in the tree. A plain struct reads it in both.
#
# Why it matters to people who pay for video: answers are often an enum tagged by the status, with a progress or a
# duration in seconds as `f64`. Add a crate for invoices, and from then on every poll of a paid task fails to be
# read, although the code of the client has not changed. A library that must read answers in anybody's program keeps
# numbers as text (`RawValue`) and uses neither the feature nor buffered floats; test it once with the feature on.
#
# Needs cargo. Exits 1 if this has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "numbers"
version = "0.0.0"
edition = "2024"
[features]
invoices = ["rust_decimal/serde-with-arbitrary-precision"]
[dependencies]
rust_decimal = { version = "=1.42.0", default-features = false, features = ["serde", "std"] }
serde = { version = "=1.0.229", features = ["derive"] }
serde_json = "=1.0.154"
[workspace]
TOML
cat > "$folder/src/main.rs" <<'RUST'
use rust_decimal::Decimal;
use serde::Deserialize;

#[derive(Deserialize)]
struct Usage<Number> {
    number: Number,
}

#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Task<Number> {
    InProgress { number: Number },
}

#[derive(Deserialize)]
struct WithUsage<Number> {
    #[serde(flatten)]
    usage: Usage<Number>,
}

const ANSWER: &str = r#"{"status":"in_progress","number":0.5000000000000000001}"#;

fn tell<Number: std::fmt::Display>(form: &str, read: serde_json::Result<Number>) {
    match read {
        Ok(number) => println!("{form}: {number}"),
        Err(error) => println!("{form}: {error}"),
    }
}

fn main() {
    tell("plain f64", serde_json::from_str(ANSWER).map(|it: Usage<f64>| it.number));
    let tagged = |Task::InProgress { number }: Task<f64>| number;
    tell("tagged f64", serde_json::from_str(ANSWER).map(tagged));
    let flat = |it: WithUsage<f64>| it.usage.number;
    tell("flattened f64", serde_json::from_str(ANSWER).map(flat));
    let tagged = |Task::InProgress { number }: Task<Decimal>| number;
    tell("tagged decimal", serde_json::from_str(ANSWER).map(tagged));
}
RUST
run() { cargo run --quiet --manifest-path "$folder/Cargo.toml" --target-dir "$folder/target" "$@"; }
echo "serde_json 1.0.154, rust_decimal 1.42.0"
alone=$(run)
printf 'alone:\n%s\n' "$alone"
together=$(run --features invoices)
printf 'with exact decimals in the tree:\n%s\n' "$together"

[ "$alone" = $'plain f64: 0.5\ntagged f64: 0.5\nflattened f64: 0.5\ntagged decimal: 0.5' ] || exit 1
grep -qx 'plain f64: 0.5' <<< "$together" || exit 1
grep -q '^tagged f64: invalid type: map, expected f64' <<< "$together" || exit 1
grep -q '^flattened f64: invalid type: map, expected f64' <<< "$together" || exit 1
grep -qx 'tagged decimal: 0.5000000000000000001' <<< "$together" || exit 1
