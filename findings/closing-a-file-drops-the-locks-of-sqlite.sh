#!/usr/bin/env bash
# A file check in the same process takes the log away from an open SQLite database; SQLite 3.51 and later
# defend themselves, earlier ones lose what was committed.
#
# One would guess: opening a database file once more, to see whether it is there or may be written, and
# closing it again, changes nothing.
#
# True: the system drops all locks that a process has on a file when the process closes any descriptor of
# it. SQLite counts its locks and does not notice. With WAL, the next process that opens the database and
# closes it then believes that it is the last one, and deletes the log under the first one. What the first
# one commits after that goes into a deleted file: it sees it, nobody else does, and if it is killed, it is
# gone. An SQLite since 3.51 looks whether others share the wal-index before it deletes the log.
#
# Why it matters to people who pay for video: "is the ledger there? open it and see" is what a program
# does at its start. With an older SQLite in any of the processes, creates that were written down and paid
# for are lost with the first crash, and are paid again. It is enough to ask by stat.
set -euo pipefail

old_version=3.46.1.0
new_version=3.51.2.0

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in "$old_version" "$new_version"; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "apsw==$version"
done

cat > "$folder/first.py" <<'PYTHON'
"""Has the database open; looks once more whether it is there; another process comes and goes."""

import os
import subprocess
import sys

import apsw

connection = apsw.Connection("ledger")
connection.pragma("journal_mode", "wal")
connection.pragma("synchronous", "full")
connection.execute("create table if not exists creates (id)")
connection.execute("insert into creates values (1)")
if sys.argv[1] == "looks":
    open("ledger", "r+").close()
other = "import apsw; c = apsw.Connection('ledger'); list(c.execute('select * from creates')); c.close()"
subprocess.run([sys.executable, "-c", other], check=True)
connection.execute("insert into creates values (2)")
print("the log is there:", os.path.exists("ledger-wal"), flush=True)
# As if it were killed.
os._exit(0)
PYTHON
cat > "$folder/next.py" <<'PYTHON'
import apsw

connection = apsw.Connection("ledger")
print("rows:", connection.execute("select count(*) from creates").get)
PYTHON

run() {
  local data="$folder/data"
  mkdir "$data"
  (cd "$data" && "$folder/$1/bin/python" ../first.py "$2" && "$folder/$1/bin/python" ../next.py) | tr '\n' ' '
  rm -r "$data"
}

changed=0
check() {
  local found
  found=$(run "$1" "$2")
  echo "SQLite $1, the process $2: $found"
  [[ $found == "$3" ]] || changed=1
}
check "$old_version" trusts 'the log is there: True rows: 2 '
check "$old_version" looks 'the log is there: False rows: 1 '
check "$new_version" looks 'the log is there: True rows: 2 '
exit "$changed"
