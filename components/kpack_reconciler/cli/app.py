"""The program `kpack`: its commands and their help texts.

Owns parsing. Leaves the connection to `session`, the work to one module for each command, which is imported only when
its command runs: help and mistakes are answered without the libraries that speak to a cluster.

Exit codes: 0 for success, 1 for a failed build or an error, 2 for arguments that are not understood, 130 for Ctrl-C.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cyclopts import App, CycloptsError, Parameter

from kpack_reconciler.cli.arguments import with_double_dashes
from kpack_reconciler.cli.options import (
    HERE,
    AllNamespaces,
    BuildNumber,
    Connection,
    Output,
    OutputFormat,
    TextFormat,
    TextOutput,
    Watch,
    Yes,
)

_FAILED, _MISUSED = 1, 2


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - slow, and seldom asked for

    return f"kpack {version('pulumi-kpack')}"


app = App(
    name="kpack",
    help="""Follow, explain and ask for the builds of kpack images.

Options may be written with one dash, as kpack's own. Exit codes: 0 success, 1 a failed build or an error,
2 arguments that are not understood, 130 Ctrl-C.""",
    version=_version,
    default_parameter=Parameter(negative=()),
    result_action="return_value",
)


@app.command
def logs(
    name: str = "",
    /,
    *,
    image: str = "",
    build: BuildNumber = None,
    timestamps: bool = False,
    connection: Connection = HERE,
) -> int:
    """Follow the log of a build, container by container, until it ends.

    Waits for a build that has not started, and says what it waits for. Exits 0 when the build succeeded, 1 when it
    failed.

    Example: kpack logs -image app -build 1

    Parameters
    ----------
    name
        Name of the Image; `-image` says the same in kpack's words.
    image
        Name of the Image.
    build
        Number of the build; the newest where not given.
    timestamps
        Show the time of each line.
    """
    from kpack_reconciler.cli.logs import Wanted, follow  # noqa: PLC0415
    from kpack_reconciler.cli.session import run_session  # noqa: PLC0415

    if bool(name) == bool(image):
        print("error: name one image: `kpack logs NAME` or `kpack logs -image NAME`", file=sys.stderr)  # noqa: T201
        return _MISUSED
    wanted = Wanted(image=name or image, number=build, timestamps=timestamps)
    return run_session(lambda session: follow(session, wanted), connection)


@app.command
def status(
    name: str = "",
    /,
    *,
    all_namespaces: AllNamespaces = False,
    watch: Watch = False,
    output: Output = OutputFormat.TABLE,
    connection: Connection = HERE,
) -> int:
    """Tell which images are ready, which build they come from, and what is wrong.

    Example: kpack status app -o wide

    Parameters
    ----------
    name
        Name of one Image, of which the whole message is told; all of the namespace where not given.
    all_namespaces
        Tell of the images of all namespaces.
    watch
        Go on, and tell each change.
    output
        Form of the answer.
    """
    from kpack_reconciler.cli.session import run_session  # noqa: PLC0415
    from kpack_reconciler.cli.status import Question, show_status, watch_status  # noqa: PLC0415

    question = Question(name=name, everywhere=all_namespaces, output=output)
    show = watch_status if watch else show_status
    return run_session(lambda session: show(session, question), connection, endless=watch)


@app.command
def builds(name: str, /, *, output: Output = OutputFormat.TABLE, connection: Connection = HERE) -> int:
    """List the builds of an image, oldest first.

    Example: kpack builds app

    Parameters
    ----------
    name
        Name of the Image.
    output
        Form of the answer.
    """
    from kpack_reconciler.cli.history import show_builds  # noqa: PLC0415
    from kpack_reconciler.cli.session import run_session  # noqa: PLC0415

    return run_session(lambda session: show_builds(session, name, output), connection)


@app.command
def trigger(name: str, /, *, wait: bool = False, connection: Connection = HERE) -> int:
    """Ask for another build of an image, though nothing changed.

    Example: kpack trigger app --wait

    Parameters
    ----------
    name
        Name of the Image.
    wait
        Wait for the result. Exits 0 when the build succeeded, 1 when it failed.
    """
    from kpack_reconciler.cli.session import run_session  # noqa: PLC0415
    from kpack_reconciler.cli.trigger import ask_for_build  # noqa: PLC0415

    return run_session(lambda session: ask_for_build(session, name, wait=wait), connection)


@app.command
def explain(
    name: str,
    /,
    *,
    build: BuildNumber = None,
    output: TextOutput = TextFormat.TEXT,
    connection: Connection = HERE,
) -> int:
    """Tell why a build was made, and why none is due or what the next one waits for.

    Example: kpack explain app

    Parameters
    ----------
    name
        Name of the Image.
    build
        Number of the build; the newest where not given.
    output
        Form of the answer.
    """
    from kpack_reconciler.cli.explain import show_explanation  # noqa: PLC0415
    from kpack_reconciler.cli.session import run_session  # noqa: PLC0415

    return run_session(lambda session: show_explanation(session, name, number=build, output=output), connection)


@app.command
def pin(
    *files: Path,
    key: tuple[str, ...] = (),
    yes: Yes = False,
    dry_run: bool = False,
    output: TextOutput = TextFormat.TEXT,
) -> int:
    """Pin the builder and run images of stacks to the digests that their tags lead to, and show the difference first.

    Asks the registries with the logins of `docker login`, not the cluster. Writes nothing where one image cannot be
    pinned. A pinned image keeps its tag: the next `kpack pin` brings it up to date.

    Example: kpack pin stacks/Pulumi.prod.yaml

    Parameters
    ----------
    files
        The stacks' files.
    key
        Key of an image, such as `builder`, instead of those that end in builderImage or runImage; more than once for
        more of them.
    yes
        Write without being asked.
    dry_run
        Show the difference alone.
    output
        Form of the answer; json and yaml ask nothing.
    """
    from kpack_reconciler.cli.pin import Wish, pin_files  # noqa: PLC0415

    if not files:
        print("error: name a stack's file: `kpack pin Pulumi.prod.yaml`", file=sys.stderr)  # noqa: T201
        return _MISUSED
    return pin_files(files, Wish(keys=frozenset(key), yes=yes, dry_run=dry_run, output=output))


def run(arguments: Sequence[str]) -> int:
    """Run `kpack` with these arguments; the exit code."""
    try:
        code = app(with_double_dashes(arguments), exit_on_error=False)
    except CycloptsError:
        return _MISUSED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to flush has no reader
        return _FAILED
    return code if isinstance(code, int) else 0
