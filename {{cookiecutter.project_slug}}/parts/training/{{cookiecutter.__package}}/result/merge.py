"""The result of a run merged into plain 16-bit safetensors, which any engine loads."""

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from ..run.reply import Reply, reply_errors
from ..run.run_dir import Run, merged_name
from ..training.model import planned_weights
from .generate import CARD, load_result_tokenizer, load_weights, model_card, read_info, require_result


@reply_errors
def merge_run(run: Run, target: Path) -> Reply:
    """Merge a run's result into a folder of its own below `target`, whole or not at all."""
    require_result(run)
    begun, folder = time.monotonic(), target / merged_name(run.name)
    merge(run.result, folder, planned_weights())
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e9
    return Reply(f"{folder.name}: {size:.2f} GB in {time.monotonic() - begun:.0f} s")


def merge(folder: Path, target: Path, weights: str = "") -> Path:
    """Write the tuned model in `folder` with its tokenizer to `target`, on the CPU.

    An adapter is added to the original 16-bit weights, also where it was trained on 4-bit ones. `target` is whole,
    or as it was before.
    """
    info = read_info(folder)
    model = load_weights(folder, weights, info, {"dtype": getattr(torch, info.dtype)})
    merged: Any = model.merge_and_unload() if isinstance(model, PeftModel) else model
    merged.config.use_cache = True
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    merged.save_pretrained(partial)
    load_result_tokenizer(folder).save_pretrained(partial)
    (partial / CARD).write_text(model_card(replace(info, method="full")), encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    partial.replace(target)
    return target
