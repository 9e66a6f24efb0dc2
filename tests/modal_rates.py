"""The output of `modal billing rates --json`."""

# As printed by the client in September 2026; the keys stand in several public projects that parse them.
RATES = {
    "cpu_hour_cost": "0.04730", "mem_gib_hour_cost": "0.00800", "cpu_hour_cost_sandbox": "0.14190",
    "gpu_hour_cost_t4": "0.59000", "gpu_hour_cost_l4": "0.80000", "gpu_hour_cost_a10g": "1.10000",
    "gpu_hour_cost_l40s": "1.95000", "gpu_hour_cost_a100_40gb": "2.10000", "gpu_hour_cost_a100_80gb": "2.50000",
    "gpu_hour_cost_rtx6000": "3.03000", "gpu_hour_cost_h100": "3.95000", "gpu_hour_cost_h200": "4.54000",
    "gpu_hour_cost_b200": "6.25000", "gpu_hour_cost_b300": "7.10000",
}  # fmt: skip
