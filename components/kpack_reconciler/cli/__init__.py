"""`kpack logs`, `status`, `builds`, `trigger`, `explain` and `pin`: the command line for people.

Owns what is asked, followed and shown. Leaves requests to `clients`, and all decisions to the controller: the one thing
that is ever written to a cluster is the annotation by which kpack is asked for another build.
"""

import sys

_INTERRUPTED = 130


def main() -> int:
    """Run `kpack` with the arguments of this process; the exit code."""
    try:
        from kpack_reconciler.cli.app import run  # noqa: PLC0415 - the package itself imports without the `cli` extra

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return _INTERRUPTED
