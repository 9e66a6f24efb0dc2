"""Oracles: what transformers and vLLM themselves say of a config.json, on the meta device, without weights or a GPU."""
