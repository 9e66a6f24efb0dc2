"""One of each thing that a control plane runs, for tests/wire/test_control_plane.py."""

import os
import subprocess
import sys
import time
from pathlib import Path

import modal

app = modal.App("small-app")
image = modal.Image.debian_slim().env({"FROM_IMAGE": "image"})
volume = modal.Volume.from_name("small-data", create_if_missing=True)
notes = modal.Dict.from_name("small-notes", create_if_missing=True)
PORT = 18080


@app.function(image=image, secrets=[modal.Secret.from_dict({"FROM_SECRET": "secret"})])
def square(x: int) -> int:
    print(f"square of {x}")
    assert (os.environ["FROM_IMAGE"], os.environ["FROM_SECRET"]) == ("image", "secret")
    assert [path.name for path in Path("/root").iterdir() if path.suffix == ".py"] == ["small_app.py"]
    return x * x


@app.function(retries=modal.Retries(max_retries=3, initial_delay=0.0, backoff_coefficient=1.0))
def third_time(name: str) -> int:
    notes[name] = tries = notes.get(name, 0) + 1
    if tries < 3:
        raise ValueError(f"try {tries}")
    return tries


@app.function()
def broken() -> None:
    raise KeyError("on purpose")


@app.function()
def raises(error: Exception) -> None:
    raise error


@app.function(timeout=1, startup_timeout=60)
def slow() -> None:
    time.sleep(60)


@app.function()
def wait(name: str) -> None:
    notes[name] = os.environ["MODAL_TASK_ID"]
    time.sleep(60)


@app.function(volumes={"/data": volume})
def write(text: str, commit: bool = True) -> None:
    Path("/data/note.txt").write_text(text)
    if commit:
        volume.commit()
    else:
        os.kill(os.getpid(), 9)


@app.cls(volumes={"/data": volume.with_mount_options(read_only=True)})
class Reader:
    """Its container stays, and with it the copy of the Volume that it started with."""

    @modal.enter()
    def start(self) -> None:
        self.answers = 0

    @modal.method()
    def read(self, reload: bool = False) -> tuple[int, str]:
        if reload:
            volume.reload()
        self.answers += 1
        return self.answers, Path("/data/note.txt").read_text()

    @modal.method()
    def spoil(self) -> int:
        try:
            Path("/data/note.txt").write_text("spoiled")
        except OSError as error:
            return error.errno
        return 0

    @modal.exit()
    def end(self) -> None:
        print(f"ended after {self.answers} answers")


@app.cls()
class Counter:
    start: int = modal.parameter(default=0)

    @modal.enter()
    def begin(self) -> None:
        self.value = self.start

    @modal.method()
    def add(self, n: int) -> int:
        self.value += n
        return self.value


@app.function()
@modal.clustered(size=2)
def ranks() -> tuple[int, int]:
    info = modal.experimental.get_cluster_info()
    return info.rank, len(info.container_ips)


@app.function()
@modal.concurrent(max_inputs=8)
@modal.asgi_app(requires_proxy_auth=True)
def site():
    async def application(scope, receive, send):
        if scope["type"] != "http":
            return
        body = (await receive())["body"]
        if body == b"slow":
            time.sleep(2)
        await send({"type": "http.response.start", "status": 201, "headers": [(b"x-path", scope["path"].encode())]})
        await send({"type": "http.response.body", "body": b"you sent ", "more_body": True})
        await send({"type": "http.response.body", "body": body})

    return application


@app.server(port=PORT, unauthenticated=True, startup_timeout=60, target_concurrency=1, max_containers=2)
class Files:
    """Answers with its container's id, on the same port in each container."""

    @modal.enter()
    def start(self) -> None:
        code = f"""
import os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.5)
        body = os.environ["MODAL_TASK_ID"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
ThreadingHTTPServer(("0.0.0.0", {PORT}), Handler).serve_forever()
"""
        self.process = subprocess.Popen([sys.executable, "-c", code])

    @modal.exit()
    def end(self) -> None:
        self.process.terminate()
        print("the server ended")


@app.local_entrypoint()
def main(n: int) -> None:
    print("squares", list(square.map(range(n))))
