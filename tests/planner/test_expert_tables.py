"""Choices of an experienced engineer, request by request, and requests that must be refused, each with its source.

The expectations were written from the sources named, not from the planner's answers: a set of cards where several are
defensible. "arithmetic" stands for parameters x bytes against the card, "price" for the list in catalogue/gpus.py.
"""

import json

import pytest

from planner.api import answer, ask_plan

L70 = "meta-llama/Llama-3.3-70B-Instruct"
L405 = "meta-llama/Llama-3.1-405B-Instruct"
BLACKWELL = {"B200", "B300"}
HOPPER = {"H100", "H200"}
BIG = BLACKWELL | HOPPER
EIGHTY = {"A100-80GB", "H100", "RTX-PRO-6000"}
FOUR_BIT = {"int4", "nf4", "mxfp4", "nvfp4"}
AS_PUBLISHED = {"none", "fp8"}  # fp8 on cards that compute it: "effectively lossless" (arXiv 2411.02355)
REPLICAS = "Modal's guide: single-GPU replicas beat tensor parallelism once the model fits"
QLORA = "QLoRA, arXiv 2305.14314: 65B on one 48 GB card"
TORCHTUNE = (
    "torchtune's README: Llama-3.1-8B LoRA in 17 GB, QLoRA in 9 GB, full in bf16 on 4 x 80 GB or with 8-bit Adam"
)
MIXED_ADAM = "ZeRO, arXiv 1910.02054: 16 bytes per parameter, split over the GPUs from stage 2 on"
GPT_OSS = "OpenAI's gpt-oss model card: the 120b on one 80 GB GPU, the 20b within 16 GB, both in MXFP4"
FLASH = "FlashAttention's README: which compute capability each version asks for"
DEEPSEEK = "vLLM's DeepSeek-V3 recipe: 8 x H200"

# task, model, what else is asked, cards, formats or methods, source
CHOICES = [
    ("serve", "HuggingFaceTB/SmolLM2-135M-Instruct", {"budget": "1/hour"}, {"T4"}, {"none"}, "price"),
    ("serve", "Qwen/Qwen2.5-0.5B-Instruct", {"budget": "1/hour"}, {"T4"}, {"none"}, "price"),
    ("serve", "Qwen/Qwen2.5-1.5B-Instruct", {"budget": "1/hour"}, {"T4", "L4"}, {"none"}, "price"),
    ("serve", "Qwen/Qwen3-4B", {"budget": "2/hour"}, {"L40S", "L4"}, AS_PUBLISHED, "arithmetic: 7.5 + 18 GiB of cache"),
    ("serve", "Qwen/Qwen3-8B", {"budget": "1/hour", "context_len": 4096, "concurrency": 4}, {"L4"}, AS_PUBLISHED,
     "arithmetic: 15.3 + 2.3 GiB of cache on 22 GiB"),
    ("serve", "Qwen/Qwen3-8B", {"budget": "4/hour"}, {"L40S", "A100-40GB", "A100-80GB"}, AS_PUBLISHED,
     "arithmetic: 15.3 + 18 GiB of cache"),
    ("serve", "Qwen/Qwen3-8B", {"budget": "8/hour", "concurrency": 64}, EIGHTY | {"H200"}, AS_PUBLISHED,
     "arithmetic: 8.8 + 72 GiB of cache on 87"),
    ("serve", "Qwen/Qwen3-14B", {"budget": "4/hour"}, {"L40S", "A100-80GB", "H100"}, AS_PUBLISHED,
     "arithmetic: 15.2 in fp8 + 20 GiB on 40.8"),
    ("serve", "mistralai/Mistral-Small-24B-Instruct-2501", {"budget": "4/hour"}, EIGHTY, AS_PUBLISHED,
     "arithmetic: 43.9 + 20 GiB"),
    ("serve", "Qwen/Qwen3-32B", {"budget": "4/hour"}, EIGHTY, {"fp8"}, "arithmetic: 61 GiB leave no cache on 79"),
    ("serve", "Qwen/Qwen3-32B", {"budget": "20/hour"}, {"H100", "H200", "B200"}, AS_PUBLISHED,
     "arithmetic: 33 in fp8 + 32 GiB of cache; 16 bits give half of the tokens/s on the H200, and cost more"),
    ("serve", L70, {"budget": "4/hour"}, EIGHTY, FOUR_BIT, "arithmetic: 131, 66 and 37 GiB at 16, 8 and 4 bits"),
    ("serve", L70, {"budget": "5/hour"}, {"H200", "A100-80GB:2"}, {"fp8", "int8"}, "arithmetic: 66 + 40 GiB of cache"),
    ("serve", L70, {"budget": "20/hour"}, {"H200", "B200"}, {"fp8"}, "arithmetic: 66 + 40 GiB of cache"),
    ("serve", "openai/gpt-oss-20b", {"budget": "2/hour"}, {"L4", "A10", "L40S"}, {"mxfp4"}, GPT_OSS),
    ("serve", "openai/gpt-oss-120b", {"budget": "4/hour"}, EIGHTY, {"mxfp4"}, GPT_OSS),
    ("serve", "Qwen/Qwen3-30B-A3B", {"budget": "4/hour"}, EIGHTY, {"none", "fp8"}, "arithmetic: 57 + 12 GiB of cache"),
    ("serve", "Qwen/Qwen3-235B-A22B", {"budget": "20/hour"}, {"B300", "B200:2", "H200:2"}, {"fp8"},
     "arithmetic: 220 GiB in fp8"),
    ("serve", L405, {"budget": "40/hour"}, {"B300:2", "H200:4", "B200:4"}, {"fp8"}, "arithmetic: 380 GiB in fp8"),
    ("serve", "deepseek-ai/DeepSeek-V3", {"budget": "40/hour"}, {"H200:8", "B300:4"}, {"fp8"}, DEEPSEEK),
    ("serve", "Qwen/Qwen3-8B", {"budget": "4/hour", "optimize": "throughput"}, {"H100"}, {"fp8"},
     "Modal's guide: Hopper for throughput; 3.35 TB/s is the most that 4/hour buys"),
    ("serve", "Qwen/Qwen3-8B", {"budget": "8/hour", "optimize": "latency"}, BIG | {"H100:2"}, {"fp8"},
     "Modal's guide: tensor parallelism is for latency; decoding is bound by bandwidth"),
    ("serve", "Qwen/Qwen3-8B", {"optimize": "throughput"}, BLACKWELL, {"fp8"}, REPLICAS),
    ("batch", "Qwen/Qwen2.5-0.5B-Instruct", {"budget": "1/hour"}, {"L4", "T4"}, {"none"}, "price"),
    ("batch", "Qwen/Qwen3-8B", {"budget": "2/hour"}, {"L40S"}, {"fp8"}, "the most bandwidth and FLOP/s below 2/hour"),
    ("batch", "Qwen/Qwen3-8B", {"budget": "100/run", "dataset_tokens": 10**8}, BIG, {"fp8"},
     "bandwidth per dollar: 1.28 TB/s at B200, 0.44 at L40S"),
    ("batch", "Qwen/Qwen3-32B", {"budget": "4/hour"}, EIGHTY, {"fp8"}, "half the bytes a step"),
    ("batch", L70, {"budget": "none"}, BIG | {"B200:2", "H200:2"}, {"fp8"}, "bandwidth per dollar"),
    ("finetune", "Qwen/Qwen2.5-0.5B-Instruct", {"budget": "1/hour"}, {"T4", "L4"}, {"lora"}, "price"),
    ("finetune", "Qwen/Qwen3-8B", {"budget": "1/hour", "method": "qlora"}, {"L4"}, {"qlora"}, TORCHTUNE),
    ("finetune", "mistralai/Mistral-7B-Instruct-v0.3", {"budget": "1/hour"}, {"L4"}, {"lora", "qlora"}, TORCHTUNE),
    ("finetune", "Qwen/Qwen3-8B", {"budget": "3/hour"}, {"L40S", "A100-40GB", "A100-80GB"}, {"lora"}, TORCHTUNE),
    ("finetune", "Qwen/Qwen3-14B", {"budget": "3/hour"}, {"L40S", "A100-40GB", "A100-80GB"}, {"lora"},
     "arithmetic: 27.5 GiB of frozen weights"),
    ("finetune", "Qwen/Qwen3-32B", {"budget": "2/hour"}, {"L40S"}, {"qlora"}, QLORA),
    ("finetune", L70, {"budget": "4/hour"}, EIGHTY, {"qlora"}, QLORA),
    ("finetune", "Qwen/Qwen2.5-1.5B-Instruct", {"budget": "5/hour", "method": "full"},
     EIGHTY | {"H200", "L40S", "A100-40GB"}, {"full"}, MIXED_ADAM),
    ("finetune", "Qwen/Qwen3-8B", {"method": "full"}, {"H200", *BLACKWELL}, {"full"}, MIXED_ADAM),
    ("distributed", "Qwen/Qwen3-8B", {"budget": "20/hour"},
     {"A100-80GB:4", "A100-80GB:8", "H100:4", "H200:2", "H200:4", "B200:2", "B300:2"}, {"full"}, MIXED_ADAM),
    ("distributed", "Qwen/Qwen3-8B", {"budget": "20/hour", "gpu": "A100-80GB"}, {"A100-80GB:4", "A100-80GB:8"},
     {"full"}, TORCHTUNE),
    ("distributed", "Qwen/Qwen3-32B", {"budget": "20/hour", "method": "lora", "context_len": 8192},
     {"A100-80GB:2", "A100-80GB:4", "A100-80GB:8", "H100:2", "H100:4", "H200:2", "H200:4", "B200:2"}, {"lora"},
     "arithmetic: 61 GiB frozen on each card"),
    ("distributed", L70, {"budget": "none"}, {"B200:8", "B300:8", "H200:8", "H100:8"}, {"full"}, MIXED_ADAM),
]  # fmt: skip

# task, model, what else is asked, what the sentence must say, source
REFUSALS = [
    ("serve", L70, {"gpu": "L4", "gpu_count": 1, "quantization": "none"}, "gpu be auto", "arithmetic"),
    ("serve", L70, {"budget": "0.50/hour"}, "raise the budget to", "price"),
    ("serve", "Qwen/Qwen3-8B", {"budget": "0.10/hour"}, "raise the budget to", "price: a T4 costs 0.59"),
    ("serve", "Qwen/Qwen3-8B", {"gpu": "T4", "attention": "flash_attention_2"}, "T4 has 7.5", FLASH),
    ("serve", "Qwen/Qwen3-8B", {"gpu": "A100-80GB", "attention": "flash_attention_3"}, "9.0", FLASH),
    ("serve", "Qwen/Qwen3-8B", {"gpu": "H100", "attention": "flash_attention_4"}, "10", FLASH),
    ("serve", "openai/gpt-oss-20b", {"gpu": "T4"}, "mxfp4 needs", "vLLM 0.32: Mxfp4Config.get_min_capability"),
    ("serve", "google/gemma-3-4b-it", {"gpu": "T4"}, "float16", "vLLM config/model.py: gemma3 needs bfloat16"),
    ("serve", "Qwen/Qwen3-8B", {"engine": "transformers", "gpu": "H100", "gpu_count": 2}, "one GPU", "loading.py"),
    ("serve", "openai/gpt-oss-20b", {"quantization": "fp8"}, "mxfp4", GPT_OSS),
    ("serve", "Qwen/Qwen3-8B", {"quantization": "mxfp4"}, "is not available in mxfp4", "no such checkpoint"),
    ("serve", "Qwen/Qwen2.5-0.5B-Instruct", {"gpu": "H100", "gpu_count": 4}, "14 attention heads", "its config.json"),
    ("serve", "Qwen/Qwen3-8B", {"context_len": 200_000}, "reads at most 40,960 tokens", "its config.json"),
    ("serve", "Qwen/Qwen3-8B", {"gpu": "A10", "gpu_count": 8}, "at most 4 A10", "Modal's guide"),
    ("serve", "Qwen/Qwen3-8B", {"gpu": "H100:9"}, "at most 8 H100", "Modal's guide"),
    ("serve", "Qwen/Qwen3-8B", {"gpu": "V100"}, "Modal has no GPU", "Modal's guide"),
    ("serve", "Qwen/Qwen3-235B-A22B", {"budget": "3/hour"}, "raise the budget to", "arithmetic: 4 bits are 110 GiB"),
    ("serve", "deepseek-ai/DeepSeek-V3", {"budget": "5/hour"}, "raise the budget to", DEEPSEEK),
    ("batch", L70, {"budget": "1/run", "dataset_tokens": 5 * 10**8}, "raise the budget to", "price"),
    ("finetune", L70, {"method": "full"}, "take method lora", MIXED_ADAM),
    ("finetune", L70, {"method": "lora", "gpu": "H100"}, "take method qlora", "arithmetic: 131 GiB frozen"),
    ("finetune", "Qwen/Qwen3-8B", {"budget": "0.30/hour"}, "raise the budget to", "price: a T4 costs 0.59"),
    ("distributed", "Qwen/Qwen3-8B", {"budget": "1/hour"}, "raise the budget to", "price: two L4 cost 1.60"),
    ("distributed", L70, {"method": "full", "gpu": "A100-40GB", "gpu_count": 2}, "gpu be auto", MIXED_ADAM),
]  # fmt: skip


def ask(task: str, model: str, fields: dict) -> dict:
    found = answer({"id": 1, "task": task, "model": model, **fields}, ask_plan)
    return json.loads(json.dumps(found))


def named(row: tuple) -> str:
    return f"{row[0]}-{row[1].rpartition('/')[2]}-{'-'.join(str(value) for value in row[2].values())}"


@pytest.mark.parametrize("row", CHOICES, ids=named)
def test_chooses_what_an_engineer_would(row):
    task, model, fields, cards, formats, source = row
    chosen = ask(task, model, fields)["chosen"]
    assert chosen["gpu_string"] in cards, source
    assert chosen.get("quantization", chosen.get("method")) in formats, source


@pytest.mark.parametrize("row", REFUSALS, ids=named)
def test_refuses_for_the_right_reason(row):
    task, model, fields, sentence, source = row
    found = ask(task, model, fields)
    assert sentence in found.get("error", ""), source
