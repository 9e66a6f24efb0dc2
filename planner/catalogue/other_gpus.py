"""GPUs that measurements name and Modal does not rent, so that they can be estimated; they have no price.

Bandwidth and dense FLOP/s: vendors' data sheets. GiB: what CUDA shows where a log says so, else the nominal size.
"""

from __future__ import annotations

from ..schema import Gpu
from .gpus import FA2, FA3

# fmt: off
#             name             USD/h GiB     max cc   TB/s          TFLOPS   link   NVLink bf16  fp8    fp4
OTHER_GPUS = {
    "H20-96GB":    Gpu("H20-96GB",    0.0, 95.00,  8, 9.0, 4.0e12,   148e12, 900e9, True,  True, True,  False, FA3),
    "H20-141GB":   Gpu("H20-141GB",   0.0, 139.72, 8, 9.0, 4.8e12,   148e12, 900e9, True,  True, True,  False, FA3),
    "H100-NVL":    Gpu("H100-NVL",    0.0, 93.10,  8, 9.0, 3.9e12,   835e12, 600e9, True,  True, True,  False, FA3),
    "H100-96GB":   Gpu("H100-96GB",   0.0, 95.00,  8, 9.0, 2.4e12,   500e12, 900e9, True,  True, True,  False, FA3),
    "A40":         Gpu("A40",         0.0, 44.40,  8, 8.6, 0.696e12, 150e12, 32e9,  False, True, False, False, FA2),
    "A6000":       Gpu("A6000",       0.0, 47.40,  8, 8.6, 0.768e12, 155e12, 32e9,  False, True, False, False, FA2),
    "RTX3090":     Gpu("RTX3090",     0.0, 23.60,  8, 8.6, 0.936e12, 71e12,  32e9,  False, True, False, False, FA2),
    "RTX4090":     Gpu("RTX4090",     0.0, 23.60,  8, 8.9, 1.008e12, 165e12, 32e9,  False, True, True,  False, FA2),
    "RTX5090":     Gpu("RTX5090",     0.0, 31.40,  8, 12., 1.792e12, 209e12, 64e9,  False, True, True,  True,  FA2),
    "RTX4060":     Gpu("RTX4060",     0.0, 8.00,   8, 8.9, 0.272e12, 60e12,  16e9,  False, True, True,  False, FA2),
}
# fmt: on
