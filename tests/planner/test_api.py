"""The JSON-lines commands: one question a line in, one answer a line out."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from planner.__main__ import asked, main, parser
from planner.api import answer, ask_plan
from planner.catalogue.gpus import GPUS
from planner.catalogue.models import find_model
from planner.questions import Fields, read_request
from planner.request.prompts import check_answers

ROOT = Path(__file__).resolve().parents[2]
INFERENCE_ANSWER = {
    "id", "usable_gib", "weights_gib", "activation_gib", "overhead_gib", "kv_cache_gib", "kv_bytes_per_token",
    "kv_tokens", "max_concurrency", "fits", "why", "decode_tokens_per_s_single", "output_tokens_per_s",
    "prefill_tokens_per_s", "time_to_first_token_s", "usd_per_hour", "usd_per_million_output_tokens", "assumed",
}  # fmt: skip
TRAINING_ANSWER = {
    "id", "usable_gib", "weights_gib", "gradients_gib", "optimizer_gib", "activations_gib", "logits_gib",
    "overhead_gib", "peak_gib", "fits", "why", "tokens_per_s", "mfu", "usd_per_hour", "usd_per_million_tokens",
    "assumed",
}  # fmt: skip


def run(command: str, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "planner", command], input=text, capture_output=True, text=True, cwd=ROOT, check=False
    )


def answers(command: str, *questions: object) -> list[dict]:
    done = run(command, "".join(json.dumps(question) + "\n" for question in questions))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_estimate_answers_every_key_of_the_interface_in_order():
    first, second = answers(
        "estimate",
        {"id": "q1", "mode": "inference", "model": "Qwen/Qwen3-8B", "gpu": "H100", "gpu_count": 1, "tensor_parallel": 1,
         "engine": "vllm", "quantization": "none", "kv_dtype": "auto", "memory_fraction": 0.9, "context_len": 16384,
         "concurrency": 32, "max_batched_tokens": 8192, "input_len": 1024, "output_len": 256},
        {"id": "t1", "mode": "training", "model": "Qwen/Qwen3-8B", "gpu": "A100-80GB", "gpu_count": 8},
    )  # fmt: skip
    assert set(first) >= INFERENCE_ANSWER
    assert set(second) >= TRAINING_ANSWER
    assert (first["id"], second["id"]) == ("q1", "t1")
    assert first["kv_bytes_per_token"] == 147456  # 36 layers x 2 x 8 kv heads x 128 x 2 bytes
    assert first["usd_per_hour"] == 3.95 and second["usd_per_hour"] == 20.0  # modal.com/pricing, 2026-09-25


def test_the_terms_of_the_memory_add_up_to_the_share_that_vllm_claims():
    [found] = answers("estimate", {"model": "Qwen/Qwen3-8B", "gpu": "L40S", "memory_fraction": 0.9})
    total = sum(found[key] for key in ("weights_gib", "activation_gib", "overhead_gib", "kv_cache_gib"))
    assert total == pytest.approx(0.9 * found["usable_gib"], rel=1e-4)


def test_a_model_object_needs_only_params_and_says_what_it_assumed():
    [found] = answers("estimate", {"id": 1, "model": {"params": 8030261248}, "gpu": "L40S"})
    assert found["fits"] and "layers" in found["assumed"]
    assert found["weights_gib"] == pytest.approx(8030261248 * 2 / 2**30, rel=0.01)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ({"model": "Qwen/Qwen3-8B", "gpu": "V100"}, "Modal has no GPU 'V100'"),
        ({"model": "Qwen/Qwen3-8B", "gpu": "H100", "contxt_len": 1}, "unknown key 'contxt_len'"),
        ({"model": "Qwen/Qwen3-8B", "gpu": "H100", "context_len": "long"}, "context_len must be a whole number"),
        ({"model": "Qwen/Qwen3-8B", "gpu": "H100", "context_len": float("nan")}, "context_len must be a whole number"),
        ({"model": "Qwen/Qwen3-8B", "gpu": "H100", "engine": "sglang"}, "engine 'sglang' is not one of"),
        ({"model": {"layers": 3}, "gpu": "H100"}, "params"),
        ({"model": "nobody/unheard-of", "gpu": "H100"}, "size"),
        ({"gpu": "H100"}, "model is missing"),
        ([1, 2], "JSON object"),
        (7, "JSON object"),
    ],
)
def test_a_question_that_cannot_be_answered_gets_one_sentence_and_the_run_goes_on(question, sentence):
    bad, good = answers("estimate", question, {"id": "after", "model": "Qwen/Qwen3-8B", "gpu": "H100"})
    assert sentence in bad["error"] and "\n" not in bad["error"]
    assert good["id"] == "after" and good["fits"]


def test_estimate_answers_any_count_of_any_card_and_says_what_modal_does_not_rent():
    """Modal rents at most 8 of a card in a container, and nodes of 8 with RDMA from Hopper on (its guides)."""
    model = {"model": "Qwen/Qwen3-8B"}
    train = {"mode": "training", **model}
    questions = [
        (model | {"gpu": "H100", "gpu_count": 8}, True),
        (model | {"gpu": "H100", "gpu_count": 16, "tensor_parallel": 4}, False),
        (model | {"gpu": "A10", "gpu_count": 8}, False),
        (model | {"gpu": "RTX4090"}, False),
        (train | {"gpu": "H100", "gpu_count": 8, "nodes": 2, "accumulation": 4}, True),
        (train | {"gpu": "A100-80GB", "gpu_count": 8, "nodes": 2}, False),
    ]
    found = answers("estimate", *(question for question, _ in questions))
    assert [one["rentable"] for one in found] == [rentable for _, rentable in questions]
    assert all("error" not in one for one in found)
    assert found[3]["usd_per_hour"] is None and found[3]["output_tokens_per_s"] > 0
    [refused] = answers("plan", model | {"gpu": "H100", "gpu_count": 9})
    assert "at most 8 H100" in refused["error"]


def test_estimate_says_how_a_card_computes_with_a_format_that_it_lacks():
    """vLLM 0.32: Marlin unpacks fp8 and NVFP4 from compute capability 7.5 on (marlin_utils_fp8.py, and _fp4.py).

    Mxfp4Config.get_min_capability is 80. fp8 tensor cores begin with Ada, fp4 ones with Blackwell (NVIDIA).
    """
    questions = [
        {"model": "Qwen/Qwen3-0.6B", "gpu": gpu, "quantization": form}
        for gpu, form in (("T4", "fp8"), ("A100-80GB", "fp8"), ("H100", "nvfp4"), ("L4", "fp8"), ("B200", "nvfp4"))
    ]
    told = [one["arithmetic"] for one in answers("estimate", *questions)]
    assert ["unpacked to 16 bits" in text for text in told] == [True, True, True, False, False]
    assert told[3:] == ["products run in 8 bits", "products run in 4 bits"]
    [never] = answers("estimate", {"model": "openai/gpt-oss-20b", "gpu": "T4", "gpu_count": 8})
    assert not never["fits"] and never["output_tokens_per_s"] is None
    assert "mxfp4 needs compute capability 8.0" in never["why"]


def gpu_plan(*arguments: str) -> list[list[str]]:
    """The rows of a table that a command prints, without its title and head."""
    done = subprocess.run(
        [sys.executable, "-m", "planner", *arguments], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return [re.split(r"  +", line) for line in done.stdout.splitlines()[3:]]


@pytest.mark.parametrize(
    ("task", "more"),
    [
        ("serve", []),
        ("batch", ["--rows", "10k", "--budget", "20/run"]),
        ("finetune", ["--rows", "10k"]),
        ("distributed", ["--rows", "10k"]),
    ],
)
def test_compare_and_frontier_speak_of_all_four_tasks(task: str, more: list[str]):
    compared = gpu_plan("compare", "Qwen/Qwen3-8B", "--task", task, *more)
    assert [row[-1] for row in compared].count("chosen") == 1
    edge = gpu_plan("frontier", "Qwen/Qwen3-8B", "--task", task, *more)
    assert len(edge) >= (1 if task == "finetune" else 2)  # a B200 trains cheapest and quickest
    if task in ("finetune", "distributed"):  # USD a run, and hours that fall as it rises
        usd = [float(row[-2].replace(",", "")) for row in edge]
    else:
        usd = [float(row[-3 if task == "serve" else -2]) for row in edge]
        rates = [float(row[-4].replace(",", "")) for row in edge if row[2] == "fp8"]
        assert rates == sorted(rates)
    assert usd == sorted(usd)


@pytest.mark.parametrize(
    ("architecture", "words"),
    [("BertForTokenClassification", "labels single tokens"), ("BertModel", "has no head"), (None, "no trained head")],
)
def test_compare_checks_the_head_as_a_bake_does(tmp_path, architecture: str | None, words: str):
    model = "google-bert/bert-base-uncased"
    if architecture:
        config = {"model_type": "bert", "architectures": [architecture], "hidden_size": 768, "num_attention_heads": 12}
        (tmp_path / "config.json").write_text(json.dumps(config))
        model = str(tmp_path)
    command = [sys.executable, "-m", "planner", "compare", model]
    refused = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert refused.returncode == 1 and words in refused.stderr and refused.stderr.count("\n") == 1


def test_compare_reads_embedding_models():
    assert any(row[-1] == "chosen" for row in gpu_plan("compare", "Qwen/Qwen3-Embedding-0.6B", "--concurrency", "32"))


def test_what_is_not_json_lines_ends_with_status_2():
    done = run("estimate", '{"id": 1, \n')
    assert done.returncode == 2
    assert "line 1 is not JSON" in done.stderr


def test_plan_answers_the_choice_and_all_that_was_weighed():
    [found] = answers("plan", {"id": "p1", "task": "serve", "model": "Qwen/Qwen3-8B", "budget": "4/hour"})
    chosen = found["chosen"]
    assert chosen["rank"] == 1 and chosen["estimate"]["fits"]
    assert chosen["gpu"] in GPUS and chosen["usd_per_hour"] <= 4
    assert all(("rank" in one) != ("rejected" in one) for one in found["alternatives"])
    [again] = answers("estimate", {"id": "again", "model": "Qwen/Qwen3-8B"} | {
        key: chosen[key]
        for key in ("gpu", "gpu_count", "tensor_parallel", "engine", "quantization", "context_len", "concurrency",
                    "kv_dtype", "max_batched_tokens", "max_num_seqs")
    })  # fmt: skip
    assert {key: again[key] for key in INFERENCE_ANSWER - {"id"}} == {
        key: chosen["estimate"][key] for key in INFERENCE_ANSWER - {"id"}
    }


BAKED = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
LEFT_OPEN = [
    ("serve", "Qwen/Qwen3-8B"),
    ("serve", "Qwen/Qwen3-Embedding-0.6B"),  # reads 32,768: a text of 2,048 is planned, not a context of 8,192
    ("batch", "BAAI/bge-base-en-v1.5"),
    ("batch", "distilbert/distilbert-base-uncased-finetuned-sst-2-english"),
    ("finetune", "Qwen/Qwen3-8B"),
    ("distributed", "Qwen/Qwen3-8B"),
]


@pytest.mark.parametrize(("task", "model"), LEFT_OPEN)
def test_what_is_left_open_is_planned_as_a_bake_plans_it(task: str, model: str):
    """Context and load: those of the prompts' own defaults, in `plan` and in `compare`."""
    workload = find_model(model).workload
    typed = {key: value[0] if isinstance(value, list) else value for key, value in BAKED.items() if key[0] != "_"}
    enter = {"concurrency": "16" if workload == "generation" else "32", "budget": "none", "project_slug": "my-llm"}
    baked = check_answers(typed | {"task": task, "workload": workload, "model_id": model} | enter).request
    asked_in_json = read_request(Fields({"task": task, "model": model}))
    compared = asked(parser().parse_args(["compare", model, "--task", task]))
    for request in (asked_in_json, compared):
        assert (request.context_len, request.concurrency) == (baked.context_len, baked.concurrency)
    explicit = read_request(Fields({"task": task, "model": model, "context_len": 500, "concurrency": 7}))
    assert explicit.context_len == 500 and explicit.concurrency == (1 if task in ("finetune", "distributed") else 7)


def test_plan_refuses_with_the_cheapest_way_out():
    [found] = answers("plan", {"id": "p2", "task": "serve", "model": "Qwen/Qwen3-235B-A22B", "budget": "1/hour"})
    assert "raise the budget to" in found["error"]


def test_compare_prints_a_table_and_refuses_in_one_line():
    good = subprocess.run(
        [sys.executable, "-m", "planner", "compare", "8B", "--budget", "4/hour"],
        capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip
    assert "chosen" in good.stdout and all(gpu in good.stdout for gpu in GPUS)
    bad = subprocess.run(
        [sys.executable, "-m", "planner", "compare", "8B", "--budget", "lots"],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert bad.returncode == 1 and bad.stderr.startswith("error: ") and bad.stderr.count("\n") == 1


NOT_PLANNED = {
    "a run of a service": ({"budget": "50/run"}, "a service has no end"),
    "a method of a service": ({"method": "lora"}, "method lora is for training"),
    "two GPUs to finetune": ({"task": "finetune", "gpu": "H100:2"}, "take task distributed"),
    "one GPU to distribute over": ({"task": "distributed", "gpu": "H100:1"}, "take task finetune for one"),
    "weights in 4 bits to train": ({"task": "finetune", "model": "openai/gpt-oss-20b"}, "begins with 16-bit weights"),
    "an embedding model to train": ({"task": "finetune", "model": "Qwen/Qwen3-Embedding-0.6B"}, "is not trained here"),
    "an engine that trains nothing": ({"task": "finetune", "engine": "vllm"}, "engine vllm trains no model"),
    "adapters on fp8": ({"task": "finetune", "quantization": "fp8"}, "no adapters are trained on fp8 weights"),
    "4-bit training in 16 bits": (
        {"task": "finetune", "method": "qlora", "quantization": "none"},
        "method qlora trains on 4-bit weights",
    ),
    "4 bits of experts": (
        {"task": "finetune", "method": "qlora", "model": "Qwen/Qwen3-30B-A3B"},
        "take method lora",
    ),
}


def test_plan_refuses_a_workload_that_the_model_is_not_made_for():
    question = {"model": "Qwen/Qwen3-8B", "workload": "embedding"}
    assert "is made for generation, not embedding" in answer(question, ask_plan)["error"]


@pytest.mark.parametrize("what", NOT_PLANNED)
def test_plan_and_compare_refuse_what_a_bake_refuses(what, capsys):
    """Answers that contradict each other are no plan of something else."""
    fields, sentence = NOT_PLANNED[what]
    question = {"model": "Qwen/Qwen3-8B", **fields}
    assert sentence in answer(question, ask_plan)["error"]
    options = [f"--{key}={value}" for key, value in question.items() if key != "model"]
    assert main(["compare", question["model"], *options]) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--rows=1,5k", "error: --rows '1,5k' is not a number of rows, such as 10000 or 200k\n"),
        ("--rows=0.5", "error: --rows '0.5' must have 1 to 100,000,000,000 rows, such as 200k rows\n"),
        ("--concurrency=0", "error: concurrency '0' is not a whole number of at least 1, such as 16\n"),
    ],
)
def test_compare_says_which_number_is_wrong(option, sentence, capsys):
    assert main(["compare", "8B", "--task=batch", option]) == 1
    assert capsys.readouterr().err == sentence
