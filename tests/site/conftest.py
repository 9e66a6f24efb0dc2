"""The built page in a real browser: Debian's chromium, headless, from a loopback server, with a hub on loopback."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import pytest
from loopback_hub import HUB

DIST = Path(__file__).resolve().parents[2] / "site" / "dist"  # `make site OFFLINE=1`
# Without the driver, which `make test-site` installs, there is nothing here for `make test` to collect
collect_ignore = [] if find_spec("selenium") else ["test_page.py"]


class Quiet(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript", ".wasm": "application/wasm"}

    def log_message(self, *_: object) -> None:
        pass


class Hub(BaseHTTPRequestHandler):
    """A hub that lets other origins read, as the real one does."""

    seen: ClassVar[list[str]] = []  # paths that were asked for

    def do_GET(self) -> None:
        self.seen.append(self.path)
        found = HUB.get(self.path)
        self.send_response(200 if found else 404)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *_: object) -> None:
        pass


class Cdn(Quiet):
    """Files that other origins may read."""

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


@contextmanager
def served(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on loopback and give the address, with a slash at its end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def copied_page(folder: Path, **settings: str) -> Path:
    """Return a copy of the built page with other settings."""
    shutil.copytree(DIST, folder)
    built = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    assert built["pyodide"] == "pyodide/", "build the page with: make site OFFLINE=1"
    (folder / "settings.json").write_text(json.dumps(built | settings), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def hub_address() -> Iterator[str]:
    with served(Hub) as address:
        yield address.rstrip("/")


@pytest.fixture(scope="session")
def hub_saw(hub_address: str) -> list[str]:
    """The paths that the loopback hub was asked for so far."""
    return Hub.seen


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory, hub_address: str) -> Iterator[str]:
    """The built page on loopback, with the loopback hub in its settings."""
    folder = copied_page(tmp_path_factory.mktemp("site") / "dist", hub=hub_address)
    with served(partial(Quiet, directory=str(folder))) as address:
        yield address


@pytest.fixture
def from_cdn(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The page with Pyodide on another origin: the page's address, and the folder of Pyodide's files."""
    files = tmp_path / "cdn"
    shutil.copytree(DIST / "pyodide", files)
    with served(partial(Cdn, directory=str(files))) as cdn:
        folder = copied_page(tmp_path / "dist", pyodide=cdn)
        shutil.rmtree(folder / "pyodide")
        with served(partial(Quiet, directory=str(folder))) as address:
            yield address, files


@pytest.fixture(scope="session")
def page(address: str) -> Iterator[Any]:
    """One browser for all tests; each goes to an address of its own."""
    from browsing import Page, open_browser

    driver = open_browser()
    try:
        yield Page(driver, address)
    finally:
        driver.quit()
