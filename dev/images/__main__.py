"""`python -m dev.images [reconciler]`: push all images, or the reconciler's alone, to the environment's registry."""

import os
import sys

from dev.environment import load_environment
from dev.images import push_all, push_reconciler
from dev.toolchain import default_cache


def main() -> None:
    """Push, telling each step, and print the references."""
    environment = load_environment()
    if sys.argv[1:] == ["reconciler"]:
        print(push_reconciler(environment.registry, cache=default_cache(os.environ), report=print))
        return
    print(push_all(environment.registry, environment.state.tools, cache=default_cache(os.environ), report=print))


if __name__ == "__main__":
    main()
