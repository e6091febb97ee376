#!/bin/sh
# Runs kirin generate with an error at its first system call of a kind, then at its second, and so on, and after
# each does what a person would: types the command that is printed, and then the same command again. Prints how
# many errors there were.
# $1: strace; $2: kirin; $3: a folder; $4: the system call, or several that fail together; $5: the error; $6: "part"
# for calls about the part file alone, or nothing.
set -u
strace=$1 kirin=$2 folder=$3 call=$4 error=$5 only=${6:-}
failed() {
    echo "error $error at $call $number: $1" >&2
    cat "$place/said" >&2
    exit 1
}
number=1
while [ "$number" -le 1000 ]; do
    place="$folder/$number"
    mkdir -p "$place/videos"
    KIRIN_LEDGER="$place/ledger.sqlite3"
    export KIRIN_LEDGER
    # Somebody else's, under the names that kirin would take first.
    [ $((number % 2)) -eq 0 ] && echo precious >"$place/videos/v.mp4.part"
    echo precious >"$place/videos/v.mp4.part.json.new"
    set -- generate "a fox" --quiet --external-task-id "order-$number" --output "$place/videos/v.mp4"
    "$strace" --follow-forks --quiet=all --output="$place/trace" --trace="$call" \
        ${only:+--trace-path="$place/videos/v.mp4.part" --trace-path="$place/videos/v.mp4.2.part"} \
        --inject="$call:error=$error:when=$number" \
        "$kirin" "$@" >"$place/path" 2>"$place/said"
    code=$?
    if [ "$code" -gt 130 ]; then
        failed "it ended with $code"
    fi
    if [ "$code" -ne 0 ]; then
        # What is printed is typed, if there is something.
        next=$(sed -n 's/^  kirin //p' "$place/said" | tail -1)
        if [ -n "$next" ] && ! eval "\"\$kirin\" $next" >"$place/path" 2>>"$place/said"; then
            failed "the printed command failed: kirin $next"
        fi
        [ -n "$next" ] || : >"$place/path"
    fi
    if [ ! -s "$place/path" ] || [ ! -f "$(tail -1 "$place/path")" ]; then
        "$kirin" "$@" >"$place/path" 2>>"$place/said" || failed "the same command again failed"
    fi
    [ -s "$(tail -1 "$place/path")" ] || failed "there is no video"
    "$kirin" "$@" >/dev/null 2>>"$place/said" || failed "the same command, once more, failed"
    [ "$(cat "$place/videos/v.mp4.part.json.new")" = precious ] || failed "a file of somebody else was touched"
    if [ $((number % 2)) -eq 0 ] && [ "$(cat "$place/videos/v.mp4.part")" != precious ]; then
        failed "a file of somebody else was touched"
    fi
    grep -q INJECTED "$place/trace" || break
    number=$((number + 1))
done
echo "$((number - 1))"
