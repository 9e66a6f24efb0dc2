"""The end-to-end runner itself: what it needs, what it kills. Its steps are run by `make e2e-serve`."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import bake
import pytest

SCRIPTS, E2E = bake.ROOT / "scripts", bake.ROOT / "tests" / "e2e"
SLEEP = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]


def load(path: Path) -> object:
    """A script as a module, without its folder on the path for all other tests."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_e2e(project: Path, model: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The command line with no Modal account of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MODAL_")}
    words = [sys.executable, "-B", E2E / "serve", project, model]
    return subprocess.run(words, env=kept | env, capture_output=True, text=True, check=False)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A folder that has the name and the config of the tests' model."""
    folder = tmp_path / bake.LOCAL_MODEL.name
    folder.mkdir()
    (folder / "config.json").write_bytes((bake.LOCAL_MODEL / "config.json").read_bytes())
    return folder


def test_without_a_control_plane_it_says_how_to_get_one(bake, weights, tmp_path):
    project = bake(model_id=str(weights), budget="none").root
    done = run_e2e(project, weights, MODAL_CONFIG_PATH=str(tmp_path / "none.toml"))
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: there is no Modal control plane") and "`modal setup`" in done.stderr


def test_a_model_that_the_project_was_not_baked_for_is_refused(bake, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    project = bake(budget="none").root
    done = run_e2e(project, tmp_path, MODAL_TOKEN_ID="ak-x", MODAL_TOKEN_SECRET="as-x")
    assert done.returncode == 1 and f"bake with model_id={tmp_path}" in done.stderr


def test_only_containers_of_the_same_control_plane_are_killed():
    containers = load(E2E / "serve" / "containers.py")
    here = os.environ | {"MODAL_SERVER_URL": "http://127.0.0.1:1", "MODAL_TASK_ID": "ta-1"}
    others = here | {"MODAL_SERVER_URL": "http://127.0.0.1:2"}
    mine, yours = (subprocess.Popen(SLEEP, env=env, stdout=subprocess.PIPE) for env in (here, others))
    try:
        for process in (mine, yours):
            process.stdout.readline()  # it runs
        assert containers.kill("http://127.0.0.1:1") == {"ta-1"}
        assert mine.wait(10) < 0 and yours.poll() is None
        assert containers.running("http://127.0.0.1:1") == {}
    finally:
        mine.kill()
        yours.kill()


def test_the_embedder_is_the_package_s_model_and_the_classifier_s_sentences_are_not_its_test(tmp_path):
    import torch
    from safetensors.torch import load_file

    embedder = load(SCRIPTS / "small_embedder.py")
    folder = embedder.write(tmp_path / "all-MiniLM-L6-v2")
    weights = load_file(folder / "model.safetensors")
    assert sum(tensor.numel() for tensor in weights.values() if tensor.dtype is torch.float32) == 22_713_216
    assert (folder / "modules.json").is_file() and (folder / "1_Pooling" / "config.json").is_file()
    sys.modules["small_embedder"] = embedder
    try:
        classifier = load(SCRIPTS / "small_classifier.py")
    finally:
        del sys.modules["small_embedder"]
    learnt = {text for text, _ in classifier.examples()}
    assert len(learnt) == 48 and not learnt & set(classifier.HELD_OUT)


def test_the_bare_server_has_every_argument_but_ours():
    sys.path.insert(0, str(bake.ROOT / "benchmarks"))
    try:
        import serve_side
    finally:
        sys.path.pop(0)
    serve_side.PACKAGE = "my_llm"
    theirs = ["python", "-m", "vllm.entrypoints.openai.api_server", "--model", "/weights/my_llm"]
    ours = [
        "--middleware",
        "my_llm.engine.middleware.ServiceMiddleware",
        "--worker-extension-cls",
        "my_llm.engine.worker_extension.WorkerExtension",
    ]
    assert serve_side.bare([*theirs, *ours, "--dtype", "float32"]) == [*theirs, "--dtype", "float32"]
