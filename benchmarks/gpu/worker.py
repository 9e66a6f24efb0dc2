"""One configuration in a process of its own, so that it finds no memory in use and leaves none.

    python -m benchmarks.gpu.worker inference|training

imports the libraries, says "ready", and waits for its job on standard input: several wait at once, so that imports cost
no time between measurements. Nothing touches the GPU before the job has come. The one line it then prints is the
outcome; whatever the libraries print goes to standard error.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from .job import Job, job_of

# Not peft and what imports it: it imports bitsandbytes, which initialises the card at once
LIBRARIES = {
    "inference": ("torch", "transformers"),
    "training": ("torch", "transformers", "datasets", "accelerate"),
}


def outcome(job: Job) -> dict[str, Any]:
    """Return the measurement, or why there is none."""
    started = {"cuda_before_job": sys.modules["torch"].cuda.is_initialized()}  # else those that wait hold memory
    sys.path.insert(0, job.project)
    from . import inference, training

    try:
        measured = (training if job.configuration.mode == "training" else inference).measure(job)
    except BaseException as error:
        traceback.print_exc()
        text = " ".join(f"{type(error).__name__}: {error}".split())[:500]
        return {"measured": started, "oom": ran_out(error), "error": text}
    return {"measured": started | measured | {"versions": built_with()}, "oom": False, "error": ""}


def built_with() -> dict[str, str]:
    """Return the versions of torch and of its CUDA."""
    torch = sys.modules["torch"]
    return {"torch": torch.__version__, "cuda": torch.version.cuda or "none"}


def ran_out(error: BaseException) -> bool:
    """Whether the card's memory was too small, in torch's words, the generated engine's or transformers'."""
    text = f"{type(error).__name__} {error}".lower().replace(" ", "")
    return "outofmemory" in text or "memoryfootprint" in text


def end_with(parent: int) -> None:
    """End when the parent has: a worker left alone would hold memory of the card while others are measured."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def main() -> None:
    threading.Thread(target=end_with, args=(os.getppid(),), name="parent", daemon=True).start()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for name in LIBRARIES[sys.argv[1]]:
        if importlib.util.find_spec(name):
            importlib.import_module(name)
    print("ready", file=answers, flush=True)
    text = sys.stdin.readline()
    if text:
        job = job_of(text)
        Path(job.scratch).mkdir(parents=True, exist_ok=True)
        print(json.dumps(outcome(job)), file=answers, flush=True)
    sys.stderr.flush()
    os._exit(0)  # threads and processes of the libraries end with it


if __name__ == "__main__":
    main()
