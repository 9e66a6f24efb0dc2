"""The architectures that are understood, by `model_type`: how their layers are built, where that differs from Llama's.

Read from the modelling code of transformers 5.23 and vLLM 0.32. What the classes take where a config.json is silent
stands in config_defaults.py.
"""

from __future__ import annotations

from typing import NamedTuple


class Architecture(NamedTuple):
    """The layers of one model_type. A row of the table holds only what differs from Llama."""

    gated: bool = True  # the MLP has gate, up and down; else up and down
    norms: int = 2  # norms over the hidden size in each layer
    norm_bias: bool = False
    final_norms: int = 1  # norms outside the layers
    bias: str = ""  # projections that always have a bias: q, k, v, o, m (both of the MLP), h (head)
    flags: tuple[tuple[str, str], ...] = (("attention_bias", "qkvo"), ("mlp_bias", "m"))  # key -> what gets a bias
    head_norms: str = ""  # of queries and keys: "head" (one for all heads), "full" (over all heads)
    head_norms_if: str = ""  # the key that turns them on
    gate: str = ""  # on attention's output: "full" (as wide as the queries), "heads" (one number a head)
    layers: str = "full"  # which layer sees what: a rule of layer_kinds.py
    latent: bool = False  # DeepSeek's multi-head latent attention
    linear: str = ""  # the mixer of layers without attention: a function of hf_mixers.py
    both: bool = False  # attention and that mixer in every layer
    sparse: str = ""  # which layers hold experts: a rule of hf_experts.py
    shared: str = ""  # keys of the shared experts' number or width; "one"
    shared_gate: bool = False
    wide_as: int = 0  # width of the MLP in hidden sizes, where the config.json gives none
    one_kv_head: str = ""  # the key that makes attention multi-query
    positions: int = -1  # rows of learned positions beyond the context; -1: no learned positions
    encoder: bool = False  # each token sees all others; no head over the vocabulary
    extra: str = ""  # a function of hf_extras.py for what no other field holds
    nested: tuple[str, ...] = ()  # keys whose objects hold figures of the layers
    engines: tuple[str, ...] = ("vllm", "transformers")  # that run it


_ALL_WINDOW = Architecture(layers="window")
_ENCODER = Architecture(
    gated=False, norm_bias=True, bias="qkvom", flags=(), positions=0, encoder=True, extra="bert_embeddings"
)
_GPT2 = Architecture(gated=False, norm_bias=True, bias="qkvom", flags=(), positions=0, wide_as=4)
_MLA = Architecture(latent=True)
_DEEPSEEK = Architecture(latent=True, sparse="first_k_dense_replace", shared="n_shared_experts")
_GEMMA2 = Architecture(norms=4, layers="every 2")
_GEMMA3 = Architecture(norms=4, head_norms="head", layers="every 6")
_OLMO2 = Architecture(head_norms="full")
_QWEN35 = Architecture(head_norms="head", gate="full", layers="linear 4", linear="delta_net")
_QWEN_MOE = Architecture(sparse="decoder_sparse_step", shared="shared_expert_intermediate_size", shared_gate=True)
_TRANSFORMERS = ("transformers",)

NEVER_TIED = frozenset(("kimi_linear", "nemotron_h"))  # whatever tie_word_embeddings is

ARCHITECTURES: dict[str, Architecture] = {
    # dense decoders built like Llama
    "llama": Architecture(),
    "mistral": _ALL_WINDOW,
    "ministral": _ALL_WINDOW,
    "ministral3": _ALL_WINDOW,
    "cwm": Architecture(layers="first 4"),
    "internlm3": Architecture(flags=(("qkv_bias", "qkvo"), ("bias", "m")), engines=_TRANSFORMERS),
    "iquestcoder": Architecture(engines=_TRANSFORMERS),
    "granite": Architecture(),
    "granite_swa": Architecture(layers="first 4"),
    "helium": Architecture(flags=(("attention_bias", "qkv"), ("mlp_bias", "m"))),
    "smollm3": Architecture(layers="smollm3"),
    "seed_oss": Architecture(flags=(("attention_bias", "qkv"), ("attention_out_bias", "o"), ("mlp_bias", "m"))),
    "hyperclovax": Architecture(norms=4),
    "ernie4_5": Architecture(flags=(("use_bias", "qkvom"),)),
    "qwen2": Architecture(bias="qkv", flags=(), layers="late"),
    "qwen3": Architecture(head_norms="head", layers="late"),
    "hunyuan_v1_dense": Architecture(head_norms="head"),
    "glm": Architecture(flags=(("attention_bias", "qkv"),)),
    "glm4": Architecture(flags=(("attention_bias", "qkv"),), norms=4),
    "phi3": Architecture(flags=(), layers="window"),
    "exaone4": Architecture(flags=(), head_norms="head", layers="exaone"),
    "olmo": Architecture(norms=0, final_norms=0),
    "olmo2": _OLMO2,
    "olmo3": _OLMO2._replace(layers="every 4"),
    "cohere": Architecture(norms=1, head_norms="full", head_norms_if="use_qk_norm"),
    "cohere2": Architecture(norms=1, layers="every 4"),
    "gemma": Architecture(),
    "gemma2": _GEMMA2,
    "vaultgemma": Architecture(layers="every 2"),
    "gemma3_text": _GEMMA3,
    "gemma3n_text": Architecture(norms=4, head_norms="head", layers="every 5", extra="gemma3n"),
    "gemma4_text": _GEMMA3._replace(extra="gemma4", sparse="gemma4"),
    "gemma4_unified_text": _GEMMA3._replace(extra="gemma4"),
    "stablelm": Architecture(norm_bias=True, flags=(("use_qkv_bias", "qkv"),)),
    "diffllama": Architecture(engines=_TRANSFORMERS),
    "minicpm3": _MLA._replace(extra="unpacked_latent"),
    "youtu": _MLA,
    "exaone": Architecture(engines=_TRANSFORMERS),
    # dense decoders without a gate in the MLP
    "arcee": Architecture(gated=False),
    "apertus": Architecture(gated=False, head_norms="head"),
    "apertus1p5_text": Architecture(gated=False, head_norms="head", engines=_TRANSFORMERS),
    "nemotron": Architecture(gated=False, norm_bias=True),
    "jais2": Architecture(gated=False, norm_bias=True, flags=(("attention_bias", "qkvo"), ("mlp_bias", "m"))),
    "nanochat": Architecture(gated=False, norms=0, final_norms=0),
    "persimmon": Architecture(
        gated=False, norm_bias=True, bias="qkvom", flags=(), head_norms="head", engines=_TRANSFORMERS
    ),
    "phi": Architecture(gated=False, norms=1, norm_bias=True, bias="qkvomh", flags=()),
    "starcoder2": Architecture(gated=False, norm_bias=True, flags=(("use_bias", "qkvom"),), layers="window"),
    "gpt2": _GPT2,
    "gpt-sw3": _GPT2,
    "gpt_bigcode": _GPT2._replace(one_kv_head="multi_query"),
    "gpt_neo": _GPT2._replace(bias="om", layers="gpt_neo", engines=_TRANSFORMERS),
    "gpt_neox": Architecture(gated=False, norm_bias=True, bias="m", flags=(("attention_bias", "qkvo"),)),
    "gpt_neox_japanese": Architecture(gated=False, norm_bias=True, flags=(), wide_as=4, engines=_TRANSFORMERS),
    "gptj": Architecture(gated=False, norms=1, norm_bias=True, bias="mh", flags=(), wide_as=4),
    "codegen": Architecture(
        gated=False, norms=1, norm_bias=True, bias="mh", flags=(), wide_as=4, engines=_TRANSFORMERS
    ),
    "bloom": Architecture(gated=False, norm_bias=True, final_norms=2, bias="qkvom", flags=(), wide_as=4),
    "falcon": Architecture(gated=False, norm_bias=True, flags=(("bias", "qkvom"),), wide_as=4, extra="falcon"),
    "mpt": Architecture(gated=False, flags=(), wide_as=4, nested=("attn_config",), engines=_TRANSFORMERS),
    "opt": Architecture(gated=False, norm_bias=True, flags=(("enable_bias", "qkvom"),), positions=2, extra="opt"),
    "openai-gpt": _GPT2._replace(final_norms=0, engines=_TRANSFORMERS),
    "xglm": Architecture(gated=False, norm_bias=True, bias="qkvom", flags=(), engines=_TRANSFORMERS),
    "biogpt": _GPT2._replace(positions=2, engines=_TRANSFORMERS),
    # mixtures of experts
    "mixtral": Architecture(layers="window", sparse="all"),
    "phimoe": Architecture(
        norm_bias=True, layers="window", sparse="all", flags=(("attention_bias", "qkvo"), ("lm_head_bias", "h"))
    ),
    "olmoe": Architecture(head_norms="full", sparse="all"),
    "flex_olmo": Architecture(head_norms="full", sparse="all"),
    "qwen2_moe": _QWEN_MOE._replace(flags=(("qkv_bias", "qkv"),), layers="qwen2_moe"),
    "qwen3_moe": Architecture(head_norms="head", layers="late", sparse="decoder_sparse_step"),
    "granitemoe": Architecture(sparse="all"),
    "granitemoe_swa": Architecture(layers="first 4", sparse="all", shared="shared_intermediate_size"),
    "granitemoeshared": Architecture(sparse="all", shared="shared_intermediate_size"),
    "dbrx": Architecture(flags=(), sparse="all", nested=("attn_config", "ffn_config")),
    "gpt_oss": Architecture(flags=(("attention_bias", "qkvo"),), layers="every 2", sparse="all", extra="gpt_oss"),
    "ernie4_5_moe": Architecture(flags=(("use_bias", "qkvom"),), sparse="ernie", shared="moe_num_shared_experts"),
    "hunyuan_v1_moe": Architecture(head_norms="head", sparse="all", shared="num_shared_expert"),
    "llama4_text": Architecture(layers="llama4", sparse="llama4", shared="one"),
    "aria_text": Architecture(sparse="all", shared="moe_num_shared_experts"),
    "minimax_m2": Architecture(flags=(), head_norms="full", layers="minimax_m2", sparse="all"),
    "minimax_m3_vl_text": Architecture(
        flags=(),
        head_norms="head",
        sparse="num_dense_layers",
        shared="n_shared_experts",
        extra="minimax_m3",
        engines=("vllm",),
    ),
    "solar_open": Architecture(sparse="all", shared="n_shared_experts"),
    "dots1": Architecture(head_norms="head", layers="dots", sparse="first_k_dense_replace", shared="n_shared_experts"),
    "glm4_moe": Architecture(
        flags=(("attention_bias", "qkv"),),
        head_norms="head",
        head_norms_if="use_qk_norm",
        sparse="first_k_dense_replace",
        shared="n_shared_experts",
    ),
    "sarvam_moe": Architecture(
        flags=(("attention_bias", "qkv"), ("use_qkv_bias", "qkv")),
        head_norms="head",
        head_norms_if="use_qk_norm",
        sparse="first_dense",
        shared="n_shared_experts",
        engines=_TRANSFORMERS,
    ),
    "exaone_moe": Architecture(
        flags=(), head_norms="head", layers="exaone", sparse="first_k_dense_replace", shared="num_shared_experts"
    ),
    "hy_v3": Architecture(head_norms="head", sparse="first_dense", shared="num_shared_experts"),
    "afmoe": Architecture(
        norms=4, head_norms="head", gate="full", layers="afmoe", sparse="num_dense_layers", shared="num_shared_experts"
    ),
    "cohere2_moe": Architecture(norms=1, layers="every 4", sparse="first_k_dense_replace", shared="num_shared_experts"),
    "mellum": Architecture(flags=(("attention_bias", "qkvo"),), head_norms="head", layers="listed", sparse="all"),
    "deepseek_v2": _DEEPSEEK,
    "deepseek_v3": _DEEPSEEK,
    "kimi_k2": _DEEPSEEK,
    "sarvam_mla": _DEEPSEEK._replace(sparse="first_dense", engines=_TRANSFORMERS),
    "deepseek_v32": _DEEPSEEK._replace(extra="indexer"),
    "glm_moe_dsa": _DEEPSEEK._replace(extra="indexer"),
    "deepseek_v4": Architecture(
        layers="compressed", sparse="all", shared="n_shared_experts", extra="deepseek_v4", engines=("vllm",)
    ),
    "inkling_text": Architecture(
        flags=(),
        layers="inkling",
        sparse="dense_mlp_idx",
        shared="n_shared_experts",
        extra="inkling",
        engines=("vllm",),
    ),
    "glm4_moe_lite": _DEEPSEEK._replace(sparse="first_dense"),
    # transformers builds it, but what its four residual streams take in training is not known here
    "glm5_next_text": _DEEPSEEK._replace(layers="linear 4", linear="kimi_delta", extra="glm5_next", engines=("vllm",)),
    # linear attention, Mamba and convolutions
    "qwen3_next": _QWEN35._replace(sparse=_QWEN_MOE.sparse, shared=_QWEN_MOE.shared, shared_gate=True),
    "qwen3_5_text": _QWEN35,
    "qwen3_5_moe_text": _QWEN35._replace(sparse="all", shared="shared_expert_intermediate_size", shared_gate=True),
    "olmo_hybrid": Architecture(head_norms="full", layers="linear 4", linear="olmo_delta_net"),
    "kimi_linear": _DEEPSEEK._replace(
        layers="kimi_linear", linear="kimi_delta", shared="num_shared_experts", extra="kimi_linear"
    ),
    "minimax": Architecture(flags=(), layers="minimax", linear="lightning", sparse="all", engines=_TRANSFORMERS),
    "minimax_m1": Architecture(flags=(), layers="minimax", linear="lightning", sparse="all", engines=()),
    "jamba": Architecture(layers="jamba", linear="mamba1", sparse="expert_layer_period"),
    "bamba": Architecture(layers="bamba", linear="mamba2", engines=_TRANSFORMERS),
    "falcon_h1": Architecture(linear="mamba2", both=True),
    "granitemoehybrid": Architecture(
        layers="granite_hybrid", linear="mamba2", sparse="granite_hybrid", shared="shared_intermediate_size"
    ),
    "nemotron_h": Architecture(
        gated=False,
        norms=1,
        layers="nemotron_h",
        linear="mamba2",
        sparse="all",
        shared="moe_shared_expert_intermediate_size",
        extra="nemotron_h",
    ),
    "mamba": Architecture(norms=1, layers="linear", linear="mamba1", extra="no_mlp"),
    "falcon_mamba": Architecture(norms=1, layers="linear", linear="mamba1", extra="no_mlp"),
    "mamba2": Architecture(norms=1, layers="linear", linear="mamba2", extra="no_mlp"),
    "lfm2": Architecture(head_norms="head", layers="lfm2", linear="convolution", extra="lfm2"),
    "lfm2_moe": Architecture(head_norms="head", layers="lfm2", linear="convolution", sparse="num_dense_layers"),
    # their own code only, which neither engine runs here; their figures can be compared
    "chatglm": Architecture(flags=(("add_qkv_bias", "qkv"),), engines=()),
    "qwen": Architecture(bias="qkv", flags=(), engines=()),
    "baichuan": Architecture(flags=(), engines=()),
    "internlm2": Architecture(flags=(("bias", "qkvo"),), engines=()),
    # encoders: classifiers and embedding models
    "bert": _ENCODER,
    "roberta": _ENCODER,
    "xlm-roberta": _ENCODER,
    "xlm-roberta-xl": _ENCODER._replace(engines=_TRANSFORMERS),
    "camembert": _ENCODER._replace(engines=_TRANSFORMERS),
    "data2vec-text": _ENCODER._replace(engines=_TRANSFORMERS),
    "ernie": _ENCODER._replace(engines=_TRANSFORMERS),
    "megatron-bert": _ENCODER._replace(engines=_TRANSFORMERS),
    "mpnet": _ENCODER._replace(engines=_TRANSFORMERS),
    "electra": _ENCODER._replace(engines=_TRANSFORMERS),
    "distilbert": _ENCODER._replace(engines=_TRANSFORMERS),
    "deberta": _ENCODER._replace(bias="om", positions=-1, extra="deberta", engines=_TRANSFORMERS),
    "deberta-v2": _ENCODER._replace(positions=-1, engines=_TRANSFORMERS),
    "esm": _ENCODER._replace(engines=_TRANSFORMERS),
    "nomic_bert": _ENCODER._replace(gated=True, bias="", positions=-1),
    "new": _ENCODER._replace(gated=True, bias="qkvo", positions=-1, engines=()),
    "gte": _ENCODER._replace(gated=True, bias="qkvo", positions=-1),
    "modernbert": Architecture(
        norms=2, flags=(("attention_bias", "qkvo"), ("mlp_bias", "m")), layers="modernbert", encoder=True
    ),
    "eurobert": Architecture(encoder=True, engines=_TRANSFORMERS),
    "gemma3_text_encoder": _GEMMA3._replace(encoder=True),
}
