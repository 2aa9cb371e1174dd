"""Which cluster is worked on: the machine's own, or one that exists.

Owns the choice and how it is remembered in the state, so that `env` and later commands need not be told
again. An existing cluster is never changed by `dev` itself: no process is started and none is ended for it.
"""

from typing import Final

import msgspec

from dev.errors import DevError
from dev.machine.commands import run
from dev.machine.files import write
from dev.state import State

FILE: Final = "target.json"


class NamedTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster that exists.

    `context` is a context of the caller's kubeconfig, `registry` the place for images (`host/path`),
    `git_url` the root of the repositories, empty when the caller has none to offer.
    """

    context: str
    registry: str
    git_url: str = ""


def choose(*, context: str, registry: str, git_url: str) -> NamedTarget | None:
    """Read the caller's choice; None is the machine's own cluster. DevError when half a choice was made."""
    if context and not registry:
        raise DevError(f"CONTEXT={context} needs a registry that the cluster can pull from: add REGISTRY=<host>/<path>")
    if not context and (registry or git_url):
        raise DevError("REGISTRY and GIT_URL go with CONTEXT=<kubeconfig context>; without it both are made here")
    return NamedTarget(context=context, registry=registry, git_url=git_url) if context else None


def remember(state: State, target: NamedTarget) -> None:
    """Keep the choice, and the part of the caller's kubeconfig that belongs to it.

    kubectl is the toolchain's where the state has one, else the one on PATH.

    DevError when the context does not exist or its cluster does not answer.
    """
    ours = state.tools / "kubectl"
    kubectl = str(ours) if ours.exists() else "kubectl"
    export = [kubectl, "config", "view", f"--context={target.context}", "--minify", "--flatten", "--raw"]
    content = run(export)
    write(state.kubeconfig, content)
    try:
        run([kubectl, f"--kubeconfig={state.kubeconfig}", "get", "--raw=/readyz", "--request-timeout=10s"])
    except DevError as error:
        state.kubeconfig.unlink()
        raise DevError(f"the cluster of context {target.context} does not answer: {error}") from error
    write(state.root / FILE, msgspec.json.encode(target).decode())


def recall(state: State) -> NamedTarget | None:
    """Return the remembered choice; None is the machine's own cluster."""
    try:
        return msgspec.json.decode((state.root / FILE).read_bytes(), type=NamedTarget)
    except FileNotFoundError:
        return None
