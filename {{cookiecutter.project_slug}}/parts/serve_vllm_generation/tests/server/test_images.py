"""Images on the real vLLM, with IMAGES set in plan.py: answers are those of transformers, and nothing is fetched."""

import base64
import io
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import vision
from vllm_server import CONTEXT, free_port

import {{cookiecutter.__package}}
from {{cookiecutter.__package}} import plan

pytestmark = pytest.mark.slow

MOST = 2  # images in a request
TOKENS = 8
HALF = "\N{REPLACEMENT CHARACTER}"  # of a character: vLLM holds it back until the rest comes
START = """
import sys
from {{cookiecutter.__package}}.engine.server import Server
server = Server(sys.argv[1], int(sys.argv[2]), gpus=0, context_len=int(sys.argv[3]))
sys.exit(server.process.wait())
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return vision.write(tmp_path_factory.mktemp("vision"))


@pytest.fixture(scope="module")
def url(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service of this project as somebody has it who sets IMAGES in plan.py."""
    pytest.importorskip("vllm", reason="vLLM is not installed in this Python")
    [package] = {{cookiecutter.__package}}.__path__
    edited = Path(shutil.copytree(package, tmp_path_factory.mktemp("edited") / Path(package).name))
    text = (edited / "plan.py").read_text()
    for name, value in (("IMAGES", MOST), ("REASONING_PARSER", "")):  # of this model, which does not think
        text, count = re.subn(rf"^{name} = .+$", f"{name} = {value!r}", text, flags=re.MULTILINE)
        assert count == 1
    (edited / "plan.py").write_text(text)
    port = free_port()
    environment = os.environ | {"PYTHONPATH": str(edited.parent), "HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "1"}
    command = [sys.executable, "-c", START, str(model), str(port), str(CONTEXT)]
    process = subprocess.Popen(command, cwd=edited.parent, env=environment, start_new_session=True)
    try:
        address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 300
        while not _healthy(address):
            assert process.poll() is None and time.monotonic() < deadline, "the server did not start"
            time.sleep(0.5)
        yield address
    finally:
        os.killpg(process.pid, 15)
        process.wait(60)


def _healthy(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/health", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def picture(colour: str, size: tuple[int, int] = (40, 30)) -> Any:
    from PIL import Image

    return Image.new("RGB", size, colour)


def data_url(image: Any) -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def ask(url: str, *images: str, **more: Any) -> httpx2.Response:
    parts = [{"type": "image_url", "image_url": {"url": image}} for image in images]
    messages = [{"role": "user", "content": [*parts, {"type": "text", "text": "quick fox"}]}]
    body = {"model": plan.MODEL, "messages": messages, "temperature": 0, "max_tokens": TOKENS, "ignore_eos": True}
    return httpx2.post(f"{url}/v1/chat/completions", json=body | more, timeout=60)


def test_answers_to_images_are_the_models_own(url: str, model: Path):
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor: Any = AutoProcessor.from_pretrained(model, backend="pil")
    alone: Any = AutoModelForImageTextToText.from_pretrained(model, dtype=torch.float32).eval()
    answers = []
    for images in ([picture("red")], [picture("blue")], [picture("red"), picture("blue", (90, 20))]):
        inputs = processor(text="<image>" * len(images) + "quick fox", images=images, return_tensors="pt")
        length = inputs.input_ids.shape[1]
        written = alone.generate(**inputs, do_sample=False, min_new_tokens=TOKENS, max_new_tokens=TOKENS)
        expected = processor.tokenizer.decode(written[0, length:], skip_special_tokens=True).rstrip(HALF)
        got = ask(url, *map(data_url, images))
        assert got.status_code == 200, got.text
        answers.append(got.json()["choices"][0]["message"]["content"])
        assert (got.json()["usage"]["prompt_tokens"], answers[-1]) == (length, expected)
    assert len(set(answers)) == 3


def test_agents_send_images_in_their_own_forms(url: str):
    image = data_url(picture("red"))
    parts = [{"type": "input_image", "image_url": image}, {"type": "input_text", "text": "quick fox"}]
    body = {"model": plan.MODEL, "input": [{"role": "user", "content": parts}], "max_output_tokens": TOKENS}
    assert httpx2.post(f"{url}/v1/responses", json=body, timeout=60).status_code == 200
    source = {"type": "base64", "media_type": "image/png", "data": image.partition(",")[2]}
    messages = [{"role": "user", "content": [{"type": "image", "source": source}]}]
    body = {"model": plan.MODEL, "messages": messages, "max_tokens": TOKENS}
    assert httpx2.post(f"{url}/v1/messages", json=body, timeout=60).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/red.png",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/hostname",
        "data:text/html;base64,PGI+",
        "data:image/svg+xml;base64,PHN2Zy8+",
    ],
)
def test_nothing_is_fetched(url: str, address: str):
    answer = ask(url, address.format(port=url.rpartition(":")[2]))
    assert answer.status_code == 400 and "data:image/png;base64" in answer.json()["error"]["message"]


def test_what_is_no_image_or_too_many_is_a_400_and_the_service_goes_on(url: str):
    red = data_url(picture("red"))
    assert "at most 2" in ask(url, red, red, red).json()["error"]["message"]
    huge = data_url(picture("red", (9000, 9000)))
    for each in (red[:-40], "data:image/png;base64,aGVsbG8=", "data:image/png;base64,*", huge):
        answer = ask(url, each)
        assert 400 <= answer.status_code < 500, answer.text
    assert ask(url, red).status_code == 200 and _healthy(url)
