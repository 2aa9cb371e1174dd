"""What the process counts for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

LOOKS = Counter("kpack_looks_total", "Looks at objects, by kind and how they ended.", ["kind", "outcome"])
LOOK_SECONDS = Histogram("kpack_look_seconds", "How long a look took, its actions included.", ["kind"])
QUEUE_LENGTH = Gauge("kpack_queue_length", "Keys that wait for a worker.")
LEADER = Gauge("kpack_leader", "1 where this process holds the lease, else 0.")
