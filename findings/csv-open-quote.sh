#!/bin/sh
# A quote of CSV that is never closed.
#
# What one would guess: a reader of CSV refuses a file whose last quote is open, as parsers of JSON do.
#
# What is true: the Rust crate `csv` and Python's `csv` give the rest of the file as one cell, without an
# error. With a quote in a later line it is worse: that one closes the first, and what stands behind it is
# added to the cell, so that the number of columns may fit. Python's reader refuses both with
# `strict=True`, which is not its default; the Rust crate has no such option.
#
# Why it matters to people who pay for video: a table of prompts in which one quote was forgotten is a
# valid table with fewer and longer prompts. They are sent and charged, and nobody asked for them. A
# program that pays by the line has to look at the quotes itself.
#
# Needs cargo and python3. Exits 1 if this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf 'prompt,mode\n"a fox runs,std\na bear sits,pro\na boat sinks,pro\n' >open.csv
printf 'prompt\n"a fox runs\n"a bear sits"\n' >later.csv

mkdir -p reader/src
cat >reader/Cargo.toml <<'TOML'
[package]
name = "reader"
version = "0.0.0"
edition = "2021"
[dependencies]
csv = "=1.4.0"
[workspace]
TOML
cat >reader/src/main.rs <<'RUST'
fn main() {
    for file in std::env::args().skip(1) {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(file).unwrap();
        for record in reader.records() {
            match record {
                Ok(record) => println!("{:?}", record.iter().collect::<Vec<_>>()),
                Err(error) => println!("error: {error}"),
            }
        }
    }
}
RUST
cargo run --quiet --manifest-path reader/Cargo.toml -- open.csv later.csv >rust.txt
grep -A1 '^name = "csv"' reader/Cargo.lock | tail -1
cat rust.txt

cat >reader.py <<'PYTHON'
import csv, platform, sys
print("python", platform.python_version())
for file in sys.argv[1:]:
    with open(file, newline="") as lines:
        print(list(csv.reader(lines))[1:])
    try:
        with open(file, newline="") as lines:
            print("strict:", list(csv.reader(lines, strict=True)))
    except csv.Error as error:
        print("strict:", error)
PYTHON
python3 reader.py open.csv later.csv | tee python.txt

cat >expected-rust.txt <<'TEXT'
["a fox runs,std\na bear sits,pro\na boat sinks,pro\n"]
["a fox runs\na bear sits\""]
TEXT
cat >expected-python.txt <<'TEXT'
[['a fox runs,std\na bear sits,pro\na boat sinks,pro\n']]
strict: unexpected end of data
[['a fox runs\na bear sits"']]
strict: ',' expected after '"'
TEXT
tail -n +2 python.txt | diff expected-python.txt - && diff expected-rust.txt rust.txt || exit 1
echo "as described"
