"""What pollers count: each question to a server once, by how it ended."""

from pathlib import Path

import pytest

from tests.fakes.git import FakeGit
from tests.kpack_reconciler.observe import test_git_poller as git
from tests.kpack_reconciler.observe import test_registry_poller as registry
from tests.scrape import counted

RESULTS = ("ok", "refused", "unavailable")


def polls(source: str) -> list[float]:
    return [counted("kpack_polls_total", source=source, host_class="other", result=result) for result in RESULTS]


async def test_git_polls_count_by_request(tmp_path: Path) -> None:
    """Three SourceResolvers of one repository are one poll; a missing repository and a missing server are one each."""
    world, server = git.World(), FakeGit(tmp_path / "app")
    before = polls("git")

    async with server.serve() as url, world.poller() as poller:
        for name, asked in (("a", url), ("b", url), ("c", f"{url}-gone"), ("d", "http://127.0.0.1:1/app")):
            world.add(name, asked)
        world.add("e", url, "v1")
        await poller.ask_due()

    assert [now - then for now, then in zip(polls("git"), before, strict=True)] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("host", "more"),
    [("", [1.0, 0.0, 0.0]), ("no image//:", [0.0, 1.0, 0.0]), ("127.0.0.1:1", [0.0, 0.0, 1.0])],
    ids=["answers", "is no name", "is not there"],
)
async def test_registry_polls_count_by_builder_image(host: str, more: list[float]) -> None:
    """Two Builders of one image are one poll, whatever comes of it; a name that is none is refused."""
    world = registry.World()
    before = polls("registry")

    async with world.fake.serve() as served, world.poller() as poller:
        world.push_builder(served)
        for name in ("one", "two"):
            world.add(name, host or served)
        await poller.ask_due()

    assert [now - then for now, then in zip(polls("registry"), before, strict=True)] == more
