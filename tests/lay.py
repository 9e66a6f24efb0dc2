"""Lay the common files and those of a task that the template does not bake yet together in a folder, with a plan.py.

python tests/lay.py FOLDER finetune      (or distributed; or batch, as far as it needs no engine)
"""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "{{cookiecutter.project_slug}}"
LEAVINGS = {"__pycache__", ".pytest_cache", ".ruff_cache"}
LAYERS = {
    "batch": ("infer", "run", "batch"),
    "finetune": ("run", "train", "finetune"),
    "distributed": ("run", "train", "distributed"),
}
HEAD = '"""What the tests of the core read. A bake writes what was planned."""\n\n'
PLANS = {
    "batch": """NAME = "my-batch"
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
""",
    "finetune": """NAME = "my-finetune"
TASK = "finetune"
WORKLOAD = "generation"
MODEL = "Qwen/Qwen3-4B-Instruct-2507"
REVISION = "main"
SECRETS: list[str] = []
RUN = "first"

GPU = "L4"
METHOD = "lora"
LORA_RANK = 16
LORA_TARGETS = "all-linear"
DTYPE = "bfloat16"
ATTENTION = "sdpa"
ACTIVATION_CHECKPOINTING = True
LOSS = "fused"
PACKING = False
SEQ_LEN = 2048
MICRO_BATCH = 4
ACCUMULATION = 4
OPTIMIZER = "adamw"

DATASET = "samples/chat.jsonl"
SUBSET = ""
COLUMNS: dict[str, str] = {}
LABELS: list[str] = []
EVAL_SHARE = 0.05
EPOCHS = 3
MAX_STEPS = 0
LEARNING_RATE = 2e-4
SEED = 0

SAVE_EVERY = 600
CHECKPOINTS_KEPT = 2
TRACKER = "none"

HUB_REPO = ""
TIMEOUT = 86400
STARTUP_TIMEOUT = 600

BUDGET = "20/run"
USD_PER_HOUR = 0.8
PREDICTED_COLD_START_S = 60.0
PREDICTED_HOST_GIB = 0.0
PREDICTED_PEAK_GIB = 14.2
PREDICTED_GIB = {"weights": 7.5, "gradients": 0.1, "optimizer": 0.3, "activations": 3.9, "logits": 0.2}
PREDICTED_TOKENS_PER_S = 2100.0
PREDICTED_MFU = 0.34
""",
    "distributed": """NAME = "my-distributed"
TASK = "distributed"
WORKLOAD = "generation"
MODEL = "Qwen/Qwen3-4B-Instruct-2507"
REVISION = "main"
SECRETS: list[str] = []
RUN = "first"

GPU = "H100:2"
NODES = 1
SHARDING = "zero3"
OFFLOAD = "none"
METHOD = "full"
LORA_RANK = 16
LORA_TARGETS = "all-linear"
DTYPE = "bfloat16"
ATTENTION = "sdpa"
ACTIVATION_CHECKPOINTING = True
LOSS = "fused"
PACKING = False
SEQ_LEN = 2048
MICRO_BATCH = 4
ACCUMULATION = 2
OPTIMIZER = "adamw"

DATASET = "samples/chat.jsonl"
SUBSET = ""
COLUMNS: dict[str, str] = {}
LABELS: list[str] = []
EVAL_SHARE = 0.05
EPOCHS = 3
MAX_STEPS = 0
LEARNING_RATE = 1e-5
SEED = 0

SAVE_EVERY = 600
CHECKPOINTS_KEPT = 2
TRACKER = "none"

HUB_REPO = ""
TIMEOUT = 86400
STARTUP_TIMEOUT = 600

BUDGET = "50/run"
USD_PER_HOUR = 7.9
PREDICTED_COLD_START_S = 60.0
PREDICTED_HOST_GIB = 0.0
PREDICTED_PEAK_GIB = 48.5
PREDICTED_GIB = {"weights": 7.5, "gradients": 4.0, "optimizer": 24.0, "activations": 3.9, "logits": 0.2}
PREDICTED_TOKENS_PER_S = 26000.0
PREDICTED_MFU = 0.34
""",
}


def lay(folder: Path, task: str) -> Path:
    """The project of a task in `folder`, as far as it exists."""
    layers = [path for path in TEMPLATE.iterdir() if path.name not in ("tasks", "UNFINISHED.md")]
    layers += [part for layer in LAYERS[task] for part in (TEMPLATE / "tasks" / layer).iterdir()]
    for layer in layers:
        for file in [layer] if layer.is_file() else [file for file in layer.rglob("*") if file.is_file()]:
            if LEAVINGS & set(file.parts):
                continue
            to = folder / named(str(file.relative_to(layer.parent)), task)
            to.parent.mkdir(parents=True, exist_ok=True)
            if file.parts[-3:-1] == (".github", "workflows"):
                shutil.copy(file, to)
            else:
                to.write_text(named(file.read_text(encoding="utf-8"), task), encoding="utf-8")
    (folder / f"my_{task}" / "plan.py").write_text(HEAD + PLANS[task], encoding="utf-8")
    return folder


def named(text: str, task: str) -> str:
    """The text with the names of the project in place of cookiecutter's."""
    for name, value in names(task).items():
        for placeholder in ("{{cookiecutter." + name + "}}", "{{ cookiecutter." + name + " }}"):
            text = text.replace(placeholder, value)
    return text


def names(task: str) -> dict[str, str]:
    return {"__package": f"my_{task}", "project_slug": f"my-{task}", "project_name": f"My {task}"}


if __name__ == "__main__":
    lay(Path(sys.argv[1]), sys.argv[2])
