"""Models whose numbers tests compute by hand. Dimensions from each config.json."""

from __future__ import annotations

from planner.schema import Model, replace

LLAMA_8B = Model("Llama-3-8B", 8030261248, 8030261248, 32, 4096, 14336, 32, 8, 128, 128256, False, 131072)
LLAMA_70B = Model("Llama-3.3-70B", 70553706496, 70553706496, 80, 8192, 28672, 64, 8, 128, 128256, False, 131072)
QWEN_MATH = Model("Qwen2.5-Math-1.5B", 1543714304, 1543714304, 28, 1536, 8960, 12, 2, 128, 151936, True, 4096)
QWEN3_32B = Model("Qwen3-32B", 32762123264, 32762123264, 64, 5120, 25600, 64, 8, 128, 151936, False, 40960)
QWEN3_30B_A3B = Model(
    "Qwen3-30B-A3B", 30532122624, 3353000000, 48, 2048, 6144, 32, 4, 128, 151936, False, 40960,
    experts=128, experts_per_token=8, moe_intermediate=768,
)  # fmt: skip
DEEPSEEK_V3 = Model(
    "DeepSeek-V3", 671000000000, 37000000000, 61, 7168, 18432, 128, 128, 192, 129280, False, 163840,
    attention="mla", kv_lora_rank=512, qk_rope_head_dim=64, experts=256, experts_per_token=8, moe_intermediate=2048,
    shared_experts=1, dense_layers=3, quantization="fp8",
)  # fmt: skip
GPT_OSS_120B = Model(
    "gpt-oss-120b", 116800000000, 5100000000, 36, 2880, 2880, 64, 8, 64, 201088, False, 131072,
    sliding_window=128, sliding_layers=18, experts=128, experts_per_token=4, moe_intermediate=2880,
    quantization="mxfp4",
)  # fmt: skip
GPT_OSS_20B = replace(GPT_OSS_120B, id="gpt-oss-20b", params=20900000000, layers=24, sliding_layers=12, experts=32)
GEMMA_27B = Model(
    "gemma-3-27b", 27009002240, 27009002240, 62, 5376, 21504, 32, 16, 128, 262144, True, 131072,
    sliding_window=1024, sliding_layers=52,
)  # fmt: skip
MODELS = (LLAMA_8B, LLAMA_70B, QWEN_MATH, QWEN3_32B, QWEN3_30B_A3B, DEEPSEEK_V3, GPT_OSS_20B, GEMMA_27B)
