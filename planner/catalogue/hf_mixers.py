"""The token mixers of a layer: attention, Mamba, gated delta nets, convolutions; their parameters and state."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import NamedTuple

from ..schema import Model, Refusal
from .architectures import Architecture
from .hf_fields import Config, count_at


class Mixer(NamedTuple):
    """One layer's mixer: its parameters, and the elements it keeps of a sequence instead of a cache."""

    params: int
    state: int = 0  # elements of the recurrent state
    window: int = 0  # elements of the convolution's last inputs
    copied: int = 0  # parameters that each GPU of a tensor-parallel group holds whole


def attention(model: Model, config: Config, architecture: Architecture) -> int:
    """Return the parameters of one layer's attention."""
    queries, keys = model.heads * model.head_dim, model.kv_heads * model.head_dim
    total = 2 * model.hidden * (queries + keys)
    total += bias_params(config, architecture, {"q": queries, "k": keys, "v": keys, "o": model.hidden})
    if architecture.head_norms and (not architecture.head_norms_if or config.flag(architecture.head_norms_if)):
        total += 2 * model.head_dim if architecture.head_norms == "head" else queries + keys
    if architecture.gate:
        total += model.hidden * (queries if architecture.gate == "full" else model.heads)
    return total


def bias_params(config: Config, architecture: Architecture, widths: dict[str, int]) -> int:
    """Return the parameters of the biases: of each projection that has one, its width."""
    letters = set(architecture.bias)
    for key, which in architecture.flags:
        if config.flag(key):
            letters |= set(which)
    return sum(width for letter, width in widths.items() if letter in letters)


def latent_attention(model: Model, config: Config) -> int:
    """Return the parameters of one layer of multi-head latent attention (arXiv 2405.04434)."""
    hidden, heads, rank, rope = model.hidden, model.heads, model.kv_lora_rank, model.qk_rope_head_dim
    value_dim = config.count("v_head_dim", default=0) or hidden // heads
    query_rank = config.count("q_lora_rank", default=0)
    query = query_rank * (hidden + 1 + heads * model.head_dim) if query_rank else hidden * heads * model.head_dim
    keys = hidden * (rank + rope) + rank + rank * heads * (model.head_dim - rope + value_dim)
    return query + keys + heads * value_dim * hidden


def latents(model: Model, config: Config) -> int:
    """Return the parameters of one layer's projections to the latents, which every GPU holds whole."""
    return model.hidden * (model.kv_lora_rank + model.qk_rope_head_dim + config.count("q_lora_rank", default=0))


def _mamba1(model: Model, config: Config) -> Mixer:
    inner = config.count("mamba_expand", "expand", default=2) * model.hidden
    inner = config.count("intermediate_size", default=inner) if "expand" in config.defaults else inner
    state, kernel = config.count("mamba_d_state", "state_size"), config.count("mamba_d_conv", "conv_kernel", default=4)
    key, rank = config.get("mamba_dt_rank", "time_step_rank")
    rank = ceil(model.hidden / 16) if rank in (None, "auto") else config.count(key)
    params = 3 * inner * model.hidden + inner * (kernel + 1) + inner * (rank + 2 * state) + inner * (rank + 1)
    params += inner * state + inner  # A and D
    if "mamba_dt_rank" in config.defaults:  # Jamba's norms of the step and of both projections
        params += rank + 2 * state
    return Mixer(params, inner * state, inner * (kernel - 1))


def _mamba2(model: Model, config: Config) -> Mixer:
    alone = "num_heads" in config.defaults  # Mamba 2 without attention beside it
    heads = config.count("num_heads") if alone else config.count("mamba_n_heads", "mamba_num_heads")
    key, width = config.get("head_dim") if alone else config.get("mamba_d_head", "mamba_head_dim")
    expand = config.count("mamba_expand", "expand", default=2)
    width = expand * model.hidden // heads if width == "auto" else config.count(key)
    inner = config.count("mamba_d_ssm", default=0) or heads * width
    groups, state = (
        config.count("mamba_n_groups", "n_groups"),
        config.count("mamba_d_state", "ssm_state_size", "state_size"),
    )
    kernel = config.count("mamba_d_conv", "conv_kernel", default=4)
    channels = inner + 2 * groups * state
    params = model.hidden * (2 * inner + 2 * groups * state + heads) + channels * (kernel + 1) + 3 * heads
    params += inner * model.hidden
    if "mamba_rms_norm" not in config.defaults or config.flag("mamba_rms_norm"):
        params += inner
    copied = 2 * model.hidden * state if groups == 1 else 0  # one group is not split
    return Mixer(params, inner * state, channels * (kernel - 1), copied)


def _delta_net(model: Model, config: Config) -> Mixer:
    """Qwen3-Next's gated delta net."""
    key_dim, value_heads = config.count("linear_key_head_dim"), config.count("linear_num_value_heads")
    keys, value_dim = config.count("linear_num_key_heads") * key_dim, config.count("linear_value_head_dim")
    inner, kernel = value_heads * value_dim, config.count("linear_conv_kernel_dim", default=4)
    channels = 2 * keys + inner
    params = model.hidden * (channels + 2 * inner + 2 * value_heads) + channels * kernel + 2 * value_heads + value_dim
    return Mixer(params, inner * key_dim, channels * (kernel - 1))


def _olmo_delta_net(model: Model, config: Config) -> Mixer:
    key_heads = config.count("linear_num_key_heads", default=0) or model.heads
    value_heads = config.count("linear_num_value_heads", default=0) or model.heads
    key_dim = config.count("linear_key_head_dim", default=0) or int(0.75 * model.hidden / key_heads)
    value_dim = config.count("linear_value_head_dim", default=0) or 2 * key_dim
    keys, inner, kernel = (
        key_heads * key_dim,
        value_heads * value_dim,
        config.count("linear_conv_kernel_dim", default=4),
    )
    channels = 2 * keys + inner
    params = model.hidden * (channels + 2 * inner + 2 * value_heads) + channels * kernel + 2 * value_heads + value_dim
    return Mixer(params, inner * key_dim, channels * (kernel - 1))


def _kimi_delta(model: Model, config: Config) -> Mixer:
    """Kimi Delta Attention, whose gates pass a bottleneck as wide as a head (arXiv 2510.26692)."""
    section = config.section("linear_attn_config")
    width = count_at(section, "head_dim", default=0) or config.count("linear_head_dim")
    heads = count_at(section, "num_heads", default=0) or config.count("linear_num_heads")
    kernel = count_at(section, "short_conv_kernel_size", default=0) or config.count("linear_conv_kernel_dim", default=4)
    inner = heads * width
    params = 4 * model.hidden * inner + 3 * inner * kernel  # q, k, v, o and their convolutions
    narrow = model.hidden * width + width * inner
    full_rank = section.get("use_full_rank_gate") is True  # of the output; the other gate stays narrow (Kimi-K3)
    params += narrow + (model.hidden * inner if full_rank else narrow) + model.hidden * heads
    copied = model.hidden * width * (1 if full_rank else 2)  # into the bottlenecks
    return Mixer(params + inner + heads + width, inner * width, 3 * inner * (kernel - 1), copied)


def _lightning(model: Model, config: Config) -> Mixer:
    """MiniMax's lightning attention: every head has keys and values, and a gate stands on the output."""
    inner = model.heads * model.head_dim
    return Mixer(5 * model.hidden * inner + inner, inner * model.head_dim)


def _convolution(model: Model, config: Config) -> Mixer:
    """LFM2's short convolution between two gates."""
    kernel = config.count("conv_L_cache", default=3)
    for key in ("conv_dim", "conv_dim_out"):
        if config.count(key, default=model.hidden) != model.hidden:
            raise Refusal(f"{key} in the config.json is not the hidden size; such convolutions are not understood here")
    params = 4 * model.hidden**2 + model.hidden * kernel
    if config.flag("conv_bias"):
        params += 5 * model.hidden
    return Mixer(params, 0, model.hidden * kernel)


LINEAR: dict[str, Callable[[Model, Config], Mixer]] = {
    "mamba1": _mamba1,
    "mamba2": _mamba2,
    "delta_net": _delta_net,
    "olmo_delta_net": _olmo_delta_net,
    "kimi_delta": _kimi_delta,
    "lightning": _lightning,
    "convolution": _convolution,
}


def state_bytes(mixer: Mixer, config: Config) -> int:
    """Return the bytes that a layer keeps of a sequence: the convolution in 16 bits, the state in its dtype."""
    each = 4 if "float32" in config.text("mamba_ssm_dtype", "mamba_ssm_cache_dtype") else 2
    return each * mixer.state + 2 * mixer.window
