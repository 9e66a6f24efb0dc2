"""Plans for finetune and distributed: what is chosen, what plan.py then holds, what is refused, what people read."""

from __future__ import annotations

import ast
import re
import sys
import time
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

import pytest
from bake import BODY, DEFAULTS, LOCAL_MODEL, PROMPTS, ROOT, constants, run
from cookiecutter.prompt import prompt_for_config
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner.api import ask_plan
from planner.catalogue.gpus import GPUS
from planner.catalogue.models import DEFAULT_MODELS, default_model, find_model
from planner.catalogue.sizes import parse_size
from planner.choose.micro_batch import GLOBAL_BATCH, HEADROOM
from planner.choose.training import ALIKE, setup_name
from planner.describe.refusal import plan_for
from planner.describe.training import MEMORY_TERMS, other_aims, run_of, what_would_change
from planner.describe.training_gpus import out_of_memory
from planner.estimate.training_run import end_s, save_every_s, save_s, start_s
from planner.estimate.training_states import lora_params, sequences_of
from planner.hook import run_hook
from planner.request.checks import TRAINED
from planner.request.prompts import check_answers
from planner.schema import TRAINING, Refusal, TrainingEstimate, TrainingPlan, TrainingSetup
from planner.write.memory_svg import memory_svg
from planner.write.plan_md import plan_md
from planner.write.plan_py.render import constants_of, plan_py
from planner.write.terminal import terminal_lines


def answers(**typed: str) -> dict[str, str]:
    """Return the default answer to every prompt that is not in `typed`, as cookiecutter renders it."""
    prompts: dict[str, Any] = dict(PROMPTS)
    for key, value in typed.items():
        prompts[key] = [value] if isinstance(prompts[key], list) else value
    found = prompt_for_config({"cookiecutter": prompts}, no_input=True)
    return {key: str(value) for key, value in found.items() if not key.startswith("_")}


def planned(**typed: str) -> TrainingPlan:
    plan = plan_for(check_answers(dict(answers(**typed))).request)
    assert isinstance(plan.chosen.setup, TrainingSetup)
    return plan


def plan_of(**typed: str) -> dict[str, Any]:
    """The constants of the plan.py that those answers give."""
    return constants(plan_py(planned(**typed), "my-llm"))


def read_by_the_template(task: str) -> set[str]:
    """Names of the constants that the modules of a project of that task read, by themselves or as fields of its job."""
    package = "{{cookiecutter.__package}}"
    folders = [BODY / "parts" / part / package for part in ("common", "budgeted", "training", task)]
    sources = [path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py")]
    named = {name for source in sources for name in re.findall(r'\bplan(?:\.|, ")([A-Z_]+)', source)}
    config = (BODY / "parts" / "training" / package / "training" / "config.py").read_text(encoding="utf-8")
    job = next(node for node in ast.parse(config).body if getattr(node, "name", "") == "Job")
    assert isinstance(job, ast.ClassDef)
    members = {ast.unparse(node.target).upper() for node in job.body if isinstance(node, ast.AnnAssign)}
    several = {"NODES", "SHARDING", "OFFLOAD", "PREDICTED_HOST_GIB"} if task == "finetune" else set()
    return (named | members | {"SAVE_EVERY"}) - several - {"RANKS", "SAVE_EVERY_S"}


@pytest.mark.parametrize("task", TRAINING)
def test_plan_py_holds_what_the_project_reads_and_nothing_else(task: str) -> None:
    assert set(plan_of(task=task, objective="dpo")) == read_by_the_template(task)
    assert set(plan_of(task=task)) == read_by_the_template(task) - {"BETA"}


@pytest.mark.parametrize("task", TRAINING)
def test_every_constant_has_a_reason(task: str) -> None:
    for name, _value, reason in constants_of(planned(task=task), "my-llm"):
        assert not name or len(reason) >= 6, name


@pytest.mark.parametrize("workload", TRAINED)
@pytest.mark.parametrize("task", TRAINING)
def test_enter_all_the_way_gives_a_plan(task: str, workload: str, tmp_path: Path, capsys: Any) -> None:
    assert run_hook(dict(answers(task=task, workload=workload)), tmp_path) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said[:4]] == ["Model", "GPU", "Memory", "Speed"]
    assert said[-1].startswith("Created ") and 8 <= len(said) <= 11
    assert sorted(path.name for path in tmp_path.iterdir()) == ["PLAN.md", "memory.svg", "plan.py"]


def test_what_is_written_is_formatted(tmp_path: Path) -> None:
    for number, typed in enumerate(({}, {"workload": "classification"}, {"model_id": str(LOCAL_MODEL)})):
        for task in TRAINING:
            (tmp_path / f"{task}{number}.py").write_text(plan_py(planned(task=task, **typed), "x"), encoding="utf-8")
    run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", "--line-length", "120", ".", cwd=tmp_path)


# Money.


@pytest.mark.parametrize(
    ("budget", "usd"), [("1/run", 1), ("20/run", 20), ("1000/run", 1000), ("5/month", 5), ("90/month", 90)]
)
@pytest.mark.parametrize("task", TRAINING)
def test_no_attempt_may_cost_more_than_the_budget(task: str, budget: str, usd: float) -> None:
    plan = plan_of(task=task, budget=budget)
    assert plan["TIMEOUT"] / 3600 * plan["USD_PER_HOUR"] <= usd
    assert plan["TIMEOUT"] <= 24 * 3600  # Modal's limit
    assert plan["TIMEOUT"] == 24 * 3600 or (plan["TIMEOUT"] + 60) / 3600 * plan["USD_PER_HOUR"] > usd


@pytest.mark.parametrize("budget", ["4/hour", "none"])
def test_without_a_sum_an_attempt_lasts_as_long_as_modal_lets_it(budget: str) -> None:
    assert plan_of(task="finetune", budget=budget)["TIMEOUT"] == 24 * 3600


def test_the_price_is_of_all_gpus_of_all_nodes() -> None:
    plan = plan_of(task="distributed", gpu="H100:16", budget="none")
    assert (plan["GPU"], plan["NODES"]) == ("H100:8", 2)
    assert plan["USD_PER_HOUR"] == pytest.approx(16 * GPUS["H100"].usd_per_hour)


def test_a_budget_that_does_not_pay_for_the_start_is_refused_with_one_that_does() -> None:
    with pytest.raises(
        Refusal, match=r"0\.01 pays for \d\.\d minutes, and the start and the last save alone take \d"
    ) as refusal:
        planned(task="finetune", budget="0.01/run")
    found = re.search(r"raise the budget to (\S+/run)", str(refusal.value))
    assert found and plan_of(task="finetune", budget=found[1])["TIMEOUT"] >= 60


@pytest.mark.parametrize("dataset", ["none", "x.jsonl 5M rows"])
def test_the_budget_that_a_refusal_names_is_the_least(dataset: str) -> None:
    """To the cent, and on the GPU with the cheapest run, which is not the one with the cheapest hour."""
    with pytest.raises(Refusal) as refusal:
        planned(task="finetune", dataset=dataset, budget="0.01/run")
    found = re.search(r"raise the budget to ([\d,.]+)/run", str(refusal.value))
    assert found
    least = float(found[1].replace(",", ""))
    planned(task="finetune", dataset=dataset, budget=f"{least}/run")
    with pytest.raises(Refusal):
        planned(task="finetune", dataset=dataset, budget=f"{least - 0.01:.2f}/run")


def test_where_the_memory_is_too_small_no_budget_helps() -> None:
    with pytest.raises(Refusal) as refusal:
        planned(task="finetune", model_size="32B", method="full", gpu="L4", budget="1/hour")
    assert "GiB short" in str(refusal.value) and "budget" not in str(refusal.value)


def test_a_run_that_is_known_to_cost_too_much_is_refused_with_two_ways_out() -> None:
    with pytest.raises(Refusal, match=r"raise the budget to .*, or train on at most [\d,]+ rows") as refusal:
        planned(task="finetune", dataset="x.jsonl 5M rows", budget="100/run")
    found = re.search(r"raise the budget to (\S+/run) .* at most ([\d,]+) rows", str(refusal.value))
    assert found
    assert planned(task="finetune", dataset="x.jsonl 5M rows", budget=found[1]).chosen.run.usd <= float(found[1][:-4])
    assert planned(task="finetune", dataset=f"x.jsonl {found[2]} rows", budget="100/run").chosen.run.usd <= 100


@pytest.mark.parametrize("answers", [{"model_id": "Qwen/Qwen3-30B-A3B-Instruct-2507"}, {"quantization": "none"}])
def test_a_refusal_names_no_method_that_is_refused_itself(answers: dict[str, str]) -> None:
    """The input checks refuse QLoRA of experts and of 16-bit weights; an hour costs the same for fewer rows."""
    typed = {"task": "finetune", "dataset": "x.jsonl 5k rows", "budget": "0.3/hour", **answers}
    with pytest.raises(Refusal, match=r"take method lora|16-bit weights"):
        planned(**{"quantization": "auto", **typed, "method": "qlora"})
    with pytest.raises(Refusal, match=r"raise the budget to \d") as refusal:
        planned(**typed, method="lora")
    assert "qlora" not in str(refusal.value) and "rows" not in str(refusal.value)


def test_rows_of_unknown_number_are_no_reason_to_refuse() -> None:
    """The run stops at its budget; what is assumed only ranks."""
    said = terminal_lines(planned(task="finetune", budget="0.5/run"), "x")
    assert any(
        line.startswith("Run      10,000 rows of 512 tokens x 3 epochs (no dataset named; rows and") for line in said
    )


def test_more_rows_cost_more_and_a_row_has_the_tokens_that_are_said() -> None:
    few, many = (planned(task="finetune", dataset=f"x {rows} rows", gpu="L40S") for rows in ("10k", "20k"))
    setup = few.chosen.setup
    beside = (start_s(setup) + end_s(setup)) / 3600
    assert (many.chosen.run.hours - beside) == pytest.approx(2 * (few.chosen.run.hours - beside))
    tokens, saving = 3 * 10_000 * 512, 1 + save_s(setup) / save_every_s(setup)
    steps = tokens / (few.chosen.estimate.tokens_per_s or 0) / 3600
    assert few.chosen.run.hours - beside == pytest.approx(steps * saving)
    assert re.search(
        r"Run      10,000 rows of 512 tokens x 3 epochs.* \(row length assumed\): ~",
        "\n".join(terminal_lines(few, "x")),
    )


# What an engineer would set.


@pytest.mark.parametrize(
    ("typed", "rate"),
    [
        ({"method": "lora"}, 2e-4),  # QLoRA's paper, table 9
        ({"method": "qlora"}, 2e-4),
        ({"method": "lora", "model_size": "32B"}, 1e-4),
        ({"method": "full"}, 2e-5),  # Stanford Alpaca
        ({"workload": "classification"}, 2e-5),  # BERT
        ({"method": "qlora", "objective": "dpo"}, 5e-6),  # alignment-handbook, zephyr-7b-beta/dpo/config_qlora.yaml
        ({"method": "full", "objective": "dpo"}, 5e-7),  # and config_full.yaml
    ],
)
def test_the_learning_rate_is_the_methods(typed: dict[str, str], rate: float) -> None:
    assert plan_of(task="finetune", budget="none", **typed)["LEARNING_RATE"] == pytest.approx(rate)


def test_a_t4_trains_in_float16() -> None:
    assert plan_of(task="finetune", gpu="T4", model_size="0.5B")["DTYPE"] == "float16"
    assert plan_of(task="finetune", gpu="L4", model_size="0.5B")["DTYPE"] == "bfloat16"


def test_gated_weights_need_their_secret() -> None:
    gated = plan_of(task="finetune", model_id="meta-llama/Llama-3.1-8B-Instruct")
    assert gated["SECRETS"] == ["huggingface-secret"] and plan_of(task="finetune")["SECRETS"] == []


def test_a_classifier_is_trained_whole_from_a_base_of_distilberts_size() -> None:
    plan = plan_of(task="finetune", workload="classification")
    assert plan["MODEL"] == "distilbert/distilbert-base-uncased" and plan["METHOD"] == "full"
    assert plan["SEQ_LEN"] == 512 and not plan["PACKING"] and plan["DATASET"] == "samples/labels.jsonl"


def test_full_fine_tuning_goes_over_nvlink_with_zero2_before_3_and_without_offload() -> None:
    found = planned(task="distributed", budget="100/run")
    setup = found.chosen.setup
    assert (setup.method, setup.sharding, setup.offload, setup.nodes) == ("full", "zero2", "none", 1)
    assert setup.gpu.nvlink
    large = planned(task="distributed", model_size="32B", gpu="B200:4", budget="none").chosen.setup
    assert (large.sharding, large.offload) == ("zero3", "none")
    crowded = planned(task="distributed", method="full", gpu="L4:8", budget="none").chosen.setup
    assert (crowded.sharding, crowded.offload) == ("zero3", "optimizer")


def test_adapters_on_the_cards_come_before_full_fine_tuning_through_the_host() -> None:
    """AdamW of 8.2e9 parameters moves 28 bytes of each through main memory: 1.5 s a step on 150 GB/s, beside 16 bits of
    gradients down and of weights up. LoRA does as well on data of post-training's size (Thinking Machines, LoRA Without
    Regret, 2025), so nobody pays three times as much to train the rest.
    """
    typed = {"task": "distributed", "model_id": "Qwen/Qwen3-8B", "budget": "5/hour"}
    chosen = planned(**typed).chosen
    assert (chosen.setup.method, chosen.setup.offload) == ("lora", "none")
    full = planned(**typed, method="full").chosen  # still to be had by asking for it
    assert full.setup.offload != "none"
    assert run_of(full).usd > 2 * run_of(chosen).usd


def test_what_needs_no_sharding_gets_none() -> None:
    assert plan_of(task="distributed", workload="classification")["SHARDING"] == "none"
    assert plan_of(task="distributed", method="lora")["SHARDING"] == "none"


def test_a_leaner_method_says_why_it_was_taken() -> None:
    def reason(**typed: str) -> str:
        found = planned(**typed)
        assert found.chosen.setup.method == "qlora" or typed["task"] == "distributed"
        return next(why for name, _, why in constants_of(found, "x") if name == "METHOD")

    assert reason(task="finetune", gpu="T4").endswith("LoRA does not fit")
    assert reason(task="finetune", model_size="14B", budget="1/hour").endswith("the budget does not pay for LoRA")
    assert reason(task="distributed", gpu="L40S:4", model_size="32B").endswith("full fine-tuning does not fit")
    assert "not" not in reason(task="distributed")


def test_offloading_says_what_main_memory_it_needs_and_pays_for_it() -> None:
    found = planned(task="distributed", method="full", gpu="L4:8", budget="none")
    plan = constants(plan_py(found, "x"))
    assert 100 < plan["PREDICTED_HOST_GIB"] <= 336  # Modal's limit for a container
    assert found.chosen.usd_per_hour > plan["USD_PER_HOUR"]
    assert "GiB for offloading" in plan_py(found, "x")


def test_short_rows_are_packed_where_they_are_many_and_nothing_leaks() -> None:
    assert plan_of(task="finetune", dataset="x 10k rows")["PACKING"]
    assert not plan_of(task="finetune", dataset="x 1k rows")["PACKING"]  # an epoch would have eight steps
    assert not plan_of(task="finetune")["PACKING"]
    assert not plan_of(task="finetune", dataset="x 10k rows", context_len="512")["PACKING"]
    linear = find_model("Qwen/Qwen3-Next-80B-A3B-Instruct")
    assert linear.linear_layers
    assert not plan_of(task="distributed", model_id=linear.id, dataset="x 100k rows", budget="none")["PACKING"]


def test_an_optimizer_step_sees_as_many_sequences_wherever_it_runs() -> None:
    for gpu in ("L4:2", "L40S:4", "A100-80GB:8", "H100:16", "H200:32"):
        plan = plan_of(task="distributed", gpu=gpu, method="lora", budget="none")
        world = int(gpu.partition(":")[2])
        assert plan["MICRO_BATCH"] * plan["ACCUMULATION"] * world == GLOBAL_BATCH, gpu


def test_many_rows_are_seen_once() -> None:
    assert plan_of(task="finetune", dataset="x 10k rows")["EPOCHS"] == 3
    assert plan_of(task="finetune", dataset="x 200k rows", budget="none")["EPOCHS"] == 1


def test_pairs_are_planned_as_two_sequences_beside_a_reference() -> None:
    answered = {"task": "finetune", "model_size": "1.5B", "dataset": "pairs.jsonl 10k rows", "gpu": "H100"}
    tuned = planned(**answered, method="full", objective="dpo")
    setup = tuned.chosen.setup
    assert sequences_of(setup) == 2 * setup.micro_batch and setup.micro_batch * setup.accumulation == GLOBAL_BATCH
    weights = setup.model.params * 4 / 2**30  # float32
    assert tuned.chosen.estimate.weights_gib == pytest.approx(2 * weights)  # and once more for the reference
    assert planned(**answered, method="full").chosen.estimate.weights_gib == pytest.approx(weights)
    assert run_of(tuned.chosen).tokens >= 10_000 * 2 * 512  # one pass
    assert not setup.packed and "10,000 pairs of 2 x 512 tokens" in plan_md(tuned)


def test_adapters_are_their_own_reference() -> None:
    plain, tuned = (planned(task="finetune", gpu="H100", objective=one).chosen for one in ("sft", "dpo"))
    assert tuned.estimate.weights_gib == pytest.approx(plain.estimate.weights_gib)


def test_checkpoints_of_what_is_small_come_often() -> None:
    adapters, everything = (plan_of(task="distributed", method=method, budget="none") for method in ("lora", "full"))
    assert 300 <= adapters["SAVE_EVERY"] < everything["SAVE_EVERY"] <= 3600
    brief = plan_of(task="distributed", method="full", budget="4/run")
    assert brief["SAVE_EVERY"] <= brief["TIMEOUT"] / 4 + 60


def test_the_sample_is_trained_on_until_a_dataset_is_named() -> None:
    assert plan_of(task="finetune")["DATASET"] == "samples/chat.jsonl"
    assert plan_of(task="finetune", dataset="org/name 10k rows")["DATASET"] == "org/name"


def test_the_default_model_to_train_is_published_in_16_bits() -> None:
    for workload in TRAINED:
        for size in (10**8, 10**9, 10**10, 10**11, 10**12):
            assert default_model(size, workload, to_train=True).quantization == "none"
    assert any(find_model(name).quantization != "none" for name in DEFAULT_MODELS["generation"])


@pytest.mark.parametrize("size", ["66M", "149M", "395M"])
def test_a_classifier_to_train_is_the_one_of_that_size_without_a_head(size: str) -> None:
    trained = planned(task="finetune", workload="classification", model_size=size).request.model
    assert 0.98 < trained.params / parse_size(size)[0] < 1.02
    served = check_answers(dict(answers(task="serve", workload="classification", model_size="66M"))).request.model
    assert served.id != trained.id


# What is refused.

REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "vectors": ({"workload": "embedding"}, "an embedding model is not trained here; take workload generation or"),
    "two GPUs": ({"gpu": "H100:2"}, "trains on one GPU, not 2; take task distributed, or gpu H100"),
    "four of any": ({"gpu": "auto:4"}, "trains on one GPU, not 4; take task distributed"),
    "one GPU": ({"task": "distributed", "gpu": "auto:1"}, "2 GPUs or more; take task finetune for one"),
    "a lone card": ({"task": "distributed", "gpu": "RTX-PRO-6000"}, "holds a single RTX-PRO-6000; let gpu be auto"),
    "half a node": ({"task": "distributed", "gpu": "H100:12"}, "8 GPUs each, so take 2 to 8, 16, 24 .* not 12"),
    "a thousand": ({"task": "distributed", "gpu": "H100:1024"}, "and so on to 256, not 1024"),
    "no RDMA": ({"task": "distributed", "gpu": "A100-80GB:16"}, "no RDMA .* take one of H100, H200, B200, B300"),
    "an engine": ({"engine": "vllm"}, "engine vllm trains no model; leave engine auto for task finetune"),
    "fp8": ({"quantization": "fp8"}, "no adapters are trained on fp8 weights here; leave quantization auto, or take"),
    "lora on 4 bits": ({"method": "lora", "quantization": "nf4"}, "method lora trains on 16-bit .* take method qlora"),
    "full in 4 bits": ({"method": "full", "quantization": "int4"}, "not int4; take method qlora"),
    "qlora in 16 bits": ({"method": "qlora", "quantization": "none"}, "leave quantization auto, or take method lora"),
    "qlora of experts": (
        {"method": "qlora", "model_id": "Qwen/Qwen3-30B-A3B-Instruct-2507"},
        "leaves the experts of .* in 16 bits; take method lora",
    ),
    "published in 4 bits": (
        {"model_id": "openai/gpt-oss-120b"},
        "published in mxfp4, .* the nearest open model that has them is",
    ),
    "a warm pool": ({"warm": "1"}, "warm '1' is for a service; a finetune runs and ends: leave warm auto"),
    "requests": ({"concurrency": "64"}, "concurrency '64' is for serve and batch; task finetune needs none: take auto"),
    "70B whole on one": (
        {"model_id": "meta-llama/Llama-3.3-70B-Instruct", "method": "full"},
        "GiB short; .*take method lora",
    ),
    "gemma on a T4": ({"model_id": "google/gemma-3-4b-it", "gpu": "T4"}, "overflows in float16.*let gpu"),
    "pennies": ({"budget": "0.10/hour"}, "costs \\$0.59/hour, over \\$0.10; raise the budget to 0.59/hour"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_in_one_sentence(what: str) -> None:
    typed, pattern = REFUSED[what]
    with pytest.raises(Refusal) as refusal:
        planned(**{"task": "finetune", **typed})
    said = str(refusal.value)
    assert re.search(pattern, said), said
    assert said.isprintable() and len(said) <= 293


def test_defaults_of_another_task_are_no_contradiction() -> None:
    """A project that was baked as serve, answered the same but for the task."""
    typed = DEFAULTS | {"task": "finetune"}
    assert check_answers(dict(typed)).request.task == "finetune"


# What people read.


@pytest.mark.parametrize("typed", [{}, {"task": "distributed"}, {"method": "qlora"}, {"workload": "classification"}])
def test_the_page_and_the_picture_add_up_to_the_plan(typed: dict[str, str]) -> None:
    found = planned(**{"task": "finetune", **typed})
    plan, card = constants(plan_py(found, "x")), found.chosen.setup.gpu.visible_gib
    rounding = 0.05 * (len(MEMORY_TERMS) + 1)  # GiB; each figure is rounded to a tenth
    assert tuple(plan["PREDICTED_GIB"]) == MEMORY_TERMS
    assert sum(plan["PREDICTED_GIB"].values()) == pytest.approx(plan["PREDICTED_PEAK_GIB"], abs=rounding)
    page = {
        name: float(gib) for name, gib in re.findall(r"^\| ([\w ]+) \| ([\d.]+) \| [\d.]+ \|$", plan_md(found), re.M)
    }
    assert {name: page[name] for name in MEMORY_TERMS} == plan["PREDICTED_GIB"]
    assert plan["PREDICTED_PEAK_GIB"] + page["free"] == pytest.approx(card, abs=rounding)

    picture = ElementTree.fromstring(memory_svg(found))
    shapes = [shape for shape in picture.iter() if shape.tag.endswith("}rect")][1:]  # the first is the background
    bar = [float(shape.get("width", "")) for shape in shapes if shape.get("width") != shape.get("height")][:7]
    drawn = [width / sum(bar) * card for width in bar]  # the bar of the choice comes first
    assert drawn == pytest.approx([*plan["PREDICTED_GIB"].values(), page["free"]], abs=0.02 * card)
    names = [shape for shape in picture.iter() if shape.tag.endswith("}text")][2:9]  # after the title and the caption
    places = sorted((float(name.get("y", "")), float(name.get("x", "")), len(name.text or "")) for name in names)
    for (row, left, letters), (next_row, right, _) in pairwise(places):
        assert next_row > row + 15 or left + 7 * letters < right  # pixels: no name runs into the next
    assert all(left + 7 * letters < 680 for _, left, letters in places)


def test_the_page_names_the_price_the_speed_and_every_gpu_that_was_weighed() -> None:
    found = planned(task="finetune", dataset="org/name 10k rows")
    page = plan_md(found)
    for gpu in GPUS:
        assert f"| 1x {gpu} |" in page
    assert page.count("| chosen |") == 1 and f"${found.chosen.run.usd:.2f}" in page and "MFU" in page
    assert "`method=full`" in page and "`task=distributed" in page
    assert max(len(line) for line in page.splitlines() if not line.startswith("|")) <= 120


def test_adapters_are_counted_as_peft_counts_them() -> None:
    """Qwen3-8B at rank 16: 36 x 16 x (4096 + 4096, twice 4096 + 1024, 4096 + 4096, thrice 4096 + 12288)."""
    adapters = 36 * 16 * (2 * (4096 + 4096) + 2 * (4096 + 1024) + 3 * (4096 + 12288))
    assert lora_params(find_model("Qwen/Qwen3-8B"), 16) == adapters
    assert "44M parameters of adapters" in plan_py(planned(task="finetune"), "x")


TYPED = st.fixed_dictionaries(
    {"task": st.sampled_from(TRAINING)},
    optional={
        "workload": st.sampled_from(TRAINED),
        "model_size": st.sampled_from(["66M", "0.5B", "4B", "8B", "32B", "custom 70"]),
        "budget": st.tuples(st.integers(1, 40_000), st.sampled_from(["run", "month", "hour"])).map(
            lambda pair: f"{pair[0] / 100:.2f}/{pair[1]}"
        ),
        "context_len": st.sampled_from(["128", "512", "2048", "8192"]),
        "dataset": st.integers(1, 10**7).map(lambda rows: f"some.jsonl {rows} rows"),
        "gpu": st.sampled_from(["auto", "T4", "L4", "L40S:2", "A100-80GB", "H100:8", "H200:16", "B200:3"]),
        "method": st.sampled_from(["auto", "full", "lora", "qlora"]),
        "optimize": st.sampled_from(["cost", "latency", "throughput"]),
    },
)


@settings(max_examples=80, deadline=None)
@given(TYPED)
@example({"task": "distributed", "gpu": "B200:3"})
def test_whatever_is_asked_is_refused_or_fits_its_card_and_its_budget(typed: dict[str, str]) -> None:
    try:
        found = planned(**typed)
    except Refusal as refusal:
        assert len(str(refusal)) <= 293 and str(refusal).isprintable()
        return
    source = plan_py(found, "my-llm")
    compile(source, "plan.py", "exec", dont_inherit=True)
    plan, budget = constants(source), found.request.budget
    assert max(map(len, source.splitlines())) <= 120 and source.isascii()
    assert plan == {name: value for name, value, _ in constants_of(found, "my-llm") if name}
    card, _, count = plan["GPU"].partition(":")
    world = int(count or 1) * plan.get("NODES", 1)
    assert plan["PREDICTED_PEAK_GIB"] <= GPUS[card].visible_gib + 0.1
    assert plan.get("NODES", 1) == 1 or count == "8"
    assert (world == 1) == (plan["TASK"] == "finetune")
    if budget.per in ("run", "month"):
        assert plan["TIMEOUT"] / 3600 * plan["USD_PER_HOUR"] <= budget.usd
        assert plan["TIMEOUT"] >= start_s(found.chosen.setup)  # it gets to work at all
        assert found.chosen.run.known_usd <= budget.usd
    if budget.per == "hour":
        assert plan["USD_PER_HOUR"] <= budget.usd
    batch = plan["MICRO_BATCH"] * plan["ACCUMULATION"] * world
    assert GLOBAL_BATCH * 0.6 <= batch <= GLOBAL_BATCH * 1.5 or plan["ACCUMULATION"] == plan["MICRO_BATCH"] == 1
    assert 60 <= plan["SAVE_EVERY"] <= 3600 and plan["PREDICTED_TOKENS_PER_S"] > 0


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["0.5B", "4B", "8B"]), st.integers(50, 1000), st.sampled_from(["cost", "throughput"]))
def test_a_larger_budget_never_gives_a_slower_run_for_throughput_nor_a_dearer_one_for_cost(
    size: str, cents: int, aim: str
) -> None:
    found: list[tuple[float, float]] = []
    for usd in (cents / 100, cents / 50):
        try:
            plan = planned(task="finetune", model_size=size, budget=f"{usd}/hour", optimize=aim, method="lora")
        except Refusal:
            found.append((inf, inf))
        else:
            found.append((run_of(plan.chosen).hours, run_of(plan.chosen).usd))
    (slower, dearer), (hours, usd) = found
    assert hours <= slower if aim == "throughput" else usd <= dearer * ALIKE


def test_what_would_be_tight_ranks_behind_what_leaves_room() -> None:
    found = planned(task="distributed", model_size="32B", budget="none")
    rows = [line for line in plan_md(found).splitlines() if "less than the estimate may err" in line]
    assert rows and not any("chosen" in row for row in rows)
    card = {"task": "distributed", "model_size": "32B", "gpu": "A100-80GB:8", "budget": "none"}
    assert "less than the estimate may err" in plan_md(planned(**card, method="full"))
    safe = planned(**card)
    assert safe.chosen.setup.method == "lora"
    assert "full fine-tuning would leave too little memory free" in plan_py(safe, "x")


@pytest.mark.parametrize("task", TRAINING)
def test_compare_prints_what_a_training_takes(task: str) -> None:
    words = ("compare", "Qwen/Qwen3-8B", "--task", task, "--rows", "10k", "--budget", "50/run")
    shown = run(sys.executable, "-m", "planner", *words, cwd=ROOT).stdout
    assert "10,000 rows of 512 tokens x 3 epochs" in shown and shown.count("  chosen") == 1
    assert all(f"x {gpu} " in shown for gpu in GPUS if task == "finetune" or GPUS[gpu].max_count > 1)
    refused = run(sys.executable, "-m", "planner", *words, "--gpu", "RTX-PRO-6000:2", cwd=ROOT, check=False)
    assert refused.returncode == 1 and refused.stderr.startswith("error: ") and refused.stderr.count("\n") == 1


def test_the_json_interface_plans_nodes_of_eight() -> None:
    question = {"task": "distributed", "model": "Qwen/Qwen3-8B", "gpu": "H100", "gpu_count": 16}
    chosen = ask_plan(question)["chosen"]
    assert (chosen["gpu_string"], chosen["nodes"], chosen["hours"]) == ("H100:8", 2, None)
    assert ask_plan(question | {"dataset_tokens": 10**8})["chosen"]["hours"] > 0
    with pytest.raises(Refusal, match="nodes have 8 GPUs each"):
        ask_plan(question | {"gpu_count": 20})
    with pytest.raises(Refusal, match="one container holds a single RTX-PRO-6000; let gpu be auto"):
        ask_plan(question | {"gpu": "RTX-PRO-6000", "gpu_count": "auto"})


def test_planning_and_telling_take_milliseconds() -> None:
    checked = check_answers(dict(answers(task="distributed", dataset="x 10k rows")))
    began = time.process_time()
    plan_md(plan_for(checked.request))
    assert time.process_time() - began < 0.5


def test_room_is_left_on_the_card() -> None:
    for size in ("0.5B", "4B", "8B", "14B", "32B"):
        found = planned(task="finetune", model_size=size, budget="none").chosen.estimate
        assert found.peak_gib + found.overhead_gib <= HEADROOM * found.usable_gib


def test_the_terms_are_the_estimates() -> None:
    assert {f"{name}_gib" for name in MEMORY_TERMS} <= set(TrainingEstimate._fields)


@pytest.mark.parametrize("name", ["google/gemma-2-2b-it", "Qwen/Qwen3-4B"])
def test_attention_is_one_that_transformers_loads_the_model_with(name: str) -> None:
    """Gemma-2's soft cap on the scores is in no kernel of PyTorch's: transformers refuses to load it with "sdpa"."""
    transformers = pytest.importorskip("transformers")
    kind = {"google/gemma-2-2b-it": "gemma2", "Qwen/Qwen3-4B": "qwen3"}[name]
    shape = {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 2}
    config = transformers.AutoConfig.for_model(kind, **shape, vocab_size=64, num_hidden_layers=1, head_dim=16)
    for special in ("pad_token_id", "bos_token_id", "eos_token_id"):
        setattr(config, special, 0)
    found = plan_of(task="finetune", model_id=name)["ATTENTION"]
    loads = []
    for attention in ("sdpa", "eager"):
        try:
            transformers.AutoModelForCausalLM.from_config(config, attn_implementation=attention)
            loads.append(attention)
        except ValueError:
            pass
    assert found == loads[0]


@pytest.mark.parametrize(
    "typed",
    [
        {"task": "finetune", "dataset": "x.jsonl 10k rows"},
        {"task": "finetune", "model_id": "google/gemma-3-27b-it", "budget": "20/hour", "dataset": "x.jsonl 300k rows"},
        {"task": "finetune", "gpu": "H100", "budget": "60/run", "optimize": "throughput"},
        {"task": "distributed", "budget": "300/run", "dataset": "x.jsonl 50k rows"},
        {"task": "distributed", "gpu": "H100:8", "method": "lora", "budget": "none"},
    ],
    ids=lambda typed: " ".join(typed.values()),
)
def test_what_would_change_a_training_does(typed: dict[str, str]) -> None:
    """Each sentence's answers are typed, and the plan has the GPUs of the sentence."""
    plan = planned(**typed)
    steps = [step for step in out_of_memory(plan) if "gpu=" in step]
    for sentence in [*what_would_change(plan), *other_aims(plan), *steps]:
        words = " ".join(re.findall(r"`([a-z_]+=[^`]+)`", sentence)).split()
        other = planned(**(typed | dict(word.split("=", 1) for word in words))).chosen.setup
        if sentence.endswith("the same choice."):
            assert other == plan.chosen.setup
        elif found := re.search(r"(?:(\d) nodes of )?(\d)x ([\w-]+), ", sentence):
            assert (other.nodes, other.gpu_count, other.gpu.name) == (int(found[1] or 1), int(found[2]), found[3])
        else:
            assert f"({setup_name(other)})" in sentence
