#!/bin/sh
# Writes the manual page and the completions of kirin to target/release-files; `dist` publishes them.
set -eu
cd "$(dirname "$0")/.."
folder=target/release-files
mkdir -p "$folder"
kirin() { cargo run --quiet --locked --package kirin-cli --bin kirin -- "$@"; }
kirin man > "$folder/kirin.1"
kirin completions bash > "$folder/kirin.bash"
kirin completions fish > "$folder/kirin.fish"
kirin completions zsh > "$folder/_kirin"
kirin completions powershell > "$folder/_kirin.ps1"
