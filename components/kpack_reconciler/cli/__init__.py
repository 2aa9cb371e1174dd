"""`kpack logs`, `kpack status`: the command line for people.

Owns what is asked, followed and shown. Leaves requests to `clients`, and all decisions to the controller: nothing here
changes anything in the cluster.
"""

import sys

_INTERRUPTED = 130


def main() -> int:
    """Run `kpack` with the arguments of this process; the exit code."""
    from kpack_reconciler.cli.app import run  # noqa: PLC0415 - the package itself imports without the `cli` extra

    try:
        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return _INTERRUPTED
