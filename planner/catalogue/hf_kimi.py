"""Kimi-Linear and Kimi-K3: gates on latent attention, experts behind a latent, residuals by attention.

Read from vLLM 0.32 (vllm/models/kimi_k3) and from the tensors of moonshotai/Kimi-K3 on the hub.
"""

from __future__ import annotations

from ..schema import Model, Refusal, replace
from .hf_experts import Experts
from .hf_fields import Config
from .hf_mixers import LINEAR
from .hf_parts import Parts

_SECTION = frozenset(
    "full_attn_layers kda_layers head_dim num_heads short_conv_kernel_size gate_lower_bound use_full_rank_gate".split()
)
STATE_BYTES = 4  # of an element of the recurrent state, whatever the weights are in


def kimi_linear(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """Count what Kimi-K3 adds to Kimi-Linear; a model with any of it runs on vLLM alone."""
    section = config.section("linear_attn_config")
    if odd := sorted(set(section) - _SECTION):
        raise Refusal(f"linear_attn_config in the config.json has {str(odd[0])[:40]}, which is not understood here")
    hidden = model.hidden
    linear = LINEAR["kimi_delta"](model, config)
    states = parts.kinds.count("linear")
    model = replace(
        model,
        state_bytes=states * (STATE_BYTES * linear.state + 2 * linear.window),
        replicated_params=model.replicated_params + states * linear.copied,
    )
    gated = config.flag("mla_use_output_gate")
    if gated:
        value_dim = config.count("v_head_dim", default=0) or hidden // model.heads
        gate = hidden * model.heads * value_dim
        parts.mixers = [
            mixer + (gate if kind == "full" else 0) for mixer, kind in zip(parts.mixers, parts.kinds, strict=True)
        ]
    residuals = config.count("attn_res_block_size", default=0)
    if residuals:  # before attention and MLP of each layer and at the end: a norm, and a weight for each block
        parts.other += (4 * model.layers + 2) * hidden
    latent = config.count("routed_expert_hidden_size", default=0)
    normed = config.flag("latent_moe_use_norm")
    if latent:
        if not experts.count:
            raise Refusal("the config.json has routed_expert_hidden_size and no num_experts")
        less = experts.count * 3 * (hidden - latent) * experts.width
        around = 2 * hidden * latent
        idle = (experts.count - experts.per_token) * 3 * latent * experts.width
        sparse = sum(experts.layers)
        parts.mlps = [
            mlp - less + around + (latent if normed else 0) if holds else mlp
            for mlp, holds in zip(parts.mlps, experts.layers, strict=True)
        ]
        parts.unused = [idle if holds else 0 for holds in experts.layers]
        model = replace(model, expert_hidden=latent, replicated_params=model.replicated_params + sparse * around)
    full_rank = section.get("use_full_rank_gate") is True
    if full_rank:
        model = replace(model, state_blocks=3)  # its prefill leaves a checkpoint, as Mamba 2's does
    if gated or residuals or latent or full_rank:
        model = replace(model, engines=tuple(engine for engine in model.engines if engine == "vllm"))
    if config.get("mla_use_nope")[1] is False:
        raise Refusal("mla_use_nope in the config.json is false, with which vLLM 0.32 does not build a Kimi-Linear")
    return model
