"""The memory of transformers' continuous batching: the planner's sum against transformers' own, and by hand."""

import re

import pytest
import torch
from bake import BODY
from transformers import Gemma3TextConfig, LlamaConfig, PretrainedConfig, Qwen3Config
from transformers.generation.configuration_utils import ContinuousBatchingConfig
from transformers.generation.continuous_batching.cache import PagedAttentionCache, PagedAttentionMemoryHandler
from transformers.generation.continuous_batching.distributed import DistributedHelper

from planner.catalogue.gpus import find_gpu
from planner.catalogue.models import find_model
from planner.estimate.inference_memory import memory as inference_memory
from planner.estimate.transformers_memory import PAGE_TOKENS, STEP_TOKENS
from planner.estimate.transformers_memory import _batching as terms
from planner.schema import GIB, InferenceSetup, Model, replace

QWEN, GEMMA, LLAMA_2 = "Qwen/Qwen3-8B", "google/gemma-3-27b-it", "meta-llama/Llama-2-7b-chat-hf"


def served(name: str, **changes: object) -> InferenceSetup:
    setup = InferenceSetup(
        find_model(name), find_gpu("L40S"), engine="transformers", attention="sdpa", max_batched_tokens=STEP_TOKENS
    )
    return replace(setup, **changes)  # type: ignore[arg-type]


def config_of(model: Model) -> PretrainedConfig:
    """transformers' own configuration with the model's dimensions."""
    common = {
        "hidden_size": model.hidden,
        "intermediate_size": model.intermediate,
        "num_hidden_layers": model.layers,
        "num_attention_heads": model.heads,
        "num_key_value_heads": model.kv_heads,
        "head_dim": model.head_dim,
        "vocab_size": model.vocab,
        "attn_implementation": "sdpa",
    }
    if "gemma" in model.id:
        kinds = ["full_attention"] * (model.layers - model.sliding_layers)
        kinds += ["sliding_attention"] * model.sliding_layers
        return Gemma3TextConfig(**common, layer_types=kinds, sliding_window=model.sliding_window)
    return (Qwen3Config if "Qwen" in model.id else LlamaConfig)(**common)


def batching_config(setup: InferenceSetup) -> ContinuousBatchingConfig:
    """As the generated engine allocates it: a page-wise cache of CONCURRENCY full contexts."""
    pages = -(-setup.context_len // PAGE_TOKENS)
    return ContinuousBatchingConfig(
        page_size=PAGE_TOKENS,
        num_blocks=setup.concurrency * pages,
        max_batch_tokens=setup.max_batched_tokens,
        max_requests_per_batch=setup.concurrency,
        max_blocks_per_request=0,
        max_memory_percent=setup.memory_fraction,
        use_async_batching=False,
    )


@pytest.mark.parametrize("name", [QWEN, GEMMA, LLAMA_2])
@pytest.mark.parametrize(("concurrency", "context_len"), [(16, 8192), (3, 1000), (64, 2048)])
def test_the_engine_claims_what_the_planner_says_it_will(
    name: str, concurrency: int, context_len: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = served(name, concurrency=concurrency, context_len=context_len)
    config = config_of(setup.model)
    claimed: list[int] = []

    def note(self: PagedAttentionMemoryHandler, tokens: int, sectors: int) -> tuple[int, int]:
        claimed.append(self.compute_memory_footprint(tokens, sectors))
        raise MemoryError  # before the cache of a large model is allocated on this machine

    monkeypatch.setattr(PagedAttentionMemoryHandler, "_check_footprint", note)
    with pytest.raises(MemoryError):
        PagedAttentionCache(
            config,
            batching_config(setup),
            "cpu",
            DistributedHelper(None, 60),
            dtype=torch.bfloat16,
            model_supports_logits_to_keep=True,
        )
    assert terms(setup, concurrency).claimed_gib == pytest.approx(claimed[0] / GIB, rel=0.002)


def test_the_default_on_transformers_needs_what_a_hand_counts() -> None:
    """Qwen3-8B, 16 requests of 8,192 tokens, 2,048 a step: 36 layers, 32 heads on 8 of 128."""
    tokens = 16 * 8192
    cache = 36 * 2 * 8 * 128 * 2 * (tokens + 2 * 256)  # two spare blocks
    mask = 2 * 2048 * (tokens + 2048)
    gathered = (2 * 32 + 8) * 128 * 2 * (tokens + 2048)  # one layer's keys and values, repeated, and its values
    found = terms(served(QWEN, concurrency=16, context_len=8192), 16)
    assert (found.cache_gib, found.mask_gib) == pytest.approx((cache / GIB, mask / GIB), rel=1e-6)
    assert found.moment_gib == pytest.approx(gathered / GIB, rel=1e-6)
    assert (mask + gathered) / GIB == pytest.approx(2.79, abs=0.01)


def test_every_request_of_a_fitting_number_fits_and_one_more_does_not() -> None:
    setup = served(QWEN, concurrency=16, context_len=8192)
    most = int(inference_memory(setup).max_concurrency)
    assert most >= 16 and inference_memory(replace(setup, concurrency=most)).fits
    one_more = inference_memory(replace(setup, concurrency=most + 1))
    assert one_more.rejection and one_more.rejection.need_gib > one_more.rejection.have_gib


def test_windows_do_not_shrink_its_cache() -> None:
    """transformers sizes the cache for whole-model blocks: 62 layers of gemma-3-27b, of which 10 see everything."""
    model = find_model(GEMMA)
    found = inference_memory(served(GEMMA, gpu=find_gpu("B200"), concurrency=4, context_len=8192))
    assert found.kv_cache_gib >= 62 * 2 * 16 * 128 * 2 * 4 * 8192 / GIB
    assert model.layers == 62 and model.sliding_layers == 52


def test_plain_generate_is_not_batched() -> None:
    """Without max_batched_tokens the question is about `generate`, whose attention needs no gathered copy."""
    batched = inference_memory(served(QWEN, concurrency=16, context_len=8192))
    plain = inference_memory(served(QWEN, concurrency=16, context_len=8192, max_batched_tokens=0))
    assert batched.activation_gib > plain.activation_gib + 2.5


def test_the_generated_engine_reads_as_many_tokens_a_step_as_planned() -> None:
    [engine] = BODY.glob("parts/serve_transformers_generation/*/engine/server.py")
    source = engine.read_text(encoding="utf-8")
    assert re.search(rf'"cuda": {STEP_TOKENS}\b', source) and re.search(rf"^PAGE = {PAGE_TOKENS}\b", source, re.M)
