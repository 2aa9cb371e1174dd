"""What exit codes say: those of our own steps (after BSD's sysexits.h), and those of the lifecycle's phases.

Source of the lifecycle's: CNB lifecycle, `cmd/lifecycle/cli` and `platform/exit.go`. Lifecycles of platform API 0.3 to
0.5 have codes of their own, of which the operating system keeps the lowest eight bits.
"""

GENERIC = 1
TRANSIENT = 75
"""Something outside may be better later: a timeout, a 5xx, a rate limit. Such a step is tried again."""
CREDENTIALS = 77
"""A credential is missing, wrong or has no right."""

INVALID_ARGUMENTS = 3
INCOMPATIBLE_API = frozenset({11, 12})
NO_BUILDPACK_FITS = frozenset({20, 100})
BUILDPACK_FAILED = frozenset({51, 401 % 256})
COULD_NOT_START = 128
KILLED = 137
