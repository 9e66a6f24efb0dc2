"""Plans GPU work: which GPU, how many, what quantization, which attention kernel, at what price."""
