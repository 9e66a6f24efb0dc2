"""benchmarks/gpu: its configurations, the scores it computes from a line, and runs of generated code on a CPU."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import accuracy
from benchmarks.gpu import __main__ as command
from benchmarks.gpu import lines, machine, model_folder, planned, projects, worker
from benchmarks.gpu.configurations import CONTINUOUS, DYNAMIC, MODELS, STATIC, TOY, Configuration, configurations, toys
from benchmarks.gpu.lines import Line
from benchmarks.gpu.run import OutOfTime, Worker
from planner.catalogue.models import find_model

ROOT = Path(__file__).resolve().parents[2]
H200 = {"name": "NVIDIA H200", "driver": "580.159.03", "total_gib": 140.4, "compute_capability": "9.0"}


def one(**fields: Any) -> Configuration:
    """The one configuration that has these fields."""
    (found,) = [each for each in configurations() if fields.items() <= asdict(each).items()]
    return found


def line(configuration: Configuration, **measured: Any) -> Line:
    """A line as a measurement on an H200 writes it."""
    question = configuration.question("H200")
    (answer,) = planned.ask([question])
    values = asdict(configuration)
    params, versions = model_folder.params(configuration.model), {"torch": "2.13.0"}
    return Line(configuration.id, "2026-11-23", values, params, "bfloat16", H200, versions, question, answer, measured)


def run(*words: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """`python -m benchmarks.gpu`."""
    done = [sys.executable, "-m", "benchmarks.gpu", *map(str, words)]
    return subprocess.run(done, cwd=ROOT, env=os.environ | env, capture_output=True, text=True)


def test_every_size_is_measured_at_several_contexts_and_concurrencies():
    for cache in (DYNAMIC, CONTINUOUS):
        for name in ("1B", "3B", "8B", "14B", "32B"):
            found = [each for each in configurations() if each.cache == cache and each.model == MODELS[name]]
            assert len({each.context_len for each in found}) > 1, (cache, name)
            assert len({each.concurrency for each in found}) > 1, (cache, name)
    assert {"static", "static compiled", "paged"} <= {each.cache for each in configurations()}
    assert {"sdpa", "flash_attention_2"} <= {each.attention for each in configurations()}


def test_training_is_measured_in_every_way_that_it_can_be_done():
    trained = [each for each in configurations() if each.mode == "training"]
    assert {each.seq_len for each in trained} == {512, 1024, 2048, 4096, 8192}
    for method in ("full", "lora", "qlora"):
        found = {(each.checkpointing, each.loss) for each in trained if each.method == method}
        assert {flag for flag, _ in found} == {True, False}, method
        assert {loss for _, loss in found} == {"full", "fused"}, method
    assert one(model=MODELS["8B"], method="lora", seq_len=4096, micro_batch=1, checkpointing=True, loss="fused")


def test_names_are_unlike_and_find_what_they_say():
    assert len({each.id for each in configurations()}) == len(configurations())
    found = [each for each in configurations() if command.named(each, ["8B", "lora", "4096"])]
    assert found
    assert {(each.method, each.seq_len) for each in found} == {("lora", 4096)}


def test_sixty_fit_on_an_h200_and_into_half_an_hour_without_flash_attention_and_vllm():
    there = dict.fromkeys(machine.PACKAGES.values(), "1.0")
    for package in ("flash-attn", "vllm", "kernels"):
        del there[package]
    asked, refused = command.questions(configurations(), "H200")
    left_out = refused | machine.missing(configurations(), there)
    running = [each for each in asked if each.configuration.id not in left_out]
    assert not refused
    assert len(running) >= 60
    assert all(each.planned["fits"] for each in running)
    assert sum(each.seconds for each in running) < 30 * 60


def test_what_is_missing_is_named():
    (reason,) = machine.missing([one(method="full", seq_len=512)], {"torch": "2", "transformers": "5"}).values()
    assert "trl" in reason
    assert "bitsandbytes" in reason
    assert reason.endswith("not installed")


def test_the_list_is_said_to_be_an_estimate_and_runs_nothing(tmp_path):
    done = run("--list", "--card", "H100", "--out", tmp_path / "lines.jsonl")
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d+ configurations, about \d+ minutes \(an estimate\)", done.stdout)
    assert "GiB short" in done.stdout  # what only an H200 holds
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", MODELS.values())
def test_a_model_folder_has_the_architecture_of_its_name(name, tmp_path):
    """transformers counts as many parameters as the catalogue; the planner reads the folder as the same model."""
    config = model_folder.config_of(name)
    known = find_model(name)
    assert sum(map(math.prod, model_folder.shapes(config).values())) == known.params
    config.save_pretrained(tmp_path)
    read = find_model(str(tmp_path))
    assert read.params == pytest.approx(known.params, rel=1e-5)  # a config.json does not show Qwen's norms of heads
    for field in ("layers", "hidden", "intermediate", "heads", "kv_heads", "head_dim", "vocab"):
        assert getattr(read, field) == getattr(known, field), field
    assert read.tied_embeddings == known.tied_embeddings


def test_a_file_of_random_weights_is_what_transformers_writes(tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    folder = model_folder.make(tmp_path, TOY, real_weights=True)
    weights = safetensors.load_file(folder / "model.safetensors")
    sizes = model_folder.shapes(model_folder.config_of(TOY))
    assert {name: tuple(weight.shape) for name, weight in weights.items()} == sizes
    spread = float(weights["model.layers.1.mlp.up_proj.weight"].float().std())
    assert spread == pytest.approx(0.02, rel=0.02)
    assert set(weights["model.norm.weight"].tolist()) == {1.0}


def test_constants_are_edited_as_a_person_would(tmp_path):
    project = projects.Project(tmp_path / "my-llm")
    project.plan_file.parent.mkdir(parents=True)
    project.plan_file.write_text('ATTENTION = "sdpa"  # why\nSECRETS: list[str] = []  # none\n', encoding="utf-8")
    projects.edit(project, ATTENTION="flash_attention_2")
    assert "ATTENTION = 'flash_attention_2'\n" in project.plan_file.read_text(encoding="utf-8")
    with pytest.raises(KeyError, match="no constant NOWHERE"):
        projects.edit(project, NOWHERE=1)


def test_a_finished_configuration_is_not_done_again(tmp_path):
    path, wanted = tmp_path / "lines.jsonl", configurations()[:3]
    assert lines.left(wanted, path) == wanted
    lines.append(path, line(wanted[1]))
    assert lines.left(wanted, path) == [wanted[0], wanted[2]]


def test_a_line_comes_back_as_it_was_written(tmp_path):
    path, written = tmp_path / "h200.jsonl", line(configurations()[0], card_peak_gib=20.5)
    lines.append(path, written)
    assert lines.read(path) == [written]
    assert list(lines.measurements(tmp_path)) == [written]


def test_an_inference_is_scored_with_the_error_of_a_hand_count():
    """Llama-3.2-1B alone: 1,235,814,400 weights of 2 bytes, 192 tokens of 32 KiB cache, half a GiB of CUDA."""
    configuration = one(model=MODELS["1B"], cache=DYNAMIC, context_len=192)
    by_hand = 1235814400 * 2 / 2**30 + 192 * 16 * 2 * 8 * 64 * 2 / 2**30 + 0.5
    found = line(
        configuration, card_peak_gib=3.0, output_tokens_per_s=50.0, decode_tokens_per_s=50.0, monitor={"peak_gib": 3.03}
    )
    scores = {score.kind: score for score in accuracy.measured_scores([found])}
    assert scores["card's peak, generate"].error == pytest.approx(by_hand / 3.0 - 1, abs=0.02)
    assert scores["project's monitor"].error == pytest.approx(0.01)
    # 16 layers of 0.55 ms and 8 ms around them: a step takes 16.8 ms, and launches bound it
    assert scores["decode tokens/s alone"].factor == pytest.approx(1000 / 16.8 / 50, rel=0.01)
    assert scores["ran"].predicted == scores["ran"].measured == 1.0
    assert {score.source for score in scores.values()} == {"measured by us, NVIDIA H200"}


def test_a_training_is_scored_with_the_error_of_a_hand_count():
    configuration = one(
        model=MODELS["8B"], method="lora", seq_len=4096, micro_batch=1, checkpointing=True, loss="fused"
    )
    found = line(configuration, tokens_per_s=6000.0, reserved_gib=20.0, card_peak_gib=21.0, monitor_peak_gib=21.0)
    scores = {score.kind: score for score in accuracy.measured_scores([found])}
    # Half a GiB for CUDA and 0.3 for the driver lie between what torch reserves and what the card holds
    peak, card = scores["torch's peak, LoRA"].predicted, scores["card's peak, LoRA"].predicted
    assert card - peak == pytest.approx(0.8)
    assert peak > 8190735360 * 2 / 2**30
    assert scores["training tokens/s"].error == pytest.approx(found.planned["tokens_per_s"] / 6000 - 1)


def test_mfu_counts_the_flops_of_the_frozen_weights_once_forward_and_once_back():
    """8B LoRA at 4096: 4 x 7.57e9 in matrices, 6 x 43.6e6 in adapters, 3 x 2 x 4096 x 4096 x 36 in causal attention."""
    configuration = one(
        model=MODELS["8B"], method="lora", seq_len=4096, micro_batch=1, checkpointing=True, loss="fused"
    )
    (answer,) = planned.ask([configuration.question("H200")])
    by_hand = 4 * (8190735360 - 151936 * 4096) + 6 * 43.6e6 + 3 * 2 * 4096 * 4096 * 36
    assert planned.flops_per_token(answer, 989e12) == pytest.approx(by_hand, rel=0.02)


def test_what_ran_out_of_memory_is_held_against_the_promise():
    failed = replace(line(configurations()[0]), oom=True, error="OutOfMemoryError: CUDA out of memory")
    (score,) = accuracy.measured_scores([failed])
    assert (score.kind, score.predicted, score.measured) == ("ran out of memory", 1.0, 0.0)
    *_, said = accuracy.table([score], accuracy.MEASURED_BOUNDS)
    assert said[0] == "said to fit, ran out of memory"
    assert said[-1] == "no"


def test_a_line_with_another_error_is_in_no_row_but_is_counted():
    broken = replace(line(configurations()[0]), error="exit status 1")
    assert accuracy.measured_scores([broken]) == []
    assert "1 ended with another error" in accuracy.measured_section([broken])


def test_a_compiled_decoder_is_scored_on_memory_alone():
    configuration = one(cache="static compiled", model=MODELS["8B"])
    found = line(configuration, card_peak_gib=17.0, output_tokens_per_s=150.0, monitor={"peak_gib": 17.0})
    assert not [score for score in accuracy.measured_scores([found]) if "tokens/s" in score.kind]
    assert [score for score in accuracy.measured_scores([found]) if score.kind == "card's peak, generate"]


def test_a_cpu_is_never_scored(tmp_path):
    toy = replace(line(configurations()[0], output_tokens_per_s=9.0), card=None)
    lines.append(tmp_path / "cpu.jsonl", toy)
    with pytest.raises(ValueError, match="measured on no card"):
        list(lines.measurements(tmp_path))
    refused = run("--card", "none", "--out", lines.RESULTS / "cpu.jsonl")
    assert refused.returncode == 2
    assert "do not belong into the results" in refused.stderr


def test_the_report_says_what_was_measured_by_us():
    text = accuracy.REPORT.read_text(encoding="utf-8")
    assert accuracy.measured_section(list(lines.measurements())) in text


def test_an_empty_memory_is_told_from_other_errors():
    assert worker.ran_out(RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert worker.ran_out(MemoryError("Memory footprint 12 is more than available memory 10"))
    assert not worker.ran_out(RuntimeError("CUDA error: an illegal memory access was encountered"))


def test_a_worker_that_dies_leaves_its_last_words(tmp_path):
    died = Worker(sys.executable, "no such mode", tmp_path / "log")
    with pytest.raises(RuntimeError, match=r"(?s)a worker ended before its job: .*KeyError: 'no such mode'"):
        died.ready()
    outcome = died.work({}, 10)
    assert (outcome["oom"], outcome["measured"]) == (False, {})
    assert "KeyError: 'no such mode'" in outcome["error"]


def test_minutes_end_what_takes_longer_without_a_line(tmp_path):
    waits = Worker(sys.executable, "inference", tmp_path / "log")
    with pytest.raises(OutOfTime):
        waits.work({}, limit_s=60, left_s=0.1)
    assert waits.process.poll() is not None


def toy_lines(path: Path, *words: str) -> list[Line]:
    """Lines of the toy configurations with these words, run on this CPU; a second run has nothing left to do."""
    command = ["--card", "none", "--out", path, "--ahead", "1", "--only", *words]
    done = run(*command)
    assert done.returncode == 0, done.stderr
    assert re.search(r"0 of 0 done", run(*command).stdout)
    return lines.read(path)


@pytest.mark.slow
@pytest.mark.parametrize("cache", [CONTINUOUS, DYNAMIC, STATIC])
def test_generated_inference_runs_on_a_cpu(cache, tmp_path):
    (toy,) = [each for each in toys() if each.cache == cache]
    (found,) = toy_lines(tmp_path / "toy.jsonl", "inference", "transformers", cache)
    assert (found.error, found.card) == ("", None)
    told = found.measured
    assert told["what_runs"]["engine"] == "transformers"  # the generated engine's own word
    written, waves = toy.concurrency * toy.output_len, told["waves_s"]
    assert written / max(waves) * 0.99 < told["output_tokens_per_s"] < written / min(waves) * 1.01
    assert 0 < told["time_to_first_token_s"] < max(waves)
    assert 0.1 < told["monitor"]["peak_gib"] < 4  # torch in a process, and a model of 3 MB
    assert told["allocated_gib"] is None
    assert found.params == sum(math.prod(shape) for shape in model_folder.shapes(model_folder.config_of(TOY)).values())
    assert found.planned["fits"]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_generated_training_runs_on_a_cpu(method, tmp_path):
    python = os.environ.get("TRAIN_PYTHON")
    if not python:
        pytest.skip("TRAIN_PYTHON names no Python that holds TRL: run make test-slow")
    (toy,) = [each for each in toys() if each.method == method]
    (found,) = toy_lines(tmp_path / "toy.jsonl", "training", method, "--python", python)
    assert found.error == ""
    told = found.measured
    assert told["tokens_of_a_step"] == toy.micro_batch * toy.seq_len  # no padding, nothing cut twice
    assert told["step_s"] == pytest.approx(told["tokens_of_a_step"] / told["tokens_per_s"])
    # Random weights over 4,096 tokens: every one is as likely
    assert told["loss"][0] == pytest.approx(math.log(4096), rel=0.05)
    assert json.loads(found.text())["versions"]["trl"]
