"""Values that the configuration classes of transformers 5.24.0 take for absent keys, one row for
those that take the same.

Written by scripts/config_defaults.py. A truth value stands as 1 or 0.
"""

from __future__ import annotations

import re


def class_defaults(kind: str) -> dict[str, int | str]:
    """Return the defaults of a model_type's configuration class; empty where it has none."""
    row = re.search(rf"^(?:\S+ )*{re.escape(kind)}(?: \S+)*: (.*(?:\n  .*)*)", _DEFAULTS, re.MULTILINE)
    pairs = (pair.partition("=") for pair in row[1].split()) if row else ()
    return {key: int(value) if value.lstrip("-").isdigit() else value for key, _equals, value in pairs}


_DEFAULTS = """
llama granite: vocab_size=32000 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048
mistral ministral: vocab_size=32000 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=131072 sliding_window=4096
ministral3: vocab_size=131072 hidden_size=4096 intermediate_size=14336 num_hidden_layers=34 num_attention_heads=32
  num_key_value_heads=8 head_dim=128 max_position_embeddings=262144
cwm: vocab_size=128256 hidden_size=6144 intermediate_size=21504 num_hidden_layers=64 num_attention_heads=48
  num_key_value_heads=8 max_position_embeddings=131072 head_dim=128 sliding_window=8192
internlm3: vocab_size=128512 hidden_size=4096 intermediate_size=10240 num_hidden_layers=48 num_attention_heads=32
  num_key_value_heads=2 max_position_embeddings=32768 head_dim=128
iquestcoder: vocab_size=76800 hidden_size=5120 intermediate_size=27648 num_hidden_layers=80 num_attention_heads=40
  num_key_value_heads=8 max_position_embeddings=131072 head_dim=128
granite_swa: vocab_size=100352 hidden_size=2560 intermediate_size=8192 num_hidden_layers=24 num_attention_heads=20
  num_key_value_heads=4 max_position_embeddings=8192 tie_word_embeddings=1 sliding_window=128
helium: vocab_size=48000 hidden_size=2560 intermediate_size=7040 num_hidden_layers=24 num_attention_heads=20
  num_key_value_heads=20 head_dim=128 max_position_embeddings=4096
smollm3: vocab_size=128256 hidden_size=2048 intermediate_size=11008 num_hidden_layers=36 num_attention_heads=16
  num_key_value_heads=4 max_position_embeddings=32768 tie_word_embeddings=1
seed_oss: vocab_size=155136 hidden_size=4096 intermediate_size=27648 num_hidden_layers=64 num_attention_heads=80
  num_key_value_heads=8 max_position_embeddings=524288 attention_bias=1 head_dim=128
hyperclovax: vocab_size=32000 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048 use_post_norm=1
ernie4_5: vocab_size=103424 hidden_size=1024 intermediate_size=3072 num_hidden_layers=18 num_attention_heads=16
  num_key_value_heads=2 max_position_embeddings=131072 tie_word_embeddings=1 head_dim=128
qwen2: vocab_size=151936 hidden_size=4096 intermediate_size=22016 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=32 max_position_embeddings=32768 sliding_window=4096 max_window_layers=28
qwen3: vocab_size=151936 hidden_size=4096 intermediate_size=22016 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=32 head_dim=128 max_position_embeddings=32768 sliding_window=4096 max_window_layers=28
hunyuan_v1_dense: vocab_size=290943 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048
glm glm4: vocab_size=151552 hidden_size=4096 intermediate_size=13696 num_hidden_layers=40 num_attention_heads=32
  num_key_value_heads=2 head_dim=128 max_position_embeddings=131072 attention_bias=1
phi3: vocab_size=32064 hidden_size=3072 intermediate_size=8192 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=4096
exaone4: vocab_size=102400 hidden_size=4096 intermediate_size=16384 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=32 max_position_embeddings=2048 sliding_window=4096 sliding_window_pattern=4
olmo olmo2: vocab_size=50304 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048
olmo3: vocab_size=50304 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048 sliding_window=4096
cohere: vocab_size=256000 hidden_size=8192 intermediate_size=22528 num_hidden_layers=40 num_attention_heads=64
  max_position_embeddings=8192 tie_word_embeddings=1
cohere2: vocab_size=256000 hidden_size=8192 intermediate_size=22528 num_hidden_layers=40 num_attention_heads=64
  max_position_embeddings=8192 tie_word_embeddings=1 sliding_window=4096
gemma: vocab_size=256000 hidden_size=3072 intermediate_size=24576 num_hidden_layers=28 num_attention_heads=16
  num_key_value_heads=16 head_dim=256 max_position_embeddings=8192 tie_word_embeddings=1
gemma2 vaultgemma: vocab_size=256000 hidden_size=2304 intermediate_size=9216 num_hidden_layers=26 num_attention_heads=8
  num_key_value_heads=4 head_dim=256 max_position_embeddings=8192 tie_word_embeddings=1 sliding_window=4096
gemma3_text gemma3_text_encoder: vocab_size=262208 hidden_size=2304 intermediate_size=9216 num_hidden_layers=26
  num_attention_heads=8 num_key_value_heads=4 head_dim=256 max_position_embeddings=131072 tie_word_embeddings=1
  sliding_window=4096
gemma3n_text: vocab_size=262400 hidden_size=2048 intermediate_size=16384 num_hidden_layers=35 num_attention_heads=8
  num_key_value_heads=2 head_dim=256 max_position_embeddings=32768 tie_word_embeddings=1 sliding_window=512
  vocab_size_per_layer_input=262144 hidden_size_per_layer_input=256 altup_num_inputs=4 num_kv_shared_layers=15
  laurel_rank=64
gemma4_text: vocab_size=262144 hidden_size=2304 intermediate_size=9216 num_hidden_layers=30 num_attention_heads=8
  num_key_value_heads=4 head_dim=256 max_position_embeddings=131072 tie_word_embeddings=1 sliding_window=512
  vocab_size_per_layer_input=262144 hidden_size_per_layer_input=256
gemma4_unified_text: vocab_size=262144 hidden_size=2304 intermediate_size=9216 num_hidden_layers=30
  num_attention_heads=8 num_key_value_heads=4 head_dim=256 max_position_embeddings=262144 tie_word_embeddings=1
  sliding_window=1024
stablelm: vocab_size=50304 intermediate_size=6912 hidden_size=2560 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=32 max_position_embeddings=4096
diffllama: vocab_size=32000 hidden_size=2048 intermediate_size=8192 num_hidden_layers=16 num_attention_heads=32
  max_position_embeddings=2048
minicpm3: vocab_size=73448 hidden_size=2560 intermediate_size=6400 num_hidden_layers=62 num_attention_heads=40
  num_key_value_heads=40 max_position_embeddings=32768 tie_word_embeddings=1 kv_lora_rank=256 q_lora_rank=768
  qk_nope_head_dim=64 qk_rope_head_dim=32
youtu: vocab_size=128256 hidden_size=2048 intermediate_size=6144 num_hidden_layers=32 num_attention_heads=16
  num_key_value_heads=16 kv_lora_rank=512 q_lora_rank=1536 qk_rope_head_dim=64 v_head_dim=128 qk_nope_head_dim=128
  max_position_embeddings=131072 tie_word_embeddings=1
exaone: vocab_size=102400 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=4096
arcee: vocab_size=32000 hidden_size=2560 intermediate_size=18432 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=4096
apertus: vocab_size=131072 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=65536
apertus1p5_text: vocab_size=266752 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=65536
nemotron: vocab_size=256000 hidden_size=6144 intermediate_size=24576 num_hidden_layers=32 num_attention_heads=48
  max_position_embeddings=4096
jais2: vocab_size=150272 hidden_size=3328 intermediate_size=26624 num_hidden_layers=32 num_attention_heads=26
  max_position_embeddings=8192 attention_bias=1 mlp_bias=1
nanochat: vocab_size=50304 hidden_size=768 intermediate_size=8192 num_hidden_layers=12 num_attention_heads=6
  max_position_embeddings=2048
persimmon: vocab_size=262144 hidden_size=4096 intermediate_size=16384 num_hidden_layers=36 num_attention_heads=64
  max_position_embeddings=16384 qk_layernorm=1
phi: vocab_size=51200 hidden_size=2048 intermediate_size=8192 num_hidden_layers=24 num_attention_heads=32
  max_position_embeddings=2048
starcoder2: vocab_size=49152 hidden_size=3072 intermediate_size=12288 num_hidden_layers=30 num_attention_heads=24
  num_key_value_heads=2 max_position_embeddings=4096 use_bias=1 tie_word_embeddings=1
gpt2 gpt-sw3: vocab_size=50257 n_positions=1024 n_embd=768 n_layer=12 n_head=12 tie_word_embeddings=1
gpt_bigcode: vocab_size=50257 n_positions=1024 n_embd=768 n_layer=12 n_head=12 multi_query=1 tie_word_embeddings=1
gpt_neo: vocab_size=50257 max_position_embeddings=2048 hidden_size=2048 num_layers=24 num_heads=16 window_size=256
  tie_word_embeddings=1
gpt_neox: vocab_size=50432 hidden_size=6144 num_hidden_layers=44 num_attention_heads=64 intermediate_size=24576
  max_position_embeddings=2048 attention_bias=1
gpt_neox_japanese: vocab_size=32000 hidden_size=2560 num_hidden_layers=32 num_attention_heads=32
  intermediate_multiple_size=4 max_position_embeddings=2048 tie_word_embeddings=1
gptj codegen: vocab_size=50400 n_positions=2048 n_embd=4096 n_layer=28 n_head=16
bloom: vocab_size=250880 hidden_size=64 n_layer=2 n_head=8 tie_word_embeddings=1
falcon: vocab_size=65024 hidden_size=4544 num_hidden_layers=32 num_attention_heads=71 multi_query=1 parallel_attn=1
  max_position_embeddings=2048 tie_word_embeddings=1
mpt: d_model=2048 n_heads=16 n_layers=24 expansion_ratio=4 max_seq_len=2048 vocab_size=50368 tie_word_embeddings=1
opt: vocab_size=50272 hidden_size=768 num_hidden_layers=12 ffn_dim=3072 max_position_embeddings=2048
  do_layer_norm_before=1 num_attention_heads=12 enable_bias=1 tie_word_embeddings=1
openai-gpt: vocab_size=40478 n_positions=512 n_embd=768 n_layer=12 n_head=12 tie_word_embeddings=1
xglm: vocab_size=256008 max_position_embeddings=2048 d_model=1024 ffn_dim=4096 num_layers=24 attention_heads=16
  tie_word_embeddings=1
biogpt: vocab_size=42384 hidden_size=1024 num_hidden_layers=24 num_attention_heads=16 intermediate_size=4096
  max_position_embeddings=1024 tie_word_embeddings=1
mixtral minimax: vocab_size=32000 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=131072 num_experts_per_tok=2 num_local_experts=8
phimoe: vocab_size=32064 hidden_size=4096 intermediate_size=6400 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=131072 num_experts_per_tok=2 num_local_experts=16
olmoe: vocab_size=50304 hidden_size=2048 intermediate_size=2048 num_hidden_layers=16 num_attention_heads=16
  max_position_embeddings=4096 num_experts_per_tok=8 num_experts=64
flex_olmo: vocab_size=100352 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=4096 num_experts_per_tok=5 num_experts=7
qwen2_moe: vocab_size=151936 hidden_size=2048 intermediate_size=5632 num_hidden_layers=24 num_attention_heads=16
  num_key_value_heads=16 max_position_embeddings=32768 sliding_window=4096 max_window_layers=28 decoder_sparse_step=1
  moe_intermediate_size=1408 shared_expert_intermediate_size=5632 num_experts_per_tok=4 num_experts=60 qkv_bias=1
qwen3_moe: vocab_size=151936 hidden_size=2048 intermediate_size=6144 num_hidden_layers=24 num_attention_heads=32
  num_key_value_heads=4 max_position_embeddings=32768 sliding_window=4096 decoder_sparse_step=1
  moe_intermediate_size=768 num_experts_per_tok=8 num_experts=128
granitemoe granitemoeshared: vocab_size=32000 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32
  num_attention_heads=32 max_position_embeddings=2048 num_local_experts=8 num_experts_per_tok=2
granitemoe_swa: vocab_size=32000 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048 num_local_experts=8 num_experts_per_tok=2 sliding_window=128
dbrx: d_model=2048 n_heads=16 n_layers=24 max_seq_len=2048 vocab_size=32000 kv_n_heads=1 ffn_hidden_size=3584
  moe_num_experts=4 moe_top_k=1
gpt_oss: num_hidden_layers=36 num_local_experts=128 vocab_size=201088 hidden_size=2880 intermediate_size=2880
  head_dim=64 num_attention_heads=64 num_key_value_heads=8 sliding_window=128 max_position_embeddings=131072
  num_experts_per_tok=4 attention_bias=1
ernie4_5_moe: vocab_size=103424 hidden_size=2560 intermediate_size=12288 num_hidden_layers=28 num_attention_heads=20
  num_key_value_heads=4 max_position_embeddings=131072 tie_word_embeddings=1 moe_intermediate_size=1536 moe_k=6
  moe_num_experts=64 moe_num_shared_experts=2 moe_layer_start_index=1 moe_layer_end_index=-1 moe_layer_interval=1
hunyuan_v1_moe: vocab_size=290943 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048 num_experts=1
llama4_text: vocab_size=202048 hidden_size=5120 intermediate_size=8192 intermediate_size_mlp=16384 num_hidden_layers=48
  num_attention_heads=40 num_key_value_heads=8 head_dim=128 max_position_embeddings=131072 num_experts_per_tok=1
  num_local_experts=16 interleave_moe_layer_step=1 use_qk_norm=1
aria_text: vocab_size=32000 hidden_size=4096 intermediate_size=4096 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048 moe_num_experts=8 moe_num_shared_experts=2
minimax_m2: vocab_size=200064 hidden_size=3072 intermediate_size=1536 num_hidden_layers=62 num_attention_heads=48
  num_key_value_heads=8 head_dim=128 max_position_embeddings=196608 num_experts_per_tok=8 num_local_experts=256
solar_open: vocab_size=196608 hidden_size=4096 num_hidden_layers=48 num_attention_heads=64 num_key_value_heads=8
  max_position_embeddings=131072 moe_intermediate_size=1280 num_experts_per_tok=8 n_shared_experts=1
  n_routed_experts=128 head_dim=128
dots1: vocab_size=152064 hidden_size=4608 intermediate_size=10944 moe_intermediate_size=1408 num_hidden_layers=62
  num_attention_heads=32 num_key_value_heads=32 max_position_embeddings=2048 sliding_window=4096 max_window_layers=62
glm4_moe: vocab_size=151552 hidden_size=4096 intermediate_size=10944 num_hidden_layers=46 num_attention_heads=96
  num_key_value_heads=8 max_position_embeddings=131072 moe_intermediate_size=1408 num_experts_per_tok=8
  n_shared_experts=1 n_routed_experts=128 first_k_dense_replace=1
sarvam_moe: vocab_size=262144 hidden_size=4096 intermediate_size=8192 num_hidden_layers=19 num_attention_heads=64
  num_key_value_heads=4 max_position_embeddings=131072 moe_intermediate_size=1024 num_experts_per_tok=6
  n_shared_experts=1 n_routed_experts=128 first_k_dense_replace=1 use_qk_norm=1 head_dim=64
exaone_moe: vocab_size=102400 hidden_size=4096 intermediate_size=16384 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=32 max_position_embeddings=2048 sliding_window=4096 sliding_window_pattern=4
  first_k_dense_replace=1 moe_intermediate_size=1024 num_experts=64 num_experts_per_tok=8 num_shared_experts=1
hy_v3: vocab_size=120832 hidden_size=4096 intermediate_size=13312 num_hidden_layers=80 num_attention_heads=64
  num_key_value_heads=8 head_dim=128 max_position_embeddings=131072 num_experts=192 num_experts_per_tok=8
  num_shared_experts=1 moe_intermediate_size=1536
afmoe: vocab_size=200192 hidden_size=2048 intermediate_size=6144 moe_intermediate_size=1408 num_hidden_layers=32
  num_dense_layers=1 num_attention_heads=16 head_dim=128 max_position_embeddings=16384 num_experts=64
  num_experts_per_tok=6 num_shared_experts=2 global_attn_every_n_layers=4 sliding_window=1024
cohere2_moe: vocab_size=256000 hidden_size=8192 intermediate_size=22528 num_hidden_layers=40 num_attention_heads=64
  head_dim=128 max_position_embeddings=8192 tie_word_embeddings=1 sliding_window=4096 num_experts_per_tok=2
  num_experts=8 prefix_dense_sliding_window_pattern=1 sliding_window_pattern=4
mellum: vocab_size=98304 hidden_size=2304 intermediate_size=7168 num_hidden_layers=28 num_attention_heads=32
  num_key_value_heads=4 max_position_embeddings=131072 sliding_window=1024 moe_intermediate_size=896
  num_experts_per_tok=8 num_experts=64 head_dim=128
deepseek_v2: vocab_size=102400 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048 kv_lora_rank=512 q_lora_rank=1536 n_routed_experts=64 n_shared_experts=2
  qk_nope_head_dim=128 qk_rope_head_dim=64 v_head_dim=128 moe_intermediate_size=1407
deepseek_v3 kimi_k2: vocab_size=129280 hidden_size=7168 intermediate_size=18432 moe_intermediate_size=2048
  num_hidden_layers=61 num_attention_heads=128 num_key_value_heads=128 n_shared_experts=1 n_routed_experts=256
  kv_lora_rank=512 q_lora_rank=1536 qk_rope_head_dim=64 v_head_dim=128 qk_nope_head_dim=128 num_experts_per_tok=8
  first_k_dense_replace=3 max_position_embeddings=4096
sarvam_mla: vocab_size=262144 hidden_size=4096 intermediate_size=16384 moe_intermediate_size=2048 num_hidden_layers=32
  num_attention_heads=64 n_shared_experts=1 n_routed_experts=128 kv_lora_rank=512 qk_rope_head_dim=64 v_head_dim=128
  qk_nope_head_dim=128 num_experts_per_tok=8 first_k_dense_replace=1 max_position_embeddings=4096
deepseek_v32: vocab_size=129280 hidden_size=7168 intermediate_size=18432 moe_intermediate_size=2048 num_hidden_layers=61
  num_attention_heads=128 num_key_value_heads=128 n_shared_experts=1 n_routed_experts=256 kv_lora_rank=512
  q_lora_rank=1536 qk_rope_head_dim=64 v_head_dim=128 qk_nope_head_dim=128 num_experts_per_tok=8
  max_position_embeddings=163840 index_head_dim=128 index_n_heads=64 head_dim=64 first_k_dense_replace=3
glm_moe_dsa: vocab_size=154880 hidden_size=6144 intermediate_size=12288 moe_intermediate_size=2048 num_hidden_layers=78
  num_attention_heads=64 num_key_value_heads=64 n_shared_experts=1 n_routed_experts=256 kv_lora_rank=512
  q_lora_rank=2048 qk_rope_head_dim=64 v_head_dim=256 qk_nope_head_dim=192 num_experts_per_tok=8
  max_position_embeddings=202752 index_head_dim=128 index_n_heads=32 head_dim=64 first_k_dense_replace=3
deepseek_v4: vocab_size=129280 hidden_size=4096 moe_intermediate_size=2048 num_hidden_layers=43 num_attention_heads=64
  num_key_value_heads=1 head_dim=512 q_lora_rank=1024 num_experts_per_tok=6 n_routed_experts=256 n_shared_experts=1
  scoring_func=sqrtsoftplus max_position_embeddings=1048576 hc_mult=4 hc_sinkhorn_iters=20 sliding_window=128 o_groups=8
  o_lora_rank=1024 index_n_heads=64 index_head_dim=128
glm4_moe_lite: vocab_size=154880 hidden_size=2048 intermediate_size=10240 moe_intermediate_size=1536
  num_hidden_layers=47 num_attention_heads=20 num_key_value_heads=20 n_shared_experts=1 n_routed_experts=64
  kv_lora_rank=512 q_lora_rank=768 qk_rope_head_dim=64 v_head_dim=256 qk_nope_head_dim=192 num_experts_per_tok=4
  max_position_embeddings=202752
glm5_next_text: vocab_size=154880 hidden_size=4096 intermediate_size=12288 moe_intermediate_size=2048
  num_hidden_layers=45 num_attention_heads=64 num_key_value_heads=64 n_shared_experts=1 n_routed_experts=288
  kv_lora_rank=512 q_lora_rank=1536 v_head_dim=256 qk_nope_head_dim=256 num_experts_per_tok=8
  max_position_embeddings=1048576 index_head_dim=128 index_n_heads=32 linear_head_dim=128 linear_num_heads=64
  linear_conv_kernel_dim=4 hc_mult=4 hc_sinkhorn_iters=20 index_kpool=16 index_kpool_always_select_tail=1
qwen3_next: vocab_size=151936 hidden_size=2048 intermediate_size=5632 num_hidden_layers=48 num_attention_heads=16
  num_key_value_heads=2 max_position_embeddings=32768 head_dim=256 linear_conv_kernel_dim=4 linear_key_head_dim=128
  linear_value_head_dim=128 linear_num_key_heads=16 linear_num_value_heads=32 decoder_sparse_step=1
  moe_intermediate_size=512 shared_expert_intermediate_size=512 num_experts_per_tok=10 num_experts=512
qwen3_5_text: vocab_size=248320 hidden_size=4096 intermediate_size=12288 num_hidden_layers=32 num_attention_heads=16
  num_key_value_heads=4 max_position_embeddings=32768 head_dim=256 linear_conv_kernel_dim=4 linear_key_head_dim=128
  linear_value_head_dim=128 linear_num_key_heads=16 linear_num_value_heads=32
qwen3_5_moe_text: vocab_size=248320 hidden_size=2048 num_hidden_layers=40 num_attention_heads=16 num_key_value_heads=2
  max_position_embeddings=32768 head_dim=256 linear_conv_kernel_dim=4 linear_key_head_dim=128 linear_value_head_dim=128
  linear_num_key_heads=16 linear_num_value_heads=32 moe_intermediate_size=512 shared_expert_intermediate_size=512
  num_experts_per_tok=8 num_experts=256
olmo_hybrid: vocab_size=100352 hidden_size=3840 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=30
  max_position_embeddings=65536 linear_conv_kernel_dim=4
kimi_linear: vocab_size=163840 hidden_size=2304 intermediate_size=9216 moe_intermediate_size=1024 num_hidden_layers=27
  num_attention_heads=32 num_key_value_heads=32 n_shared_experts=1 kv_lora_rank=512 qk_rope_head_dim=64 v_head_dim=128
  qk_nope_head_dim=128 num_experts_per_tok=8 max_position_embeddings=1048576 num_local_experts=256 linear_head_dim=128
  linear_num_heads=32 linear_conv_kernel_dim=4
jamba: vocab_size=65536 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=262144 num_experts_per_tok=2 num_experts=16 expert_layer_period=2
  expert_layer_offset=1 attn_layer_period=8 attn_layer_offset=4 mamba_d_state=16 mamba_d_conv=4 mamba_expand=2
  mamba_dt_rank=auto
bamba: vocab_size=128000 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=262144 mamba_n_heads=128 mamba_d_head=auto mamba_n_groups=1
  mamba_d_state=256 mamba_d_conv=4 mamba_expand=2
falcon_h1: vocab_size=128000 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=8192 mamba_d_ssm=1024 mamba_n_heads=128 mamba_d_head=auto
  mamba_n_groups=1 mamba_d_state=256 mamba_d_conv=4 mamba_expand=2 mamba_rms_norm=0
granitemoehybrid: vocab_size=32000 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048 num_local_experts=8 num_experts_per_tok=2 shared_intermediate_size=1024 mamba_n_heads=128
  mamba_n_groups=1 mamba_d_state=256 mamba_d_head=auto mamba_d_conv=4 mamba_expand=2
nemotron_h: vocab_size=131072 hidden_size=4096 num_attention_heads=32 num_key_value_heads=8 head_dim=128
  max_position_embeddings=4096 intermediate_size=21504 ssm_state_size=128 mamba_num_heads=128 mamba_head_dim=64
  n_groups=8 conv_kernel=4 expand=2 mamba_ssm_cache_dtype=float32 n_routed_experts=8 n_shared_experts=1
  moe_intermediate_size=7688 moe_shared_expert_intermediate_size=7688 num_experts_per_tok=2
mamba falcon_mamba: vocab_size=50280 hidden_size=768 state_size=16 num_hidden_layers=32 expand=2 conv_kernel=4
  tie_word_embeddings=1
mamba2: num_heads=128 head_dim=64 vocab_size=32768 hidden_size=4096 state_size=128 num_hidden_layers=64 expand=2
  conv_kernel=4 n_groups=8
lfm2: vocab_size=65536 hidden_size=2560 intermediate_size=12288 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=128000 tie_word_embeddings=1 block_multiple_of=256
  block_auto_adjust_ff_dim=1
lfm2_moe: vocab_size=65536 hidden_size=2048 intermediate_size=7168 moe_intermediate_size=1792 num_hidden_layers=32
  tie_word_embeddings=1 max_position_embeddings=128000 num_attention_heads=32 num_key_value_heads=8 num_dense_layers=2
  num_experts_per_tok=4 num_experts=32
bert xlm-roberta camembert data2vec-text ernie: vocab_size=30522 hidden_size=768 num_hidden_layers=12
  num_attention_heads=12 intermediate_size=3072 max_position_embeddings=512 type_vocab_size=2 tie_word_embeddings=1
roberta: vocab_size=50265 hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072
  max_position_embeddings=512 type_vocab_size=2 tie_word_embeddings=1
xlm-roberta-xl: vocab_size=250880 hidden_size=2560 num_hidden_layers=36 num_attention_heads=32 intermediate_size=10240
  max_position_embeddings=514 type_vocab_size=1 tie_word_embeddings=1
megatron-bert: vocab_size=29056 hidden_size=1024 num_hidden_layers=24 num_attention_heads=16 intermediate_size=4096
  max_position_embeddings=512 type_vocab_size=2 tie_word_embeddings=1
mpnet: vocab_size=30527 hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072
  max_position_embeddings=512 tie_word_embeddings=1
electra: vocab_size=30522 embedding_size=128 hidden_size=256 num_hidden_layers=12 num_attention_heads=4
  intermediate_size=1024 max_position_embeddings=512 type_vocab_size=2 tie_word_embeddings=1
distilbert: vocab_size=30522 max_position_embeddings=512 n_layers=6 n_heads=12 dim=768 hidden_dim=3072
  tie_word_embeddings=1
deberta: vocab_size=50265 hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072
  max_position_embeddings=512 max_relative_positions=-1 position_biased_input=1 tie_word_embeddings=1
deberta-v2: vocab_size=128100 hidden_size=1536 num_hidden_layers=24 num_attention_heads=24 intermediate_size=6144
  max_position_embeddings=512 max_relative_positions=-1 position_biased_input=1 tie_word_embeddings=1
esm: hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072 max_position_embeddings=1026
  tie_word_embeddings=1
nomic_bert: vocab_size=30528 hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072
  max_position_embeddings=2048 type_vocab_size=2
gte: vocab_size=250048 hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072
  max_position_embeddings=8192 type_vocab_size=1 tie_word_embeddings=1
modernbert: vocab_size=50368 hidden_size=768 intermediate_size=1152 num_hidden_layers=22 num_attention_heads=12
  max_position_embeddings=8192 local_attention=128 tie_word_embeddings=1
eurobert: vocab_size=128256 hidden_size=768 intermediate_size=3072 num_hidden_layers=12 num_attention_heads=12
  max_position_embeddings=8192
"""
