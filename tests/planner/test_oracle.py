"""The planner against what transformers and vLLM say of each config.json (benchmarks/data/oracle; `make oracle`).

A row ends exact or refused. Those that do not yet are listed in tests/data/oracle_wrong.txt and must fail: a row that
was mended leaves the list (`python -m benchmarks.oracle.report`).
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks.oracle.report import architecture_table, unpinned_table
from benchmarks.oracle.rows import FILES, load
from benchmarks.oracle.verdict import PARAMS, is_refusal, verdict
from planner.catalogue.gpus import GPUS
from planner.catalogue.hf_config import from_config
from planner.catalogue.shipped import load_catalogue
from planner.estimate.inference_memory import memory
from planner.estimate.weights import weight_gib
from planner.schema import GIB, InferenceSetup, Refusal

ROOT = Path(__file__).resolve().parents[2]
WRONG = set((ROOT / "tests" / "data" / "oracle_wrong.txt").read_text(encoding="utf-8").split())
DATA = {name: load(name) for name in FILES}
ROWS = {row["id"]: row for name in FILES for row in DATA[name]["rows"]}
# Rows that the slow half computes anew in the libraries: each a kind of layers or cache of its own.
SAMPLE = (
    "published/llama-3.1-8b", "published/deepseek-ai/DeepSeek-V3.2", "published/nemotron-nano-9b-v2",
    "published/jamba-1.5-mini", "published/falcon-h1-7b", "published/gemma-3-27b", "published/gemma-4-31b",
    "published/qwen3-next-80b", "published/llama-4-scout", "published/gpt-oss-20b", "published/qwen3-30b-a3b",
    "published/moonshotai/Kimi-K3", "published/thinkingmachines/Inkling-Small", "published/MiniMaxAI/MiniMax-M3",
    "published/zai-org/GLM-5.3-Flash",
)  # fmt: skip


def marked(id: str) -> Any:
    wrong = pytest.mark.xfail(id in WRONG, reason="a known error of the planner", strict=True)
    return pytest.param(ROWS[id], id=id, marks=wrong if id in WRONG else ())


@pytest.mark.parametrize("row", [marked(id) for id in ROWS])
def test_a_config_is_read_exactly_or_refused(row: dict[str, Any]) -> None:
    found = verdict(row)
    assert found.kind != "wrong", "; ".join(found.details)


def test_no_row_is_known_to_be_wrong() -> None:
    assert not WRONG


def test_every_model_of_the_catalogue_was_asked() -> None:
    for id in load_catalogue():
        row = ROWS[f"catalogue/{id}"]
        assert "params" in row["transformers"] or "class" in row["vllm"], id


def test_every_generating_architecture_of_transformers_was_asked() -> None:
    auto = pytest.importorskip("transformers.models.auto.modeling_auto")
    missing = [kind for kind in auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES if f"default/{kind}" not in ROWS]
    if DATA["defaults"]["versions"]["transformers"] == pytest.importorskip("transformers").__version__:
        assert len(missing) <= 1, missing
    llama = {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32}
    for kind in missing:  # of a newer release: without an answer, so not guessed
        config = llama | {"num_attention_heads": 32, "model_type": kind, "architectures": ["LlamaForCausalLM"]}
        with pytest.raises(Refusal):
            from_config(config, f"org/{kind}")


@pytest.mark.parametrize("id", [id for id in ROWS if id.startswith("default/")])
def test_a_config_that_leaves_out_its_dimensions_is_not_guessed(id: str) -> None:
    """save_pretrained writes only what differs from the class's defaults."""
    config = {key: ROWS[id]["config"].get(key) for key in ("architectures", "model_type", "dtype")}
    right = ROWS[id].get("transformers", {}).get("params")
    try:
        model = from_config(config, id)
    except Refusal:
        return
    assert right and abs(model.params / right - 1) <= PARAMS


@pytest.mark.parametrize(
    ("id", "tokens", "right"),
    [  # bytes of a request: computed by hand from the config.json and vLLM's rules
        ("meta-llama/Llama-3.1-8B", 16384, 16384 * 32 * 2 * 8 * 128 * 2),
        # 4 layers of attention, 27 of Mamba in 7 groups of 4; a state of 5,316,608 bytes needs 1,312 tokens of 4,096
        ("nvidia/NVIDIA-Nemotron-Nano-9B-v2", 16384, (13 + 7 * 3) * 4 * 1312 * 4096),
        # a latent of 576 and an index of 66 two-byte elements: 78,324 bytes a token
        ("deepseek-ai/DeepSeek-V3.2", 16384, 16384 * 78324),
    ],
)
def test_a_request_takes_what_is_computed_by_hand(id: str, tokens: int, right: int) -> None:
    setup = InferenceSetup(load_catalogue()[id], GPUS["H200"], 8, 8, context_len=tokens)
    setup = setup if id.startswith("deepseek") else setup._replace(gpu=GPUS["H100"], gpu_count=1, tensor_parallel=1)
    needed = memory(setup)
    assert needed.kv_cache_gib * GIB / needed.max_concurrency == pytest.approx(right, rel=1e-6)


def test_nemotron_nano_holds_77_requests_of_16k() -> None:
    """vLLM 0.32 on an H100: its own accounting gives 77; two blocks of state would make it 101."""
    setup = InferenceSetup(
        load_catalogue()["nvidia/NVIDIA-Nemotron-Nano-9B-v2"], GPUS["H100"], context_len=16384,
        attention="flash_attention_3",
    )  # fmt: skip
    assert memory(setup, "0.32").max_concurrency == pytest.approx(77, abs=3)


@pytest.mark.parametrize(("id", "logged"), [("openai/gpt-oss-20b", 13.47), ("openai/gpt-oss-120b", 64.38)])
def test_mxfp4_weights_are_those_that_a_running_engine_logs(id: str, logged: float) -> None:
    """ "Model loading took ... GiB" of vLLM on an H100 (benchmarks/data): the oracle builds them without padding."""
    assert weight_gib(load_catalogue()[id], "none", 1) == pytest.approx(logged, rel=0.01)


def test_what_one_gpu_of_several_holds_whole() -> None:
    """DeepSeek-V3.2 at TP 8: q_a, kv_a and the indexer are copied, which is 1.0 GiB that a division by 8 would miss."""
    row = ROWS["published/deepseek-ai/DeepSeek-V3.2"]
    alone, eighth = (row["vllm"][tp]["weight_bytes"] for tp in ("1", "8"))
    assert eighth - alone / 8 > 0.9 * GIB


def test_the_table_of_architectures_is_written_down() -> None:
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    assert architecture_table() in text and unpinned_table() in text, "run `python -m benchmarks.oracle.report`"


@pytest.mark.slow(minutes=2)
@pytest.mark.parametrize(("library", "variable"), [("vllm", "VLLM_PYTHON"), ("transformers", "TRAIN_PYTHON")])
def test_the_libraries_still_say_so(library: str, variable: str, tmp_path: Path) -> None:
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"{variable} is not set: `make test-slow` sets it")
    configs = tmp_path / "configs.json"
    configs.write_text(json.dumps({id: ROWS[id]["config"] for id in SAMPLE}))
    command = [python, "-m", "benchmarks.oracle.answers", library, "--configs", str(configs)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=600).stdout
    answers = json.loads(next(line for line in reversed(said.splitlines()) if line.startswith("{")))
    for id in SAMPLE:
        assert answers[id] == ROWS[id][library], id
        assert verdict(ROWS[id] | {library: answers[id]}).kind in ("exact", "refused") or id in WRONG, id


def test_vllm_refusals_are_sentences_of_vllm() -> None:
    refused = [row for row in ROWS.values() if is_refusal(row.get("vllm", {}))]
    ids = {row["id"] for row in refused}
    assert {"published/minimax-m1-80k", "published/nvidia/Llama-3_3-Nemotron-Super-49B-v1"} <= ids
