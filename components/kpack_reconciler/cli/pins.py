"""Images in a stack's configuration: where they stand in the file's text, and that text with their digests. Pure.

Leaves registries and the disk to `pin`.

Rules:
- Only the characters of an image's value are replaced: comments, order, quotes and line ends stay as they are.
- A key names an image when its last word ends in `builderImage` or `runImage`, or their plural. Others are asked for.
- The tag stays before the digest (`app:1@sha256:…`), so that the next pin knows what to ask for. Kubernetes, kpack and
  the container runtimes go by the digest alone then.
- What cannot be pinned is told with its key; a value that a digest stands in without a tag is pinned already.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import yaml

from kpack_reconciler.model.references import DEFAULT_TAG, ImageReference, InvalidReferenceError, parse_tag

_ENDINGS: Final = ("builderimage", "builderimages", "runimage", "runimages")
_TEXT: Final = "tag:yaml.org,2002:str"
_QUOTES: Final = {None: "", "'": "'", '"': '"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An image in a file: its key, its value, the quotes around that, and the character after them."""

    key: str
    value: str
    quote: str
    end: int

    @property
    def start(self) -> int:
        """The first of its characters; an anchor or a tag of YAML before it is none of them."""
        return self.end - len(self.written)

    @property
    def written(self) -> str:
        """The characters that the file should hold there; an escaped one is written otherwise."""
        return f"{self.quote}{self.value}{self.quote}"

    @property
    def reference(self) -> ImageReference:
        """What the registry is asked for: the tag, where there is one. Raises InvalidReferenceError."""
        return parse_tag(self.value.partition("@")[0])

    @property
    def has_digest_alone(self) -> bool:
        """Whether it names a digest and no tag that could lead elsewhere."""
        return "@" in self.value and self.reference.tag is None

    def pinned(self, digest: str) -> str:
        """The value with this digest behind its tag."""
        name = self.value.partition("@")[0]
        tagged = name if self.reference.tag else f"{name}:{DEFAULT_TAG}"
        return f"{tagged}@{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The images of a file, and what stands in the way of pinning them, in sentences."""

    places: tuple[Place, ...] = ()
    problems: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()
    """The keys that were asked for and are there."""


def find_images(text: str, asked: frozenset[str]) -> Found:
    """Find the images of a stack's file; only under the keys that are asked for, where there are any."""
    try:
        root = yaml.compose(text)
    except yaml.YAMLError as error:
        return Found(problems=(f"it is no YAML: {' '.join(str(error).split())}",))
    config = dict(_entries(root)).get("config")
    if not isinstance(config, yaml.MappingNode):
        return Found(problems=("it has no `config`: name a stack's file, such as Pulumi.prod.yaml",))
    seen = [each for key, node in _entries(config) for each in _walk(key, node, asked)]
    places = {each.end: each for _, each in seen if isinstance(each, Place)}
    escaped = [each for each in places.values() if text[each.start : each.end] != each.written]
    problems = (*(each for _, each in seen if isinstance(each, str)), *(_no_image(each.key) for each in escaped))
    return Found(places=tuple(places.values()), problems=problems, keys=frozenset(name for name, _ in seen))


def with_values(text: str, values: Mapping[Place, str]) -> str:
    """The file's text with new values in these places."""
    for place in sorted(values, key=lambda place: place.start, reverse=True):
        text = f"{text[: place.start]}{place.quote}{values[place]}{place.quote}{text[place.end :]}"
    return text


def difference(name: str, before: str, after: str) -> Sequence[str]:
    """What changes in a file, as a unified diff without line ends; nothing where nothing does."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", lineterm="")
    return tuple(lines)


def _entries(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((str(key.value), value) for key, value in node.value)


def _walk(key: str, node: yaml.Node, asked: frozenset[str]) -> Iterator[tuple[str, Place | str]]:
    """Each image at or below a key, or what is wrong with it, with the name that it was asked for by."""
    name = next(
        (name for name in _names(key) if name in asked or (not asked and name.lower().endswith(_ENDINGS))), None
    )
    if name is not None:
        yield from ((name, each) for each in _images(key, node))
    else:
        for below, value in _entries(node):
            yield from _walk(f"{key}.{below}", value, asked)


def _names(key: str) -> Iterator[str]:
    """What a key may be called: whole, without its project, and by its last word."""
    without_project = key.partition(":")[2] or key
    yield from (key, without_project, without_project.rpartition(".")[2])


def _images(key: str, node: yaml.Node) -> Iterator[Place | str]:
    """The image of a key, or the images of its list."""
    match node:
        case yaml.SequenceNode():
            for number, value in enumerate(node.value):
                yield from _images(f"{key}[{number}]", value)
        case yaml.ScalarNode(tag=tag, style=style) if tag == _TEXT and style in _QUOTES:
            yield _place(key, node)
        case yaml.MappingNode() if "secure" in dict(_entries(node)):
            yield f"{key} is a secret: set the image in clear, `pulumi config set` without --secret"
        case _:
            yield _no_image(key)


def _no_image(key: str) -> str:
    return f"{key} is no image: write it as text on one line"


def _place(key: str, node: yaml.ScalarNode) -> Place | str:
    place = Place(key=key, value=node.value, quote=_QUOTES[node.style], end=node.end_mark.index)
    try:
        place.reference  # noqa: B018 - whether it can be read at all
    except InvalidReferenceError as error:
        return f"{key}: {error}"
    return place
