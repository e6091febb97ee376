#!/usr/bin/env bash
# A POST arrives whole after the client's time-out: the kernel goes on to deliver what was written.
#
# One would guess: when an HTTP client raises its time-out and closes the connection, a server that has
# not read the request yet sees a broken one.
#
# True: everything that was written lies in the kernel's buffers, and close() lets the kernel deliver it
# in its own time, followed by a polite end. A server that was busy reads a complete, valid POST long
# after the client has reported the failure. Only a reset (SO_LINGER of 0) takes it back.
#
# Why it matters to people who pay for video: a look-up right after the time-out finds no task, the
# create is sent again, and then the first one arrives and is charged as well. The time to wait before
# "there is no such task" means anything has to outlast the kernel.
set -euo pipefail

requests_version=2.32.5
httpx_version=0.28.1

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  "requests==$requests_version" "httpx==$httpx_version"

cat > "$folder/late.py" <<'PYTHON'
"""Each client gives a POST up after half a second; the server begins to read a second later."""

import platform
import socket
import struct
import sys
import time

import httpx
import requests

BODY = b"x" * 100_000


def read_all(stream):
    stream.settimeout(5)
    read = b""
    try:
        while piece := stream.recv(65536):
            read += piece
    except ConnectionResetError:
        return read, "a reset"
    return read, "a polite end"


def given_up(name, post):
    listener = socket.socket()
    # As small as the buffer of a server that is behind with its work.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    outcome = post(f"http://127.0.0.1:{listener.getsockname()[1]}/v1/generation")
    time.sleep(1)
    stream, _ = listener.accept()
    read, end = read_all(stream)
    head, _, body = read.partition(b"\r\n\r\n")
    whole = head.startswith(b"POST ") and body == BODY
    print(f"{name}: the client says {outcome}; a second later: whole POST {whole}, then {end}")
    return whole


def with_requests(url):
    try:
        requests.post(url, data=BODY, timeout=0.5)
    except requests.Timeout as error:
        return type(error).__name__


def with_httpx(url):
    try:
        httpx.post(url, content=BODY, timeout=0.5, trust_env=False)
    except httpx.TimeoutException as error:
        return type(error).__name__


def with_a_reset(url):
    host = url.split("/")[2]
    stream = socket.create_connection((host.split(":")[0], int(host.split(":")[1])))
    head = f"POST /v1/generation HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(BODY)}\r\n\r\n"
    stream.sendall(head.encode() + BODY)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()
    return "it was reset"


print(f"requests {requests.__version__}, httpx {httpx.__version__}, {platform.system()} {platform.release()}")
late = [given_up("requests", with_requests), given_up("httpx", with_httpx)]
reset = given_up("a socket with SO_LINGER 0", with_a_reset)
sys.exit(0 if all(late) and not reset else 1)
PYTHON

echo "behaviour: a POST that was given up is delivered whole when the server comes to read it"
if NO_PROXY=127.0.0.1 timeout 60 "$folder/venv/bin/python" "$folder/late.py"; then
  echo "as described"
else
  echo "this has changed"
  exit 1
fi
