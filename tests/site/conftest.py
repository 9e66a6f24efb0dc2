"""The built page in a real browser: Debian's chromium, headless, from a loopback server, with a hub on loopback."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

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

    def do_GET(self) -> None:
        found = HUB.get(self.path)
        self.send_response(200 if found else 404)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def hub_address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory, hub_address: str) -> Iterator[str]:
    """The built page on loopback, with the loopback hub in its settings."""
    out = tmp_path_factory.mktemp("site") / "dist"
    shutil.copytree(DIST, out)
    settings = json.loads((out / "settings.json").read_text(encoding="utf-8"))
    assert settings["pyodide"] == "pyodide/", "build the page with: make site OFFLINE=1"
    (out / "settings.json").write_text(json.dumps(settings | {"hub": hub_address}), encoding="utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(out))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def page(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser for all tests; each goes to an address of its own."""
    from browsing import Page, open_browser

    driver = open_browser(tmp_path_factory.mktemp("downloads"))
    try:
        yield Page(driver, address)
    finally:
        driver.quit()
