"""`make bench` runs, its figures are what their names say, and its bakes cover every kind of project."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bake import DEFAULTS, ROOT, run
from safetensors import safe_open

from benchmarks import bake, planning
from benchmarks.bake import Cost, Turn
from planner.catalogue.gpus import GPUS
from planner.catalogue.shipped import load_catalogue
from planner.schema import TASKS

# A process that starts one which holds 150 MiB, measured by a small process: a child's peak begins with its parent's
MEASURE = """
import sys
from benchmarks.bake import cost
hold = "held = bytearray(150 << 20); held[::4096] = b'x' * len(held[::4096])"
nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}], check=True)"
small, large = (cost([sys.executable, "-c", code]) for code in ("pass", nested))
print(small.peak_mib, large.peak_mib, small.cpu_s, large.cpu_s, small.wall_s, large.wall_s)
"""


def test_the_kinds_are_every_task_and_both_engines_and_three_workloads() -> None:
    told = bake.KINDS.values()
    assert {kind.get("task", "serve") for kind in told} == set(TASKS)
    assert {kind.get("engine") for kind in told} == {None, "transformers"}
    assert {kind.get("workload") for kind in told} == {None, "embedding", "classification"}


def test_a_cost_is_that_of_the_largest_process_and_of_all_their_seconds() -> None:
    small_mib, large_mib, small_cpu, large_cpu, small_wall, large_wall = map(
        float, run(sys.executable, "-c", MEASURE, cwd=ROOT).stdout.split()
    )
    assert small_mib < 50 and 150 < large_mib < 200
    assert 0 < small_cpu < large_cpu and small_wall < large_wall
    with pytest.raises(subprocess.CalledProcessError):
        bake.cost([sys.executable, "-c", "raise SystemExit(3)"])


def test_what_is_the_templates_own_is_the_median_of_the_pairs() -> None:
    pairs = [(1.0, 3.0), (2.0, 3.0), (1.0, 8.0)]  # differences 2, 1, 7; ratios 3, 1.5, 8
    nothing = Cost(0, 0, 0)
    turns = [Turn(nothing, Cost(low, 0, 0), nothing, Cost(high, 0, 0)) for low, high in pairs]
    assert bake.own(turns, "wall_s") == 2
    assert bake.own_beside_other(turns) is None
    beside = [Turn(nothing, Cost(1, 0, 0), nothing, Cost(3, 0, 0), Cost(wall, 0, 0)) for wall in (2.0, 5.0, 9.0)]
    assert bake.own_beside_other(beside) == 0.5  # 2/1, 2/4, 2/8
    assert bake.row("all", turns) == ["all", "3.00", "3.00", "8.00", "2.00", "0.00", "3.00", "0.0"]


def test_a_bake_is_measured_beside_a_trivial_one() -> None:
    (turn,) = bake.bakes(1, {"serve, vLLM": {}})["serve, vLLM"]
    assert turn.trivial.cpu_s < turn.bake.cpu_s and min(turn.start.peak_mib, turn.bare.peak_mib) > 10
    lines = bake.report({"serve, vLLM": [turn]}).splitlines()
    assert len({len(line) for line in lines[:4]}) == 1 and lines[3].startswith("| all 1 bakes")


def test_grown_tables_hold_what_they_say(tmp_path: Path) -> None:
    models, gpus = (ROOT / "planner" / "catalogue" / name for name in ("models.json", "gpus.py"))
    assert planning.more_models(models.read_text(encoding="utf-8"), 1) == models.read_text(encoding="utf-8")
    assert planning.more_gpus(gpus.read_text(encoding="utf-8"), 1) == gpus.read_text(encoding="utf-8")
    once, twice = (planning.grow(tmp_path / f"by{factor}", factor, factor) for factor in (1, 2))
    cards, more_cards = (planning.planner_of(size, "catalogue.gpus").GPUS for size in (once, twice))
    shipped, more_shipped = (planning.planner_of(size, "catalogue.shipped").load_catalogue() for size in (once, twice))
    assert cards.keys() == GPUS.keys() and set(shipped) == set(load_catalogue())
    assert len(more_cards) == 2 * len(GPUS) and len(more_shipped) == 2 * len(load_catalogue())


def test_growth_is_measured() -> None:
    ((models, gpus, *figures),) = planning.growth(1, [(2, 3)])
    assert int(models) == 2 * len(load_catalogue()) and int(gpus) == 3 * len(GPUS)
    assert len(figures) == 4 and all(float(figure) > 0 for figure in figures)


def test_the_answers_are_the_templates_defaults() -> None:
    assert planning.defaults() == DEFAULTS


def test_the_bare_server_has_every_argument_but_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import serve_side  # ty: ignore[unresolved-import]

    monkeypatch.setattr(serve_side, "PACKAGE", "my_llm", raising=False)
    theirs = ["python", "-m", "vllm.entrypoints.openai.api_server", "--model", "/weights/my_llm"]
    ours = [
        "--middleware",
        "my_llm.api.middleware.ServiceMiddleware",
        "--worker-extension-cls",
        "my_llm.engine.worker_extension.WorkerExtension",
    ]
    assert serve_side.bare([*theirs, *ours, "--dtype", "float32"]) == [*theirs, "--dtype", "float32"]


def test_the_small_embedder_is_all_of_the_published_model(weights: Callable[[str], Path]) -> None:
    """22,713,216 parameters, by the card of sentence-transformers/all-MiniLM-L6-v2."""
    with safe_open(weights("embedding") / "model.safetensors", "pt") as file:
        tensors = [file.get_slice(name) for name in file.keys()]  # noqa: SIM118
        assert sum(math.prod(one.get_shape()) for one in tensors if one.get_dtype() == "F32") == 22_713_216
    assert (weights("embedding") / "1_Pooling" / "config.json").is_file()


def test_the_small_classifier_is_not_tested_on_what_it_was_fitted_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import small_classifier  # ty: ignore[unresolved-import]

    assert not {text for text, _ in small_classifier.examples()} & set(small_classifier.HELD_OUT)
