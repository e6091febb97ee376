#!/usr/bin/env bash
# An SQLite file whose checkpoint was killed is neither its old nor its new self: alone it is malformed.
#
# One would guess: in WAL mode the database file without its log is an older state of the database, so a
# monitor, a backup or a check may look at it alone with `immutable=1` and see what was true a while ago.
#
# True: a checkpoint copies pages into the file one by one. A process that is killed in the middle of it, which
# is most easily done while it closes the database and exits, leaves some pages new and some old, and rows that
# point to pages which the file does not have yet. Opened with its log the database is whole, with every commit;
# opened alone it is "malformed", at most of the places where the copying can end.
#
# Why it matters to people who pay for video: a program that looks at the file alone to find out whether a
# backup was put in its place calls a ledger damaged that has lost nothing, and tells its user to restore an
# older one, which pays again.
set -euo pipefail

apsw_version=3.51.2.0

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "apsw==$apsw_version"

cat > "$folder/killed.py" <<'PYTHON'
"""A child closes a database, and is killed by its own file system calls at each write of the checkpoint."""

import os
import shutil
import signal
import sys

import apsw

folder = sys.argv[1]
path = os.path.join(folder, "ledger")

CREATES = 400


class KillAtWrite(apsw.VFS):
    """The system's, but for the write with this number into the database file."""

    def __init__(self, number):
        self.number = number
        super().__init__("kill", "unix")

    def xOpen(self, name, flags):
        return File(self, name, flags)


class File(apsw.VFSFile):
    def __init__(self, vfs, name, flags):
        self.vfs, self.is_main = vfs, bool(flags[0] & apsw.SQLITE_OPEN_MAIN_DB)
        super().__init__("unix", name, flags)

    def xWrite(self, data, offset):
        if self.is_main:
            self.vfs.number -= 1
            if self.vfs.number < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        super().xWrite(data, offset)


def make():
    for suffix in "", "-wal", "-shm":
        if os.path.exists(path + suffix):
            os.remove(path + suffix)
    child = os.fork()
    if child == 0:
        one = apsw.Connection(path)
        one.pragma("journal_mode", "wal")
        one.pragma("wal_autocheckpoint", 0)
        one.execute("create table creates (id integer primary key, text unique)")
        for number in range(CREATES):
            one.execute("insert into creates values (?, ?)", (number, f"{number:04} " + "a" * 100))
            if number == CREATES // 4:
                one.pragma("wal_checkpoint")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


def killed_at(number):
    child = os.fork()
    if child == 0:
        vfs = KillAtWrite(number)  # It is there for as long as this is.
        one = apsw.Connection(path, vfs="kill")
        one.execute("select count(*) from creates").fetchall()
        one.close()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def seen(uri):
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
    try:
        one = apsw.Connection(uri, flags=flags)
        rows = one.execute("select count(text), max(id) from creates indexed by sqlite_autoindex_creates_1").fetchall()
        return "ok" if one.pragma("integrity_check") == "ok" and rows else "malformed"
    except apsw.CorruptError:
        return "malformed"


alone, whole, number = [], [], 1
while True:
    make()
    if not killed_at(number):
        break
    copy = os.path.join(folder, "copy")
    shutil.copy(path, copy)
    alone.append(seen(f"file:{copy}?immutable=1"))
    whole.append(seen(f"file:{path}"))
    number += 1
print(len(alone), "writes at which a checkpoint was killed")
print("alone:", {word: alone.count(word) for word in sorted(set(alone))})
print("with its log:", {word: whole.count(word) for word in sorted(set(whole))})
sys.exit(0 if alone.count("malformed") > len(alone) // 2 and set(whole) == {"ok"} else 1)
PYTHON

echo "SQLite $apsw_version"
"$folder/venv/bin/python" "$folder/killed.py" "$folder"
