#!/usr/bin/env bash
# A reader that is slow looks stalled to its writer for half a minute, behind a send buffer of Linux's own size.
#
# One would guess: a writer that waits for room in its socket is woken as often as its reader reads. If nothing
# could be written for 30 seconds, nobody has read for 30 seconds.
#
# True: Linux lets the send buffer grow to the third number of `tcp_wmem`, 4 MiB unless somebody changed it, and
# calls a socket writable only when a third of that is free again. The time between two writes is the time in
# which the reader takes more than a megabyte: 31 seconds at 40 KB/s, by that sum five minutes at 4 KB/s, with the
# reader at work all the time. With SO_SNDBUF at 64 KiB, or with TCP_NOTSENT_LOWAT at 64 KiB and the buffer left
# alone, it is a tenth of that, 3 seconds at 40 KB/s. It is not less, because a reader gives its window back in
# pieces, over loopback of more than 100 KB: at 4 KB/s there is still half a minute between two writes.
#
# Why it matters to people who pay for video: a server or a proxy with a time-out for its writes cuts the
# downloads of those with a slow line, who are reading all the time, and cuts them again at each repetition.
# The film that was paid for never arrives before its link runs out.
#
# Needs python3 on Linux. Takes 45 seconds. Exits 1 if this has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/slow.py" <<'PYTHON'
"""Three writers of 10 MB, side by side, each with a reader that takes 4 KB ten times a second."""

import platform
import select
import socket
import sys
import threading
import time

SECONDS, PIECE, ANSWER = 45, 4_000, 10_000_000
TCP_NOTSENT_LOWAT = 25  # Not in Python's `socket`.


def read_slowly(address, read):
    """Reads as long as there is something; notes when."""
    stream = socket.create_connection(address)
    due = time.monotonic()
    while stream.recv(PIECE):
        read.append(time.monotonic())
        due += 0.1
        time.sleep(max(0, due - time.monotonic()))


def longest(moments, begin, end):
    moments = [begin, *moments, end]
    return max(later - earlier for earlier, later in zip(moments, moments[1:]))


def write(name, option, gaps):
    listener = socket.create_server(("127.0.0.1", 0))
    read, written = [], []
    threading.Thread(target=read_slowly, args=(listener.getsockname(), read), daemon=True).start()
    stream, _ = listener.accept()
    if option:
        stream.setsockopt(*option)
    stream.setblocking(False)
    writable = select.poll()
    writable.register(stream, select.POLLOUT)
    begin, left = time.monotonic(), ANSWER
    while left and (rest := begin + SECONDS - time.monotonic()) > 0:
        if not writable.poll(1000 * rest):
            break
        written.append(time.monotonic())
        try:
            while left:
                left -= stream.send(bytes(min(left, 16_384)))
        except BlockingIOError:
            pass
    end = time.monotonic()
    gaps[name] = longest(written, begin, end), longest(read, begin, end)
    stream.close()


OPTIONS = {
    "the kernel's buffer": None,
    "SO_SNDBUF 64 KiB": (socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536),
    "TCP_NOTSENT_LOWAT 64 KiB": (socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, 65_536),
}

with open("/proc/sys/net/ipv4/tcp_wmem") as wmem:
    print(f"Linux {platform.release()}, Python {platform.python_version()}, tcp_wmem {' '.join(wmem.read().split())}")
gaps = {}
writers = [threading.Thread(target=write, args=(name, option, gaps)) for name, option in OPTIONS.items()]
for writer in writers:
    writer.start()
for writer in writers:
    writer.join()
for name in OPTIONS:
    to_write, to_read = gaps[name]
    print(f"{name}: at most {to_write:.1f} s without a writable event, at most {to_read:.1f} s without a read")
default, *bounded = (gaps[name][0] for name in OPTIONS)
always_reading = all(to_read < default / 3 for _, to_read in gaps.values())
sys.exit(0 if always_reading and all(default > 3 * it for it in bounded) else 1)
PYTHON

echo "behaviour: with the kernel's send buffer, a reader at 40 KB/s looks stalled more than three times as long"
if timeout 90 python3 "$folder/slow.py"; then
  echo "as described"
else
  echo "this has changed"
  exit 1
fi
