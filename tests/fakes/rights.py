"""An API server in memory that asks for rights: RBAC as Kubernetes judges it, for one service account.

Rules: a binding grants its role's rules to its subjects, a RoleBinding in its own namespace only; what no rule allows
is answered 403 and kept in `refused`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.api_objects import RefusedError, target_of
from tests.fakes.kubernetes import FakeKubernetes

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request wants to do."""

    verb: str
    group: str
    resource: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Write it as `kubectl auth can-i` would."""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{'/' if self.name else ''}{self.name}{where}"


class GuardedKubernetes(FakeKubernetes):
    """Objects for the service account (name, namespace) with the rights that these roles and bindings give it."""

    def __init__(self, account: tuple[str, str], granted: Iterable[Any]) -> None:
        super().__init__()
        self.account = account
        self.refused: list[str] = []
        self._rules: list[tuple[str, Any]] = []
        self.grant(granted)

    def grant(self, granted: Iterable[Any]) -> None:
        """Give further rights."""
        objects = list(granted)
        roles = {(each["kind"], _place(each)): each["rules"] for each in objects if each["kind"].endswith("Role")}
        for each in objects:
            if each["kind"].endswith("Binding") and self._is_meant(each):
                namespace, role = each["metadata"].get("namespace", ""), each["roleRef"]
                rules = roles[role["kind"], (namespace, role["name"])]
                self._rules += [(namespace, rule) for rule in rules]

    def _is_meant(self, binding: Any) -> bool:
        return self.account in [(each["name"], each["namespace"]) for each in binding["subjects"]]

    def _refuse(self, request: web.Request) -> None:
        super()._refuse(request)
        asked = asked_of(request)
        if not any(_allows(rule, asked) for namespace, rule in self._rules if namespace in ("", asked.namespace)):
            self.refused.append(str(asked))
            raise RefusedError(403, "Forbidden", f"may not {asked}")


def asked_of(request: web.Request) -> Asked:
    """What a request wants (Kubernetes, "Authorization Overview", request verbs).

    A field selector of one name is a name (Kubernetes, `RequestInfoFactory`).
    """
    target = target_of(request.path)
    selected = request.query.get("fieldSelector", "").partition("metadata.name=")[2]
    read = "watch" if "watch" in request.query else "get" if target.name else "list"
    parts = target.collection.split("/")
    return Asked(
        verb=_VERBS.get(request.method, read),
        group=parts[1] if parts[0] == "apis" else "",
        resource="/".join(part for part in (parts[-1], target.subresource) if part),
        namespace=target.namespace,
        name=target.name or selected,
    )


def _allows(rule: Any, asked: Asked) -> bool:
    return (
        asked.group in rule["apiGroups"]
        and asked.resource in rule["resources"]
        and asked.verb in rule["verbs"]
        and asked.name in rule.get("resourceNames", (asked.name,))
    )


def _place(value: Any) -> tuple[str, str]:
    return value["metadata"].get("namespace", ""), value["metadata"]["name"]
