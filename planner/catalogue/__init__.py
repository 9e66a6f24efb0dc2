"""GPUs with their prices, and models with their architectures."""
