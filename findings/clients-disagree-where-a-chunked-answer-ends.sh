#!/usr/bin/env bash
# Where a chunked answer ends, two HTTP clients for Rust disagree: for ureq it is whole, for reqwest it is cut.
#
# One would guess: an answer with `Transfer-Encoding: chunked` shows its own end, so every client says the same of
# one whose connection is closed just before its last two bytes, the empty line behind the chunk of size 0.
#
# True: ureq takes the chunk of size 0 for the end, and says that the answer is whole. hyper, and so reqwest, waits
# for the empty line as well and fails, although each byte of the body has come. RFC 9112 (section 8) calls a
# chunked message incomplete only where the chunk of size 0 is missing. Cut before that chunk, both fail.
#
# Why it matters to people who pay for video: gateways that end a connection in a hurry cut there. With one client
# the answer to a create is read, with its task; with the other the create is in doubt, although the answer came
# in full, and a film is fetched again. A program that changes its HTTP client changes which creates it has to
# look up. Look up the task before anything is sent again, whatever the client says.
#
# Needs cargo and Python 3. Exits 1 if this has changed.
set -euo pipefail

folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "ends"
version = "0.0.0"
edition = "2024"
[dependencies]
reqwest = { version = "=0.12.24", default-features = false, features = ["blocking"] }
ureq = { version = "=3.5.2", default-features = false }
[workspace]
TOML
cat > "$folder/src/main.rs" <<'RUST'
fn tell<E: std::fmt::Display>(client: &str, end: &str, read: Result<String, E>) {
    match read {
        Ok(text) => println!("{client}, {end}: whole, {} bytes", text.len()),
        Err(error) => println!("{client}, {end}: failed: {error}"),
    }
}

fn main() {
    let server = std::env::args().nth(1).expect("the address of the server");
    for end in ["whole", "before-the-empty-line", "before-the-last-chunk"] {
        let url = format!("http://{server}/{end}");
        let read = ureq::get(&url).call();
        tell("ureq", end, read.and_then(|mut answer| answer.body_mut().read_to_string()));
        let read = reqwest::blocking::get(&url);
        tell("reqwest", end, read.and_then(|answer| answer.text()));
    }
}
RUST
cat > "$folder/server.py" <<'PYTHON'
import socket

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
FIRST = b"f\r\n{\"id\":\"task-1\"}\r\n"
ENDS = {"whole": b"0\r\n\r\n", "before-the-empty-line": b"0\r\n", "before-the-last-chunk": b""}

listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(600)
print(listener.getsockname()[1], flush=True)
for _ in range(6):
    connection, _ = listener.accept()
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        end = head.split(b" ")[1].decode().strip("/")
        connection.sendall(HEAD + FIRST + ENDS[end])
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        try:
            connection.recv(1)
        except OSError:
            pass
PYTHON
cargo build --quiet --manifest-path "$folder/Cargo.toml" --target-dir "$folder/target"
python3 "$folder/server.py" > "$folder/port" &
server=$!
for _ in $(seq 100); do
  [ -s "$folder/port" ] && break
  sleep 0.1
done
echo "ureq 3.5.2, reqwest 0.12.24"
seen=$(timeout 60 "$folder/target/debug/ends" "127.0.0.1:$(cat "$folder/port")")
echo "$seen"

says() { grep -q "^$1, $2: $3" <<< "$seen"; }
for client in ureq reqwest; do
  says "$client" whole "whole, 15 bytes" || exit 1
  says "$client" before-the-last-chunk "failed: " || exit 1
done
says ureq before-the-empty-line "whole, 15 bytes" || exit 1
says reqwest before-the-empty-line "failed: " || exit 1
