"""The GPUs of the containers, from plan.py or the environment; CPUs where `GPU=none` was set when deploying.

A container imports the app again with an environment of its own, so `ENV` carries the choice into it.
"""

import math
import os

from . import plan

GPU = os.environ.get("GPU") or plan.GPU  # Modal's spelling ("L40S", "H100:2"), or "none"
GPUS = 0 if GPU == "none" else int(GPU.partition(":")[2] or 1)
ENV: dict[str, str | None] = {"GPU": GPU}

# What @app.server, @app.cls and @app.function take
MODAL_GPU = GPU if GPUS else None
CPU = None if GPUS else 4.0  # physical cores; with a GPU Modal's default, which bursts as far as the host allows
MEMORY_MIB = None if GPUS else min(336, math.ceil(plan.PREDICTED_PEAK_GIB)) * 1024  # the RAM stands in for the GPU's
