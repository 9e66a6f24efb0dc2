"""A rule of thumb and the estimators of the package index on training, as far as they answer offline."""

from __future__ import annotations

from benchmarks.rows_training import TrainingAnswer, TrainingEstimator
from planner.schema import GIB, TrainingSetup

NOMINAL_GIB = (8, 16, 24, 32, 40, 48, 80, 96, 141, 192, 288)
BYTES = {"full": 16.0, "lora": 2 * 1.2, "qlora": 0.5 * 1.2}  # per parameter
MFU = 0.4


def _world(setup: TrainingSetup) -> int:
    return setup.gpu_count * setup.nodes


def _sharded(setup: TrainingSetup) -> bool:
    return setup.sharding != "none"


def rule_of_thumb(setup: TrainingSetup) -> TrainingAnswer:
    """16 bytes per parameter, or parameters x bytes x 1.2; the memory on the box; 6 FLOP per parameter at 40% MFU."""
    peak = setup.model.params * BYTES[setup.method] / (_world(setup) if _sharded(setup) else 1) / GIB
    box = min((size for size in NOMINAL_GIB if size >= setup.gpu.visible_gib), default=setup.gpu.visible_gib)
    rate = _world(setup) * setup.gpu.flops * MFU / (6 * setup.model.params_active)
    return TrainingAnswer(peak, 0.0, peak <= box, rate)


def deepspeed() -> TrainingEstimator:
    """DeepSpeed's estimators: states of full fine-tuning on one GPU or under ZeRO 2 and 3; FSDP is read as ZeRO 3."""
    from deepspeed.runtime.zero.stage3 import estimate_zero3_model_states_mem_needs
    from deepspeed.runtime.zero.stage_1_and_2 import estimate_zero2_model_states_mem_needs

    def answer(setup: TrainingSetup) -> TrainingAnswer | None:
        model = setup.model
        if setup.method != "full":
            return None
        if setup.sharding in ("zero3", "fsdp"):
            layer = max(model.vocab * model.hidden, model.params // model.layers)
            _, gpu, _ = estimate_zero3_model_states_mem_needs(
                model.params, layer, setup.gpu_count, setup.nodes, setup.offload != "none", setup.offload == "all"
            )
        else:
            count, nodes = (setup.gpu_count, setup.nodes) if _sharded(setup) else (1, 1)
            _, gpu = estimate_zero2_model_states_mem_needs(model.params, count, nodes, setup.offload != "none")
        return TrainingAnswer(gpu / GIB, 0.0, gpu / GIB <= setup.gpu.visible_gib)

    return answer


def fitcheck() -> TrainingEstimator:
    """fitcheck-llm: dense models on one GPU."""
    from fitcheck.config_parser import ModelConfig
    from fitcheck.estimator import TrainingConfig, estimate
    from fitcheck.gpu_db import get_gpu

    targets = {"qv": ["q_proj", "v_proj"], "attention": ["q_proj", "k_proj", "v_proj", "o_proj"]}
    targets["all-linear"] = [*targets["attention"], "gate_proj", "up_proj", "down_proj"]

    def answer(setup: TrainingSetup) -> TrainingAnswer | None:
        model = setup.model
        if _sharded(setup) or _world(setup) > 1 or model.experts or setup.offload != "none":
            return None
        config = ModelConfig(
            model.id, model.params, model.hidden, model.layers, model.heads, model.kv_heads, model.intermediate,
            model.vocab, model.head_dim, model.tied_embeddings,
        )  # fmt: skip
        training = TrainingConfig(
            precision="fp32" if setup.precision == "fp32" else "bf16",
            quantization="nf4" if setup.method == "qlora" else "none",
            double_quant=setup.method == "qlora",
            optimizer="adam8bit" if setup.optimizer.endswith("8bit") else "adamw",
            optimizer_dtype="bf16" if setup.precision == "bf16" and setup.method == "full" else "fp32",
            batch_size=setup.micro_batch,
            seq_len=setup.seq_len,
            lora_rank=None if setup.method == "full" else setup.lora_rank,
            lora_targets=targets[setup.lora_targets],
            grad_checkpoint=setup.gradient_checkpointing,
            flash_attn=setup.attention != "eager",
        )
        report = estimate(config, training, get_gpu(vram_mib=int(setup.gpu.visible_gib * 1024)))
        return TrainingAnswer(report.total_mib / 1024, 0.0, report.fits)

    return answer


def training_baselines() -> dict[str, TrainingEstimator]:
    """Those that are installed, by the name they go by."""
    found: dict[str, TrainingEstimator] = {"rule of thumb": rule_of_thumb}
    for name, make in (("fitcheck-llm", fitcheck), ("DeepSpeed", deepspeed)):
        try:
            found[name] = make()
        except ImportError:
            continue
    return found
