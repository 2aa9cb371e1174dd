"""Objects of each kind as users, other writers and older versions may leave them: valid ones, and mutations of them.

Rules: any part of `spec` and `status` may be missing, doubled or anything else that JSON can say. Of the metadata only
what an API server lets pass is odd: it checks names, labels and times itself.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st
from msgspec.structs import replace

from kpack_api.core import EnvVar, ResourceRequirements
from kpack_api.dialects.build_pivotal_io_v1alpha1 import manifest, status_patch
from kpack_api.names import BUILD_NEEDED_ANNOTATION, BUILD_NUMBER_LABEL, BUILD_REASON_ANNOTATION, IMAGE_LABEL
from kpack_api.neutral import Neutral
from kpack_api.types import Binding, BlobSource, Builder, BuildSettings, Image, Kind, LastBuild, RegistrySource, Source
from kpack_api.wire import LocalObjectReference
from tests import make

Json = dict[str, Any]
Path = tuple[str | int, ...]
T = TypeVar("T")

BLOB = Source(blob=BlobSource(url="https://blob.example/app.zip"), sub_path="web")
REGISTRY = Source(
    registry=RegistrySource(image="registry.example/src", image_pull_secrets=(LocalObjectReference(name="pull"),))
)
_BINDINGS = tuple(
    Binding(
        name=name,
        metadata_ref=LocalObjectReference(name="config"),
        secret_ref=LocalObjectReference(name=f"secret-{name}"),
    )
    for name in ("one", "two")
)
_ENV = (EnvVar(name="A", value="1"), EnvVar(name="B", value_from={"fieldRef": {"fieldPath": "metadata.name"}}))
_RESOURCES = ResourceRequirements(limits={"cpu": "500m"}, requests={"memory": "1Gi", "cpu": 0.25})

_DELETED, _DOUBLED = "(deleted)", "(doubled)"
_LONG = "x" * 30_000
_WORDS = (
    "(any text)",
    "",
    " ",
    "\n",
    "x",
    _LONG,
    "ü" * 70,
    "\u202e",
    "\x00",
    "💥",
    "True",
    "Unknown",
    "None",
    "Ready",
    "Settled",
)
_TIMES = ("yesterday", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-06-09", "24:00")
_QUANTITIES = ("0", "0.5", "1Gi", "-1", "1e3", "lots", "1e999999999", "9" * 70, ".", "1Zi", "1 G")
_REFERENCES = (
    "app",
    "localhost/app",
    "registry.example:5000/app:v1",
    f"registry.example/app@{make.digest('a')}",
    "registry.example/app@sha256:12",
    "registry.example/UPPER",
    "registry.example:port/app",
    "registry.example/" + "a" * 300,
    "a:b:c",
    "@",
    "/",
    "../app",
    "http://registry.example/app",
    "https://user:password@git.example/app",
    "git@git.example:app",
    "ssh://",
)
_NUMBERS = (True, False, 0, -1, 1, 2**31, 2**63, 10**30, 1.5, 1e300)
_SHAPES: tuple[Any, ...] = (
    None,
    [],
    [None],
    [[]],
    ["x"] * 500,
    {},
    {"name": ""},
    {"name": None},
    {"a": {"b": [{"c": None}]}},
    {"type": "Ready"},
    {"type": "Ready", "status": "Perhaps"},
    {"type": "Succeeded", "status": "True"},
    {"git": {}, "blob": {}},
)
_ANYTHING = (_DELETED, _DELETED, _DOUBLED, *_WORDS, *_TIMES, *_QUANTITIES, *_REFERENCES, *_NUMBERS, *_SHAPES)
_EMPTY = (_DELETED, None, [], {}, "")
_APT: dict[str, tuple[Any, ...]] = {
    "lastTransitionTime": _TIMES,
    **dict.fromkeys(("cacheSize", "cpu", "memory"), _QUANTITIES + _SHAPES),
    **dict.fromkeys(("tag", "image", "latestImage", "runImage", "url"), _REFERENCES + _EMPTY),
    **dict.fromkeys(("tags", "source", "git", "builder", "stack", "conditions", "bindings"), _SHAPES + _EMPTY),
}
"""What is odd for a field of this name in particular."""
_TEXT = st.text(max_size=20)
_NAMES = ("app",) * 5 + ("a", "a.b", "a" * 63, "a" * 64, "b" * 253)
_LABELS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"team": "a"},
    {BUILD_NUMBER_LABEL: "007"},
    {BUILD_NUMBER_LABEL: "9" * 63},
    {BUILD_NUMBER_LABEL: "many"},
    {IMAGE_LABEL: "other"},
)
_ANNOTATIONS: tuple[dict[str, str], ...] = (
    {},
    {},
    {BUILD_NEEDED_ANNOTATION: ""},
    {BUILD_REASON_ANNOTATION: "STACK"},
    {BUILD_REASON_ANNOTATION: _LONG},
)
_MOST_MUTATIONS = 4
_SOME_WEIGHT, _MOST_WEIGHT = 4, 16


def _image() -> Image:
    spec = replace(
        make.image_spec(),
        additional_tags=("registry.example/team/app:stable",),
        cache_size="2G",
        build=BuildSettings(env=_ENV, resources=_RESOURCES, bindings=_BINDINGS),
    )
    return make.settled_image(spec)


def _without_builder() -> Image:
    """An Image that waits for its builder, and has said so."""
    said = ("False", "BuilderNotFound", "Unable to find builder builder.")
    conditions = (make.condition("Ready", *said), make.condition("Settled", *said))
    image = make.settled_image()
    return replace(image, status=replace(image.status, conditions=conditions))


def _variants() -> Iterator[Neutral]:
    """Valid objects; the first of each kind has all fields."""
    image, build, builder = _image(), make.succeeded_build(), make.ready_builder()
    yield image
    yield make.settled_image()
    yield _without_builder()
    yield make.new_image()
    for source in (BLOB, REGISTRY):
        yield replace(image, spec=replace(image.spec, source=source))
        yield make.resolver(source, source)
    spec = replace(
        build.spec,
        bindings=_BINDINGS,
        env=_ENV,
        resources=_RESOURCES,
        cache_name="app-cache",
        last_build=LastBuild(image=make.APP_IMAGE, stack_id=make.STACK_ID),
    )
    yield replace(build, spec=spec)
    yield replace(make.running_build(), spec=spec)
    yield replace(make.running_build(), spec=replace(spec, source=REGISTRY))
    yield replace(builder, spec=replace(builder.spec, image_pull_secrets=(LocalObjectReference(name="pull"),)))
    yield make.unready_builder("refused")
    yield make.resolver()


def _on_the_wire(value: Neutral) -> Json:
    """The object as the API server holds it, metadata included."""
    body: Json = msgspec.to_builtins({**manifest(value), **status_patch(value.status)})
    body["status"] = _without_nulls(body["status"])
    return body


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    return value


def _cluster_wide(body: Json) -> Json:
    metadata = {name: part for name, part in body["metadata"].items() if name != "namespace"}
    return {**body, "kind": Kind.CLUSTER_BUILDER.value, "metadata": metadata}


def _bases() -> dict[Kind, tuple[bytes, ...]]:
    bodies = [_on_the_wire(value) for value in _variants()]
    bodies += [_cluster_wide(_on_the_wire(value)) for value in _variants() if isinstance(value, Builder)]
    return {kind: tuple(json.dumps(body).encode() for body in bodies if body["kind"] == kind) for kind in Kind}


def _paths(body: Any, path: Path = ()) -> Iterator[Path]:
    """Every part of an object, itself excluded."""
    parts = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, part in parts:
        yield (*path, name)
        yield from _paths(part, (*path, name))


def _weight(path: Path) -> int:
    return _MOST_WEIGHT if path[-1] == "lastTransitionTime" else _SOME_WEIGHT if path[-1] in _APT else 1


_BASES = _bases()
_ALL_PATHS = {
    kind: sorted(
        {path for base in bases for path in _paths(json.loads(base)) if path[0] in ("spec", "status")}, key=str
    )
    for kind, bases in _BASES.items()
}
_PATHS = {kind: [path for path in paths for _ in range(_weight(path))] for kind, paths in _ALL_PATHS.items()}
"""The parts of each kind; those for which something apt is known come more often."""


def valid(kind: Kind) -> list[Json]:
    """Valid objects of a kind, in all shapes."""
    return [json.loads(base) for base in _BASES[kind]]


class Lots:
    """Choices made from one draw of bytes: a draw for each choice would cost more than all that is tested with it."""

    def __init__(self, drawn: bytes) -> None:
        self._left = int.from_bytes(drawn)

    def choose(self, options: Sequence[T]) -> T:
        """One of the options."""
        self._left, position = divmod(self._left, len(options))
        return options[position]


lots = st.binary(min_size=24, max_size=24).map(Lots)


@st.composite
def bodies(draw: st.DrawFn, kind: Kind) -> Json:
    """One object: sometimes valid, mostly with up to four odd parts."""
    return body_of(kind, draw(lots), lambda: draw(_TEXT))


@st.composite
def stored(draw: st.DrawFn, kind: Kind) -> Json:
    """One object as an API server without our webhook and schema may hold it, under any name."""
    chosen = draw(lots)
    body = body_of(kind, chosen, lambda: draw(_TEXT))
    metadata = body["metadata"]
    metadata["name"] = chosen.choose(_NAMES)
    metadata["labels"] = {**metadata.get("labels", {}), **chosen.choose(_LABELS)}
    metadata["annotations"] = {**metadata.get("annotations", {}), **chosen.choose(_ANNOTATIONS)}
    metadata["generation"] = chosen.choose((1, 1, 2))
    return body


def body_of(kind: Kind, chosen: Lots, text: Callable[[], str]) -> Json:
    """A valid object, or a mutation of one; `text` makes words that nobody thought of."""
    body: Json = json.loads(chosen.choose(_BASES[kind]))
    for _ in range(chosen.choose(range(_MOST_MUTATIONS + 1))):
        path = chosen.choose(_PATHS[kind])
        value = chosen.choose(chosen.choose((_APT.get(str(path[-1]), _ANYTHING), _ANYTHING)))
        _mutate(body, path, text() if value == _WORDS[0] else value)
    return body


def _mutate(body: Any, path: Path, value: Any) -> None:
    """Put a value at a path, as far as the path still leads somewhere."""
    *way, last = path
    for name in way:
        if not _leads(body, name):
            return
        body = body[name]
    if isinstance(body, list) and isinstance(last, int) and value == _DOUBLED and last < len(body):
        body.append(deepcopy(body[last]))
    elif value == _DELETED and _leads(body, last):
        del body[last]
    elif (isinstance(body, dict) and isinstance(last, str)) or _leads(body, last):
        body[last] = deepcopy(value)


def _leads(body: Any, name: str | int) -> bool:
    if isinstance(body, dict):
        return name in body
    return isinstance(body, list) and isinstance(name, int) and name < len(body)
