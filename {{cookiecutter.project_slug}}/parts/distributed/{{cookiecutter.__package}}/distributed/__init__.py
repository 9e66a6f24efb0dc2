"""Several processes that train together: torchrun's workers, their line to the container's process, and DeepSpeed."""
