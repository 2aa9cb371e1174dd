"""Running an asynchronous process as PID 1 of a container.

Rules:
- SIGTERM and SIGINT cancel the process's only root task, which ends it in good order and with exit code 0. Without this
  a Python program that is PID 1 ignores SIGTERM and is killed half a minute later.
- Any error that reaches the root is logged and ends the process with exit code 1.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from kpack_reconciler.clients.kube.config import ClusterConfig, from_kubeconfig, in_cluster, runs_in_pod

log = structlog.get_logger(__name__)


def run_process(main: Callable[[], Awaitable[None]]) -> int:
    """Run `main` until it ends or a signal comes; the exit code."""
    try:
        asyncio.run(_until_told(main))
    except asyncio.CancelledError:
        log.info("ended by a signal")
        return 0
    except Exception:
        log.exception("process ends")
        return 1
    return 0


async def _until_told(main: Callable[[], Awaitable[None]]) -> None:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("asyncio.run gives no task")
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await main()


def find_cluster() -> ClusterConfig:
    """The cluster of the pod that we run in; outside of one, that of $KUBECONFIG (a developer's machine)."""
    if runs_in_pod():
        return in_cluster()
    configured = os.environ.get("KUBECONFIG")
    return from_kubeconfig(Path(configured) if configured else None)
