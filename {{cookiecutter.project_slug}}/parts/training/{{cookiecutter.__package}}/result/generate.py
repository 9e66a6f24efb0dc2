"""The result of a run, loaded and used: text from a tuned language model, classes from a classifier."""

import functools
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from .. import plan, storage
from ..run.reply import Reply, UserError, reply_errors
from ..run.run_dir import Run
from ..training.config import Job
from ..training.model import (
    CLASSES,
    Source,
    label_options,
    load_config,
    load_errors,
    load_tokenizer,
    nf4_config,
    planned_weights,
)

INFO = "tuned.json"  # in the result: what it was made from
ADAPTER = "adapter_config.json"
CARD = "README.md"
METHODS = {"full": "training all weights", "lora": "LoRA", "qlora": "QLoRA"}


@dataclass(frozen=True)
class ResultInfo:
    """The origin of a result."""

    workload: str
    model: str
    revision: str
    dtype: str
    labels: tuple[str, ...] = ()
    method: str = "full"


@dataclass(frozen=True)
class TunedModel:
    """A tuned model that is loaded."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    info: ResultInfo


def write_info(folder: Path, job: Job, labels: tuple[str, ...]) -> None:
    """Write what the result in `folder` was made from, for `load` and for the hub."""
    info = ResultInfo(job.workload, job.model, job.revision, job.dtype, labels, job.method)
    (folder / INFO).write_text(json.dumps(asdict(info), indent=1) + "\n", encoding="utf-8")
    if (folder / ADAPTER).is_file():  # it names the model by the folder in which it lay in a container
        config = json.loads((folder / ADAPTER).read_text(encoding="utf-8"))
        config |= {"base_model_name_or_path": job.model, "revision": job.revision}
        (folder / ADAPTER).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (folder / CARD).write_text(model_card(info), encoding="utf-8")


def model_card(info: ResultInfo) -> str:
    """Return the model card for the hub: what the result was made from, and how to load it."""
    task = {"generation": "text-generation", "classification": "text-classification"}[info.workload]
    library = "transformers" if info.method == "full" else "peft"
    lines = ["---", f"pipeline_tag: {task}", f"library_name: {library}"]
    if not storage.is_folder(info.model):
        lines.append(f"base_model: {info.model}")
    lines += ["---", "", f"# {plan.NAME}", "", f"{info.model} at `{info.revision}`, tuned by {METHODS[info.method]}."]
    if info.labels:
        lines += ["", "Classes: " + ", ".join(info.labels) + "."]
    return "\n".join(lines) + "\n"


def read_info(folder: Path) -> ResultInfo:
    if not (folder / INFO).is_file():
        raise FileNotFoundError(f"{folder} holds no tuned model yet: run the training first")
    found = json.loads((folder / INFO).read_text(encoding="utf-8"))
    return ResultInfo(**found | {"labels": tuple(found["labels"])})


def load(folder: Path, weights: str = "") -> TunedModel:
    """Load the tuned model, on all GPUs that there are, in 16 bits there and float32 on a CPU.

    What was trained on 4-bit weights gets them on a GPU again: the 16-bit ones need not fit. `weights` is where the
    original model lies, which an adapter needs; else it comes from the hub.
    """
    info = read_info(folder)
    on_gpu = torch.cuda.is_available()
    dtype = getattr(torch, info.dtype) if on_gpu else torch.float32
    options: dict[str, Any] = {"dtype": dtype}
    if on_gpu:
        options["device_map"] = "auto" if torch.cuda.device_count() > 1 else {"": torch.cuda.current_device()}
    if on_gpu and info.method == "qlora":
        source = Source(weights or info.model, info.revision)
        options["quantization_config"] = nf4_config(info.workload, source, dtype)
    return TunedModel(load_weights(folder, weights, info, options).eval(), load_result_tokenizer(folder), info)


def load_result_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    return load_tokenizer(Source(str(folder), "main"), configured=False)


def load_weights(folder: Path, weights: str, info: ResultInfo, options: dict[str, Any]) -> Any:
    """Load the model in `folder`, or the original one in `weights` with the adapter in `folder`; safetensors only."""
    options = {"use_safetensors": True, **options}
    if not (folder / ADAPTER).is_file():
        return CLASSES[info.workload].from_pretrained(folder, **options)
    source = Source(weights or info.model, info.revision)
    options |= label_options(load_config(source), info.labels)
    with load_errors(source):
        original = CLASSES[info.workload].from_pretrained(**source.options(), **options)
    return PeftModel.from_pretrained(original, str(folder))


@torch.inference_mode()
def generate(tuned: TunedModel, prompt: str, max_tokens: int = 128) -> str:
    """Return the likeliest continuation of `prompt`; as a chat where the model has a template for one."""
    tokenizer: Any = tuned.tokenizer
    if tokenizer.chat_template:
        chat = [{"role": "user", "content": prompt}]
        inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    else:
        inputs = tokenizer(prompt, return_tensors="pt")
    model: Any = tuned.model
    inputs = inputs.to(model.device)
    written = model.generate(
        **inputs, max_new_tokens=max_tokens, do_sample=False, pad_token_id=tokenizer.pad_token_id, use_cache=True
    )
    return tokenizer.decode(written[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True).strip()


@torch.inference_mode()
def classify(tuned: TunedModel, text: str) -> dict[str, float]:
    """Return each class with its probability, the likeliest first."""
    inputs = tuned.tokenizer(text, truncation=True, return_tensors="pt").to(tuned.model.device)
    shares = tuned.model(**inputs).logits[0].float().softmax(-1).tolist()
    return dict(sorted(zip(tuned.info.labels, shares, strict=True), key=lambda pair: -pair[1]))


def answer(tuned: TunedModel, prompt: str, max_tokens: int = 128) -> str:
    """Return the generated text, or the classes with their probabilities as one text."""
    if tuned.info.workload == "generation":
        return generate(tuned, prompt, max_tokens)
    return ", ".join(f"{name} {share:.0%}" for name, share in classify(tuned, prompt).items())


@functools.lru_cache(maxsize=1)
def load_once(result: Path, weights: str) -> TunedModel:
    return load(result, weights)


@reply_errors
def reply_to(run: Run, prompt: str, max_tokens: int) -> Reply:
    """Answer a prompt with a run's result, which is loaded once in a container."""
    require_result(run)
    return Reply(answer(load_once(run.result, planned_weights()), prompt, max_tokens))


def require_result(run: Run) -> None:
    """UserError where no attempt has come to an end."""
    if not (run.result / INFO).is_file():
        raise UserError(f"the run {run.name} has no result yet: `train` first")
