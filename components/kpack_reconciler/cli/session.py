"""One command's conversation with the cluster: find it, work within a limit of time, tell what went wrong.

Owns the exit code and the choice between kubeconfig and pod. Leaves the words of failures to `faults`.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from kpack_reconciler.cli.durations import read_duration
from kpack_reconciler.cli.faults import fault_text
from kpack_reconciler.cli.options import Connection
from kpack_reconciler.cli.screen import Screen
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.kube.config import ClusterConfig, from_kubeconfig, in_cluster, runs_in_pod
from kpack_reconciler.errors import ConflictError, PermanentError, TransientError

_LIMIT = "1h"
_SUCCEEDED, _FAILED = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a command works with: the cluster, the namespace that is meant, and the screen."""

    kube: KubeClient
    namespace: str
    screen: Screen


Work: TypeAlias = Callable[[Session], Awaitable[bool | None]]


def run_session(work: Work, connection: Connection, *, endless: bool = False) -> int:
    """Do the work and give the exit code: 1 where it answers False, else 0.

    `endless` means that there is no limit of time but the one that was asked for.
    """
    screen = Screen()
    limit = connection.timeout or ("" if endless else _LIMIT)
    try:
        seconds = read_duration(limit) if limit else None
        config = _find_cluster(connection)
        done = asyncio.run(_within(seconds, work, config, connection.namespace or config.namespace, screen))
    except TimeoutError:
        screen.error(f"error: not done after {limit}: look with `kpack status`, or allow more --timeout")
    except (PermanentError, TransientError, ConflictError, ValueError, msgspec.MsgspecError) as error:
        screen.error(f"error: {fault_text(error)}")
    else:
        return _FAILED if done is False else _SUCCEEDED
    return _FAILED


async def _within(
    seconds: float | None, work: Work, config: ClusterConfig, namespace: str, screen: Screen
) -> bool | None:
    async with asyncio.timeout(seconds), KubeClient(config) as kube:
        return await work(Session(kube=kube, namespace=namespace, screen=screen))


def _find_cluster(connection: Connection) -> ClusterConfig:
    """The cluster of the kubeconfig; inside of a pod, where nothing else is said, the pod's own."""
    said = connection.kubeconfig or connection.context or os.environ.get("KUBECONFIG")
    if not said and runs_in_pod():
        return in_cluster()
    return from_kubeconfig(connection.kubeconfig, connection.context, run_plugins=True)
