#!/usr/bin/env bash
# serde_json calls an answer valid or not depending on which of its fields are read: half of an emoji.
#
# One would guess: a text is JSON or it is not. Reading a field, leaving it out of the struct, and keeping it as a
# `RawValue` agree about that, so a program that keeps an answer as a `RawValue` can read it later.
#
# True: an escape is looked at closely only when the string is read. Half of a surrogate pair, such as "\ud83d",
# is refused by `String`, `Cow<str>` and `Value`, and with it the whole answer. `RawValue`, `IgnoredAny` and a
# field that the struct does not have skip it, and the answer is valid. It is JSON by the grammar of RFC 8259
# (section 8.2 says that readers differ). JavaScript and Python write it themselves: the last letter of a text
# that is cut by UTF-16 units, as for a column or a log, may be half of an emoji, and is written as "\ud83d".
#
# Why it matters to people who pay for video: the answer to a create echoes the prompt. Where it was cut inside
# an emoji, a client that reads the prompt loses the answer, with the id of a task that is charged; a client, or a
# later version of the same one, that skips it has the id. Read what names the money first, with the rest
# skipped, and the rest after that.
#
# Needs cargo and python3. Exits 1 if this has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "readers"
version = "0.0.0"
edition = "2024"
[dependencies]
serde = { version = "=1.0.229", features = ["derive"] }
serde_json = { version = "=1.0.154", features = ["raw_value"] }
[workspace]
TOML
cat > "$folder/src/main.rs" <<'RUST'
#![allow(dead_code)]

use std::{borrow::Cow, env};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, value::RawValue};

#[derive(Deserialize)]
struct With<Prompt> {
    task_id: String,
    prompt: Prompt,
}

#[derive(Deserialize)]
struct WithCow<'a> {
    task_id: String,
    #[serde(borrow)]
    prompt: Cow<'a, str>,
}

#[derive(Deserialize)]
struct WithRef<'a> {
    task_id: String,
    #[serde(borrow)]
    prompt: &'a RawValue,
}

#[derive(Deserialize)]
struct Without {
    task_id: String,
}

fn say<T>(reader: &str, read: serde_json::Result<T>) {
    println!("  {reader:<17}{}", read.map_or_else(|error| error.to_string(), |_| "valid".to_owned()));
}

fn main() {
    for answer in env::args().skip(1) {
        println!("{answer}");
        say("String", serde_json::from_str::<With<String>>(&answer));
        say("Cow<str>", serde_json::from_str::<WithCow>(&answer));
        say("Value", serde_json::from_str::<With<Value>>(&answer));
        say("RawValue", serde_json::from_str::<With<Box<RawValue>>>(&answer));
        say("&RawValue", serde_json::from_str::<WithRef>(&answer));
        say("IgnoredAny", serde_json::from_str::<With<IgnoredAny>>(&answer));
        say("no such field", serde_json::from_str::<Without>(&answer));
        let kept = serde_json::from_str::<With<Box<RawValue>>>(&answer).unwrap().prompt;
        say("kept, then read", serde_json::from_str::<String>(kept.get()));
    }
}
RUST
cat > "$folder/cut.py" <<'PYTHON'
"""The answer with the whole prompt, and with one that was cut to five UTF-16 units."""

import json

PROMPT = "cat \N{SMILING CAT FACE WITH OPEN MOUTH}"
cut = PROMPT.encode("utf-16-le")[:10].decode("utf-16-le", "surrogatepass")
for prompt in PROMPT, cut:
    print(json.dumps({"task_id": "t-1", "prompt": prompt}))
PYTHON
cat > "$folder/expected.txt" <<'TEXT'
{"task_id": "t-1", "prompt": "cat \ud83d\ude3a"}
  String           valid
  Cow<str>         valid
  Value            valid
  RawValue         valid
  &RawValue        valid
  IgnoredAny       valid
  no such field    valid
  kept, then read  valid
{"task_id": "t-1", "prompt": "cat \ud83d"}
  String           unexpected end of hex escape at line 1 column 41
  Cow<str>         unexpected end of hex escape at line 1 column 41
  Value            unexpected end of hex escape at line 1 column 41
  RawValue         valid
  &RawValue        valid
  IgnoredAny       valid
  no such field    valid
  kept, then read  unexpected end of hex escape at line 1 column 12
TEXT
python3 "$folder/cut.py" > "$folder/answers.txt"
cargo build --quiet --manifest-path "$folder/Cargo.toml" --target-dir "$folder/target"
echo "serde_json 1.0.154, serde 1.0.229"
echo "behaviour: a lone half of a surrogate pair is refused where it is read, and valid where it is skipped"
mapfile -t answers < "$folder/answers.txt"
"$folder/target/debug/readers" "${answers[@]}" | tee "$folder/seen.txt"
if diff "$folder/expected.txt" "$folder/seen.txt"; then
  echo "as described"
else
  echo "this has changed"
  exit 1
fi
