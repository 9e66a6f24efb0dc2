"""The configurations that are measured, the planner's question for each, and its time limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

DYNAMIC, STATIC, COMPILED, CONTINUOUS = "dynamic", "static", "static compiled", "continuous"
PAGED = "paged"  # vLLM's own
STEP_TOKENS = 2048  # that the generated engine reads in one step of continuous batching on a GPU
MEMORY_FRACTION = 0.92  # the plan's default
LORA_RANK = 16  # the plan's default
TRAINING_STEPS = 8  # of which the generated loop leaves the first two out of its speed

LLAMA_1B, LLAMA_3B, LLAMA_8B = "meta-llama/Llama-3.2-1B", "meta-llama/Llama-3.2-3B", "meta-llama/Llama-3.1-8B"
QWEN_8B, QWEN_14B, QWEN_32B = "Qwen/Qwen3-8B", "Qwen/Qwen3-14B", "Qwen/Qwen3-32B"

# Seconds, all priors: this has not run on a GPU yet. `seconds` names what they are taken for.
START_S = 9.0  # CUDA, the generated modules, the end; and this one's share of the libraries imported ahead
LOAD_GIB_PER_S = 12.0  # random weights made on the device
FILE_GIB_PER_S = 2.0  # real weights read and quantized; written once, which takes as long again
COMPILE_S = {"static compiled": 60.0}
VLLM_START_S = 60.0
TRAINER_S = 5.0  # what a training takes to begin
SLOWER = 1.3  # than planned
WAVES = 2.0  # of an inference, or one that is slower than planned


@dataclass(frozen=True)
class Configuration:
    """One run of the generated code. Lengths in tokens; what a mode has no use for is empty."""

    mode: str  # "inference", "training"
    model: str  # id in the planner's catalogue
    engine: str = "transformers"  # "vllm"; of a training: "trl"
    attention: str = "sdpa"  # "auto": as vLLM chooses
    quantization: str = "none"
    cache: str = ""  # how an inference keeps keys and values: one of the five above
    context_len: int = 0
    output_len: int = 0
    concurrency: int = 0
    method: str = ""
    seq_len: int = 0
    micro_batch: int = 0
    checkpointing: bool = False
    loss: str = ""

    @property
    def id(self) -> str:
        """Return the name that `--only` searches and a resumed run compares."""
        name = self.model.split("/")[-1]
        if self.mode == "training":
            kept = "recomputed" if self.checkpointing else "kept"
            shape = f"{self.micro_batch} x {self.seq_len}"
            return f"training {name} {self.method} {shape} activations {kept} {self.loss} loss {self.attention}"
        shape = f"{self.concurrency} x {self.context_len} of them {self.output_len} written"
        return f"inference {name} {self.engine} {self.cache} {self.quantization} {shape} {self.attention}"

    @property
    def input_len(self) -> int:
        """Tokens of a prompt: a request fills its context, so that the cache is full at the end."""
        return self.context_len - self.output_len

    @property
    def task(self) -> str:
        """The template's task whose code runs: plain `generate` takes the batch project's loaded model."""
        if self.mode == "training":
            return "finetune"
        return "serve" if self.cache == CONTINUOUS else "batch"

    @property
    def needs(self) -> tuple[str, ...]:
        """Modules that must be there beside torch and transformers."""
        found = ["psutil", "pynvml"] if self.engine == "vllm" else ["psutil", "pynvml", "accelerate"]
        if self.mode == "training":
            return (*found, "trl", "peft", "datasets", "bitsandbytes", "modal")
        found += ["prometheus_client"] if self.task == "serve" else ["pyarrow"]
        found += ["bitsandbytes"] if self.quantization in ("nf4", "int8") else []
        found += ["flash_attn"] if self.attention == "flash_attention_2" else []
        found += ["vllm"] if self.engine == "vllm" else []
        found += ["triton"] if self.cache == COMPILED else []
        return tuple(found)

    @property
    def real_weights(self) -> bool:
        """Whether the loader needs a file of weights: bitsandbytes quantizes what it reads."""
        return self.quantization != "none" or self.method == "qlora"

    def answers(self, gpu: str, model: str, slug: str) -> dict[str, str]:
        """Return the answers for the template. `gpu` is the planner's name of the card, or "auto" for a toy.

        `model` is the catalogue's id, so that the plan is the one that anybody would get; of a toy its folder.
        """
        common = {
            "task": self.task,
            "project_slug": slug,
            "model_id": model,
            "gpu": gpu,
            "budget": "none",
        }
        if self.mode == "training":
            return common | {"method": self.method, "context_len": str(self.seq_len)}
        return common | {
            "engine": self.engine,
            "quantization": self.quantization,
            "context_len": str(self.context_len),
            "concurrency": str(self.concurrency),
        }

    def question(self, gpu: str, model: Any = None) -> dict[str, Any]:
        """The line for `python -m planner estimate`: what a user would be told of the same run.

        `model` is a model object where the catalogue does not hold it.
        """
        common = {"id": self.id, "mode": self.mode, "model": model or self.model, "gpu": gpu}
        if self.mode == "training":
            return common | {
                "method": self.method,
                "lora_rank": LORA_RANK,
                "precision": "bf16-mixed" if self.method == "full" else "bf16",  # as in the template's own plan
                "seq_len": self.seq_len,
                "micro_batch": self.micro_batch,
                "gradient_checkpointing": self.checkpointing,
                "logits": self.loss,
                "attention": self.attention,
            }
        asked = common | {
            "engine": self.engine,
            "quantization": self.quantization,
            "attention": self.attention,
            "memory_fraction": MEMORY_FRACTION,
            "context_len": self.context_len,
            "concurrency": self.concurrency,
            "input_len": self.input_len,
            "output_len": self.output_len,
        }
        return asked | ({"max_batched_tokens": STEP_TOKENS} if self.cache == CONTINUOUS else {})

    def seconds(self, planned: dict[str, Any]) -> float:
        """How long this will take, an estimate: a start, the weights, and twice the work at the planner's speed."""
        weights = planned["weights_gib"]
        taken = START_S + COMPILE_S.get(self.cache, 0.0) + weights / LOAD_GIB_PER_S
        taken += 3 * weights / FILE_GIB_PER_S if self.real_weights else 0.0  # a third of the file's size is kept
        if self.mode == "training":
            tokens = (TRAINING_STEPS + 1) * self.micro_batch * self.seq_len
            return taken + TRAINER_S + SLOWER * tokens / planned["tokens_per_s"]
        taken += VLLM_START_S if self.engine == "vllm" else 0.0
        return taken + WAVES * self.concurrency * self.output_len / planned["output_tokens_per_s"]


def _generate(cache: str, rows: str) -> list[Configuration]:
    """Rows of `model, requests, context, tokens written [, attention [, quantization]]`."""
    found = []
    for row in rows.strip().splitlines():
        model, requests, context, written, *more = row.split()
        attention = (*more, "auto" if cache == PAGED else "sdpa")[0]
        quantization = (*more[1:], "none")[0]
        found.append(
            Configuration(
                "inference", MODELS[model], "vllm" if cache == PAGED else "transformers", attention, quantization,
                cache, int(context), int(written), int(requests),
            )
        )  # fmt: skip
    return found


def _train(rows: str) -> list[Configuration]:
    """Rows of `model, method, micro-batch, sequence length, activations, loss`."""
    found = []
    for row in rows.strip().splitlines():
        model, method, batch, length, activations, loss = row.split()
        found.append(
            Configuration(
                "training", MODELS[model], "trl", method=method, micro_batch=int(batch), seq_len=int(length),
                checkpointing=activations == "recomputed", loss=loss,
            )
        )  # fmt: skip
    return found


MODELS = {"1B": LLAMA_1B, "3B": LLAMA_3B, "L8B": LLAMA_8B, "8B": QWEN_8B, "14B": QWEN_14B, "32B": QWEN_32B}

GENERATE = _generate(
    DYNAMIC,
    """
    8B    1   192  64
    1B    1   192  64
    32B   1   192  48
    8B   16  1088  64
    8B    4  4160  64
    14B   1   192  64
    3B    8  2112  64
    32B   8  1072  48
    8B    1  1088  64
    1B    8  1088  64
    14B   8  2112  64
    8B    8  8224  32
    3B    1   192  64
    1B   16  4160  64
    32B   4  8224  32
    8B   16  4160  64
    32B  16  8224   8
    14B   4  8224  32
    3B    4  8224  32
    8B    1 16416  32
    1B    4  8224  32
    8B    4  4160  64  flash_attention_2
    8B    1  1088  64  sdpa  nf4
    """,
) + _generate(
    STATIC,
    """
    8B    1  1088  64
    32B   4  1072  48
    8B    4  4160  64
    1B    8  1088  64
    """,
)
COMPILED_RUNS = _generate(
    COMPILED,
    """
    1B    8  1088  64
    8B    1  1088  64
    """,
)
BATCHED = _generate(
    CONTINUOUS,
    """
    8B    8  1024  128
    8B   32  1024  128
    1B   16  1024  128
    32B   8  1024   64
    8B    4  4096   64
    14B   8  1024   96
    3B   16  1024  128
    8B    1  1024  128
    8B   16  2048   64
    32B   2  4096   48
    1B    4  4096   64
    14B   4  4096   64
    8B    2  8192   32
    8B    8  4096   32
    3B    8  4096   64
    32B   8  2048   48
    1B   32  2048   64
    8B    8  4096   32  flash_attention_2
    8B    8  1024  128  sdpa  nf4
    """,
)
ON_VLLM = _generate(
    PAGED,
    """
    8B   16  1024  128
    8B   64  2048  128
    1B   64  2048  128
    3B   32  4096  128
    8B    4  8192   64
    14B  16  2048  128
    32B   8  2048  128
    """,
)
TRAINED = _train(
    """
    8B   lora   1  4096  recomputed  fused
    8B   lora   2  4096  kept        fused
    1B   full   4  2048  recomputed  fused
    8B   lora   1  4096  kept        fused
    3B   full   2  2048  recomputed  fused
    8B   lora   1  4096  recomputed  full
    14B  lora   2  2048  recomputed  fused
    32B  lora   1  1024  recomputed  fused
    8B   qlora  2  2048  recomputed  fused
    14B  lora   2  2048  kept        fused
    1B   lora   4  2048  recomputed  fused
    8B   lora   8   512  recomputed  fused
    8B   lora   1  8192  recomputed  fused
    1B   full   4  2048  kept        fused
    3B   lora   6  4096  kept        fused
    8B   qlora  1  4096  kept        fused
    8B   lora   3  4096  kept        fused
    8B   lora   4  4096  recomputed  fused
    32B  lora   1  2048  kept        fused
    1B   full   4  2048  recomputed  full
    14B  lora   1  4096  kept        fused
    3B   full   3  4096  kept        fused
    8B   lora   2  2048  kept        fused
    8B   lora   1  8192  kept        fused
    L8B  lora   2  4096  kept        fused
    8B   qlora  1  4096  recomputed  fused
    1B   lora   4  2048  kept        full
    3B   full   1  4096  recomputed  full
    1B   full   1  8192  recomputed  fused
    8B   lora   1  8192  recomputed  full
    14B  lora   1  8192  recomputed  fused
    3B   lora   8   512  recomputed  fused
    1B   full   8   512  recomputed  fused
    3B   lora   1  8192  recomputed  full
    1B   lora   4  2048  kept        fused
    1B   full   1  8192  kept        fused
    8B   qlora  8   512  recomputed  full
    3B   qlora  2  2048  recomputed  fused
    """
)


def in_turn(*groups: list[Configuration]) -> Iterator[Configuration]:
    """One of each group after the other: a run that is cut short has something of everything."""
    for row in zip_longest(*groups):
        yield from filter(None, row)


def configurations() -> list[Configuration]:
    """All of them, the most telling first. What compiles or starts vLLM takes a minute each, and comes last."""
    return [*in_turn(TRAINED, GENERATE, BATCHED), *COMPILED_RUNS, *ON_VLLM]


TOY = "toy/two-layers"  # see model_folder.py


def toys() -> list[Configuration]:
    """The same code at toy size, for a machine without a card: that it runs, and nothing about a GPU."""
    return [
        Configuration("inference", TOY, cache=CONTINUOUS, context_len=256, output_len=16, concurrency=4),
        Configuration("inference", TOY, cache=DYNAMIC, context_len=64, output_len=16, concurrency=2),
        Configuration("inference", TOY, cache=STATIC, context_len=64, output_len=16, concurrency=2),
        Configuration("training", TOY, "trl", method="lora", seq_len=128, micro_batch=2, loss="fused"),
        Configuration(
            "training", TOY, "trl", method="full", seq_len=64, micro_batch=2, checkpointing=True, loss="full"
        ),
        Configuration("training", TOY, "trl", method="qlora", seq_len=128, micro_batch=1, loss="fused"),
        Configuration(
            "inference", TOY, "vllm", cache=PAGED, context_len=256, output_len=16, concurrency=4, attention="auto"
        ),
    ]
