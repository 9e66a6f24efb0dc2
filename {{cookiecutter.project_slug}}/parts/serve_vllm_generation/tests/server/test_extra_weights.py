"""Two adapters and n-gram speculation on the real vLLM: answers are those of the merged models in transformers."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lora import adapter, merged
from vllm_server import Served, serving

from {{cookiecutter.__package}} import plan

pytestmark = pytest.mark.slow

NGRAM: dict[str, object] = {"method": "ngram", "num_speculative_tokens": 3, "prompt_lookup_max": 3}
PROMPT = "The quick brown fox jumps over the lazy dog. The quick brown fox"
TOKENS = 24


@pytest.fixture(scope="module")
def folders(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("adapters")
    return {name: adapter(tiny, root / name, seed) for name, seed in (("support", 1), ("legal/de", 2))}


@pytest.fixture(scope="module")
def adapted(tiny: Path, folders: dict[str, Path]) -> Iterator[Served]:
    paths = {name: str(folder) for name, folder in folders.items()}
    with serving(tiny, adapters=paths, speculative=NGRAM, snapshots_in=os.devnull) as one:
        yield one


def written(served: Served, model: str) -> str:
    body: dict[str, Any] = {"model": model, "prompt": PROMPT, "temperature": 0, "max_tokens": TOKENS}
    answer = served.post("/v1/completions", body | {"ignore_eos": True})
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0]["text"]


def expected(tiny: Path, folder: Path | None) -> str:
    """Return the text of transformers with the adapter merged into the weights."""
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(tiny)
    ids = tokenizer(PROMPT, return_tensors="pt").input_ids
    out = merged(tiny, folder).generate(ids, do_sample=False, min_new_tokens=TOKENS, max_new_tokens=TOKENS)
    return tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)


def test_each_name_answers_with_its_own_weights(adapted: Served, tiny: Path, folders: dict[str, Path]):
    answers = {plan.MODEL: expected(tiny, None)} | {name: expected(tiny, folder) for name, folder in folders.items()}
    assert len(set(answers.values())) == 3
    assert {name: written(adapted, name) for name in answers} == answers


def test_models_lists_the_adapters_beside_their_base(adapted: Served, folders: dict[str, Path]):
    listed = {model["id"]: model["parent"] for model in adapted.get("/v1/models").json()["data"]}
    assert listed == {plan.MODEL: None} | dict.fromkeys(folders, plan.MODEL)


def test_an_adapter_that_is_not_served_is_not_found(adapted: Served):
    answer = adapted.post("/v1/chat/completions", {"model": "other", "messages": [{"role": "user", "content": "x"}]})
    assert answer.status_code == 404 and "other" in answer.json()["error"]["message"]


def test_callers_cannot_load_adapters(adapted: Served, folders: dict[str, Path]):
    body = {"lora_name": "own", "lora_path": str(folders["support"])}
    assert adapted.post("/v1/load_lora_adapter", body).status_code == 404


def test_tokens_were_drafted_and_some_accepted(adapted: Served):
    written(adapted, plan.MODEL)
    lines = adapted.get("/metrics").text.splitlines()
    counts = {line.split("{")[0]: float(line.split()[-1]) for line in lines if line.startswith("vllm:spec_decode")}
    assert counts["vllm:spec_decode_num_draft_tokens_total"] > counts["vllm:spec_decode_num_accepted_tokens_total"] > 0


def test_what_runs_is_read_through_the_adapters_layers(adapted: Served):
    assert adapted.engine["quantization"] == "none" and adapted.engine["attention"] == "CPU_ATTN"
