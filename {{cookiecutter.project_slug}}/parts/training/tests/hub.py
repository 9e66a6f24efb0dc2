"""A hub on this machine: it has the dataset org/name at one commit, and takes what is pushed to a model repository."""

import base64
import hashlib
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROWS = [{"question": f"What is {number}?", "reply": f"It is {number}."} for number in range(40)]
FILES = {"train.jsonl": "".join(json.dumps(row) + "\n" for row in ROWS).encode()}


class Hub(BaseHTTPRequestHandler):
    """The routes that reading a dataset and pushing small files take."""

    asked: ClassVar[list[str]] = []
    pushed: ClassVar[dict[str, bytes]] = {}
    made: ClassVar[list[dict[str, object]]] = []
    token: ClassVar[str] = "hf_right"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        path = self.path.partition("?")[0]
        if path == f"/api/datasets/org/name/tree/{COMMIT}":
            return self.reply(json.dumps([entry(name) for name in FILES]).encode())
        if path in ("/api/datasets/org/name", f"/api/datasets/org/name/revision/{COMMIT}"):
            siblings = [{"rfilename": name} for name in FILES]
            return self.reply(json.dumps({"id": "org/name", "sha": COMMIT, "siblings": siblings}).encode())
        name = path.removeprefix(f"/datasets/org/name/resolve/{COMMIT}/")
        if name in FILES:
            return self.reply(FILES[name])
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.send_header("X-Error-Code", "RepoNotFound" if "other" in path else "EntryNotFound")
        self.end_headers()

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.headers["Authorization"] != f"Bearer {self.token}":
            return self.reply(b'{"error": "Invalid username or password."}', 401)
        if self.path == "/api/repos/create":
            type(self).made.append(json.loads(sent))
            return self.reply(json.dumps({"url": f"http://{self.headers['Host']}/me/tuned"}).encode())
        if self.path.endswith("/preupload/main"):
            asked = json.loads(sent)["files"]
            modes = [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in asked]
            return self.reply(json.dumps({"files": modes}).encode())
        if self.path.endswith("/commit/main"):
            for line in map(json.loads, sent.splitlines()):
                if line["key"] == "file":
                    type(self).pushed[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            done = {"commitUrl": f"http://{self.headers['Host']}/me/tuned/commit/{COMMIT}", "commitOid": COMMIT}
            return self.reply(json.dumps(done).encode())
        self.reply(b"{}")  # what is only validated

    def reply(self, content: bytes, status: int = 200) -> None:
        self.send_response(status)
        headers = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        for header, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(header, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


def entry(name: str) -> dict[str, object]:
    content = FILES[name]
    return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}


@contextmanager
def serving() -> Generator[str]:
    """Yield the address of a server that runs during the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
