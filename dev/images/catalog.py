"""Which images there are, under which tags, and pushing them all."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from dev.images.builders import TODAY, TUTORIAL, builder_image
from dev.images.images import push
from dev.images.reconciler import reconciler_image
from dev.images.rootfs import Report
from dev.images.stacks import build_image, run_image


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Digest references of what was pushed; `tutorial_builder` is None where the old lifecycle was not built."""

    run_image: str
    builder: str
    tutorial_builder: str | None
    reconciler: str


def push_all(registry: str, tools: Path, *, cache: Path, report: Report) -> Images:
    """Have every image in the registry; layers come from the cache, what is there is not sent again."""
    return asyncio.run(_push_all(registry, tools, cache=cache, report=report))


def push_reconciler(registry: str, *, cache: Path, report: Report) -> str:
    """Have the reconciler's image in the registry."""
    report("reconciler: composing")
    image = reconciler_image(cache, report)
    report("reconciler: pushing")
    return asyncio.run(push(image, f"{registry}/kpack/reconciler:dev"))


async def _push_all(registry: str, tools: Path, *, cache: Path, report: Report) -> Images:
    report("run image")
    run = await push(run_image(cache), f"{registry}/kpack/run:sample")
    report("build image: Debian and Go")
    base = await asyncio.to_thread(build_image, cache, report)
    builders = {}
    for name, lifecycle in (("sample", TODAY), ("tutorial", TUTORIAL)):
        if (tools / lifecycle.program).exists():
            report(f"builder with lifecycle {lifecycle.version}")
            image = builder_image(base, lifecycle, tools=tools, cache=cache, run_image=run)
            builders[name] = await push(image, f"{registry}/kpack/builder:{name}")
    report("reconciler: composing")
    image = await asyncio.to_thread(reconciler_image, cache, report)
    report("reconciler: pushing")
    reconciler = await push(image, f"{registry}/kpack/reconciler:dev")
    return Images(
        run_image=run,
        builder=builders["sample"],
        tutorial_builder=builders.get("tutorial"),
        reconciler=reconciler,
    )
