"""Trains a generated project's model for some optimizer steps without a GPU or weights, and follows its memory.

The project's own `training_arguments`, `load_model` and `make_trainer` make the trainer, and transformers' own loop
runs it, under FakeTensorMode: tensors have shapes and types and no data, so a 32B model takes seconds and 2 GiB. What
differs on a GPU is put in its place: autocast and dtypes of a GPU, the mask of one byte that CUDA's dropout keeps,
foreach kernels in AdamW, TRL's Triton kernels, which fold a tile of logits in place.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import tempfile
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from .caching_allocator import replay
from .storages import StorageTrace, curve

TOKENS = 64  # of the tokenizer, which nothing is tokenized with


@dataclass(frozen=True)
class Peak:
    """Bytes at the peak of the last optimizer steps, and what they were made of."""

    weights: int  # before the first step
    base: int  # between two optimizer steps
    forward: int  # most of the forward passes
    backward: int
    optimizer: int
    allocated: int
    reserved: int
    at: str


def run(project: Path, kind: str, shape: dict[str, Any], steps: int = 2, padded: bool = False, **settings: Any) -> Peak:
    """Return the peak of a job with these settings. `kind` is transformers' model_type, `shape` its dimensions."""
    trace = train(project, kind, shape, steps, padded, **settings)
    return peak_of(trace)


def peak_of(trace: StorageTrace) -> Peak:
    """Return the peaks of a trace by phase."""
    allocated, reserved = curve(trace.events), replay(trace.events)
    phases = {"forward": 0, "backward": 0, "optimizer": 0}
    weights = base = 0
    bounds = [*trace.marks, ("end", len(trace.events))]
    for (name, start), (_, end) in pairwise(bounds):
        if name in phases:
            phases[name] = max(phases[name], max(allocated[max(start - 1, 0) : end], default=0))
        if name == "forward":
            weights = weights or allocated[start - 1]
        if name == "between":
            base = allocated[start - 1]
    at = max(phases, key=lambda name: phases[name])
    return Peak(weights, base, **phases, allocated=max(allocated), reserved=max(reserved), at=at)


def train(
    project: Path, kind: str, shape: dict[str, Any], steps: int = 2, padded: bool = False, **settings: Any
) -> StorageTrace:
    """Return the trace of `steps` optimizer steps. `padded`: batches hold sequences of several lengths."""
    from transformers import AutoConfig

    package = next(path.parent for path in project.glob("*/plan.py"))
    if str(project) not in sys.path:
        sys.path.insert(0, str(project))
    module = {
        name: importlib.import_module(f"{package.name}.{name}")
        for name in ("training.model", "training.trainers", "training.config", "data.formats", "run.run_dir")
    }
    job = replace(module["training.config"].planned_job(), ranks=1, epochs=1.0, max_steps=steps, **settings)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        config = AutoConfig.for_model(kind, **shape)
        config.save_pretrained(folder)
        tokenizer = make_tokenizer(Path(folder))
        source = module["training.model"].Source(folder, "")
        for patch in (as_on_a_gpu(module, job), values_of_data(padded)):
            stack.enter_context(patch)
        rows = examples(module["data.formats"], job)
        arguments = module["training.trainers"].training_arguments(
            job, module["run.run_dir"].Run(Path(folder), "run"), rows, None
        )
        stack.enter_context(FakeTensorMode(allow_non_fake_inputs=True))
        model = module["training.model"].load_model(job, source)
        reference = module["training.model"].load_reference(job, source)
        trainer = module["training.trainers"].make_trainer(job, model, tokenizer, rows, arguments, [], reference)
        trace = stack.enter_context(StorageTrace())  # weights are there by then, as if loaded without any waste
        follow(trainer, trace, job)
        trainer.train()
        trace.mark("end")
        del model, reference, trainer
    return trace


def make_tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({f"w{number}": number for number in range(TOKENS)}, unk_token="w0"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="w0", pad_token="w1", eos_token="w2")
    tokenizer.save_pretrained(folder)
    return tokenizer


def examples(formats: Any, job: Any) -> Any:
    import datasets

    row: dict[str, Any] = {"input_ids": [3] * job.seq_len, "labels": [3] * job.seq_len}
    if job.objective == "dpo":
        row = {"prompt": "w3", "chosen": " w4", "rejected": " w5"}
    rows = datasets.Dataset.from_list([row] * 2)
    return formats.Examples(rows, None, "pair" if job.objective == "dpo" else "text", (), 2, 0, "every token")


def follow(trainer: Any, trace: StorageTrace, job: Any) -> None:
    """Mark the phases of each step in the trace, and give the trainer batches of whole sequences."""
    from transformers import TrainerCallback

    reference = getattr(trainer, "ref_model", None)
    for model in (trainer.model, *([reference] if reference is not None else [])):
        for tensor in (*model.parameters(), *model.buffers()):
            trace.see(tensor.data, "weight")

    class Batches:
        """As many micro-batches as the steps take. A loader would ask the values of fake tensors."""

        batch_size = job.micro_batch
        dataset = sampler = batch_sampler = None

        def __len__(self) -> int:
            return job.max_steps * job.accumulation

        def __iter__(self) -> Any:
            for _ in range(len(self)):
                sequences = job.micro_batch * (2 if job.objective == "dpo" else 1)
                ids = torch.ones(sequences, job.seq_len, dtype=torch.int64)
                learnt = "completion_mask" if job.objective == "dpo" else "labels"
                yield {"input_ids": ids, learnt: ids.clone(), "attention_mask": torch.ones_like(ids)}

    trainer.get_train_dataloader = Batches
    backward, compute_loss = trainer.accelerator.backward, trainer.compute_loss

    def marked_loss(*args: Any, **kwargs: Any) -> Any:
        trace.mark("forward")
        return compute_loss(*args, **kwargs)

    def marked_backward(*args: Any, **kwargs: Any) -> Any:
        trace.mark("backward")
        return backward(*args, **kwargs)

    class Phases(TrainerCallback):
        def on_pre_optimizer_step(self, *args: Any, **kwargs: Any) -> None:
            trace.mark("optimizer")

        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            trace.mark("between")

    trainer.compute_loss, trainer.accelerator.backward = marked_loss, marked_backward
    trainer.add_callback(Phases())
    for callback in [one for one in trainer.callback_handler.callbacks if "Printer" in type(one).__name__]:
        trainer.remove_callback(callback)


@contextlib.contextmanager
def replaced(*changes: tuple[Any, str, Any]) -> Any:
    """Put values in the place of attributes, and take them back."""
    before = [(where, name, getattr(where, name)) for where, name, _ in changes]
    try:
        for where, name, value in changes:
            setattr(where, name, value)
        yield
    finally:
        for where, name, value in before:
            setattr(where, name, value)


def as_on_a_gpu(module: dict[str, Any], job: Any) -> Any:
    """Differences of a GPU: dtypes, autocast, dropout's mask, foreach kernels, TRL's kernels."""
    from transformers import AutoModelForCausalLM
    from transformers.initialization import no_init_weights
    from trl.kernels import chunked_logprob
    from trl.trainer import utils

    trainers = module["training.trainers"]
    half = getattr(torch, job.dtype)
    name = "DPOConfig" if job.objective == "dpo" else "SFTConfig"
    config_class = getattr(trainers, name)

    class Unloaded:
        """Makes models without weights where a GPU project loads them, in the precision that it loads them in."""

        @staticmethod
        def from_pretrained(pretrained_model_name_or_path: str, attn_implementation: str, **options: Any) -> Any:
            from transformers import AutoConfig

            config = AutoConfig.from_pretrained(pretrained_model_name_or_path)
            dtype = torch.float32 if job.method == "full" else half
            with no_init_weights():
                model = AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation=attn_implementation)
            model.tie_weights()
            return model

    def configuration(**given: Any) -> Any:
        return config_class(**{**given, "bf16": half == torch.bfloat16, "use_cpu": True, "save_strategy": "no"})

    def dropout(x: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> torch.Tensor:
        return torch.native_dropout(x, p, True)[0] if training and p > 0 else x

    class Kernel:
        """A Triton kernel that works in place."""

        def __getitem__(self, grid: Any) -> Any:
            return lambda *args, **kwargs: None

    def apply(self: torch.nn.Module, change: Any, recurse: bool = True) -> torch.nn.Module:
        for child in self.children():  # nn.Module's own cannot exchange fake tensors
            child._apply(change)
        for name, value in self._parameters.items():
            if value is not None:
                with torch.no_grad():
                    new = change(value)
                if new is not value:
                    self._parameters[name] = torch.nn.Parameter(new, value.requires_grad)
        for name, value in self._buffers.items():
            if value is not None:
                self._buffers[name] = change(value)
        return self

    class Grids:
        @staticmethod
        def cdiv(a: int, b: int) -> int:
            return -(-a // b)

    if not hasattr(chunked_logprob, "triton"):
        chunked_logprob.triton = Grids  # type: ignore[attr-defined]
    return replaced(
        (module["training.model"], "CLASSES", {"generation": Unloaded}),
        (trainers, name, configuration),
        (torch.nn.functional, "dropout", dropout),
        (torch.nn.Module, "_apply", apply),
        (
            importlib.import_module("torch.optim.adam"),
            "_default_to_fused_or_foreach",
            lambda *args, **kwargs: (False, True),
        ),
        (chunked_logprob, "_use_triton", lambda device: True),
        (utils, "_use_triton", lambda device: True),
        (chunked_logprob, "_forward_kernel", Kernel()),
        (chunked_logprob, "_backward_kernel", Kernel()),
        (chunked_logprob, "_addmm_fp32", lambda acc, a, b: None),
    )


def values_of_data(padded: bool) -> Any:
    """Whether a token of a batch is padding: without any, transformers leaves the attention mask away."""
    from transformers import masking_utils

    return replaced((masking_utils, "is_tracing", lambda *args: padded))
