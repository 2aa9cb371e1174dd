"""The world into the cache: reflectors, pollers, the lease. The only writer of objects."""
