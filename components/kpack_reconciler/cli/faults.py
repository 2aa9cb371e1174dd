"""What a failure means for the person at the keyboard, and what to do next. Pure.

Owns the words for failures of the conversation itself: no kubeconfig, no answer, not let in, not allowed. Leaves those
about images and builds to the commands that meet them.
"""

import re

import msgspec

from kpack_reconciler.clients.kube.client import ForbiddenError
from kpack_reconciler.errors import PermanentError, TransientError

_REFUSAL = re.compile(
    r'cannot (?P<verb>\w+) resource "(?P<resource>[a-z]+)(?:/(?P<part>[a-z]+))?" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]+)")?'
)
"""The API server's own words (Kubernetes `pkg/registry/authorization` and apiserver's `Forbidden`)."""


def fault_text(error: Exception) -> str:
    """The failure in one line that ends with the next step."""
    match error:
        case ForbiddenError():
            return f"{error}. {_right_to_ask_for(str(error))}"
        case PermanentError(reason="Unauthorized"):
            return f"{error}: the cluster does not know you. Log in again, or choose another --context"
        case PermanentError(reason="UnreadableKubeconfig"):
            return f"{error}. Name the file with --kubeconfig or $KUBECONFIG, and one of its contexts with --context"
        case msgspec.MsgspecError():
            return f"the answer is not that of a Kubernetes API server: {error}. Check the server of the kubeconfig"
        case TransientError():
            return f"the cluster does not answer: {error}. Check that it is up, or choose another --context"
    return str(error)


def _right_to_ask_for(message: str) -> str:
    found = _REFUSAL.search(message)
    if found is None:
        return "Ask for the right to read images, builds, pods and pods/log there"
    verb, resource, part, group, namespace = found.groups()
    whole = f"{resource}/{part}" if part else resource
    where = f" in namespace {namespace}" if namespace else " in the whole cluster"
    kind = f"{resource}.{group}" if group else resource
    check = f"kubectl auth can-i {verb} {kind}" + (f" --subresource={part}" if part else "")
    check += f" -n {namespace}" if namespace else " -A"
    return f"Ask for a role with verb {verb} on {whole}{where}; `{check}` tells when you have it"
