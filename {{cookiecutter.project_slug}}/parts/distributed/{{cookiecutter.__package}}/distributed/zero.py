"""DeepSpeed's configuration for ZeRO, from the plan.

python -m {{cookiecutter.__package}}.distributed.zero    prints it; each run has its own as deepspeed.json
"""

import json
from typing import Any

from ..training.config import MAX_GRAD_NORM, Job, planned_job

STAGES = {"zero1": 1, "zero2": 2, "zero3": 3}
# Elements. DeepSpeed's defaults, with which the plan counts: larger ones are faster and take more memory
BUCKET = 500_000_000  # of gradients or weights that are sent at once
PREFETCH = 50_000_000  # ZeRO-3: of weights that are fetched ahead
LIVE = 1_000_000_000  # ZeRO-3: of weights that are whole at a time
WHOLE = 100_000  # ZeRO-3: smaller weights are never split


def config(job: Job, on_gpu: bool, parameters: int) -> dict[str, Any]:
    """Return the configuration for a model of so many parameters; empty where nothing is sharded."""
    if job.sharding == "none":
        return {}
    return {
        "train_batch_size": job.batch,
        "train_micro_batch_size_per_gpu": job.micro_batch,
        "gradient_accumulation_steps": job.accumulation,
        "gradient_clipping": MAX_GRAD_NORM,
        "bf16": {"enabled": on_gpu and job.dtype == "bfloat16"},
        "fp16": {"enabled": on_gpu and job.dtype == "float16"},
        "zero_optimization": zero_optimization(job, on_gpu, min(BUCKET, parameters)),
    }


def zero_optimization(job: Job, on_gpu: bool, bucket: int) -> dict[str, Any]:
    """Return the ZeRO stage (optimizer states 1, gradients too 2, weights too 3) and its offloading to the CPU."""
    stage = STAGES[job.sharding]
    section: dict[str, Any] = {
        "stage": stage,
        "contiguous_gradients": True,
        "overlap_comm": on_gpu,
        "reduce_bucket_size": bucket,  # reserved whole, so no larger than the model
        "allgather_bucket_size": bucket,
    }
    if stage == 3:
        section |= {
            "stage3_prefetch_bucket_size": PREFETCH,
            "stage3_max_live_parameters": LIVE,
            "stage3_max_reuse_distance": LIVE,
            "stage3_param_persistence_threshold": WHOLE,
            "stage3_gather_16bit_weights_on_model_save": True,  # so that a result is a model, and no heap of parts
        }
    host = {"device": "cpu", "pin_memory": on_gpu}
    if job.offload != "none":
        section["offload_optimizer"] = host
    if job.offload == "all":
        section["offload_param"] = host
    return section


if __name__ == "__main__":
    print(json.dumps(config(planned_job(), on_gpu=True, parameters=BUCKET), indent=2))
