"""What an API server does with objects, without the wire: enough of Kubernetes to be written and refused by.

Rules it keeps as the real one does: a resource version that grows with each write, uid and generation, the status
subresource apart from the rest, a patch that changes nothing writes nothing, 409 for stale versions, foreign UIDs and
names that are taken, graceful deletion, label selectors. Stored objects are never changed, only replaced.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

_PATH = re.compile(
    r"^/(?P<api>api/v1|apis/[^/]+/[^/]+)(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<subresource>[a-z]+))?$"
)
Json = dict[str, Any]
Place = tuple[str, str, str]
"""Collection, namespace and name."""


@dataclass(frozen=True, slots=True)
class Target:
    """A request's path, taken apart."""

    collection: str
    namespace: str
    name: str
    subresource: str

    @property
    def place(self) -> Place:
        """Where the object lies."""
        return self.collection, self.namespace, self.name


@dataclass(frozen=True, slots=True)
class Change:
    """One write: its version, ADDED, MODIFIED or DELETED, the object, and the line of a watch that tells it."""

    version: int
    type: str
    value: Json
    line: bytes


class RefusedError(Exception):
    """A request ends in a Status."""

    def __init__(self, code: int, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.code = code
        self.body = {"kind": "Status", "code": code, "reason": reason, "message": message or reason}


class ApiObjects:
    """Objects by place. `graceful` collections keep what is deleted until `remove`; `now` gives creation times."""

    graceful: frozenset[str] = frozenset()

    def __init__(self, now: Callable[[], str] = lambda: "2026-11-24T10:00:00Z") -> None:
        self.objects: dict[Place, Json] = {}
        self.history: dict[str, list[Change]] = {}
        self.version = 100
        self.oldest = 100
        self._now = now

    def put(self, path: str, body: Json) -> Json:
        """Create or overwrite an object, given its collection's path (with the namespace)."""
        target = target_of(path)
        body = copied(body)
        metadata = body.setdefault("metadata", {})
        metadata["namespace"] = target.namespace
        place = (target.collection, target.namespace, metadata["name"])
        return self._store(place, body, "MODIFIED" if place in self.objects else "ADDED")

    def get(self, path: str) -> Json:
        """The object at this path."""
        return self.objects[target_of(path).place]

    def all(self, path: str) -> list[Json]:
        """The objects of this collection."""
        return list(self.matching(target_of(path)))

    def remove(self, path: str) -> None:
        """Delete an object at once."""
        self._remove(target_of(path).place)

    def compact(self) -> None:
        """Refuse watches from versions before now with 410."""
        self.oldest = self.version

    def told(self, _change: Change, _target: Target) -> None:
        """Called after each write, with the place it was made in."""

    def matching(self, target: Target, selector: str = "") -> Iterator[Json]:
        """The objects of a collection that a label selector fits, in the order of their names."""
        for (collection, _, _), value in sorted(self.objects.items(), key=lambda item: item[0]):
            if collection == target.collection and fits(value, target, selector):
                yield value

    def write(self, method: str, target: Target, body: Any) -> Json:
        """Carry out a request that is no list and no watch. Raises RefusedError."""
        if method == "POST":
            return self._create(target, body)
        if target.place not in self.objects:
            raise RefusedError(404, "NotFound", f"{target.name} not found")
        match method:
            case "PUT":
                self._check_version(target.place, body)
                return self._store(target.place, body, "MODIFIED")
            case "PATCH":
                return self._patch(target, body)
            case "DELETE":
                wanted = body.get("preconditions", {}).get("uid")
                if wanted and wanted != self.objects[target.place]["metadata"]["uid"]:
                    raise RefusedError(409, "Conflict", "the UID is another")
                return self._delete(target.place)
        return self.objects[target.place]

    def _create(self, target: Target, body: Json) -> Json:
        metadata = body.setdefault("metadata", {})
        metadata["namespace"] = target.namespace
        metadata.setdefault("name", f"{metadata.get('generateName', '')}{self.version:05d}")
        place = (target.collection, target.namespace, metadata["name"])
        if place in self.objects:
            raise RefusedError(409, "AlreadyExists", f"{metadata['name']} already exists")
        return self._store(place, body, "ADDED")

    def _patch(self, target: Target, patch: Json | list[Json]) -> Json:
        before = self.objects[target.place]
        if isinstance(patch, list):
            value = _operated(copied(before), patch)
            self._check_version(target.place, value)
        else:
            self._check_version(target.place, patch)
            if target.subresource == "status":
                patch = {"status": patch.get("status", {})}
            elif "build.pivotal.io" in target.collection:
                patch = {key: part for key, part in patch.items() if key != "status"}
            value = _merged(before, patch)
        if value == before:
            return before
        return self._store(target.place, value, "MODIFIED")

    def _check_version(self, place: Place, body: Json) -> None:
        wanted = body.get("metadata", {}).get("resourceVersion")
        if wanted and wanted != self.objects[place]["metadata"]["resourceVersion"]:
            raise RefusedError(409, "Conflict", "the object has been modified")

    def _store(self, place: Place, body: Json, kind: str) -> Json:
        before = self.objects.get(place)
        metadata = {**body["metadata"], "resourceVersion": str(self.version + 1)}
        metadata.setdefault("uid", before["metadata"]["uid"] if before else f"uid-{self.version + 1}")
        metadata.setdefault("creationTimestamp", before["metadata"]["creationTimestamp"] if before else self._now())
        changed = before is None or before.get("spec") != body.get("spec")
        metadata["generation"] = (before["metadata"]["generation"] if before else 0) + int(changed)
        self.objects[place] = body = {**body, "metadata": metadata}
        self._tell(place, kind, body)
        return body

    def _delete(self, place: Place) -> Json:
        body = self.objects[place]
        if place[0] not in self.graceful:
            return self._remove(place)
        if "deletionTimestamp" in body["metadata"]:
            return body
        return self._store(place, _merged(body, {"metadata": {"deletionTimestamp": self._now()}}), "MODIFIED")

    def _remove(self, place: Place) -> Json:
        body = self.objects.pop(place)
        body = _merged(body, {"metadata": {"resourceVersion": str(self.version + 1)}})
        self._tell(place, "DELETED", body)
        return body

    def _tell(self, place: Place, kind: str, body: Json) -> None:
        self.version += 1
        line = msgspec.json.encode({"type": kind, "object": body}) + b"\n"
        change = Change(self.version, kind, body, line)
        self.history.setdefault(place[0], []).append(change)
        self.told(change, Target(*place, ""))


def copied(body: Json) -> Json:
    """The same object, as the wire would bring it."""
    result: Json = msgspec.json.decode(msgspec.json.encode(body))
    return result


def target_of(path: str) -> Target:
    """A path, taken apart; RefusedError where there is no such path."""
    found = _PATH.match(path)
    if not found:
        raise RefusedError(404, "NotFound", f"no such path: {path}")
    parts = {name: part or "" for name, part in found.groupdict().items()}
    collection = f"{parts['api']}/{parts['plural']}"
    return Target(collection, parts["namespace"], parts["name"], parts["subresource"])


def fits(value: Json, target: Target, selector: str) -> bool:
    """Whether an object is in the namespace of a request and has the label it asks for."""
    if target.namespace and value["metadata"].get("namespace") != target.namespace:
        return False
    labels: Mapping[str, str] = value["metadata"].get("labels", {})
    wanted, _, text = selector.partition("=")
    return not selector or (labels.get(wanted) == text if text else wanted in labels)


def _operated(value: Json, operations: list[Json]) -> Json:
    for operation in operations:
        if operation["op"] != "add":
            raise RefusedError(422, "Invalid", f"the fake knows no {operation['op']}")
        *parents, last = operation["path"].strip("/").split("/")
        place = value
        for parent in parents:
            place = place[parent]
        place[last] = operation["value"]
    return value


def _merged(value: Json, patch: Json) -> Json:
    """A JSON merge patch (RFC 7386), with webhooks merged one by one."""
    result = dict(value)
    for key, part in patch.items():
        if part is None:
            result.pop(key, None)
        elif isinstance(part, dict):
            result[key] = _merged(result.get(key) or {}, part)
        elif key == "webhooks":
            result[key] = [_merged(old, new) for old, new in zip(result[key], part, strict=True)]
        else:
            result[key] = part
    return result
