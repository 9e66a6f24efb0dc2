"""What to ask a service of each workload, and what the model alone says to it."""
