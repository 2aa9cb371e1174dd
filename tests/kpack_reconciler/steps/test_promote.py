"""`promote` run for real against registries on loopback: what arrives, what is refused, what is asked for."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kpack_api.process import PROMOTION_VARIABLE
from kpack_api.promotion import write_order
from kpack_reconciler.model.exit_codes import CREDENTIALS, GENERIC, TRANSIENT
from kpack_reconciler.steps import registries
from kpack_reconciler.steps.promote import Places, main
from tests.fakes.registry import INDEX, MANIFEST, FakeRegistry, digest_of

LAYER = b"layer" * 1000
LABELS = {"io.buildpacks.build.metadata": json.dumps({"buildpacks": [{"id": "team/go", "version": "1"}]})}
BUILT_AT = "2026-06-09T02:00:00Z"


class LosingRegistry(FakeRegistry):
    """A registry that gives a tag to another image than it was told to."""

    async def _manifest(self, request: Any, repository: str, name: str) -> Any:
        answer = await super()._manifest(request, repository, name)
        if request.method == "PUT":
            self.manifests[repository, name] = (b'{"other": true}', MANIFEST)
        return answer


@dataclass(frozen=True)
class Place:
    """Two registries by address, the image that is in the first one, and where the step finds things."""

    source: str
    target: str
    digest: str
    places: Places

    async def promote(self, *flags: str, rules: Mapping[str, object] | None = None, **told: object) -> int:
        """Run the step; its exit code."""
        order = {
            "image": f"{self.source}/team/app@{self.digest}",
            "tags": [f"{self.target}/prod/app:1"],
            "rules": rules or {},
            **told,
        }
        return await asyncio.to_thread(main, list(flags), {PROMOTION_VARIABLE: write_order(order)}, self.places)

    @property
    def said(self) -> str:
        """The termination message."""
        return self.places.termination_log.read_text()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registries, "_PAUSES_SECONDS", (0, 0))


def put_image(registry: FakeRegistry, tag: str = "1", *, labels: Mapping[str, str] = LABELS) -> str:
    """Store an image with a layer; its digest."""
    config = json.dumps({"created": "1980-01-01T00:00:01Z", "config": {"Labels": labels}}).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"digest": registry.put_blob("team/app", config), "size": len(config)},
        "layers": [{"digest": registry.put_blob("team/app", LAYER), "size": len(LAYER)}],
    }
    return registry.put_manifest("team/app", tag, document)


def put_index(registry: FakeRegistry, *children: str, media_type: str = MANIFEST) -> str:
    """Store an index of images; its digest."""
    listed = [{"digest": digest, "size": 1, "mediaType": media_type} for digest in children]
    return registry.put_manifest("team/app", "index", {"mediaType": INDEX, "manifests": listed}, media_type=INDEX)


@asynccontextmanager
async def place(folder: Path, source: FakeRegistry, target: FakeRegistry, *, digest: str = "") -> AsyncIterator[Place]:
    (folder / "log").touch()
    places = Places(secrets=folder, termination_log=folder / "log")
    digest = digest or put_image(source)
    async with source.serve() as here:
        if source is target:
            yield Place(here, here, digest, places)
        else:
            async with target.serve() as there:
                yield Place(here, there, digest, places)


async def test_an_image_is_copied_to_another_registry(tmp_path: Path) -> None:
    """The tag leads to the same bytes, config and layer are there, and the last word is the image by digest."""
    source, target = FakeRegistry(), FakeRegistry()
    async with place(tmp_path, source, target) as here:
        code = await here.promote()

        assert (code, here.said) == (0, f"{here.target}/prod/app@{here.digest}")
    assert target.manifests["prod/app", "1"] == source.manifests["team/app", "1"]
    assert {digest for _, digest in target.blobs} == {digest for _, digest in source.blobs}


async def test_within_a_registry_blobs_are_mounted(tmp_path: Path) -> None:
    """Nothing is read but manifests and the config that is judged, and no blob is sent."""
    registry = FakeRegistry()
    async with place(tmp_path, registry, registry) as here:
        assert await here.promote() == 0

    assert registry.manifests["prod/app", "1"] == registry.manifests["team/app", "1"]
    assert ("prod/app", digest_of(LAYER)) in registry.blobs
    sent = [path for method, path in registry.requests if method == "PUT"]
    assert sent == ["/v2/prod/app/manifests/1"]
    assert not [path for method, path in registry.requests if method == "GET" and path.endswith(digest_of(LAYER))]


async def test_all_tags_get_the_image(tmp_path: Path) -> None:
    """The first tag's repository is where the image is said to be."""
    source, target = FakeRegistry(), FakeRegistry()
    async with place(tmp_path, source, target) as here:
        tags = [f"{here.target}/prod/app:1", f"{here.target}/prod/app:latest", f"{here.target}/mirror/app"]
        assert await here.promote(tags=tags) == 0

        assert here.said == f"{here.target}/prod/app@{here.digest}"
    assert {key for key in target.manifests if not key[1].startswith("sha256:")} == {
        ("prod/app", "1"),
        ("prod/app", "latest"),
        ("mirror/app", "latest"),
    }


async def test_an_index_is_copied_with_all_that_it_lists(tmp_path: Path) -> None:
    """The images come before the index, each by its digest."""
    source, target = FakeRegistry(), FakeRegistry()
    children = put_image(source, "amd64"), put_image(source, "arm64", labels={**LABELS, "arch": "arm64"})
    async with place(tmp_path, source, target, digest=put_index(source, *children)) as here:
        assert await here.promote() == 0

    assert target.manifests["prod/app", "1"] == source.manifests["team/app", "index"]
    assert all(("prod/app", child) in target.manifests for child in children)
    assert [path.rpartition("/")[2] for method, path in target.requests if method == "PUT" and "manifests" in path] == [
        *children,
        "1",
    ]


async def test_an_index_of_indexes_is_refused(tmp_path: Path) -> None:
    """What is listed below would not be judged."""
    source = FakeRegistry()
    inner = put_index(source, put_image(source))
    async with place(tmp_path, source, FakeRegistry(), digest=put_index(source, inner, media_type=INDEX)) as here:
        assert await here.promote() == GENERIC

        assert "index of indexes: promote the images that it lists" in here.said


async def test_each_image_of_an_index_is_judged(tmp_path: Path) -> None:
    """One bad image is enough for a refusal."""
    source, target = FakeRegistry(), FakeRegistry()
    index = put_index(source, put_image(source), put_image(source, "other", labels={}))
    async with place(tmp_path, source, target, digest=index) as here:
        assert await here.promote(rules={"allowed_buildpacks": ["team/go"]}) == GENERIC

        assert "promotion refused by rule allowed_buildpacks: " in here.said
    assert target.manifests == {}


async def test_a_broken_rule_is_told_by_name_and_nothing_is_written(tmp_path: Path) -> None:
    """The target registry is only asked what it has."""
    source, target = FakeRegistry(), FakeRegistry()
    async with place(tmp_path, source, target) as here:
        code = await here.promote(rules={"allowed_buildpacks": ["team/java"], "max_age_hours": 1}, built_at=BUILT_AT)

        assert code == GENERIC
        assert "rule allowed_buildpacks: team/go took part" in here.said
        assert "rule max_age_hours: " in here.said
    assert {method for method, _ in target.requests} == {"GET"}


async def test_what_is_there_is_not_copied_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second promotion writes nothing, says so, and is all right; where the rule forbids it, it is refused."""
    source, target = FakeRegistry(), FakeRegistry()
    async with place(tmp_path, source, target) as here:
        assert await here.promote(rules={"forbid_same": True}) == 0
        target.requests.clear()

        assert await here.promote() == 0
        assert f"{here.target}/prod/app:1 already has {here.digest}: nothing is copied" in capsys.readouterr().out
        assert await here.promote(rules={"forbid_same": True}) == GENERIC
        assert "refused by rule forbid_same: " in here.said
    assert {method for method, _ in target.requests} == {"GET"}


async def test_logins_are_those_of_the_mounted_secrets(tmp_path: Path) -> None:
    """Flags and folders are those of `prepare`: one login for each registry."""
    source, target = FakeRegistry(scheme="basic", login="a:1"), FakeRegistry(scheme="basic", login="b:2")
    async with place(tmp_path, source, target) as here:
        for secret, user, password in (("from", "a", "1"), ("to", "b", "2")):
            (tmp_path / secret).mkdir()
            (tmp_path / secret / "username").write_text(user)
            (tmp_path / secret / "password").write_text(password)

        assert await here.promote(f"-basic-docker=from={here.source}", f"-basic-docker=to={here.target}") == 0

    assert ("prod/app", "1") in target.manifests


async def test_a_missing_login_is_told(tmp_path: Path) -> None:
    """The message names the registry, what it said, and the argument to correct; never a password."""
    source, target = FakeRegistry(), FakeRegistry(scheme="basic")
    async with place(tmp_path, source, target) as here:
        assert await here.promote() == CREDENTIALS

        assert f"not allowed to write to {here.target}/prod/app" in here.said
        assert "login in `credentials` of the promotion (none are given)" in here.said


async def test_a_registry_that_is_away_is_asked_again(tmp_path: Path) -> None:
    """Three times, then the code says that it may pass."""
    source = FakeRegistry()
    async with place(tmp_path, source, FakeRegistry()) as here:
        source.broken = 503

        assert await here.promote() == TRANSIENT
    assert len(source.requests) == 3


async def test_a_tag_that_leads_elsewhere_is_told(tmp_path: Path) -> None:
    """Success is what was read back, not what was sent."""
    async with place(tmp_path, FakeRegistry(), LosingRegistry()) as here:
        assert await here.promote() == GENERIC

        assert f"not to {here.digest}: somebody else writes it" in here.said


@pytest.mark.parametrize(
    ("order", "said"),
    [
        pytest.param({"image": "r.example/app:1", "tags": ["p.example/app"]}, "names no digest", id="a tag"),
        pytest.param({"image": "", "tags": ["p.example/app"]}, "could not parse reference", id="never built"),
        pytest.param({"image": f"r.example/app@sha256:{'a' * 64}", "tags": []}, "no target", id="no target"),
        pytest.param({"image": f"r.example/app@sha256:{'a' * 64}", "tags": ["P@x"]}, "P@x", id="no reference"),
        pytest.param({"image": "R"}, "no order for a promotion", id="no order"),
    ],
)
def test_an_order_that_cannot_be_followed_is_told(tmp_path: Path, order: object, said: str) -> None:
    """Before any registry is asked."""
    (tmp_path / "log").touch()
    places = Places(secrets=tmp_path, termination_log=tmp_path / "log")

    assert main([], {PROMOTION_VARIABLE: json.dumps(order)}, places) == GENERIC
    assert said in places.termination_log.read_text()


async def test_what_is_no_image_is_not_promoted(tmp_path: Path) -> None:
    """A manifest without layers and config is told as such."""
    source = FakeRegistry()
    digest = source.put_manifest("team/app", "1", {"mediaType": MANIFEST})
    async with place(tmp_path, source, FakeRegistry(), digest=digest) as here:
        assert await here.promote() == GENERIC

        assert "the image cannot be promoted: it is not an image's manifest" in here.said


def test_a_flag_that_is_not_known_is_refused(tmp_path: Path) -> None:
    """A flag of another version does not pass unseen."""
    order = write_order({"image": f"r.example/app@sha256:{'a' * 64}", "tags": ["p.example/app"]})

    assert main(["-notary=x"], {PROMOTION_VARIABLE: order}, Places(secrets=tmp_path)) == GENERIC
