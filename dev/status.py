"""`status`: what of an environment runs, where it is reached and where its logs are.

Owns looking and the table. Changes nothing and needs no root.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from dev import target
from dev.cluster import handle
from dev.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStatus:
    """One daemon; `pid` is None when it does not run."""

    name: str
    pid: int | None
    log: Path


def read_status(state: State) -> tuple[DaemonStatus, ...]:
    """List the daemons that were started; empty when the environment is not up."""
    cluster = handle.find(state)
    if cluster is None:
        return ()
    return tuple(
        DaemonStatus(
            name=record.name,
            pid=None if record.process() is None else record.pid,
            log=cluster.processes.log(record.name),
        )
        for record in cluster.processes.all()
    )


def headline(state: State) -> str:
    """Tell in a few lines what this environment is."""
    named = target.recall(state)
    if named is not None:
        return f"context {named.context}, registry {named.registry}; state {state.root}"
    cluster = handle.find(state)
    if cluster is None:
        return f"not up; state would be {state.root}. `make up` brings it up."
    addresses = cluster.addresses
    return (
        f"state {state.root}, slot {addresses.slot}\n"
        f"API {addresses.api_url}, registry {addresses.registry}, git {addresses.git_url}\n"
        f"logs {state.logs}"
    )


def table(daemons: Sequence[DaemonStatus]) -> Table:
    """Lay the daemons out."""
    drawn = Table("daemon", "state", "pid", "log", box=None, padding=(0, 2, 0, 0))
    for daemon in daemons:
        word = "[red]ended[/]" if daemon.pid is None else "[green]runs[/]"
        drawn.add_row(daemon.name, word, "" if daemon.pid is None else str(daemon.pid), daemon.log.name)
    return drawn
