"""The code of an earlier commit, beside the one that is here: for an upgrade from it and for going back.

Owns which commit: the newest whose components differ from the present ones. Where git knows none (a shallow checkout),
the present components stand in, under an image of another digest.
"""

import asyncio
import os
import subprocess
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dev.environment import Environment
from dev.images import reconciler
from dev.images.images import push
from dev.state import CHECKOUT
from dev.toolchain import default_cache

_MAXIMUM = 20
"""Commits that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierCode:
    """`commit` is "" where the present code stands in; `image` is the reconciler's, by digest."""

    commit: str
    checkout: Path
    image: str

    @property
    def components(self) -> Path:
        """The folder of the packages."""
        return self.checkout / "components"


def earlier_code(service: Environment, folder: Path) -> EarlierCode:
    """Have an earlier commit's components and stacks in the folder, and its image in the registry."""
    commit = _commit()
    if commit:
        _unpack(commit, folder)
    checkout = folder if commit else CHECKOUT
    return EarlierCode(commit=commit, checkout=checkout, image=asyncio.run(_push_image(service, checkout)))


def _commit() -> str:
    commits = _git("rev-list", f"--max-count={_MAXIMUM}", "HEAD", "--", "components").stdout.decode().split()
    differing = (each for each in commits if _git("diff", "--quiet", each, "--", "components").returncode == 1)
    return next(differing, "")


def _unpack(commit: str, folder: Path) -> None:
    archive = folder / "archive.tar"
    archive.write_bytes(_git("archive", commit, "components", "stacks").stdout)
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")


async def _push_image(service: Environment, checkout: Path) -> str:
    cache = default_cache(os.environ)
    whole = await asyncio.to_thread(reconciler.reconciler_image, cache, lambda _text: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reconciler, "CHECKOUT", checkout)
        layer = reconciler.application_layer(cache)
    marked = {**whole.environment, "EARLIER": "yes"}
    image = replace(whole, layers=(*whole.layers[:-1], layer), environment=marked)
    return await push(image, f"{service.registry}/kpack/reconciler:earlier")


def _git(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["git", "-C", str(CHECKOUT), *arguments], check=False, capture_output=True)
