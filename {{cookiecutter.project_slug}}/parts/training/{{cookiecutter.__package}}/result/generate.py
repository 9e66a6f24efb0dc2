"""The tuned model, used: answers, classes, and its weights merged into plain safetensors that any engine serves."""

import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ..training import model
from .. import plan, storage
from ..training.config import Job

ABOUT = "tuned.json"  # in the result: what it was made from
ADAPTER = "adapter_config.json"
CARD = "README.md"
NAMES = {"full": "training all weights", "lora": "LoRA", "qlora": "QLoRA"}


@dataclass(frozen=True)
class About:
    """What a result was made from."""

    workload: str
    model: str
    revision: str
    dtype: str
    labels: tuple[str, ...] = ()
    method: str = "full"


@dataclass(frozen=True)
class Tuned:
    """A tuned model that is loaded."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    about: About


def describe(folder: Path, job: Job, labels: tuple[str, ...]) -> None:
    """Write what the result in `folder` was made from."""
    about = About(job.workload, job.model, job.revision, job.dtype, labels, job.method)
    (folder / ABOUT).write_text(json.dumps(asdict(about), indent=1) + "\n", encoding="utf-8")
    if (folder / ADAPTER).is_file():
        named_by_id(folder / ADAPTER, job)
    (folder / CARD).write_text(card(about), encoding="utf-8")


def named_by_id(config: Path, job: Job) -> None:
    """Let an adapter name its model as the plan does, and not by the place where it lay in a container."""
    found = json.loads(config.read_text(encoding="utf-8"))
    found |= {"base_model_name_or_path": job.model, "revision": job.revision}
    config.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def card(about: About) -> str:
    """The model card that the hub shows: what the result was made from, and how to load it."""
    task = {"generation": "text-generation", "classification": "text-classification"}[about.workload]
    library = "transformers" if about.method == "full" else "peft"
    lines = ["---", f"pipeline_tag: {task}", f"library_name: {library}"]
    if not storage.is_folder(about.model):
        lines.append(f"base_model: {about.model}")
    lines += ["---", "", f"# {plan.NAME}", "", f"{about.model} at `{about.revision}`, tuned by {NAMES[about.method]}."]
    if about.labels:
        lines += ["", "Classes: " + ", ".join(about.labels) + "."]
    return "\n".join(lines) + "\n"


def about(folder: Path) -> About:
    if not (folder / ABOUT).is_file():
        raise FileNotFoundError(f"{folder} holds no tuned model yet: run the training first")
    found = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    found["labels"] = tuple(found["labels"])
    return About(**found)


def load(folder: Path, weights: str = "") -> Tuned:
    """The tuned model, on all GPUs that there are, in 16 bits there and float32 on a CPU.

    What was trained on 4-bit weights gets them on a GPU again: the 16-bit ones need not fit. `weights` is where the
    original model lies, which an adapter needs; else it comes from the hub.
    """
    made = about(folder)
    on_gpu = torch.cuda.is_available()
    dtype = getattr(torch, made.dtype) if on_gpu else torch.float32
    options: dict[str, Any] = {"dtype": dtype, "use_safetensors": True}
    if on_gpu:
        options["device_map"] = "auto" if torch.cuda.device_count() > 1 else {"": torch.cuda.current_device()}
    if on_gpu and made.method == "qlora":
        config = model.config_of(model.Source(weights or made.model, made.revision))
        options["quantization_config"] = model.four_bits(made.workload, config, dtype)
    return Tuned(_weights(folder, weights, made, options).eval(), _tokenizer(folder), made)


def _tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    return model.tokenizer_of(model.Source(str(folder), "main"), configured=False)


def _weights(folder: Path, weights: str, made: About, options: dict[str, Any]) -> Any:
    cls = model.CLASSES[made.workload]
    if not (folder / ADAPTER).is_file():
        return cls.from_pretrained(folder, **options)
    source = model.Source(weights or made.model, made.revision)
    known = model.classes(model.config_of(source), made.labels)
    with model.own_code_refused(source):
        original = cls.from_pretrained(**source.options(), **options, **known)
    return PeftModel.from_pretrained(original, str(folder))


@torch.inference_mode()
def answer(tuned: Tuned, prompt: str, max_tokens: int = 128) -> str:
    """What the model says to `prompt`, its likeliest words; as a chat where the model has a template for one."""
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
def classify(tuned: Tuned, text: str) -> dict[str, float]:
    """Each class with its probability, the likeliest first."""
    inputs = tuned.tokenizer(text, truncation=True, return_tensors="pt").to(tuned.model.device)
    shares = tuned.model(**inputs).logits[0].float().softmax(-1).tolist()
    return dict(sorted(zip(tuned.about.labels, shares, strict=True), key=lambda pair: -pair[1]))


def say(tuned: Tuned, prompt: str, max_tokens: int = 128) -> str:
    """The answer, or the classes with their probabilities, as one text."""
    if tuned.about.workload == "generation":
        return answer(tuned, prompt, max_tokens)
    return ", ".join(f"{name} {share:.0%}" for name, share in classify(tuned, prompt).items())


def merge(folder: Path, target: Path, weights: str = "") -> Path:
    """Write the tuned model as plain 16-bit safetensors with its tokenizer to `target`, on the CPU.

    An adapter is added to the original 16-bit weights, also where it was trained on 4-bit ones. `target` is whole,
    or as it was before.
    """
    made = about(folder)
    model = _weights(folder, weights, made, {"dtype": getattr(torch, made.dtype), "use_safetensors": True})
    plain: Any = model.merge_and_unload() if isinstance(model, PeftModel) else model
    plain.config.use_cache = True
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    plain.save_pretrained(partial)
    _tokenizer(folder).save_pretrained(partial)
    (partial / CARD).write_text(card(replace(made, method="full")), encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    partial.replace(target)
    return target
