"""Callbacks of the Trainer: checkpoints, the end at the budget, metrics."""
