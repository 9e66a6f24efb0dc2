"""A Hugging Face hub on loopback that answers as the real one does, and a real model's config.json."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

SHA = "c1899de289a04d12100db370d81485cdf75e47ca"
CONFIG = {
    "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "head_dim": 128, "hidden_size": 1024,
    "intermediate_size": 3072, "max_position_embeddings": 40960, "num_attention_heads": 16, "num_hidden_layers": 28,
    "num_key_value_heads": 8, "tie_word_embeddings": True, "torch_dtype": "bfloat16", "vocab_size": 151936,
}  # fmt: skip  # Qwen/Qwen3-0.6B's
TOTAL = 596_049_920  # its parameters, as its card counts them


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Path -> answer: a number is an HTTP status, text where to go, bytes are sent as they are, the rest as JSON."""
    pages: dict[str, Any] = {}
    seen: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization", ""))
            page = pages.get(self.path, 404)
            if isinstance(page, str):  # an address that it redirects to
                self.send_response(307)
                self.send_header("Location", page)
                self.end_headers()
                return
            body = b"" if isinstance(page, int) else page if isinstance(page, bytes) else json.dumps(page).encode()
            self.send_response(page if isinstance(page, int) else 200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{hashlib.sha1(body).hexdigest()}"')
            self.send_header("X-Repo-Commit", SHA)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    pages["seen"] = seen
    yield pages
    server.shutdown()
    server.server_close()
