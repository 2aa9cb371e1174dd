"""Builds that wait in their midst until the test opens a door; they compile nothing, so the rest takes seconds.

Owns the door, and the builder whose buildpack knocks at it. A test thereby stops `up` or replaces the service while a
build runs, without counting on its length.
"""

import asyncio
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from dev.environment import Environment
from dev.images.builders import NAMESPACE, TODAY, VERSION, builder_image
from dev.images.images import push
from dev.images.layers import Entry, make_layer
from dev.images.stacks import build_image, run_image
from dev.toolchain import default_cache

_BUILDPACK = f"cnb/buildpacks/{NAMESPACE}_go/{VERSION}/bin/build"
_SCRIPT = b"""#!/bin/bash
set -eu
until (exec 3<>"/dev/tcp/${DOOR}") 2>/dev/null; do sleep 0.2; done
mkdir -p "$1/app"
cp main.go "$1/app/"
printf '[types]\\nlaunch = true\\n' > "$1/app.toml"
printf '[[processes]]\\ntype = "web"\\ncommand = ["true"]\\ndefault = true\\n' > "$1/launch.toml"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An address that refuses until it is opened."""

    listening: socket.socket

    def open(self) -> None:
        """Let every build go on."""
        self.listening.listen()

    def settings(self) -> Mapping[str, object]:
        """What an Image says about its builds so that they knock here: the argument `build`, and `spec.build`."""
        host, port = self.listening.getsockname()
        return {"env": [{"name": "DOOR", "value": f"{host}/{port}"}]}


@contextmanager
def door(service: Environment) -> Iterator[Door]:
    """Give a door that is shut, at this machine's address as pods see it."""
    with socket.socket() as listening:
        listening.bind((service.host, 0))
        yield Door(listening=listening)


def push_held_builder(service: Environment) -> str:
    """Have the builder in the registry; gives it by digest."""
    return asyncio.run(_push_held_builder(service))


async def _push_held_builder(service: Environment) -> str:
    cache = default_cache(os.environ)
    run = await push(run_image(cache), f"{service.registry}/kpack/run:sample")
    base = build_image(cache, lambda _text: None)
    whole = builder_image(base, TODAY, tools=service.state.tools, cache=cache, run_image=run)
    entries = [Entry(name=_BUILDPACK, content=_SCRIPT)]
    held = make_layer(cache / "layers", f"held build {_SCRIPT!r} v1", lambda _work: entries)
    return await push(whole.with_layers([held], labels={}), f"{service.registry}/kpack/builder:held")
