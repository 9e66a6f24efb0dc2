"""Read a Hugging Face config.json as a Model. Field names: the configuration classes of transformers.

Layers that `Model` has no fields for count towards its parameters; biases do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..schema import QUANTIZATIONS, Model, Refusal, replace
from .hf_fields import count_at, typed_at
from .hf_layers import NEMOTRON_BLOCKS, nemotron_h, vision_params, with_experts, with_latents, with_mixers, with_windows
from .sizes import count_params

# Model types without a gate in their MLP, and those whose embeddings are tied unless the config says otherwise.
UNGATED_TYPES = frozenset(
    "bert roberta xlm-roberta distilbert deberta-v2 deberta electra mpnet camembert phi gpt2 gpt_neox gpt_bigcode "
    "starcoder2 nemotron nemotron_h falcon mpt opt bloom esm arcee apertus".split()
)
ENCODER_TYPES = frozenset(
    "bert roberta xlm-roberta distilbert deberta-v2 deberta electra mpnet camembert modernbert nomic_bert new "
    "neobert eurobert esm gemma3_text_encoder".split()
)
TIED_TYPES = ENCODER_TYPES | frozenset(
    "gemma gemma2 gemma3 gemma3_text gemma4 gemma4_text cohere cohere2 falcon gpt2 gpt_bigcode mpt bloom opt".split()
)
# Defaults of configuration classes, which a config.json leaves out.
CONFIG_DEFAULTS = {
    "gemma3_text": {"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 262208}
    | {"max_position_embeddings": 131072}
}


def from_config(config: Mapping[str, Any], id: str) -> Model:
    """Return the model that a Hugging Face config.json describes. Refusal names the key that is missing or odd.

    Parameters are counted from the dimensions, a vision tower included; biases and layers that only predict further
    tokens ahead (MTP, which engines leave out) are not: under 0.5% on every model it was compared with.
    """
    whole, text = config, typed_at(config, dict, "text_config", "llm_config")
    kind = typed_at(text, str, "model_type") or typed_at(whole, str, "model_type")
    config = {**CONFIG_DEFAULTS.get(kind, {}), **whole, **text}
    if config.get("block_configs"):
        raise Refusal(
            "block_configs in the config.json gives every layer a shape of its own; give the model's size instead"
        )
    if kind == "nemotron_h" and (blocks := typed_at(config, list, "layers_block_type")):
        pattern = "".join(NEMOTRON_BLOCKS.get(str(block), "?") for block in blocks)
        config |= {"hybrid_override_pattern": pattern, "num_hidden_layers": len(pattern)}
    encoder = kind in ENCODER_TYPES
    hidden = count_at(config, "hidden_size", "d_model", "n_embd", "dim")
    heads = count_at(config, "num_attention_heads", "n_heads", "n_head")
    context = count_at(config, "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", default=2048)
    if kind in ("roberta", "xlm-roberta", "camembert", "mpnet") and context % 64 == 2:
        context -= 2  # their positions start at 2
    kv_heads = count_at(config, "num_key_value_heads", "num_kv_heads", "n_head_kv", default=0) or heads
    if kind == "falcon" and not config.get("new_decoder_architecture") and config.get("multi_query", True):
        kv_heads = 1
    dtype = typed_at(config, str, "dtype", "torch_dtype").removeprefix("torch")
    gated = kind not in UNGATED_TYPES or "glu" in typed_at(config, str, "activation_function")
    model = Model(
        id=id,
        params=0,
        params_active=0,
        layers=count_at(config, "num_hidden_layers", "n_layers", "n_layer", "num_layers"),
        hidden=hidden,
        intermediate=count_at(
            config, "intermediate_size_mlp", "intermediate_size", "ffn_hidden_size", "hidden_dim", "n_inner", default=0
        ),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=count_at(config, "head_dim", default=0) or max(1, hidden // heads),
        vocab=count_at(config, "vocab_size"),
        tied_embeddings=encoder or bool(config.get("tie_word_embeddings", kind in TIED_TYPES)),
        context=context,
        dtype=dtype or ("float32" if encoder else "bfloat16"),
        mlp_matrices=3 if gated else 2,
        quantization=_quantization(config),
        workload=_workload(whole, kind, id),
        architecture=kind,
    )
    model = with_windows(with_experts(model, config, kind), config, kind)
    if not model.intermediate and not model.experts:
        model = replace(model, intermediate=4 * hidden)
    detail: dict[str, Any] = {"other": vision_params(typed_at(whole, dict, "vision_config"))}
    if config.get("kv_lora_rank"):
        model, detail["attention"] = with_latents(model, config)
    elif kind == "nemotron_h":
        model, params, active = nemotron_h(model, config)
        return replace(model, params=params, params_active=active)
    else:
        model, mixers = with_mixers(model, config, kind)
        detail |= mixers
    if kind in ("bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "camembert", "electra"):
        detail["other"] += context * hidden  # learned positions
    params = count_params(model, **detail)
    if not model.experts:
        return replace(model, params=params, params_active=params)
    detail["other"] = 0  # a token of text does not pass the vision tower
    return replace(model, params=params, params_active=count_params(model, active=True, **detail))


def _workload(config: Mapping[str, Any], kind: str, id: str) -> str:
    architecture = " ".join(str(name) for name in typed_at(config, list, "architectures"))
    if "Classification" in architecture:
        return "classification"
    if re.search(r"embed|bge-|gte-|e5-|minilm|mpnet", id.lower()):
        return "embedding"
    return "classification" if kind in ENCODER_TYPES else "generation"


def _quantization(config: Mapping[str, Any]) -> str:
    """Return the format of the published weights, "none" where the config names none."""
    section = typed_at(config, dict, "quantization_config", "compression_config")
    if not section:
        return "none"
    method: str = typed_at(section, str, "quant_method", "quant_algo").lower()
    if method == "compressed-tensors":
        group: Any = next(iter(typed_at(section, dict, "config_groups").values()), {})
        weights = typed_at(group, dict, "weights") if isinstance(group, Mapping) else {}
        method = f"{typed_at(weights, str, 'type')}{count_at(weights, 'num_bits', default=8)}"
    elif method == "modelopt":
        method = typed_at(section, str, "quant_algo").lower() or "fp8"
    elif method in ("awq", "gptq", "auto-round", "awq_marlin", "gptq_marlin"):
        method = f"int{count_at(section, 'bits', 'w_bit', default=4)}"
    elif method == "bitsandbytes":
        method = "nf4" if section.get("load_in_4bit") else "int8"
    known = {"float8": "fp8", "fbgemm_fp8": "fp8", "float4": "nvfp4", "w4a16_awq": "int4"}
    method = known.get(method, method)
    if method not in QUANTIZATIONS:
        raise Refusal(f"quant_method in the config.json is {method!r}; {', '.join(QUANTIZATIONS[1:])} can be planned")
    return method
