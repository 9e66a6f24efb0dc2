"""Seconds from opening the planner's page to its first plan: in a new browser, and again with its files cached.

    make site OFFLINE=1 && .venv-site/bin/python benchmarks/page.py

The page and Pyodide come from loopback, without a network's delay. `make test-site` makes `.venv-site`.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "site"), str(ROOT / "tests")]

from browsing import Page, open_browser  # noqa: E402
from conftest import DIST, Quiet  # noqa: E402

ROUNDS = 5


def opened_s(page: Page) -> float:
    begun = time.perf_counter()
    page.open(task="serve")
    return time.perf_counter() - begun


def main() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(DIST))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cold, warm = [], []
        for _ in range(ROUNDS):
            driver = open_browser()
            try:
                page = Page(driver, f"http://127.0.0.1:{server.server_port}/")
                cold.append(opened_s(page))
                warm.append(opened_s(page))
            finally:
                driver.quit()
        server.shutdown()
    for name, seconds in (("cold", cold), ("warm", warm)):
        print(f"{name}  {statistics.median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f}), {ROUNDS} rounds")


if __name__ == "__main__":
    main()
