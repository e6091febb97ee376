#!/bin/sh
# Kills kirin generate at its first system call that writes, then at its second, and so on, and runs the
# same command again each time. Prints how often it was killed.
# $1: strace; $2: kirin; $3: a folder; $4: the system calls.
set -u
number=1
while [ "$number" -le 1000 ]; do
    id="order-$number"
    KIRIN_LEDGER="$3/$number.sqlite3"
    export KIRIN_LEDGER
    "$1" --follow-forks --quiet=all --output=/dev/null --trace="$4" \
        --inject="$4:signal=KILL:when=$number" \
        "$2" generate "a fox" --quiet --external-task-id "$id" --output "$3" >/dev/null 2>&1
    code=$?
    if ! again=$("$2" generate "a fox" --quiet --external-task-id "$id" --output "$3"); then
        echo "the same command again failed after a kill at call $number" >&2
        exit 1
    fi
    if [ ! -f "$again" ]; then
        echo "there is no video after a kill at call $number" >&2
        exit 1
    fi
    case $code in
        0) break ;;
        137) number=$((number + 1)) ;;
        *) echo "it ended with $code at call $number" >&2; exit 1 ;;
    esac
done
echo "$((number - 1))"
