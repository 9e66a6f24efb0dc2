"""The bakes that tests share, by task: what is answered, and what plan.py must then say of it.

An answer in capitals is no answer but an edit of plan.py, as its owner would make it. Figures follow from Modal's price
list and the cards' data. Every pair of answers is in tests/data/combinations.json, which a program chooses.
"""

from __future__ import annotations

from collections.abc import Mapping

from bake import LOCAL_MODEL

Table = Mapping[str, tuple[Mapping[str, object], dict[str, object]]]

TRANSFORMERS, VLLM = {"engine": "transformers"}, {"engine": "vllm"}
EMBED, CLASSIFY, PAIRS = {"workload": "embedding"}, {"workload": "classification"}, {"objective": "dpo"}
GATED, FINBERT = {"model_id": "meta-llama/Llama-3.1-8B-Instruct"}, {"model_id": "ProsusAI/finbert"}
DISTILBERT = "distilbert/distilbert-base-uncased-finetuned-sst-2-english"
HOURS = "1 mon-fri 8-18 Europe/Berlin"
FOLDER = {"model_id": str(LOCAL_MODEL)}
TWO_CARDS = {"model_size": "32B", "gpu": "H100:2", "quantization": "none"}

SERVE: Table = {
    "default": ({}, {"TASK": "serve", "WORKLOAD": "generation", "ENGINE": "vllm", "MODEL": "Qwen/Qwen3-8B-FP8"}),
    "fp8": ({"quantization": "fp8", "gpu": "H100"}, {"QUANTIZATION": "fp8", "GPU": "H100"}),
    "nf4": ({"quantization": "nf4"}, {"ENGINE": "transformers", "QUANTIZE_AT_LOAD": "bitsandbytes"}),
    "mxfp4": ({"model_size": "120B", "budget": "8/hour"}, {"MODEL": "openai/gpt-oss-120b", "QUANTIZATION": "mxfp4"}),
    "experts": (
        {"model_size": "235B", "budget": "20/hour", "gpu": "H200:4"},
        {"MODEL": "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8", "GPU": "H200:4", "MAX_CONTAINERS": 1},
    ),
    "two-cards": (
        TWO_CARDS | {"budget": "none"},
        {"GPU": "H100:2", "USD_PER_HOUR": 7.9, "MAX_CONTAINERS": 5},  # ten GPUs: Modal's Starter plan
    ),
    "gated": (
        GATED | {"quantization": "none"},
        {"MODEL": "meta-llama/Llama-3.1-8B-Instruct", "SECRETS": ["huggingface-secret"]},
    ),
    "t4": (
        {"model_id": "Qwen/Qwen2.5-1.5B-Instruct", "gpu": "T4"},
        {"GPU": "T4", "DTYPE": "float16", "ATTENTION": "sdpa", "USD_PER_HOUR": 0.59, "MAX_CONTAINERS": 6},
    ),
    "latency": ({"optimize": "latency"}, {"MIN_CONTAINERS": 1, "WARM_CONTAINERS": 1, "WARM_FROM": ""}),
    "latency-rich": ({"optimize": "latency", "budget": "20/hour"}, {}),
    "throughput": ({"optimize": "throughput", "budget": "20/hour"}, {"MIN_CONTAINERS": 0, "BUDGET": "20/hour"}),
    "no-budget": ({"budget": "none"}, {"BUDGET": "none"}),
    "month": ({"budget": "1200/month", "model_size": "4B"}, {"BUDGET": "1200/month"}),
    "month-rich": ({"budget": "3000/month"}, {}),
    "busy": ({"concurrency": "64", "budget": "12/hour"}, {}),
    "alone": ({"concurrency": "1"}, {}),
    "long": ({"context_len": "32k", "budget": "8/hour"}, {}),
    "size-alone": ({"model_size": "custom 13"}, {"MODEL": "Qwen/Qwen3-14B-FP8"}),
    "unknown-model": ({"model_id": "some-lab/new-model-7B"}, {"MODEL": "some-lab/new-model-7B"}),
    "local-folder": (FOLDER, {"MODEL": "/weights/local_model"}),  # where the Volume has it
    "local-folder-nf4": (
        FOLDER | TRANSFORMERS | {"quantization": "nf4", "context_len": "2048"},
        {"MODEL": "/weights/local_model", "QUANTIZATION": "nf4", "QUANTIZE_AT_LOAD": "bitsandbytes"},
    ),
    "local-folder-fp8": (
        FOLDER | {"quantization": "fp8", "context_len": "2048"},
        {"MODEL": "/weights/local_model", "ENGINE": "vllm", "QUANTIZE_AT_LOAD": "fp8"},
    ),
    "warm-two": ({"warm": "2"}, {"MIN_CONTAINERS": 2, "WARM_CONTAINERS": 2, "MAX_CONTAINERS": 5}),
    "warm-hours": ({"warm": HOURS}, {}),
    "warm-nights": ({"warm": "2 daily 22:30-6 America/New_York"}, {}),
    "public": ({"PUBLIC": True, "REGION": "eu"}, {}),
    "gpu-snapshot": ({"MEMORY_SNAPSHOT": True, "GPU_SNAPSHOT": True}, {}),
    "transformers": (TRANSFORMERS, {"ENGINE": "transformers", "ATTENTION": "sdpa"}),
    "transformers-nf4": (
        TRANSFORMERS | {"quantization": "nf4", "model_size": "14B"},
        {"ENGINE": "transformers", "QUANTIZATION": "nf4", "QUANTIZE_AT_LOAD": "bitsandbytes"},
    ),
    "transformers-latency": (TRANSFORMERS | {"optimize": "latency"}, {}),
    "transformers-hours": (
        TRANSFORMERS | {"warm": HOURS},
        {"MIN_CONTAINERS": 0, "WARM_CONTAINERS": 1, "WARM_FROM": "0 8 * * 1-5", "WARM_UNTIL": "0 18 * * 1-5"},
    ),
    "transformers-weekend": (TRANSFORMERS | {"warm": "1 sat,sun 9-17"}, {}),
    "transformers-busy": (TRANSFORMERS | {"concurrency": "48", "budget": "12/hour", "model_size": "4B"}, {}),
    "transformers-public": (TRANSFORMERS | {"PUBLIC": True, "REGION": "us-east"}, {}),
    "transformers-gpu-snapshot": (TRANSFORMERS | {"GPU_SNAPSHOT": True}, {}),
    "transformers-no-snapshot": (TRANSFORMERS | {"MEMORY_SNAPSHOT": False}, {}),
    "transformers-gated": (TRANSFORMERS | GATED, {}),
    "embedding": (
        EMBED,
        {"WORKLOAD": "embedding", "MODEL": "Qwen/Qwen3-Embedding-0.6B", "ENGINE": "vllm", "CONTEXT_LEN": 2048},
    ),
    "embedding-transformers": (EMBED | TRANSFORMERS, {"WORKLOAD": "embedding", "ENGINE": "transformers"}),
    "embedding-small": (EMBED | {"model_size": "33M"}, {"MODEL": "BAAI/bge-small-en-v1.5", "CONTEXT_LEN": 512}),
    "embedding-warm": (EMBED | {"warm": "3 daily 7-23"}, {"WARM_CONTAINERS": 3, "MAX_CONTAINERS": 6}),
    "embedding-vllm": (EMBED | VLLM, {"WORKLOAD": "embedding", "ENGINE": "vllm"}),
    "embedding-vllm-hours": (EMBED | VLLM | {"warm": HOURS}, {}),
    "classification": (
        CLASSIFY,
        {
            "WORKLOAD": "classification",
            "MODEL": DISTILBERT,
            "ENGINE": "transformers",
            "CONTEXT_LEN": 512,
            "CONCURRENCY": 32,
        },
    ),
    "classification-latency": (CLASSIFY | {"optimize": "latency", "concurrency": "8"}, {}),
    "classification-vllm": (CLASSIFY | VLLM | FINBERT, {"ENGINE": "vllm", "MAX_TEXTS": 2048}),
}

RUN = {"budget": "50/run"}
BATCH: Table = {
    "default": (
        {},
        {"TASK": "batch", "ENGINE": "vllm", "MODEL": "Qwen/Qwen3-8B-FP8", "GPU": "H100", "MAX_CONTAINERS": 1},
    ),
    "run": (RUN, {}),
    "hour-rich": ({"budget": "25/hour"}, {}),
    "month": ({"budget": "300/month", "model_size": "4B"}, {"BUDGET": "300/month"}),
    "no-budget": ({"budget": "none"}, {}),
    "rows": (
        RUN | {"dataset": "reviews.jsonl 200k rows"},
        {"DATASET": "reviews.jsonl", "BUDGET": "50/run", "TEMPERATURE": 0.0, "MAX_ANSWER_TOKENS": 1024},
    ),
    "hub": (RUN | {"dataset": "stanfordnlp/imdb 50k rows"}, {}),
    "fewer": (RUN | {"MAX_CONTAINERS": 3, "TIMEOUT": 7200}, {}),
    "bucket": (RUN | {"BUCKET": "rows"}, {}),
    "other-bucket": (RUN | {"BUCKET": "https://store.example/rows", "BUCKET_SECRET": "keys"}, {}),
    "two-cards": (RUN | TWO_CARDS, {}),
    "four-cards": (RUN | {"model_size": "235B", "gpu": "H200:4"}, {}),
    "t4": (RUN | {"model_size": "1.5B", "gpu": "T4"}, {}),
    "fp8": (RUN | {"quantization": "fp8", "gpu": "H100"}, {}),
    "mxfp4": (RUN | {"model_size": "120B"}, {}),
    "gated": (RUN | GATED, {}),
    "long": (RUN | {"context_len": "32k"}, {}),
    "throughput": (RUN | {"optimize": "throughput"}, {}),
    "transformers": (RUN | TRANSFORMERS, {}),
    "transformers-nf4": (RUN | TRANSFORMERS | {"quantization": "nf4", "model_size": "14B"}, {}),
    "transformers-small": (RUN | TRANSFORMERS | {"model_size": "0.5B", "gpu": "L4"}, {}),
    "transformers-gated": (RUN | TRANSFORMERS | GATED, {}),
    "nf4": (
        RUN | {"quantization": "nf4", "gpu": "L40S"},
        {"ENGINE": "transformers", "QUANTIZE_AT_LOAD": "bitsandbytes", "GPU": "L40S"},
    ),
    "embedding": (
        EMBED | {"budget": "none"},
        {"WORKLOAD": "embedding", "ENGINE": "vllm", "MAX_CONTAINERS": 10},  # Modal's Starter plan
    ),
    "embedding-transformers": (RUN | EMBED | TRANSFORMERS, {}),
    "embedding-small": (RUN | EMBED | {"model_size": "33M", "gpu": "T4"}, {}),
    "embedding-large": (EMBED | {"model_size": "8B", "budget": "none"}, {}),
    "embedding-vllm": (EMBED | VLLM | RUN, {"ENGINE": "vllm", "MODEL": "Qwen/Qwen3-Embedding-0.6B"}),
    "embedding-vllm-l4": (EMBED | VLLM | {"gpu": "L4", "budget": "none"}, {}),
    "classification": (RUN | CLASSIFY, {"MODEL": DISTILBERT, "CONCURRENCY": 32, "GPU": "A100-40GB"}),
    "classification-month": (CLASSIFY | {"dataset": "reviews.jsonl 1m rows", "budget": "20/month"}, {}),
    "classification-l4": (CLASSIFY | {"gpu": "L4", "budget": "2/hour"}, {}),
    "classification-vllm": (RUN | CLASSIFY | VLLM | FINBERT, {"ENGINE": "vllm", "MODEL": "ProsusAI/finbert"}),
}

# Choices of method, memory and price have their own tests: tests/planner/test_training_plan.py
FINETUNE: Table = {
    "default": ({}, {"TASK": "finetune", "METHOD": "lora", "MODEL": "Qwen/Qwen3-8B"}),
    "hour": ({"budget": "4/hour"}, {}),
    "month": ({"budget": "300/month"}, {}),
    "no-budget": ({"budget": "none"}, {}),
    "cheap": ({"budget": "1/run", "model_size": "0.5B"}, {}),
    "lora": (RUN | {"method": "lora", "gpu": "H100"}, {}),
    "qlora": (RUN | {"method": "qlora", "model_size": "14B", "gpu": "L40S"}, {}),
    "qlora-t4": ({"method": "qlora", "gpu": "T4"}, {"METHOD": "qlora", "DTYPE": "float16"}),
    "full": (RUN | {"method": "full", "model_size": "1.5B", "gpu": "A100-80GB"}, {}),
    "full-hub": (
        {"method": "full", "model_size": "0.5B", "dataset": "org/name 10k rows"},
        {"METHOD": "full", "DATASET": "org/name"},
    ),
    "t4": (RUN | {"model_size": "0.5B", "gpu": "T4"}, {}),
    "gated": (GATED, {"SECRETS": ["huggingface-secret"]}),
    "rows": (RUN | {"dataset": "reviews.jsonl 20k rows"}, {}),
    "tracked": (RUN | GATED | {"TRACKER": "wandb", "SECRETS": ["huggingface-secret", "wandb-secret"]}, {}),
    "later": (RUN | {"TIMEOUT": 7200, "STARTUP_TIMEOUT": 900, "RUN": "second"}, {}),
    "classification": (CLASSIFY, {"MODEL": "distilbert/distilbert-base-uncased", "WORKLOAD": "classification"}),
    "preferences": (PAIRS, {"OBJECTIVE": "dpo", "DATASET": "samples/pairs.jsonl", "BETA": 0.1, "PACKING": False}),
    "preferences-full": (RUN | PAIRS | {"method": "full", "model_size": "1.5B", "gpu": "A100-80GB"}, {}),
    "classification-t4": (RUN | CLASSIFY | {"gpu": "T4"}, {}),
}
MANY = {"budget": "300/run"}
DISTRIBUTED: Table = {
    "default": ({}, {"TASK": "distributed", "METHOD": "full", "NODES": 1}),
    "run": (MANY, {}),
    "lora": (MANY | {"method": "lora", "model_size": "32B"}, {}),
    "h100": (MANY | {"gpu": "H100:4"}, {}),
    "offload": ({"gpu": "L4:2", "method": "full"}, {"GPU": "L4:2", "SHARDING": "zero3", "OFFLOAD": "optimizer"}),
    "host": (MANY | {"OFFLOAD": "optimizer", "SHARDING": "zero3", "PREDICTED_HOST_GIB": 200.0}, {}),
    "gated": (MANY | GATED, {}),
    "nodes": (
        {"gpu": "H100:16", "model_size": "32B", "method": "full", "budget": "none"},
        {"GPU": "H100:8", "NODES": 2, "SHARDING": "zero3"},
    ),
    "preferences": (MANY | PAIRS, {"OBJECTIVE": "dpo", "METHOD": "full", "LEARNING_RATE": 5e-7}),
    "four-nodes": (MANY | {"GPU": "H100:8", "NODES": 4}, {}),
    "classification": (CLASSIFY, {"WORKLOAD": "classification"}),
}
BY_TASK = {"serve": SERVE, "batch": BATCH, "finetune": FINETUNE, "distributed": DISTRIBUTED}
