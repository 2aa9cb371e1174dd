"""Images of the development environment, made without Docker: stacks, sample builders, the reconciler's image.

Everything is composed from Debian packages, the toolchain's programs and the project's own files, and pushed by the
project's own registry client.
"""

from dev.images.catalog import Images, push_all, push_reconciler

__all__ = ["Images", "push_all", "push_reconciler"]
