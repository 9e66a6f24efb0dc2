"""Training memory against what transformers, PEFT and TRL allocate in the generated code's own step."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.oracle import training_scores
from benchmarks.oracle.caching_allocator import replay
from benchmarks.oracle.training_cases import read
from planner.catalogue.gpus import GPUS
from planner.catalogue.models import find_model
from planner.catalogue.training_traits import Traits, traits
from planner.estimate.training_reserved import own_segments
from planner.estimate.training_states import lora_params
from planner.schema import Model, TrainingSetup

ROOT = Path(__file__).parents[2]
MIB = 2**20


def test_the_planner_is_within_its_bounds_of_the_libraries() -> None:
    found = training_scores.errors(training_scores.rows())
    allocated, reserved = ([abs(one[place]) for one in found] for place in (1, 2))
    assert len(found) > 150 and len({row.setup.model.id for row, _, _ in found}) >= 20
    assert statistics.median(allocated) < 0.01 and max(allocated) < 0.05
    assert statistics.median(reserved) < 0.03 and max(reserved) < 0.08


def test_preference_tuning_is_among_them_with_adapters_and_in_full() -> None:
    found = [(row, *both) for row, *both in training_scores.errors(training_scores.rows()) if "DPO" in row.kind]
    assert len(found) >= 20 and {row.setup.method for row, *_ in found} == {"lora", "full"}
    assert max(abs(allocated) for _, allocated, _ in found) < 0.03
    assert max(abs(reserved) for *_, reserved in found) < 0.08


def test_only_large_matrices_have_segments_of_their_own() -> None:
    """From 10 MiB on (PyTorch's CUDACachingAllocator, kMinLargeAlloc), counted by hand in float32.

    SmolLM2-135M: 576 x 1,536 is 3.4 MiB, and only the embedding is larger, 49,152 x 576 of 134.5 million parameters.
    Llama-3.2-1B: all but the key and value projections, 16 x 2 x 2,048 x 512 of 1,235.8 million.
    """
    small, large = (
        TrainingSetup(find_model(name), GPUS["H100"], method="full")
        for name in ("HuggingFaceTB/SmolLM2-135M-Instruct", "meta-llama/Llama-3.2-1B-Instruct")
    )
    assert own_segments(small, 4) == pytest.approx(28.3 / 134.5, abs=0.01)
    assert own_segments(large, 4) == pytest.approx(1 - 33.6 / 1235.8, abs=0.01)


def test_a_family_that_the_constants_have_not_seen_is_predicted_as_well() -> None:
    reserved = [abs(error) for _, _, error in training_scores.left_out()]
    assert statistics.median(reserved) < 0.03 and max(reserved) < 0.08


@pytest.mark.slow
@pytest.mark.parametrize("place", [0, 5, 30, 196, 197])  # the last two are DPO's
def test_the_oracle_says_again_what_its_file_holds(place: int, bake: Callable[..., Any], tmp_path: Path) -> None:
    python = os.environ.get("TRAIN_PYTHON")
    if not python:
        pytest.skip("TRAIN_PYTHON names no Python that holds TRL and DeepSpeed: run make test-slow")
    line = read()[place]
    case = {name: line[name] for name in list(line)[: list(line).index("weights_gib")]}
    code = (
        "import json, sys; from pathlib import Path; from benchmarks.oracle.training import run_case; "
        "print('found', json.dumps(run_case(Path(sys.argv[1]), json.loads(sys.argv[2]))))"
    )
    project = bake(task="finetune").root
    ran = subprocess.run(
        [python, "-c", code, str(project), json.dumps(case)],
        cwd=ROOT, capture_output=True, text=True, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(next(text for text in ran.stdout.splitlines() if text.startswith("found"))[6:])
    for name in ("allocated_gib", "reserved_gib", "base_gib"):
        assert found[name] == pytest.approx(line[name], rel=0.01), name


# The allocator's rules, worked out by hand from CUDACachingAllocator.cpp.


@pytest.mark.parametrize(
    ("events", "reserved"),
    [
        ([(1000, 1)], 2 * MIB),  # small requests share segments of 2 MiB
        ([(2 * MIB, 1), (3 * MIB, 2)], 20 * MIB),  # medium ones of 20
        ([(11 * MIB, 1)], 12 * MIB),  # a large one has its own, rounded to 2 MiB
        ([(40 * MIB, 1), (-1, 1), (30 * MIB, 2)], 40 * MIB),  # a freed block serves a smaller request
        ([(40 * MIB, 1), (-1, 1), (41 * MIB, 2)], 82 * MIB),  # and no larger one: 40 and 42
        ([(40 * MIB, 1), (-1, 1), (30 * MIB, 2), (10 * MIB, 3)], 40 * MIB),  # the rest of a split block is used
        # neighbours that are free are joined
        ([(40 * MIB, 1), (-1, 1), (20 * MIB, 2), (20 * MIB, 3), (-1, 2), (-1, 3), (40 * MIB, 4)], 40 * MIB),
    ],
)
def test_the_replay_reserves_what_the_allocators_rules_say(events: list[tuple[int, int]], reserved: int) -> None:
    assert max(replay(events)) == reserved


# Traits of architectures.


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("meta-llama/Llama-3.1-8B", Traits()),
        ("mistralai/Mistral-7B-v0.1", Traits()),
        ("Qwen/Qwen2.5-7B", Traits()),
        ("Qwen/Qwen3-8B", Traits(qk_norm=True)),
        ("google/gemma-2-9b-it", Traits(norms=4, wide_norm=True, attention_cap=True, logit_cap=True)),
        ("google/gemma-3-12b-it", Traits(norms=4, qk_norm=True, wide_norm=True)),
        ("microsoft/phi-4", Traits(fused_projections=True)),
        ("microsoft/phi-2", Traits()),
    ],
)
def test_traits_of_the_catalogues_models(name: str, expected: Traits) -> None:
    assert traits(find_model(name)) == expected


@pytest.mark.parametrize("kind", ["llama", "qwen3", "gemma2", "gemma3_text", "olmo2", "phi3", "granite", "smollm3"])
def test_traits_are_those_of_transformers_layers(kind: str) -> None:
    """The modules of one layer: norms of the hidden state, norms of queries, joined matrices."""
    transformers = pytest.importorskip("transformers")
    shape = {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 2}
    special = dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id"), 0)
    config = transformers.AutoConfig.for_model(
        kind, **shape, vocab_size=64, num_hidden_layers=1, head_dim=16, **special
    )
    layer = transformers.AutoModelForCausalLM.from_config(config).model.layers[0]
    names = [name for name, _ in layer.named_modules()]
    norms = [name for name in names if name.endswith("norm") and "." not in name]
    fields = {"id": "x", "params": 0, "params_active": 0, "layers": 1, "hidden": 64, "intermediate": 96, "heads": 4}
    fields |= {"kv_heads": 2, "head_dim": 16, "vocab": 64, "tied_embeddings": False, "context": 64}
    found = traits(Model(**fields, architecture=kind))
    assert found.norms == len(norms)
    assert found.qk_norm == any(name.endswith("q_norm") for name in names)
    assert found.fused_projections == any(name.endswith("qkv_proj") for name in names)
    assert found.logit_cap == bool(getattr(config, "final_logit_softcapping", None))
    assert found.attention_cap == bool(getattr(config, "attn_logit_softcapping", None))


@pytest.mark.parametrize(("targets", "modules"), [("all-linear", "all-linear"), ("qv", ["qkv_proj"])])
def test_adapters_of_joined_matrices_are_those_that_peft_makes(targets: str, modules: Any) -> None:
    peft, transformers = pytest.importorskip("peft"), pytest.importorskip("transformers")
    config = transformers.Phi3Config(
        hidden_size=64, intermediate_size=96, num_attention_heads=4, num_key_value_heads=2, vocab_size=64,
        num_hidden_layers=2, pad_token_id=0,
    )  # fmt: skip
    model = transformers.Phi3ForCausalLM(config)
    adapted = peft.get_peft_model(model, peft.LoraConfig(r=4, target_modules=modules, task_type="CAUSAL_LM"))
    shape = Model("x", 10**5, 10**5, 2, 64, 96, 4, 2, 16, 64, False, 64, architecture="phi3")
    assert lora_params(shape, 4, targets) == adapted.get_nb_trainable_parameters()[0]
