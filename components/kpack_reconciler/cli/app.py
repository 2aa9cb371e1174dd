"""The program `kpack`: its commands, their options, the cluster they speak to, and the exit code.

Owns parsing, the connection, the limit of time and the translation of every failure into one clear line. Leaves the
work to `logs` and `status`.

Exit codes: 0 for success, 1 for a failed build or an error, 2 for arguments that are not understood, 130 for Ctrl-C.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import App, CycloptsError, Parameter

from kpack_reconciler.cli.arguments import read_duration, with_double_dashes
from kpack_reconciler.cli.logs import Wanted, follow
from kpack_reconciler.cli.screen import Screen
from kpack_reconciler.cli.status import OutputFormat, show_status
from kpack_reconciler.clients.kube.client import ForbiddenError, KubeClient
from kpack_reconciler.clients.kube.config import ClusterConfig, from_kubeconfig, in_cluster, runs_in_pod
from kpack_reconciler.errors import ConflictError, PermanentError, TransientError

_FAILED, _MISUSED = 1, 2

Work: TypeAlias = Callable[[KubeClient, str, Screen], Awaitable[bool]]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where the cluster is, and how long the whole command may take."""

    namespace: Annotated[str, Parameter(name=["--namespace", "-n"])] = ""
    """Namespace of the image; the kubeconfig's own, else `default`."""
    kubeconfig: Path | None = None
    """Path of the kubeconfig; $KUBECONFIG, else ~/.kube/config."""
    context: str | None = None
    """Context of the kubeconfig; its current one where not given."""
    timeout: str = "1h"
    """Longest time that the command may take, such as 90s, 10m or 1h."""


_DEFAULTS = Connection()
app = App(
    name="kpack",
    help="Follow the builds of kpack images. Options may be written with one dash, as kpack's own.",
    version=f"kpack {version('pulumi-kpack')}",
    default_parameter=Parameter(negative=()),
    result_action="return_value",
)


@app.command
def logs(*, image: str, build: int | None = None, connection: Connection = _DEFAULTS) -> int:
    """Follow the log of a build, container by container, until it ends.

    Waits for a build that has not started. Exits 0 when the build succeeded, 1 when it failed.

    Parameters
    ----------
    image
        Name of the Image.
    build
        Number of the build; the newest where not given.
    """

    async def work(kube: KubeClient, namespace: str, screen: Screen) -> bool:
        return await follow(kube, Wanted(namespace=namespace, image=image, number=build), screen)

    return _run(work, connection)


@app.command
def status(
    name: str = "",
    /,
    *,
    all_namespaces: Annotated[bool, Parameter(name=["--all-namespaces", "-A"])] = False,
    output: Annotated[OutputFormat, Parameter(name=["--output", "-o"])] = OutputFormat.TABLE,
    connection: Connection = _DEFAULTS,
) -> int:
    """Tell which images are ready, which build they come from, and what is wrong.

    Parameters
    ----------
    name
        Name of one Image; all of the namespace where not given.
    all_namespaces
        Tell of the images of all namespaces.
    output
        Form of the answer.
    """

    async def work(kube: KubeClient, namespace: str, screen: Screen) -> bool:
        await show_status(kube, "" if all_namespaces else namespace, name, output=output, screen=screen)
        return True

    return _run(work, connection)


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


def _run(work: Work, connection: Connection) -> int:
    screen = Screen()
    try:
        seconds = read_duration(connection.timeout)
        config = _find_cluster(connection)
        return 0 if asyncio.run(_within(seconds, work, config, connection.namespace or config.namespace, screen)) else 1
    except ForbiddenError as error:
        screen.error(f"error: {error}. Ask for the right to read images, builds, pods and pods/log there")
    except (PermanentError, ConflictError, ValueError) as error:
        screen.error(f"error: {error}")
    except TransientError as error:
        screen.error(f"error: the cluster does not answer: {error}. Check that it is up, or choose another --context")
    except TimeoutError:
        screen.error(f"error: not done after {connection.timeout}: look with `kpack status`, or allow more --timeout")
    return _FAILED


async def _within(seconds: float, work: Work, config: ClusterConfig, namespace: str, screen: Screen) -> bool:
    async with asyncio.timeout(seconds), KubeClient(config) as kube:
        return await work(kube, namespace, screen)


def _find_cluster(connection: Connection) -> ClusterConfig:
    """The cluster of the kubeconfig; inside of a pod, where nothing else is said, the pod's own."""
    said = connection.kubeconfig or connection.context or os.environ.get("KUBECONFIG")
    if not said and runs_in_pod():
        return in_cluster()
    return from_kubeconfig(connection.kubeconfig, connection.context)
