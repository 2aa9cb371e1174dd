"""Whether what a program gives has the shape that an argument type declares.

Owns unknown and missing fields and wrong types, at any depth. Leaves what the words mean to `rules`.

Rules:
- checks are pure and tell everything that is wrong, each with its path and an example of a right value;
- a value is never quoted: it may be a secret;
- what Pulumi only knows later (an output) is taken where the type allows it.
"""

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

import pulumi

from pulumi_kpack.examples import example

_PULUMI_NAMES: Mapping[str, object] = {"Output": pulumi.Output, "T": Any}
"""What `pulumi.Input` refers to by name."""

_PLAIN: Mapping[object, str] = {str: "text", int: "a whole number", bool: "True or False"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the argument at `path` (`source.git.url`), and what to do."""

    path: str
    message: str

    def __str__(self) -> str:
        """Write it as one line."""
        return f"{self.path}: {self.message}"


def shape_problems(args: object, shape: type, *, names: Mapping[str, object]) -> tuple[Problem, ...]:
    """List what is wrong with a value that should be this TypedDict; `names` are those of its forward references."""
    return tuple(_judge(args, shape, "", names))


def _judge(value: object, hint: Any, path: str, names: Mapping[str, object]) -> Iterator[Problem]:  # noqa: ANN401 - a type
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    plain = [option for option in options if get_origin(option) not in (pulumi.Output, Awaitable)]
    if isinstance(value, pulumi.Output | Awaitable):
        if len(plain) == len(options):
            yield Problem(path, f"must be known when the program starts: give a plain value, e.g. {example(path)}")
        return
    judged = [tuple(_judge_one(value, option, path, names)) for option in plain]
    if all(judged):
        yield from _nearest(judged, plain, path)


def _nearest(judged: Sequence[tuple[Problem, ...]], options: Sequence[Any], path: str) -> tuple[Problem, ...]:
    """The problems of the option that was meant: of several kinds, the one whose inside was looked at."""
    inside = [problems for problems in judged if problems[0].path != path]
    if len(options) == 1 or inside:
        return (inside or judged)[0]
    return (Problem(path, f"is of the wrong type: give {' or '.join(map(_name, options))}, e.g. {example(path)}"),)


def _judge_one(value: object, option: Any, path: str, names: Mapping[str, object]) -> Iterator[Problem]:  # noqa: ANN401 - a type
    origin = get_origin(option) or option
    if is_typeddict(origin):
        yield from _judge_fields(value, origin, path, names)
    elif origin is Mapping and isinstance(value, Mapping):
        for key, each in value.items():
            yield from _judge(each, get_args(option)[1], f"{path}.{key}", names)
    elif origin is Sequence and isinstance(value, Sequence) and not isinstance(value, str):
        for index, each in enumerate(value):
            yield from _judge(each, get_args(option)[0], f"{path}[{index}]", names)
    elif not _is_a(value, origin):
        yield Problem(path, f"is {_article(value)}: give {_name(option)}, e.g. {example(path)}")


def _judge_fields(value: object, shape: Any, path: str, names: Mapping[str, object]) -> Iterator[Problem]:  # noqa: ANN401 - a type
    if not isinstance(value, Mapping):
        yield Problem(path or "args", f"is {_article(value)}: give a dict with {', '.join(shape.__annotations__)}")
        return
    hints = get_type_hints(shape, localns={**_PULUMI_NAMES, **names})
    inside = f"{path}." if path else ""
    for field in sorted(shape.__required_keys__):
        if value.get(field) in (None, ""):
            yield Problem(f"{inside}{field}", f"is missing: give e.g. {example(field)}")
    for field, each in value.items():
        if field not in hints:
            yield Problem(f"{inside}{field}", f"is unknown: {_suggestion(str(field), hints)}")
        elif each not in (None, ""):
            yield from _judge(each, hints[field], f"{inside}{field}", names)


def _is_a(value: object, option: Any) -> bool:  # noqa: ANN401 - a type
    """Python counts a bool as a number and text as a sequence; nobody means that."""
    mistaken = (option is int and isinstance(value, bool)) or (option is Sequence and isinstance(value, str))
    return isinstance(value, option) and not mistaken


def _suggestion(field: str, hints: Mapping[str, object]) -> str:
    near = get_close_matches(field, hints, n=1)
    return f"did you mean {near[0]!r}?" if near else f"use {', '.join(hints)}"


def _name(option: Any) -> str:  # noqa: ANN401 - a type
    origin = get_origin(option) or option
    if origin is Mapping or is_typeddict(origin):
        return "a dict"
    if origin is Sequence:
        return "a list"
    return _PLAIN.get(origin, f"a {getattr(origin, '__name__', origin)}")


def _article(value: object) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"
