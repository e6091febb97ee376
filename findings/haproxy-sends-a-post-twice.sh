#!/usr/bin/env bash
# HAProxy with `retry-on all-retryable-errors` sends a POST twice, and passes on the second answer.
#
# One would guess: a proxy never repeats a POST by itself, or asks for a key of idempotency first; and
# who is answered "400, it exists already" to a first POST has chosen an id that is in use.
#
# True: the word stands for empty answers, broken answers and time-outs, too, all of which come after the
# service has read the request, and methods do not matter unless `http-request disable-l7-retry` says so.
# It happens where head and body reach the proxy in one piece, as they do from most HTTP clients. The caller
# hears nothing of it: one POST out, one answer in, the answer to the second one.
#
# Why it matters to people who pay for video: the first POST was accepted and is charged. Where the service
# refuses a second task with the same id, the caller is refused, and a client that takes that at its word
# forgets a paid task; where the service takes it, one request has paid for two videos.
set -euo pipefail

haproxy_version=2.6.12-1+deb12u3
lua_version=5.3.6-2
wrapper_version=1.1.3-3+b1
opentracing_version=1.6.0-4

folder=$(mktemp -d)
proxy=
service=
cleanup() {
  [ -z "$proxy" ] || kill "$proxy" 2>/dev/null || true
  [ -z "$service" ] || kill "$service" 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT

mkdir "$folder/packages"
(cd "$folder/packages" && apt-get download -qq "haproxy=$haproxy_version" "liblua5.3-0=$lua_version" \
  "libopentracing-c-wrapper0=$wrapper_version" "libopentracing1=$opentracing_version" 2>/dev/null)
for package in "$folder"/packages/*.deb; do dpkg -x "$package" "$folder/root"; done
LD_LIBRARY_PATH=$(dirname "$(find "$folder/root" -name 'liblua5.3.so.0')")
export LD_LIBRARY_PATH

# A service that refuses duplicates. It accepts the first create, and dies before it has answered.
cat > "$folder/service.py" <<'PYTHON'
import json
import socket
import sys

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
tasks, posts = set(), 0
while True:
    stream, _ = listener.accept()
    stream.settimeout(10)
    request = b""
    while b"\r\n\r\n" not in request or not request.endswith(b"}"):
        received = stream.recv(65536)
        if not received:
            break
        request += received
    if not request:
        continue
    head, _, body = request.partition(b"\r\n\r\n")
    posts += 1
    external_id = json.loads(body)["external_task_id"]
    if external_id not in tasks:
        tasks.add(external_id)
        print(f"POST {posts}: created {external_id} and charged; the answer is lost", file=sys.stderr, flush=True)
    else:
        print(f"POST {posts}: refused, {external_id} exists", file=sys.stderr, flush=True)
        answer = b'{"code":1201,"message":"external_task_id already exists"}'
        stream.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(answer), answer))
    stream.close()
PYTHON
python3 "$folder/service.py" > "$folder/service.port" 2> "$folder/service.log" &
service=$!
for _ in $(seq 50); do [ -s "$folder/service.port" ] && break || sleep 0.1; done

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > "$folder/haproxy.cfg" <<CONFIG
defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 5s
frontend in
  bind 127.0.0.1:$port
  default_backend service
backend service
  retries 3
  retry-on all-retryable-errors
  server one 127.0.0.1:$(cat "$folder/service.port")
CONFIG
"$folder/root/usr/sbin/haproxy" -db -f "$folder/haproxy.cfg" > "$folder/haproxy.log" 2>&1 &
proxy=$!

cat > "$folder/client.py" <<'PYTHON'
"""Sends one valid POST, and never repeats it."""

import http.client
import socket
import sys
import time

port = int(sys.argv[1])
for _ in range(50):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        break
    except ConnectionRefusedError:
        time.sleep(0.1)
stream = socket.create_connection(("127.0.0.1", port), timeout=20)
body = b'{"prompt":"a fox","external_task_id":"order-42"}'
# Head and body in one piece, as curl, Go and hyper send what is short.
stream.sendall(
    b"POST /model/v1/generation HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(body), body)
)
answer = http.client.HTTPResponse(stream, method="POST")
answer.begin()
print(f"the caller sent 1 POST and got {answer.status} {answer.read().decode()}")
sys.exit(0 if answer.status == 400 else 1)
PYTHON

version=$("$folder/root/usr/sbin/haproxy" -v)
echo "${version%%$'\n'*}"
echo "behaviour: the POST is sent again after an empty answer, and the second answer is passed on"
as_described=yes
timeout 60 python3 "$folder/client.py" "$port" || as_described=no
cat "$folder/service.log"
[ "$(grep -c '^POST' "$folder/service.log")" = 2 ] || as_described=no
if [ "$as_described" = yes ]; then
  echo "as described"
else
  echo "this has changed"
  exit 1
fi
