"""Queue, back-off and workers. Knows no kind and no client."""
