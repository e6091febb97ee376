"""How many POSTs one create becomes, when its answer is lost or the server is in trouble.

    python3 -m venv venv
    venv/bin/pip install openai runwayml fal_client replicate
    npm install --prefix node openai @fal-ai/client replicate
    cargo build --release --package kirin-cli
    venv/bin/python tests/peers/measure.py --node node --kirin target/release/kirin

Each library makes one create against a server on this machine that counts, with its own defaults
but for two things: the address, and a time-out of one second, so that a server which never answers
does not cost ten minutes. The table that is printed stands in the README.
"""

import argparse
import importlib.metadata
import json
import os
import socket
import subprocess
import sys
import threading
import time

MODES = ["dropped", "never answered", "500", "503", "429"]

# A case ends when its program does, or after this many seconds.
LIMIT = 90

PYTHON = {
    "openai": """
import openai
client = openai.OpenAI(api_key="x", base_url=URL, timeout=1)
client.images.generate(model="gpt-image-1", prompt="a paper boat")
""",
    "runwayml": """
import runwayml
client = runwayml.RunwayML(api_key="x", base_url=URL, timeout=1)
client.text_to_video.create(model="veo3.1", prompt_text="a paper boat", ratio="1280:720", duration=4)
""",
    "fal_client": """
import fal_client, fal_client.client
fal_client.client.QUEUE_URL_FORMAT = URL + "/"
fal_client.SyncClient(key="x", default_timeout=1).submit("fal-ai/fast-sdxl", {"prompt": "a paper boat"})
""",
    "replicate": """
import httpx, replicate
client = replicate.Client(api_token="x", base_url=URL, timeout=httpx.Timeout(1))
client.predictions.create(version="5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15ccaa", input={"prompt": "a paper boat"})
""",
}

NODE = {
    "openai": """
const OpenAI = require("openai");
const client = new OpenAI({ apiKey: "x", baseURL: BASE_URL, timeout: 1000 });
client.images.generate({ model: "gpt-image-1", prompt: "a paper boat" }).catch(() => {});
""",
    "@fal-ai/client": """
const { fal } = require("@fal-ai/client");
fal.config({
  credentials: "x",
  requestMiddleware: async (request) => ({ ...request, url: BASE_URL + "/fal" }),
});
fal.queue.submit("fal-ai/fast-sdxl", {
  input: { prompt: "a paper boat" },
  abortSignal: AbortSignal.timeout(MODE === "never answered" ? 1000 : 80000),
}).catch(() => {});
""",
    "replicate": """
const Replicate = require("replicate");
const client = new Replicate({
  auth: "x", baseUrl: BASE_URL,
  fetch: (url, options) => fetch(url, { signal: AbortSignal.timeout(1000), ...options }),
});
client.predictions.create({ version: "5c7d5dc6", input: { prompt: "a paper boat" } }).catch(() => {});
""",
}


class Server:
    """Counts the POSTs that come, and answers each as its mode says."""

    def __init__(self, mode):
        self.mode = mode
        self.posts = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            while True:
                try:
                    head = self.read_request(connection)
                    if head is None:
                        return
                    if not self.answer(connection, head):
                        return
                except OSError:
                    return

    def read_request(self, connection):
        """The head of a request, once its body has come too."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        head = head.decode("latin-1")
        fields = {}
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.strip()
        if "chunked" in fields.get("transfer-encoding", ""):
            while not body.endswith(b"0\r\n\r\n"):
                body += connection.recv(65536)
        while len(body) < int(fields.get("content-length", 0)):
            body += connection.recv(65536)
        return head

    def answer(self, connection, head):
        if not head.startswith("POST "):
            # A look-up: no such task, in the service's own words.
            self.write(connection, 404, {"message": "task not found"})
            return True
        with self.lock:
            self.posts += 1
        if self.mode == "dropped":
            return False
        if self.mode == "never answered":
            time.sleep(LIMIT)
            return False
        self.write(connection, int(self.mode), {"message": "trouble"})
        return True

    @staticmethod
    def write(connection, status, value):
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)


def count(mode, command, environment=None):
    """The POSTs of one create; a plus where it had not ended by itself."""
    server = Server(mode)
    variables = dict(os.environ, **(environment or {}))
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"]:
        variables.pop(name, None)
    mark = ""
    try:
        subprocess.run(
            command(server.url), env=variables, timeout=LIMIT, check=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        mark = "+"
    server.listener.close()
    if server.posts == 0:
        raise SystemExit(f"no POST came in mode {mode!r}: {command(server.url)}")
    return f"{server.posts}{mark}"


def python(code):
    return lambda url: [sys.executable, "-c", f"URL = {url!r}\n{code}"]


def node(folder, code, mode):
    script = lambda url: f"const BASE_URL = {json.dumps(url)}, MODE = {json.dumps(mode)};\n{code}"
    return lambda url: ["node", "-e", script(url)]


def kirin(program):
    return lambda url: [program, "create", "a paper boat", "--base-url", url]


def row(name, version, counts):
    print(f"| {name} {version} | " + " | ".join(counts) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--node", help="the folder in which the npm packages are installed")
    parser.add_argument("--kirin", help="the program kirin")
    arguments = parser.parse_args()
    print("| one create | " + " | ".join(MODES) + " |")
    print("|---|" + "---|" * len(MODES))
    if arguments.kirin:
        version = subprocess.check_output([arguments.kirin, "--version"], text=True).split()[-1]
        counts = [count(mode, kirin(arguments.kirin), {"KIRIN_API_KEY": "x"}) for mode in MODES]
        row("kirin", version, counts)
    for name, code in PYTHON.items():
        version = importlib.metadata.version(name)
        row(f"{name} (Python)", version, [count(mode, python(code)) for mode in MODES])
    if arguments.node:
        os.chdir(arguments.node)
        for name, code in NODE.items():
            with open(f"node_modules/{name}/package.json", encoding="utf-8") as file:
                version = json.load(file)["version"]
            counts = [count(mode, node(arguments.node, code, mode)) for mode in MODES]
            row(f"{name} (npm)", version, counts)


if __name__ == "__main__":
    main()
