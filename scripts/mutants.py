"""Remove one line at a time and run the tests: which lines does no test miss?

`make mutants` runs it. universalmutator writes `pass` over each line of a file that still compiles without it. Half of
the sample is drawn from planner/, half from the package of generated projects; docstrings are left out. Each is tried
in a clone of this checkout, its hook rebuilt, with the tests of its area first and then the rest: over an hour for 40.
"""

import argparse
import ast
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = "{{cookiecutter.project_slug}}/parts"
RULE = "(^\\s*)(\\S+.*\\n) ==> \\1pass\n"
PYTEST = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-n", "2"]
OWN = "tests/template/test_bake.py"
TRAINING = {"training", "finetune", "distributed", "budgeted", "datasets"}


def suites(file: str) -> list[list[str]]:
    """The pytest arguments to try in turn until something fails: near ones first."""
    if file.startswith("planner/"):
        near = ["-m", "not slow and not e2e and not site", "tests/planner"]
        return [near, ["-m", "not slow and not e2e and not site", "tests/template", "tests/docs", "tests/wire"]]
    part = file.removeprefix(f"{PARTS}/").split("/")[0]
    task = next((word for word in ("serve", "batch") if part.startswith(word)), "")
    own = [] if part in {"training", "finetune", "distributed"} else [[OWN, "-k", f"{task or 'own_tests or vllm'}"]]
    if part in TRAINING | {"common"}:
        own.append(["tests/template/test_training_projects.py"])
    return [*own, ["-m", "not slow and not e2e and not site", "tests/wire", "tests/template"], ["-m", "slow", "tests"]]


def mutants_of(file: Path, folder: Path, mutate: str) -> list[Path]:
    """The copies of a file, each without one line, that do something else than it does; made once."""
    if not folder.exists():
        folder.mkdir()
        rules = folder / "delete.rules"
        rules.write_text(RULE)
        original = Path(shutil.copy(file, folder))  # the tool leaves compiled files beside it and in its own folder
        command = [mutate, original, "--only", rules, "--mutantDir", folder]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    meaning = without_docstrings(file)
    return [mutant for mutant in sorted(folder.glob("*.mutant.*")) if without_docstrings(mutant) != meaning]


def without_docstrings(file: Path) -> str:
    """Return what a file does, as the dump of its syntax tree; docstrings, `pass` and `__future__` do nothing."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [
                each
                for each in node.body
                if not isinstance(each, ast.Pass)
                and not (isinstance(each, ast.ImportFrom) and each.module == "__future__")
                and not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
            ]
    return ast.dump(tree)


def sample(count: int, seed: int, mutate: str) -> list[tuple[str, Path]]:
    """File and mutant, half of them from planner/; a line is as likely as any other of its half."""
    folder = Path(tempfile.mkdtemp())
    areas = [ROOT.glob("planner/**/*.py"), ROOT.glob(f"{PARTS}/*/{{{{cookiecutter.__package}}}}/**/*.py")]
    drawn: dict[Path, str] = {}
    dice = random.Random(seed)
    for area, wanted in zip(areas, (count // 2, count - count // 2), strict=True):
        files = sorted(area)
        sizes = [len(file.read_text(encoding="utf-8").splitlines()) for file in files]
        before = len(drawn)
        while len(drawn) < before + wanted:
            [file] = dice.choices(files, sizes)
            name = str(file.relative_to(ROOT))
            if mutants := mutants_of(file, folder / re.sub(r"\W", "_", name), mutate):
                drawn[dice.choice(mutants)] = name
    return [(name, mutant) for mutant, name in drawn.items()]


def removed(file: str, mutant: Path) -> str:
    """The line that is missing, with its number."""
    before = (ROOT / file).read_text(encoding="utf-8").splitlines()
    after = mutant.read_text(encoding="utf-8").splitlines()
    return next(f"{n}: {a.strip()}" for n, (a, b) in enumerate(zip(before, after, strict=True), 1) if a != b)


def killed_by(file: str, mutant: Path, copy: Path) -> str:
    """The first test that fails without the line; empty where all pass."""
    shutil.copyfile(mutant, copy / file)
    try:
        if file.startswith("planner/"):
            built = subprocess.run([sys.executable, "scripts/build_hook.py"], cwd=copy, capture_output=True, text=True)
            if built.returncode:
                return "scripts/build_hook.py"
        for suite in suites(file):
            tried = subprocess.run([*PYTEST, *suite], cwd=copy, capture_output=True, text=True)
            if tried.returncode not in (0, 5):  # 5: no test was chosen
                failed = re.search(r"^(?:FAILED|ERROR) (\S+)", tried.stdout, re.M)
                return failed[1] if failed else "collection"
        return ""
    finally:
        subprocess.run(["git", "checkout", "-q", "."], cwd=copy, check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mutate", default="mutate", help="universalmutator's command")
    parser.add_argument("--out", type=Path, default=Path("mutants.md"))
    options = parser.parse_args()
    os.environ.setdefault("VLLM_PYTHON", str(ROOT / ".venv-vllm/bin/python"))
    os.environ.setdefault("TRAIN_PYTHON", str(ROOT / ".venv-train/bin/python"))
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        subprocess.run(["git", "clone", "-q", ROOT, copy], check=True)
        rows, survived = ["| file | line | fails |", "|---|---|---|"], 0
        for file, mutant in sample(options.count, options.seed, options.mutate):
            begun = time.monotonic()
            test = killed_by(file, mutant, copy)
            survived += not test
            rows.append(f"| {file.removeprefix(PARTS + '/')} | `{removed(file, mutant)}` | {test or '**none**'} |")
            print(rows[-1], f"{time.monotonic() - begun:.0f} s", flush=True)
            options.out.write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"{options.count - survived} of {options.count} removed lines make a test fail")
    return 0


if __name__ == "__main__":
    sys.exit(main())
