"""From the cache to worlds: one function for each kind, pure, looking things up and nothing else."""
