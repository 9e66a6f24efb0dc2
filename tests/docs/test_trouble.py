"""The messages quoted in docs/troubleshooting.md are those that the program prints."""

import importlib
import json
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from bake import ROOT, Project, git, run

from planner.schema import ENGINES

Bake = Callable[..., Project]
SECTION = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
ROWS = [line.split(" | ")[0] for line in SECTION.splitlines() if line.startswith(("| `", "| an `"))]


def quoted(about: str) -> list[str]:
    """The pieces of text that one row quotes as seen, without what it leaves out as `...`."""
    (row,) = [row for row in ROWS if about in row]
    return [piece.strip() for span in re.findall(r"`([^`]+)`", row) for piece in span.split("...") if piece.strip()]


def seen(about: str, said: str) -> bool:
    """Whether what was printed holds what the row of that name quotes. Lines may break elsewhere."""
    plain = " ".join(said.split())
    return bool(quoted(about)) and all(" ".join(piece.split()) in plain for piece in quoted(about))


@contextmanager
def answering(
    status: int, headers: dict[str, str] | None = None, pages: dict[str, object] | None = None
) -> Iterator[str]:
    """The address of a server that gives pages by the end of their path, and to all else this status."""

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = next((page for end, page in (pages or {}).items() if end in self.path), None)
            body = b"" if page is None else json.dumps(page).encode()
            self.send_response(status if page is None else 200)
            for name, value in (headers or {} if page is None else {"Content-Type": "application/json"}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def asked(project: Project, *words: str, **env: str) -> str:
    """Both streams of a module of the project, which refuses."""
    done = run(sys.executable, "-B", "-m", *words, cwd=project.root, check=False, **env)
    assert done.returncode == 1
    return done.stdout + done.stderr


def test_each_row_is_held_by_a_test_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    held = re.findall(r"seen\(\"([^\"]+)\"", text)
    assert len(ROWS) >= 8 and all(sum(about in row for about in held) == 1 for row in ROWS)


CHATTER = ("Traceback", "Hook script failed")  # of cookiecutter's, around a refusal


def test_a_refusal(template: Path, tmp_path: Path) -> None:
    answers = ("model_id=meta-llama/Llama-3.3-70B-Instruct", "gpu=L4:1", "quantization=none")
    command = (sys.executable, "-m", "cookiecutter", str(template), "--no-input", "-o", str(tmp_path), *answers)
    done = run(*command, cwd=tmp_path, check=False)
    assert seen("does not run on L4", done.stderr)
    assert {"Traceback", "Hook script failed"} <= {word for word in CHATTER if word in done.stdout + done.stderr}
    assert list(tmp_path.iterdir()) == []


def test_a_clone_that_lies_there_already(repository: Path, tmp_path: Path, own_home: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"cookiecutters_dir: {tmp_path / '.cookiecutters'}\n", encoding="utf-8")
    words = (
        sys.executable,
        "-m",
        "cookiecutter",
        "--config-file",
        str(config),
        f"git+file://{repository}",
        "-o",
        "out",
    )
    run(*words, "--no-input", cwd=tmp_path)
    assert seen("You've downloaded", run(*words, cwd=tmp_path, check=False, COLUMNS="400").stdout)
    git("commit", "-q", "--allow-empty", "-m", "Newer", cwd=repository)
    run(*words, "--no-input", "--overwrite-if-exists", cwd=tmp_path)
    clone = tmp_path / ".cookiecutters" / repository.name
    assert git("rev-parse", "HEAD", cwd=clone) == git("rev-parse", "HEAD", cwd=repository)


def test_hooks_that_were_not_accepted(template: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "cookiecutter", str(template), "--no-input", "--accept-hooks=no", cwd=tmp_path)
    assert seen("UNFINISHED.md", " ".join(path.name for path in (tmp_path / "my-llm").iterdir()))


def test_no_login(bake: Bake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"):
        monkeypatch.delenv(name, raising=False)
    nowhere = {"MODAL_CONFIG_PATH": str(tmp_path / "none.toml")}
    for said in (
        asked(bake(), "modal", "deploy", "-m", "my_llm.app", **nowhere),
        asked(bake(task="batch"), "my_llm", "status", **nowhere),
        asked(bake(task="finetune"), "my_llm", "train", **nowhere),
    ):
        assert seen("Token missing", said)


GATED = "Access to model meta-llama/Llama-3.1-8B-Instruct is restricted."
FILE = {"type": "file", "path": "model.safetensors", "size": 1, "oid": "a"}


def test_a_gated_model_without_a_token(bake: Bake, tmp_path: Path) -> None:
    """The hub's answer to a file of such a model: https://huggingface.co/docs/hub/models-gated."""
    project = bake(model_id="meta-llama/Llama-3.1-8B-Instruct")
    assert project.plan["SECRETS"] == ["huggingface-secret"]
    info = {
        "id": project.plan["MODEL"],
        "sha": "0" * 40,
        "siblings": [{"rfilename": name} for name in ("config.json", "model.safetensors")],
    }
    pages = {"/tree/": [FILE], "/api/models/": info}
    with answering(401, {"X-Error-Code": "GatedRepo", "X-Error-Message": GATED}, pages) as hub:
        code = "import sys; from my_llm import storage, plan; storage.fetch(plan.MODEL, 'main', *sys.argv[1:])"
        done = run(sys.executable, "-B", "-c", code, str(tmp_path), hub, cwd=project.root, check=False)
    assert seen("GatedRepoError", done.stderr + "make weights")


def test_no_way_to_the_hub(bake: Bake, tmp_path: Path) -> None:
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    assert seen("cannot be downloaded", asked(bake(), "my_llm", "--local", **nowhere) + "make local (")


def test_a_cold_start_that_takes_too_long(bake: Bake, tmp_path: Path) -> None:
    project = Project(Path(shutil.copytree(bake().root, tmp_path / "my-llm")))
    text, found = re.subn(
        r"^STARTUP_TIMEOUT = \d+", "STARTUP_TIMEOUT = 1", project.plan_file.read_text(encoding="utf-8"), flags=re.M
    )
    assert found == 1
    project.plan_file.write_text(text, encoding="utf-8")
    with answering(503) as url:
        assert seen("waiting for a container", asked(project, "my_llm.client", "hi", "--url", url))


def test_no_proxy_token(bake: Bake) -> None:
    with answering(401) as url:
        assert seen("the service is private", asked(bake(), "my_llm.client", "hi", "--url", url))


def test_a_full_gpu(bake: Bake) -> None:
    """torch's message; a project's tests/test_out_of_memory.py really runs out of memory."""
    torch_says = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 44.40 GiB"
    code = f"from my_llm.monitoring import oom; print(oom.explain({torch_says!r}))"
    for answers in ({}, {"task": "batch"}, {"task": "finetune"}):
        said = run(sys.executable, "-B", "-c", code, cwd=bake(**answers).root).stdout
        assert seen("out of memory", said) and re.search(r"\b[A-Z]{4,}[A-Z_]*\b", said.replace("CUDA", "")), said


# Where the words stand that a README quotes, beside its own package: Modal's client, and the hub's
ELSEWHERE = {"Token missing. Could not authenticate client.": "modal", "GatedRepoError": "huggingface_hub"}


@pytest.mark.parametrize("answers", [{}, {"task": "batch"}, {"task": "finetune"}], ids=str)
def test_a_projects_readme_quotes_what_its_code_says(answers: dict[str, str], bake: Bake) -> None:
    files = bake(**answers).files()
    table = files["README.md"].decode().partition("## When something goes wrong")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0] for line in table.splitlines() if line.startswith('| "')]
    assert len(rows) >= 7
    both = [bake(**answers | {"engine": engine}).files() for engine in ENGINES] if "task" not in answers else [files]
    code = "".join(text.decode() for one in both for name, text in one.items() if name.startswith("my_llm/"))
    plain = re.sub(r'"\n\s*f?"', "", code)  # a text that goes on in the next line
    for quote in (quote for row in rows for quote in re.findall(r'"([^"]+)"', row)):
        where = plain
        if library := ELSEWHERE.get(quote):
            (folder,) = importlib.import_module(library).__path__
            where = "".join(path.read_text(encoding="utf-8") for path in Path(folder).rglob("*.py"))
        for piece in filter(None, (piece.strip(" ,:") for piece in quote.split("..."))):
            assert piece in where, f"no code of such a project says {piece!r}"


def test_an_estimate_without_the_hub_is_refused_in_a_sentence(bake: Bake, tmp_path: Path) -> None:
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    said = asked(
        bake(task="batch"), "my_llm", "estimate", "samples/reviews.jsonl", "--column", "text", **nowhere
    ).splitlines()
    assert said[-1].startswith("error: the tokenizer of Qwen/Qwen3-8B-FP8 cannot be read: ") and len(said[-1]) < 400
