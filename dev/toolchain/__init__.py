"""The tools that development needs, built from pinned Go modules into a cache outside the checkout.

`ensure(UP, report=…)` gives a folder for PATH. What is built, and how, is in `catalog` and in the folders
with a `go.mod`.
"""

from dev.toolchain.cache import default_cache
from dev.toolchain.catalog import BENCH, TEST, UP
from dev.toolchain.ensure import ensure, locate
from dev.toolchain.failures import ToolchainError
from dev.toolchain.progress import Progress, Stage

__all__ = ["BENCH", "TEST", "UP", "Progress", "Stage", "ToolchainError", "default_cache", "ensure", "locate"]
