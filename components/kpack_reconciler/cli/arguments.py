"""Arguments as Go programs take them: `-image app` beside `--image app`.

Owns the translation into what the parser understands. kpack's own `logs` is a Go program, and its flags must keep
working letter for letter.

Rules:
- Only options that we know are translated; anything else reaches the parser as it was typed.
- Whatever follows `--` is left alone, and so is the value of an option.
"""

from collections.abc import Iterator, Sequence

_WITH_VALUE = frozenset({"image", "build", "namespace", "kubeconfig", "context", "timeout", "output", "key"})
_ALONE = frozenset({"all-namespaces", "dry-run", "help", "timestamps", "version", "wait", "watch", "yes"})
_SHORT_WITH_VALUE = frozenset({"-b", "-n", "-o"})


def with_double_dashes(arguments: Sequence[str]) -> list[str]:
    """The arguments with each known option of one dash given its second."""
    return list(_translated(iter(arguments)))


def _translated(arguments: Iterator[str]) -> Iterator[str]:
    for argument in arguments:
        if argument == "--":
            yield argument
            yield from arguments
            return
        name, equals, _ = argument.lstrip("-").partition("=")
        known = argument.startswith("-") and name in _WITH_VALUE | _ALONE
        yield "--" + argument.lstrip("-") if known else argument
        if not equals and ((known and name in _WITH_VALUE) or argument in _SHORT_WITH_VALUE):
            yield from _value(arguments)


def _value(arguments: Iterator[str]) -> Iterator[str]:
    value = next(arguments, None)
    if value is not None:
        yield value
