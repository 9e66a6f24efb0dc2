"""The training: its configuration, the model, the trainers, and one attempt from start or checkpoint to result."""
