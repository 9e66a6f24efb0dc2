"""A model folder of a real architecture without its weights: config.json, a tokenizer, a file that holds next to none.

transformers makes what a checkpoint lacks at random, on the device and in the dtype it was asked for. So the generated
code's own arguments load a folder whose safetensors file holds one vector, without the check that nothing lacks. Only
bitsandbytes, which quantizes what it reads, is given a file of random weights.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from planner.catalogue.models import find_model
from planner.schema import Model

from .configurations import TOY

END = 0  # id of the end-of-text token, "<|end|>"
BLOCK_BYTES = 2**26  # of random values, repeated through a file of weights
TOY_MODEL = Model(TOY, 0, 0, 2, 128, 256, 4, 2, 32, 4096, False, 2048)  # a Llama; its parameters are counted below

CONFIGS = {"meta-llama/Llama": "LlamaConfig", "Qwen/Qwen3-": "Qwen3Config", TOY: "LlamaConfig"}
OF_QWEN = {"Qwen3Config": {"rope_theta": 1_000_000.0}, "LlamaConfig": {"rope_theta": 500_000.0}}


def architecture(name: str) -> Model:
    """The planner's own entry, or the toy."""
    return TOY_MODEL if name == TOY else find_model(name)


def config_of(name: str) -> Any:
    """transformers' configuration of that architecture, from the planner's dimensions."""
    import transformers

    kind = next(kind for prefix, kind in CONFIGS.items() if name.startswith(prefix))
    model = architecture(name)
    config = getattr(transformers, kind)(
        vocab_size=model.vocab,
        hidden_size=model.hidden,
        intermediate_size=model.intermediate,
        num_hidden_layers=model.layers,
        num_attention_heads=model.heads,
        num_key_value_heads=model.kv_heads,
        head_dim=model.head_dim,
        max_position_embeddings=model.context,
        tie_word_embeddings=model.tied_embeddings,
        rope_parameters={"rope_type": "default", **OF_QWEN[kind]},
        bos_token_id=END,
        eos_token_id=END,
        pad_token_id=END,
        dtype=model.dtype,
    )
    config.architectures = [kind.replace("Config", "ForCausalLM")]
    return config


def shapes(config: Any) -> dict[str, tuple[int, ...]]:
    """Every weight of the model by its name. Tied ones once."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    return {name: tuple(weight.shape) for name, weight in model.named_parameters()}


def params(name: str) -> int:
    """How many parameters the model has."""
    known = architecture(name).params
    return known or sum(_numel(shape) for shape in shapes(config_of(name)).values())


def model_object(name: str) -> dict[str, Any] | None:
    """The toy as a model object of the planner's JSON interface; None for what the catalogue holds."""
    if name != TOY:
        return None
    model = TOY_MODEL
    keys = ("layers", "hidden", "intermediate", "heads", "kv_heads", "head_dim", "vocab", "tied_embeddings", "context")
    return {"id": name, "params": params(name), **{key: getattr(model, key) for key in keys}}


def make(folder: Path, name: str, real_weights: bool = False) -> Path:
    """The model's folder, made where it is not there yet. Some MB, or with `real_weights` 2 bytes a parameter."""
    target = folder / (name.replace("/", "--") + ("--real" if real_weights else ""))
    if (target / "model.safetensors").exists():
        return target
    target.mkdir(parents=True, exist_ok=True)
    config = config_of(name)
    config.save_pretrained(target)
    write_tokenizer(target, config.vocab_size)
    draft = target / "draft"
    if real_weights:
        write_random(draft, shapes(config))
    else:
        write_one(draft, config.hidden_size)
    draft.rename(target / "model.safetensors")
    return target


def write_tokenizer(folder: Path, vocab: int) -> None:
    """A token for every id, "t17" for 17: a text of n such words has n tokens, and every token can be written."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {"<|end|>": END} | {f"t{number}": number for number in range(1, vocab)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<|end|>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>").save_pretrained(
        folder
    )


def write_one(path: Path, hidden: int) -> None:
    """A file with the last norm alone."""
    import torch
    from safetensors.torch import save_file

    save_file({"model.norm.weight": torch.ones(hidden, dtype=torch.bfloat16)}, path, metadata={"format": "pt"})


def write_random(path: Path, sizes: dict[str, tuple[int, ...]]) -> None:
    """bfloat16 weights: one block of random values repeated, norms are ones. No tensor is whole in main memory."""
    import torch

    generator = torch.Generator().manual_seed(0)
    block = (torch.randn(BLOCK_BYTES // 2, generator=generator) * 0.02).bfloat16()
    random, ones = (part.view(torch.uint8).numpy().tobytes() for part in (block, torch.ones_like(block)))
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in sizes.items():
        begin, end = end, end + 2 * _numel(shape)
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [begin, end]}
    head = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        for shape in sizes.values():
            source, left = (ones if len(shape) == 1 else random), 2 * _numel(shape)
            while left:
                left -= file.write(source[: min(left, BLOCK_BYTES)])


def _numel(shape: tuple[int, ...]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product
