"""Whatever registries answer: an image is rebased or refused with a reason, and nothing else happens."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kpack_reconciler.model.image_documents import digest_of
from kpack_reconciler.model.rebase import RebasedImage, RemoteImage, rebase
from kpack_reconciler.model.rebase_checks import NotRebasableError
from kpack_reconciler.model.references import parse_image

DOCUMENTS = Path(__file__).parent / "rebase"
RUN, APP = "localhost:5000/stack/run", "localhost:5000/team/app"
METADATA = "io.buildpacks.lifecycle.metadata"

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every member and element of a document, as its holder and key."""
    members = document.items() if isinstance(document, dict) else enumerate(document)
    found = []
    for key, value in members:
        found.append((document, key))
        if isinstance(value, dict | list):
            found += places(value)
    return found


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """A document in which up to three members were replaced or taken away; the metadata label's, too."""
    document = json.loads((DOCUMENTS / f"{name}.json").read_bytes())
    held = json.loads(document["config"]["Labels"][METADATA]) if name == "app-config" else None
    for _ in range(draw(st.integers(0, 3))):
        among = places(document) + (places(held) if held else [])
        holder, key = among[draw(st.integers(0, len(among) - 1))]
        if draw(st.booleans()):
            holder[key] = draw(values)
        elif isinstance(holder, dict):
            del holder[key]
    if held is not None and isinstance(document.get("config"), dict):
        labels = document["config"].get("Labels")
        if isinstance(labels, dict):
            labels[METADATA] = json.dumps(held)
    return json.dumps(document).encode()


def image(repository: str, manifest: bytes, config: bytes) -> RemoteImage:
    reference = parse_image(f"{repository}@{digest_of(manifest)}")
    return RemoteImage(reference=reference, manifest=manifest, config=config)


def attempt(app: RemoteImage, run: RemoteImage, version: tuple[int, int]) -> RebasedImage | str:
    """The rebased image, or the reason of the refusal."""
    try:
        return rebase(app, run, run_image=RUN, platform_api=version)
    except NotRebasableError as refusal:
        return refusal.reason


@settings(max_examples=200, deadline=None)
@given(
    app=st.builds(image, st.just(APP), damaged("app-manifest"), damaged("app-config")),
    run=st.builds(image, st.just(RUN), damaged("run-manifest"), damaged("run-config")),
    version=st.sampled_from([(0, 9), (0, 15)]),
)
def test_damaged_images_are_rebased_or_refused(app: RemoteImage, run: RemoteImage, version: tuple[int, int]) -> None:
    """What comes out is an image again, which can be rebased in its turn and then stays as it is."""
    result = attempt(app, run, version)

    if isinstance(result, RebasedImage):
        again = rebase(image(APP, result.manifest, result.config), run, run_image=RUN, platform_api=version)
        assert again.digest == result.digest


@settings(max_examples=100, deadline=None)
@given(manifest=values, config=values)
def test_what_is_no_image_at_all_is_refused(manifest: object, config: object) -> None:
    """Documents of any shape."""
    raw = [json.dumps(document).encode(errors="surrogatepass") for document in (manifest, config)]

    assert attempt(image(APP, *raw), image(RUN, *raw), (0, 9)) == "UnreadableImage"
