#!/usr/bin/env bash
# A cache in nginx answers an old 404 to `Cache-Control: no-cache`, with a new `Date` and without `Age`.
#
# One would guess: `Cache-Control: no-cache` gets past a cache, a request with an `Authorization` header is
# not answered from a shared one (RFC 9111, section 3.5), and an answer from a cache has an `Age` above 0.
#
# True: `proxy_cache` with `proxy_cache_valid any` looks at none of the request's headers unless somebody
# wrote `proxy_cache_bypass`; it gives the kept 404 its own, present `Date`, and never sends `Age`. Only a
# query parameter that was never used before gets past it, for the cache's key holds the query string.
#
# Why it matters to people who pay for video: a client that lost the answer to a create asks whether the
# task exists. The 404 that was kept from before the create says no, as often as one asks, and nothing in
# it tells that it is old: who believes it sends the create again, and pays twice.
set -euo pipefail

nginx_version=1.22.1-9+deb12u9

folder=$(mktemp -d)
proxy=
service=
cleanup() {
  [ -z "$proxy" ] || kill "$proxy" 2>/dev/null || true
  [ -z "$service" ] || kill "$service" 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT

mkdir "$folder/packages" "$folder/logs"
(cd "$folder/packages" && apt-get download -qq "nginx=$nginx_version" 2>/dev/null)
dpkg -x "$folder"/packages/nginx_*.deb "$folder/nginx"

# A service with one task, which exists from the second that somebody creates it.
cat > "$folder/service.py" <<'PYTHON'
import http.server

created = False


class Service(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        global created
        self.rfile.read(int(self.headers["content-length"]))
        created = True
        self.answer(200, b'{"id":"task-1","status":"in_progress"}')

    def do_GET(self):
        if created:
            self.answer(200, b'{"id":"task-1","status":"in_progress"}')
        else:
            self.answer(404, b'{"message":"task not found"}')

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
print(server.server_address[1], flush=True)
server.serve_forever()
PYTHON
python3 "$folder/service.py" > "$folder/service.port" &
service=$!
for _ in $(seq 50); do [ -s "$folder/service.port" ] && break || sleep 0.1; done

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
  proxy_cache_path $folder/cache keys_zone=one:1m;
  server {
    listen 127.0.0.1:$port;
    location / {
      proxy_pass http://127.0.0.1:$(cat "$folder/service.port");
      proxy_cache one;
      proxy_cache_valid any 1m;
    }
  }
}
CONFIG
"$folder/nginx/usr/sbin/nginx" -p "$folder" -c "$folder/nginx.conf" 2> "$folder/logs/start.log" &
proxy=$!

cat > "$folder/client.py" <<'PYTHON'
"""Looks a task up, creates it, and looks it up again."""

import email.utils
import http.client
import sys
import time

port = int(sys.argv[1])
key = {"authorization": "Bearer any", "cache-control": "no-cache"}


def ask(method, path, body=None):
    for _ in range(50):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request(method, path, body, key)
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    answer = connection.getresponse()
    answer.read()
    return answer


def seconds(answer):
    return email.utils.parsedate_to_datetime(answer.getheader("date")).timestamp()


path = "/model/v1/generation/task/order-42"
first = ask("GET", path)
created = ask("POST", "/model/v1/generation", b'{"external_task_id":"order-42"}')
time.sleep(2)
second = ask("GET", path)
never_used = ask("GET", path + "?nonce=7f3a")
print(f"before the create: {first.status}; the create: {created.status}")
print(
    f"2 s later, with a key and no-cache: {second.status}, Age: {second.getheader('age')}, "
    f"its Date is {seconds(second) - seconds(first):.0f} s after the first one's"
)
print(f"with a query parameter that was never used: {never_used.status}")
as_described = (
    [first.status, created.status, second.status, never_used.status] == [404, 200, 404, 200]
    and second.getheader("age") is None
    and seconds(second) - seconds(first) >= 1
)
sys.exit(0 if as_described else 1)
PYTHON

"$folder/nginx/usr/sbin/nginx" -v 2>&1
echo "behaviour: the kept 404 is answered in spite of no-cache and a key, with a new Date and without Age"
if timeout 60 python3 "$folder/client.py" "$port"; then
  echo "as described"
else
  echo "this has changed"
  exit 1
fi
