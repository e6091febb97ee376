#!/usr/bin/env bash
# JSON that is kept as it came is written to CBOR, MessagePack and postcard without a complaint, and never read again.
#
# One would guess: a struct that derives `Serialize` and `Deserialize` can be read by the format that wrote it, or
# the write fails. `serde_json::value::RawValue` implements both.
#
# True: a `RawValue` is written as a struct with one secret name, which only serde_json understands. Every other
# format writes the secret name or its text, and says that all is well. Reading asks for a newtype with that
# name, and no other format answers it: the bytes are refused by the crate that wrote them.
#
# Why it matters to people who pay for video: an answer of the service is best kept as it came, beside the id of its
# task, since it may say later what was paid for. A program that keeps such structs in a compact store finds out at
# its next start, when it wants to go on with what is paid for, that nothing of it can be read, the ids included.
# Write a sample and read it back before the first create, or write the text of the JSON as a string.
#
# Needs cargo. Exits 1 if this has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "stores"
version = "0.0.0"
edition = "2024"
[dependencies]
ciborium = "=0.2.2"
postcard = { version = "=1.1.3", features = ["use-std"] }
rmp-serde = "=1.3.1"
serde = { version = "=1.0.229", features = ["derive"] }
serde_json = { version = "=1.0.154", features = ["raw_value"] }
[workspace]
TOML
cat > "$folder/src/main.rs" <<'RUST'
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Debug, Serialize, Deserialize)]
struct Paid<Answer> {
    task_id: String,
    answer: Answer,
}

const ANSWER: &str = r#"{"id":"task-1","usage":{"cost":0.21}}"#;

fn tell<Answer, Error>(store: &str, written: usize, read: Result<Paid<Answer>, Error>)
where
    Error: std::fmt::Display,
{
    match read {
        Ok(paid) => println!("{store}: {written} bytes written, read: {}", paid.task_id),
        Err(error) => println!("{store}: {written} bytes written, not read: {error}"),
    }
}

fn store<Answer>(kind: &str, paid: &Paid<Answer>)
where
    Answer: Serialize + for<'de> Deserialize<'de>,
{
    let json = serde_json::to_vec(paid).expect("JSON is written");
    tell(&format!("{kind} in JSON"), json.len(), serde_json::from_slice::<Paid<Answer>>(&json));

    let mut cbor = Vec::new();
    ciborium::into_writer(paid, &mut cbor).expect("CBOR is written");
    let read = ciborium::from_reader::<Paid<Answer>, _>(&cbor[..]);
    tell(&format!("{kind} in CBOR"), cbor.len(), read);

    let messagepack = rmp_serde::to_vec_named(paid).expect("MessagePack is written");
    let read = rmp_serde::from_slice::<Paid<Answer>>(&messagepack);
    tell(&format!("{kind} in MessagePack"), messagepack.len(), read);

    let postcard = postcard::to_stdvec(paid).expect("postcard is written");
    let read = postcard::from_bytes::<Paid<Answer>>(&postcard);
    tell(&format!("{kind} in postcard"), postcard.len(), read);
}

fn main() {
    let task_id = "task-1".to_owned();
    let answer = RawValue::from_string(ANSWER.to_owned()).expect("it is JSON");
    store("RawValue", &Paid { task_id: task_id.clone(), answer });
    store("String", &Paid { task_id, answer: ANSWER.to_owned() });
}
RUST
echo "serde_json 1.0.154, ciborium 0.2.2, rmp-serde 1.3.1, postcard 1.1.3"
seen=$(cargo run --quiet --manifest-path "$folder/Cargo.toml" --target-dir "$folder/target")
echo "$seen"

says() { grep -q "^$1: [0-9]* bytes written, $2" <<< "$seen"; }
says "RawValue in JSON" "read: task-1" || exit 1
for format in CBOR MessagePack postcard; do
  says "RawValue in $format" "not read: " || exit 1
  says "String in $format" "read: task-1" || exit 1
done
