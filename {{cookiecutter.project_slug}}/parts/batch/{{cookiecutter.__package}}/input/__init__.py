"""The input: rows of files and datasets, the prompts made of them, and their split into shards."""
