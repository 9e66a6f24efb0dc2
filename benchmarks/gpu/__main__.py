"""The planner's predictions against this machine's GPU: a JSON line per configuration.

python -m benchmarks.gpu --list              the configurations, and what the planner says of each; runs nothing
python -m benchmarks.gpu --minutes 9.5       measure, into benchmarks/gpu/results; again, and it goes on
python -m benchmarks.gpu --card none         the same code at toy size on a CPU: says nothing about a GPU
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.gpu import lines, machine, model_folder, planned  # noqa: E402
from benchmarks.gpu.configurations import Configuration, configurations, toys  # noqa: E402
from benchmarks.gpu.run import Asked, Machine, run  # noqa: E402
from benchmarks.gpu_names import find_card  # noqa: E402
from planner.catalogue.gpus import GPUS  # noqa: E402
from planner.schema import Gpu  # noqa: E402

TOY_GPU = "L4"  # that a toy's question names: the planner has no CPU


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--list", action="store_true", help="print the configurations and run nothing")
    top.add_argument("--card", default="auto", help="`none` for toys on a CPU; with --list any card of the planner")
    top.add_argument("--only", nargs="+", default=[], metavar="WORD", help="configurations whose name holds every word")
    top.add_argument("--minutes", type=float, default=1e6, help="start nothing that would not be done by then")
    top.add_argument("--out", type=Path, help="the file of lines (benchmarks/gpu/results/CARD.jsonl; a toy's: none)")
    top.add_argument("--scratch", type=Path, help="a folder for projects, models and logs, which is kept")
    top.add_argument("--python", default=sys.executable, help="the Python that runs the generated code (this one)")
    top.add_argument(
        "--ahead", type=int, default=max(1, min(12, (os.cpu_count() or 1) - 2)),
        help="workers that import their libraries at once, before their turns (%(default)s)",
    )  # fmt: skip
    return top


def main() -> int:
    options = parser().parse_args()
    card = machine.card() if options.card != "none" else None
    try:
        gpu = chosen(options.card, card, options.list)
        out = options.out or (None if gpu is None else lines.RESULTS / f"{gpu.name.lower()}.jsonl")
        if gpu is None and out and lines.RESULTS in out.resolve().parents:
            raise ValueError("lines of a CPU do not belong into the results: name another --out")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    wanted = toys() if gpu is None else configurations()
    wanted = [one for one in wanted if named(one, options.only)]
    asked, left_out = questions(wanted, gpu.name if gpu else TOY_GPU)
    here = card is not None or options.card == "none"
    versions = machine.installed(options.python)
    left_out |= machine.missing(wanted, versions) if here else {}
    runnable = [one for one in asked if one.configuration.id not in left_out]
    if options.list:
        print(table(asked, left_out))
        return 0
    waiting = {one.id for one in lines.left([one.configuration for one in runnable], out or Path("/nowhere"))}
    todo = [one for one in runnable if one.configuration.id in waiting]
    for name, why in left_out.items():
        print(f"left out  {name}: {why}", flush=True)
    print(f"{summary(todo)}; {len(runnable) - len(todo)} were done before", flush=True)
    where = Machine(
        card if gpu else None, gpu.name if gpu else TOY_GPU, gpu.flops if gpu else 0.0, options.python, versions
    )
    done = 0
    with tempfile.TemporaryDirectory() as folder:
        scratch = (options.scratch or Path(folder)).resolve()
        scratch.mkdir(parents=True, exist_ok=True)
        for line in run(todo, where, scratch, options.ahead, options.minutes):
            if out:
                lines.append(out, line)
            done += 1
            print(said(line), flush=True)
    print(f"{done} of {len(todo)} done{f'; lines in {out}' if out else ''}")
    return 0


def named(configuration: Configuration, words: list[str]) -> bool:
    """Whether every word stands in its name: "8B" in "Qwen3-8B", but "lora" not in "qlora"."""
    return all(re.search(rf"\b{re.escape(word)}\b", configuration.id, re.IGNORECASE) for word in words)


def chosen(asked: str, card: machine.Card | None, listing: bool) -> Gpu | None:
    """The planner's entry of the card; None for toys. ValueError in one sentence."""
    if asked == "none":
        return None
    if asked != "auto":
        if asked not in GPUS:
            raise ValueError(f"--card {asked} is none of {', '.join(GPUS)}, auto, none")
        if not listing:
            raise ValueError(f"--card {asked} is for --list: a measurement takes the card that is there")
        return GPUS[asked]
    if card is None:
        raise ValueError("there is no NVIDIA card here: --card none runs toys, --list --card H200 shows what would run")
    found = find_card(card.name)
    if found is None or found.name not in GPUS:
        raise ValueError(f"the planner does not know {card.name}: it can say nothing about it")
    return found


def questions(wanted: list[Configuration], gpu: str) -> tuple[list[Asked], dict[str, str]]:
    """Every configuration with the planner's answer, and why some are left out: by the plan they do not fit."""
    asked = [one.question(gpu, model_folder.model_object(one.model)) for one in wanted]
    answers = planned.ask(asked)
    refused = {
        one.id: f"the planner says: {answer.get('error') or answer['why']}"
        for one, answer in zip(wanted, answers, strict=True)
        if "error" in answer or not answer["fits"]
    }
    return [Asked(*each) for each in zip(wanted, asked, answers, strict=True)], refused


def table(asked: list[Asked], left_out: dict[str, str]) -> str:
    """Return a table of the configurations that would run, with the planner's figures, and those that would not."""
    rows = [f"{'GiB':>6} {'tokens/s':>9} {'s':>5}  configuration (GiB and tokens/s as planned; s is an estimate)"]
    runnable = []
    for one in asked:
        name = one.configuration.id
        if name in left_out:
            rows.append(f"{'-':>6} {'-':>9} {'-':>5}  {name}: {left_out[name]}")
            continue
        runnable.append(one)
        mode = one.configuration.mode
        peak, speed = planned.peak_gib(mode, one.planned), planned.tokens_per_s(mode, one.planned)
        rows.append(f"{peak:6.1f} {speed:9,.0f} {one.seconds:5.0f}  {name}")
    return "\n".join([*rows, summary(runnable)])


def summary(asked: list[Asked]) -> str:
    return f"{len(asked)} configurations, about {sum(one.seconds for one in asked) / 60:.0f} minutes (an estimate)"


def said(line: lines.Line) -> str:
    """For the terminal."""
    if line.error:
        return f"{'out of memory' if line.oom else 'failed'}  {line.id}: {line.error}"
    speed = line.measured.get("tokens_per_s") or line.measured.get("output_tokens_per_s") or 0.0
    if line.card is None:
        return f"ran  {line.id}: {speed:,.0f} tokens/s on a CPU, compared with nothing"
    peak, mode = line.measured["card_peak_gib"], line.mode
    told_gib, told = planned.peak_gib(mode, line.planned), planned.tokens_per_s(mode, line.planned)
    return f"{peak:6.1f} GiB, planned {told_gib:6.1f}  {speed:9,.0f} tokens/s, planned {told:9,.0f}  {line.id}"


if __name__ == "__main__":
    sys.exit(main())
