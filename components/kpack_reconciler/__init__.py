"""What runs in the cluster: controller, webhook, the programs of the build pod, and the `kpack` command line.

Watching fills a cache; a cache and a clock make a decision; a decision is a list of values; only effects touch the
world; what they did comes back through the cache.
"""
