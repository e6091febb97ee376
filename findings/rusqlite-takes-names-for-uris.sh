#!/usr/bin/env bash
# rusqlite takes the name of a file for a URI, also where its flags say not to.
#
# One would guess: Connection::open(path) opens the file at that path; and whoever leaves out
# SQLITE_OPEN_URI gets no URIs.
#
# True: SQLITE_OPEN_URI is among the default flags, so `file:led?mode=memory` is a database in memory that
# is gone with the process, and `file:led%67er` is a file of another name. Leaving the flag out changes
# nothing: the SQLite that the feature `bundled` builds is compiled with SQLITE_USE_URI, which turns URIs
# on for every connection. Only a path that begins with neither `file:` nor a colon, such as an absolute
# one, is a path.
#
# Why it matters to people who pay for video: a record of paid creates whose name comes from a
# configuration can be in memory without anybody noticing. The next run knows of no create, and pays for
# all of them again.
set -euo pipefail

rusqlite_version=0.43.0

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --name names --vcs none .
cargo add --quiet "rusqlite@=$rusqlite_version" --features bundled
cat > src/main.rs <<'RUST'
use rusqlite::{Connection, OpenFlags};

fn main() {
    let name = std::env::args().nth(1).unwrap();
    let plain = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = match std::env::args().nth(2).as_deref() {
        Some("plain") => Connection::open_with_flags(&name, plain),
        _ => Connection::open(&name),
    };
    let connection = connection.unwrap();
    connection.execute_batch("CREATE TABLE IF NOT EXISTS creates (id); INSERT INTO creates VALUES (1)").unwrap();
    let count: i64 = connection.query_row("SELECT count(*) FROM creates", [], |row| row.get(0)).unwrap();
    println!("{count}");
}
RUST
cargo build --quiet
echo "rusqlite $rusqlite_version, bundled"

changed=0
for flags in default plain; do
  for name in 'file:led?mode=memory' 'file:led%67er'; do
    mkdir data
    (cd data && ../target/debug/names "$name" "$flags" > ../first && ../target/debug/names "$name" "$flags" > ../second)
    files=$(ls data | tr '\n' ' ')
    echo "$name, flags: $flags; rows after the second run: $(cat second), files: ${files:-none}"
    case "$name" in
      *memory) [[ $(cat second) == 1 && -z $files ]] || changed=1 ;;
      *) [[ $files == 'ledger ' ]] || changed=1 ;;
    esac
    rm -r data
  done
  mkdir data
  (cd data && ../target/debug/names "$PWD/file:led?mode=memory" "$flags" > ../first)
  files=$(ls data)
  echo "the same name as an absolute path, flags: $flags; files: $files"
  [[ $files == 'file:led?mode=memory' ]] || changed=1
  rm -r data
done
exit "$changed"
