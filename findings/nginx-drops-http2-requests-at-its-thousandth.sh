#!/usr/bin/env bash
# nginx ends every HTTP/2 connection with its 1,000th request, and drops what was sent behind it.
#
# One would guess: a long batch over one HTTP/2 connection to a healthy nginx is answered request by
# request; a connection ends when it is idle, or when something is wrong.
#
# True: `keepalive_requests` is 1,000 unless somebody raised it. With the 1,000th request nginx sends a
# GOAWAY with NO_ERROR, whose last id is that request's stream. Requests that were on their way behind
# it are never looked at and never answered. Only the last id tells them from those that were.
#
# Why it matters to people who pay for video: a client that takes "the connection closed" for "it may
# have been charged" leaves a few creates of each batch of thousands unresolved; one that takes it for
# "it was not sent" pays twice elsewhere. RFC 9113, section 6.8 says which is which: above the last id
# it was not acted on.
set -euo pipefail

nginx_version=1.22.1-9+deb12u9
hyperframe_version=6.1.0
hpack_version=4.1.0

folder=$(mktemp -d)
server=
cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT

mkdir "$folder/packages" "$folder/logs"
(cd "$folder/packages" && apt-get download -qq "nginx=$nginx_version" 2>/dev/null)
dpkg -x "$folder"/packages/nginx_*.deb "$folder/nginx"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  "hyperframe==$hyperframe_version" "hpack==$hpack_version"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > "$folder/nginx.conf" <<CONFIG
daemon off;
master_process off;
pid $folder/nginx.pid;
error_log $folder/logs/error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  server {
    listen 127.0.0.1:$port http2;
    location / { return 200 "{}"; }
  }
}
CONFIG
"$folder/nginx/usr/sbin/nginx" -p "$folder" -c "$folder/nginx.conf" 2> "$folder/logs/start.log" &
server=$!

cat > "$folder/client.py" <<'PYTHON'
"""Sends 1,100 valid requests on one connection, at most 100 at a time."""

import socket
import sys
import time

import hpack
from hyperframe import frame

TOTAL, AT_ONCE = 1100, 100
HEAD = [(":method", "GET"), (":scheme", "http"), (":authority", "127.0.0.1"), (":path", "/v1/task")]


def connect(port):
    for _ in range(50):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=5)
        except ConnectionRefusedError:
            time.sleep(0.1)
    sys.exit("nginx does not listen")


def frames(stream):
    """What the server says, frame by frame, until it closes or says nothing for a second."""
    buffer = b""
    while True:
        while len(buffer) >= 9:
            head, length = frame.Frame.parse_frame_header(memoryview(buffer[:9]))
            if len(buffer) < 9 + length:
                break
            head.parse_body(memoryview(buffer[9 : 9 + length]))
            buffer = buffer[9 + length :]
            yield head
        try:
            received = stream.recv(65536)
        except OSError:
            return
        if not received:
            return
        buffer += received


stream = connect(int(sys.argv[1]))
stream.settimeout(1)
encoder = hpack.Encoder()
stream.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame.SettingsFrame(0).serialize())
sent, answered, goodbye = [], set(), None


def send():
    # As a client with a long way to the server does: it does not wait for each answer.
    while goodbye is None and len(sent) < TOTAL and len(sent) - len(answered) < AT_ONCE:
        request = frame.HeadersFrame(2 * len(sent) + 1, flags=["END_HEADERS", "END_STREAM"])
        request.data = encoder.encode(HEAD)
        sent.append(request.stream_id)
        stream.sendall(request.serialize())


send()
for it in frames(stream):
    if isinstance(it, frame.SettingsFrame) and "ACK" not in it.flags:
        stream.sendall(frame.SettingsFrame(0, flags=["ACK"]).serialize())
    if isinstance(it, frame.GoAwayFrame):
        goodbye = (it.last_stream_id, it.error_code)
    if "END_STREAM" in it.flags:
        answered.add(it.stream_id)
        send()
    if len(answered) == TOTAL:
        break

lost = len(sent) - len(answered)
print(f"sent {len(sent)}, answered {len(answered)}, never answered {lost}")
print(f"GOAWAY (last id, code): {goodbye}; the 1,000th request has the id 1999")
as_described = goodbye == (1999, 0) and answered == {it for it in sent if it <= 1999} and lost > 0
sys.exit(0 if as_described else 1)
PYTHON

"$folder/nginx/usr/sbin/nginx" -v 2>&1
echo "behaviour: GOAWAY(NO_ERROR) with the 1,000th request; what was sent behind it is dropped unanswered"
if timeout 60 "$folder/venv/bin/python" "$folder/client.py" "$port"; then
  echo "as described"
else
  echo "this has changed"
  exit 1
fi
