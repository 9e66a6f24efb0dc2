"""Lay the common files and those of tasks/batch together in a folder, with a plan.py, until the template bakes batch.

python tests/lay_batch.py FOLDER
"""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "{{cookiecutter.project_slug}}"
NAMES = {
    "{{cookiecutter.__package}}": "my_batch",
    "{{ cookiecutter.__package }}": "my_batch",
    "{{ cookiecutter.project_slug }}": "my-batch",
    "{{ cookiecutter.project_name }}": "My batch",
}
PLAN = '''"""What the tests of the batch core read. A bake writes what was planned."""

NAME = "my-batch"
TASK = "batch"
WORKLOAD = "generation"
MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
REVISION = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
SECRETS: list[str] = []
ENGINE = "vllm"
GPU = "L4"
DTYPE = "bfloat16"
QUANTIZATION = "none"
CONTEXT_LEN = 8192
CONCURRENCY = 256
MEMORY_FRACTION = 0.92
BUDGET = "50/run"
USD_PER_HOUR = 0.8
MAX_CONTAINERS = 4
SHARD_ROWS = 2000
BATCH_ROWS = 256
DATASET = "none"
PREDICTED_PEAK_GIB = 20.0
PREDICTED_TOKENS_PER_S = 1000.0
'''


def lay(folder: Path) -> Path:
    """The project of a batch task in `folder`, as far as it exists."""
    layers = [path for path in TEMPLATE.iterdir() if path.name not in ("tasks", "UNFINISHED.md")]
    layers += list((TEMPLATE / "tasks" / "batch").iterdir())
    for layer in layers:
        for file in [layer] if layer.is_file() else [file for file in layer.rglob("*") if file.is_file()]:
            to = folder / named(str(file.relative_to(layer.parent)))
            to.parent.mkdir(parents=True, exist_ok=True)
            if "__pycache__" in file.parts:
                continue
            if file.parts[-3:-1] == (".github", "workflows"):
                shutil.copy(file, to)
            else:
                to.write_text(named(file.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "my_batch" / "plan.py").write_text(PLAN, encoding="utf-8")
    return folder


def named(text: str) -> str:
    for placeholder, name in NAMES.items():
        text = text.replace(placeholder, name)
    return text


if __name__ == "__main__":
    lay(Path(sys.argv[1]))
