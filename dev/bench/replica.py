"""`python -m dev.bench.replica PORT`: our controller with its health endpoint at another port.

In a cluster each replica has a pod and so an address of its own; here two share one.
"""

import os
import sys

from kpack_api import process
from kpack_reconciler.__main__ import main


def run(port: int) -> int:
    """Run the controller until it is ended; its exit code."""
    process.HEALTH_PORT = port
    return main([process.Command.CONTROLLER], os.environ)


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1])))
