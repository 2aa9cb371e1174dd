"""The rules that the arguments of `ReconcilerImage` must follow; how they are told is `rules`'."""

from collections.abc import Iterator, Mapping

from pulumi_kpack.args import ReconcilerImageArgs
from pulumi_kpack.image_building import BuiltBy
from pulumi_kpack.rules import _check, _reference, _word
from pulumi_kpack.shapes import Problem

_DOCKER_BUILD_ALONE = ("builder", "certificates")


def check_reconciler_image(name: str, args: Mapping[str, object]) -> None:
    """The image is pushed somewhere, by a tag; pulumi-docker knows less than pulumi-docker-build."""
    _check(name, args, ReconcilerImageArgs, _reconciler_image(args))


def _reconciler_image(args: Mapping[str, object]) -> Iterator[Problem]:
    yield from _reference("repository", args.get("repository"), digest=False)
    yield from _word("built_by", args.get("built_by"), tuple(BuiltBy))
    for argument in _DOCKER_BUILD_ALONE:
        if args.get("built_by") == BuiltBy.DOCKER and args.get(argument):
            yield Problem(argument, f"{BuiltBy.DOCKER.value} does not know it: leave it out, or leave `built_by` out")
