"""`up`: the steps from a bare machine to the build service.

Owns which steps there are, for the machine's own cluster and for one that exists. What comes
after the cluster is `dev.build_service`'s.
"""

from collections.abc import Sequence
from functools import partial

from dev import preflight, target
from dev.build_service import service_steps
from dev.cluster import handle
from dev.cluster.infrastructure import infrastructure_steps
from dev.environment import Environment, load_environment
from dev.errors import DevError
from dev.state import State, locked
from dev.steps import Note, Outcome, Reporter, Step, StepResult, run_steps
from dev.target import NamedTarget
from dev.tools import tools_step, wanted


def cluster_up(state: State, reporter: Reporter, *, tools: Sequence[str]) -> Environment:
    """Bring up the machine's own cluster, registry and git server, with these programs of the toolchain."""
    preflight.check(state)
    with locked(state):
        run_steps(own_cluster(state, tools=tools), reporter)
    return load_environment(state)


def up(state: State, reporter: Reporter, *, named: NamedTarget | None) -> tuple[StepResult, ...]:
    """Bring up everything, on the machine's own cluster or on a named one."""
    refuse_other_target(state, named)
    tools = wanted(state, own_cluster=named is None)
    preflight.check(state, own_cluster=named is None)
    with locked(state):
        first = own_cluster(state, tools=tools) if named is None else existing_cluster(state, named, tools=tools)
        return run_steps((*first, *service_steps(state)), reporter)


def own_cluster(state: State, *, tools: Sequence[str]) -> tuple[Step, ...]:
    """List the steps of the machine's own cluster; claims the state's slot."""
    state.create()
    return (tools_step(state, tools), *infrastructure_steps(handle.claim(state)))


def existing_cluster(state: State, named: NamedTarget, *, tools: Sequence[str]) -> tuple[Step, ...]:
    """List the steps for a cluster that exists: have the tools, and look whether it answers."""
    state.create()
    return (tools_step(state, tools), Step(name=f"context {named.context}", run=partial(_use, state, named)))


def refuse_other_target(state: State, named: NamedTarget | None) -> None:
    """Raise DevError when the state belongs to another cluster: two in one state would be taken for one."""
    before = target.recall(state)
    other = handle.find(state) is not None if named is not None else before is not None
    if other or (named is not None and before is not None and before.context != named.context):
        raise DevError(f"{state.root} belongs to another cluster; run `make down` first")


def _use(state: State, named: NamedTarget, _note: Note) -> Outcome:
    target.remember(state, named)
    return Outcome.DONE
