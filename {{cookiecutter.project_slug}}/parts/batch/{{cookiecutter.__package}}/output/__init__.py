"""The results of shards as files, and all results of a job joined into one."""
