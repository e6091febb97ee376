#!/bin/sh
# The tip of a parser of arguments makes values of flags.
#
# What one would guess: the tip for a flag that is not known is safe to follow: the command then does
# what was meant, or nothing.
#
# What is true: where a command takes free text, clap's tip for an unknown flag is to type two dashes
# before it. Typed like that, the flag, its value and each flag behind it are texts: `--dry-run` is one
# too, and is no dry run any more.
#
# Why it matters to people who pay for video: `generate "a fox" --seed 5 --dry-run`, put right as the tip
# says, is four prompts and no dry run. A program that pays for each text must take the tip out of the
# error (`Error::remove(ContextKind::Suggested)`), and refuse a second text.
#
# Needs cargo. Exits 1 if this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "generate"
version = "0.0.0"
edition = "2021"
[dependencies]
clap = { version = "=4.6.9", features = ["derive"] }
[workspace]
TOML
cat >src/main.rs <<'RUST'
use clap::Parser;

#[derive(Parser)]
struct Arguments {
    prompts: Vec<String>,
    #[arg(long)]
    dry_run: bool,
}

fn main() {
    let arguments = Arguments::parse();
    println!("{} prompts, dry run: {}: {:?}", arguments.prompts.len(), arguments.dry_run, arguments.prompts);
}
RUST
cargo build --quiet
grep -A1 '^name = "clap"' Cargo.lock | tail -1
{
    ./target/debug/generate "a fox" --seed 5 --dry-run 2>&1 | grep tip: || true
    ./target/debug/generate "a fox" -- --seed 5 --dry-run
} | tee seen.txt
cat >expected.txt <<'TEXT'
  tip: to pass '--seed' as a value, use '-- --seed'
4 prompts, dry run: false: ["a fox", "--seed", "5", "--dry-run"]
TEXT
diff expected.txt seen.txt || exit 1
echo "as described"
