"""Speculative decoding: the drafts that are known, against vLLM's own figures, its names and its parser."""

import json
import os
import re
import subprocess

import pytest

from benchmarks.oracle.rows import load
from benchmarks.oracle.verdict import CACHE, IN_FLIGHT, WEIGHTS
from planner.catalogue.drafts import HEAD_VOCABULARY, draft_of
from planner.catalogue.gpus import GPUS
from planner.catalogue.hf_config import from_config
from planner.catalogue.models import find_model
from planner.catalogue.shipped import load_catalogue
from planner.choose.configurations import draft_for
from planner.describe.refusal import plan_for
from planner.draft import Draft
from planner.estimate.draft_memory import draft_gib, with_draft
from planner.estimate.vllm_cache import request_bytes
from planner.request.parse import parse_budget
from planner.schema import GIB, InferencePlan, InferenceSetup, Model, Refusal, Request
from planner.write.plan_py.render import plan_py

ROWS = {row["id"]: row for row in load("drafts")["rows"]}
# What their hubs' safetensors hold beyond the layers of the model itself, from an index of tensors: the MTP layer.
BEYOND = {"Qwen/Qwen3.6-35B-A3B": 35_951_822_704, "Qwen/Qwen3.8-27B": 27_781_427_952, "Qwen/Qwen3.5-9B": 9_653_104_368}


def known(id: str, quantization: str = "") -> tuple[Model, Draft]:
    model = load_catalogue()[id]
    draft = draft_of(model, quantization or model.quantization)
    assert draft is not None
    return model, draft


@pytest.mark.parametrize("id", ROWS)
def test_a_draft_takes_the_memory_that_vllm_gives_it(id: str) -> None:
    model, draft = known(id)
    for tp in (1, 8):
        said = ROWS[id][str(tp)]
        if "refused" in said:
            continue
        logits = 2 * HEAD_VOCABULARY * model.hidden / tp if draft.repository else 0  # which a row leaves out
        assert draft_gib(draft, tp) * GIB - logits == pytest.approx(said["draft_bytes"], rel=WEIGHTS)
        setup = InferenceSetup(model, GPUS["H100"], gpu_count=tp, tensor_parallel=tp, draft=draft)
        for tokens, right in said["request_bytes"].items():
            planned = request_bytes(with_draft(setup), int(tokens), IN_FLIGHT, "auto", tp)
            assert planned == pytest.approx(right, rel=CACHE), (tp, tokens)


@pytest.mark.parametrize("id", BEYOND)
def test_a_checkpoint_holds_its_mtp_layer(id: str) -> None:
    model, draft = known(id)
    assert draft.weight_bytes / 2 == pytest.approx(BEYOND[id] - model.params, rel=0.02)


def test_deepseek_says_how_large_its_mtp_layer_is() -> None:
    """11.5B parameters (README_WEIGHTS.md of DeepSeek-V3), in fp8 but for a projection of 2 x 7,168 x 7,168."""
    _model, draft = known("deepseek-ai/DeepSeek-V3")
    assert draft.weight_bytes == pytest.approx(11.5e9 + 2 * 7168**2, rel=0.01)


def test_a_head_is_as_large_as_the_config_of_one() -> None:
    """RedHatAI/gpt-oss-20b-speculator.eagle3: 1 layer, 64 heads of 64, 8 of keys, width 2,880, 64,000 tokens."""
    _model, draft = known("openai/gpt-oss-20b")
    layer = 2 * 2880 * (4096 + 2 * 512) + 4096 * 2880 + 3 * 2880 * 2880
    assert draft.weight_bytes == 2 * (layer + 3 * 2880 * 2880 + 64_000 * 2880)
    assert draft.repository == "RedHatAI/gpt-oss-20b-speculator.eagle3"


def test_only_the_makers_own_checkpoint_is_known_to_hold_mtp_layers() -> None:
    flagship = load_catalogue()["zai-org/GLM-5.2"]
    assert [draft_of(flagship, name) is not None for name in ("none", "fp8", "nvfp4")] == [True, True, False]
    tuned = load_catalogue()["Qwen/Qwen3.5-9B"]._replace(id="me/my-tune")
    assert draft_of(tuned, "none") is None


def test_a_published_quantization_has_the_draft_of_its_model() -> None:
    """By its own id or by that of the model: the same files are loaded, with the same head."""
    for id, base, format in (
        ("Qwen/Qwen3-8B-FP8", "Qwen/Qwen3-8B", "fp8"),
        ("Qwen/Qwen3-8B-AWQ", "Qwen/Qwen3-8B", "int4"),
        ("zai-org/GLM-4.5-FP8", "zai-org/GLM-4.5", "fp8"),
    ):
        assert draft_of(find_model(id), format) == draft_of(find_model(base), format) is not None
    nvfp4 = next(id for name, id, _ in find_model("zai-org/GLM-5.2").variants if name == "nvfp4")
    assert draft_of(find_model(nvfp4), "nvfp4") is None  # by another maker, which may have left the layers out


def answered(aim: str, model: str = "Qwen/Qwen3.5-27B", **other: str) -> InferencePlan:
    request = Request("serve", "generation", find_model(model), parse_budget("none"), 8192, 16, optimize=aim, **other)
    plan = plan_for(request)
    assert isinstance(plan.chosen.setup, InferenceSetup)
    return plan


def test_only_latency_turns_it_on() -> None:
    fast, cheap = answered("latency"), answered("cost")
    assert fast.chosen.setup.draft and not cheap.chosen.setup.draft
    assert draft_for(cheap.request, "none") is None
    assert not answered("latency", "meta-llama/Llama-3.2-3B-Instruct").chosen.setup.draft
    assert not answered("latency", "Qwen/Qwen3-8B", engine="transformers").chosen.setup.draft


def speculative(plan: InferencePlan) -> dict[str, object]:
    constants: dict[str, object] = {}
    exec(plan_py(plan, "my-llm"), constants)
    found = constants["SPECULATIVE"]
    assert isinstance(found, dict)
    return found


def test_plan_py_holds_what_vllm_is_told() -> None:
    assert speculative(answered("latency")) == {"method": "mtp", "num_speculative_tokens": 1}
    assert speculative(answered("latency", "Qwen/Qwen3-8B")) == {
        "method": "eagle3", "num_speculative_tokens": 3, "model": "RedHatAI/Qwen3-8B-speculator.eagle3",
        "revision": "08610ffa01dd9f16731fe8f627b85905b6aa51c4",
    }  # fmt: skip
    assert speculative(answered("throughput")) == {}


HEADS = [id for id in load_catalogue() if (draft := draft_of(load_catalogue()[id], "none")) and draft.repository]


@pytest.mark.parametrize("id", HEADS)
def test_no_head_is_loaded_that_no_commit_fixes(id: str) -> None:
    """A commit has 40 hexadecimal digits; where none is known, the comment has what to type, and vLLM's names in it."""
    plan = answered("latency", id)
    config, comment = speculative(plan), re.sub(r"\n# ", " ", plan_py(plan, "my-llm"))
    if config:
        assert re.fullmatch("[0-9a-f]{40}", str(config["revision"]))
        return
    typed = re.search(r'Type ({"method": "eagle3".*?})', comment)
    repository = f"RedHatAI/{id.rpartition('/')[2]}-speculator.eagle3"
    assert typed and plan.chosen.setup.draft is None, comment
    assert json.loads(typed[1]) == {
        "method": "eagle3", "num_speculative_tokens": 3, "model": repository, "revision": "COMMIT",
    }  # fmt: skip
    assert f"huggingface.co/{repository}/commits/main" in comment
    assert "COMMIT" not in plan_py(answered("cost", id), "my-llm")


# Heads' own files: nebius' and Red Hat's EAGLE-3, z-lab's DFlash, and a checkpoint of MTP layers alone
@pytest.mark.parametrize(
    "config",
    [
        {"architectures": ["LlamaForCausalLMEagle3"], "model_type": "llama", "hidden_size": 4096},
        {"architectures": ["Eagle3DraftModel"], "speculators_model_type": "eagle3", "draft_vocab_size": 32000},
        {"architectures": ["DFlashDraftModel"], "model_type": "qwen3", "dflash_config": {"mask_token_id": 1}},
        {"architectures": ["Qwen3_5MTP"], "model_type": "qwen3_5_mtp"},
    ],
)
def test_a_head_alone_is_no_model(config: dict[str, object]) -> None:
    with pytest.raises(Refusal, match="a draft head for speculative decoding, not a whole model"):
        from_config(config, "x")


@pytest.mark.slow
def test_vllm_takes_these_methods() -> None:
    python = os.environ.get("VLLM_PYTHON")
    if not python:
        pytest.skip("VLLM_PYTHON names no Python that holds vLLM: run make test-slow")
    code = (
        "import json; from typing import get_args; from vllm.config.speculative import EagleModelTypes, MTPModelTypes;"
        "print(json.dumps([get_args(EagleModelTypes), get_args(MTPModelTypes)]))"
    )
    run = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    heads, layers = json.loads(run.stdout.splitlines()[-1])
    assert "eagle3" in str(heads) and "mtp" in layers
