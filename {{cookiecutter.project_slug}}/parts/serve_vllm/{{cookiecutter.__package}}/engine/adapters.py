"""LoRA adapters that vLLM 0.32 serves beside their base: its options for them, and which adapters it cannot serve.

An adapter is a folder as peft saves it. One of another base is found here by the shapes of its matrices: vLLM copies
smaller ones into larger ones and answers.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import plan

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # that --max-lora-rank takes (config/lora.py)
MOST_AT_ONCE = 4  # adapters in one step of the engine, each with its memory on the GPU; more take turns
BYTES = 2  # of a number, in 16 bits
GIB = 2**30
NAME = re.compile(r"[\w.:/-]{1,100}")
MATRIX = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_([AB])\.weight")
WHOLE_BASE = re.compile(r"(?i)true|false|gaussian|eva|orthogonal|mica|lora_ga")  # starts that leave the base as it is
# Fields of adapter_config.json that change what an adapter computes and that vLLM refuses (lora/peft_helper.py)
UNSUPPORTED: tuple[str, ...] = (
    "use_dora",
    "lora_bias",
    "modules_to_save",
    "alora_invocation_tokens",
    "layer_replication",
    "use_bdlora",
    "use_qalora",
    "trainable_token_indices",
)

Shapes = dict[str, list[int]]  # tensor -> rows and columns
Tensors = dict[str, Any]  # tensor -> its entry in a safetensors header, with dtype and shape


class BadAdapter(ValueError):
    """One sentence on an adapter that cannot be served, and what would be."""


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter that can be served."""

    name: str  # by which requests name it
    path: str
    rank: int  # the highest of its matrices
    base: str  # the model it was trained on, by its adapter_config.json; "" where that names none
    compared: int  # matrices whose shapes were compared with the base's


def check_names(adapters: Mapping[str, str]) -> None:
    """BadAdapter for a name that no request could use, or that is the base's."""
    for name in adapters:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise BadAdapter(
                f"ADAPTERS holds the name {name!r}: write it of at most 100 letters, digits and the signs _ . : / -"
            )
        if name == plan.MODEL:
            raise BadAdapter(f"ADAPTERS holds the name {name}, which is the MODEL's own: give the adapter another")


def read(name: str, folder: str, base: Shapes) -> Adapter:
    """Return the adapter in a folder. BadAdapter where it is none that vLLM serves on the `base` of these shapes."""
    what, path = f"ADAPTERS[{name!r}], {folder},", Path(folder)
    try:
        config = json.loads((path / CONFIG).read_text(encoding="utf-8"))
        found = shapes(header(path / WEIGHTS))
    except FileNotFoundError as missing:
        held = Path(str(missing.filename)).name
        raise BadAdapter(f"{what} is no LoRA adapter, for it holds no {held}: take a folder that peft saved") from None
    except ValueError:
        raise BadAdapter(f"{what} is damaged: its {CONFIG} or {WEIGHTS} cannot be read; bring it once more") from None
    rank = _rank(what, config)
    if rank > RANKS[-1]:
        raise BadAdapter(f"{what} has rank {rank}, and vLLM takes at most {RANKS[-1]}: merge it into its base")
    return Adapter(name, folder, rank, str(config.get("base_model_name_or_path") or ""), _compare(what, found, base))


def _rank(what: str, config: Any) -> int:
    """The highest rank in an adapter's configuration. BadAdapter where it is no plain LoRA."""
    kind = config.get("peft_type") if isinstance(config, dict) else None
    if kind != "LORA":
        raise BadAdapter(f"{what} is no LoRA adapter but {kind or 'of no named kind'}: merge it into its base")
    refused = [name for name in UNSUPPORTED if config.get(name)]
    if config.get("bias", "none") != "none":
        refused.append("bias")
    if not WHOLE_BASE.fullmatch(str(config.get("init_lora_weights", True))):  # it was trained on a changed base
        refused.append(f"init_lora_weights={config['init_lora_weights']}")
    if refused:
        raise BadAdapter(f"{what} uses {', '.join(refused)}, which vLLM does not serve: merge it into its base")
    ranks = [config.get("r"), *(config.get("rank_pattern") or {}).values()]
    if not all(isinstance(rank, int) and rank > 0 for rank in ranks):
        raise BadAdapter(f"{what} has no whole rank above 0 in its {CONFIG}: bring it once more")
    return max(ranks)


def _compare(what: str, found: Shapes, base: Shapes) -> int:
    """Return how many matrices lie beside one of the base. BadAdapter where one does not fit."""
    compared = 0
    for tensor, shape in found.items():
        matrix = MATRIX.fullmatch(tensor)
        beside = base.get(f"{matrix[1]}.weight", []) if matrix else []
        if not matrix or len(beside) != 2:
            continue
        has, needs = (shape[1], beside[1]) if matrix[2] == "A" else (shape[0], beside[0])
        if has != needs:
            raise BadAdapter(
                f"{what} was trained on another base than {plan.MODEL}: {matrix[1]} has {has} "
                f"{'inputs' if matrix[2] == 'A' else 'outputs'} in the adapter and {needs} in the model"
            )
        compared += 1
    layers = {int(number) for name in base for number in re.findall(r"\blayers\.(\d+)\.", name)}
    beyond = {int(number) for name in found for number in re.findall(r"\blayers\.(\d+)\.", name)} - layers
    if layers and beyond:
        raise BadAdapter(
            f"{what} was trained on another base than {plan.MODEL}: it has a layer {max(beyond)}, and the model ends "
            f"with {max(layers)}"
        )
    return compared


def read_all(adapters: Mapping[str, str], model: str) -> list[Adapter]:
    """Return the adapters, name -> folder, that fit the base in the folder `model`. BadAdapter for the first other."""
    check_names(adapters)
    base = shapes(tensors(model)) if adapters else {}
    return [read(name, folder, base) for name, folder in adapters.items()]


def shapes(tensors: Tensors) -> Shapes:
    """Return the shapes of the tensors of floats; packed integers do not have those of their matrix."""
    return {name: one["shape"] for name, one in tensors.items() if re.match("B?F", one["dtype"])}


def tensors(model: str) -> Tensors:
    """Return what the headers of a folder's safetensors say."""
    return {name: one for file in sorted(Path(model).glob("*.safetensors")) for name, one in header(file).items()}


def header(file: Path) -> Tensors:
    """Return the header of a safetensors file. ValueError where it has none."""
    with file.open("rb") as data:
        length = int.from_bytes(data.read(8), "little")
        if length > file.stat().st_size:
            raise ValueError(f"{file} is no safetensors file")
        entries = json.loads(data.read(length))
    return {name: entry for name, entry in entries.items() if name != "__metadata__"}


def at_once(adapters: list[Adapter]) -> int:
    return min(len(adapters), MOST_AT_ONCE)


def taken_rank(adapters: list[Adapter]) -> int:
    """The least rank for --max-lora-rank that holds all of them."""
    return next(rank for rank in RANKS if rank >= max(adapter.rank for adapter in adapters))


def arguments(adapters: list[Adapter]) -> list[str]:
    """vLLM's options for them; none where there are none."""
    if not adapters:
        return []
    argv = ["--enable-lora", "--max-lora-rank", str(taken_rank(adapters))]
    argv += ["--max-loras", str(at_once(adapters)), "--max-cpu-loras", str(len(adapters))]
    listed = [{"name": one.name, "path": one.path, "base_model_name": plan.MODEL} for one in adapters]
    return [*argv, "--lora-modules", *map(json.dumps, listed)]


def most_bytes(adapters: list[Adapter], model: str) -> int | None:
    """The bytes that vLLM sets aside for them at most: a slot for each at once, of the rank, beside every matrix.

    It counts the matrices of floats in the checkpoint. None where some are packed, and have other shapes.
    """
    held = tensors(model)
    if any(len(one["shape"]) > 1 and not re.match("B?F", one["dtype"]) for one in held.values()):
        return None
    sides = sum(sum(shape) for name, shape in shapes(held).items() if len(shape) == 2 and name.endswith(".weight"))
    return at_once(adapters) * taken_rank(adapters) * sides * BYTES if adapters else 0


def summary(adapters: list[Adapter], model: str) -> Iterator[str]:
    """Yield a line on what they take, and one for each whose base is not certain."""
    if not adapters:
        return
    names = ", ".join(adapter.name for adapter in adapters)
    size = most_bytes(adapters, model)
    taken = "an uncounted part" if size is None else f"at most {size / GIB:.1f} GiB"
    rank, count = taken_rank(adapters), at_once(adapters)
    yield f"adapters {names}: rank {rank}, {count} at once; they take {taken} of the KV cache"
    for one in adapters:
        if not one.compared:
            yield f"adapter {one.name} was not compared with the model: they name no matrix alike"
        elif one.base and not one.base.startswith(("/", ".", "~")) and one.base != plan.MODEL:
            yield f"adapter {one.name} fits, but says it was trained on {one.base}, and MODEL is {plan.MODEL}"
