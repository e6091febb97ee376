#!/usr/bin/env bash
# An SQLite file that is mounted into a container by itself has two logs, and what is committed to one of
# them vanishes.
#
# One would guess: `-v ./ledger.sqlite3:/data/ledger.sqlite3` shares a database with a container, and
# SQLite's locks, which are on the file, keep the two sides apart.
#
# True: with WAL, SQLite keeps its log and its index beside the *name* of the file. The two names are in two
# folders, so there are two logs for one file. Each side sees only its own commits; one log ends up in the
# file, and the other is laid over it by whoever opens its name next. Rows that were committed are gone, and
# `PRAGMA integrity_check` says "ok". A hard link does the same. A mounted *folder* is fine.
#
# Why it matters to people who pay for video: mounting the one file is what people do. A create that the
# container wrote down and paid for is unknown outside, is paid again, and in the end one of the two is in
# no ledger.
#
# Needs `unshare --mount` (root, or user namespaces).
set -euo pipefail

apsw_version=3.51.2.0

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "apsw==$apsw_version"

cat > "$folder/sides.py" <<'PYTHON'
"""Two processes, each by its own name of the database, commit a row each, and close one after the other."""

import subprocess
import sys

import apsw

SIDE = """
import sys, apsw
c = apsw.Connection(sys.argv[1])
c.pragma("synchronous", "full")
c.execute("insert into creates values (?)", (sys.argv[2],))
print([row[0] for row in c.execute("select * from creates")], flush=True)
sys.stdin.readline()
c.close()
"""


def side(name, row):
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", SIDE, name, row]
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    return process, process.stdout.readline().strip()


one, other = sys.argv[1:]
first = apsw.Connection(one)
first.pragma("journal_mode", "wal")
first.execute("create table creates (id)")
first.close()
(here, seen_here), (there, seen_there) = side(one, "here"), side(other, "there")
print("one side sees", seen_here, "and the other", seen_there)
for process in here, there:
    process.communicate("\n")
end = apsw.Connection(one)
print("in the end:", [row[0] for row in end.execute("select * from creates")], end.pragma("integrity_check"))
PYTHON

run() {
  rm -rf "$folder/data" "$folder/container"
  mkdir "$folder/data" "$folder/container"
  touch "$folder/container/ledger"
  (cd "$folder" && unshare --mount --map-root-user sh -c "$1; exec venv/bin/python sides.py data/ledger container/ledger")
}

touch "$folder/ledger"
echo "SQLite $apsw_version"
echo "the file is mounted:"
file=$(run 'touch data/ledger && mount --bind data/ledger container/ledger')
echo "$file"
echo "its folder is mounted:"
whole=$(run 'mount --bind data container')
echo "$whole"

changed=0
[[ $file == *"one side sees ['here'] and the other ['there']"* && $file == *"in the end: ['here'] ok"* ]] || changed=1
[[ $whole == *"in the end: ['here', 'there'] ok"* ]] || changed=1
exit "$changed"
