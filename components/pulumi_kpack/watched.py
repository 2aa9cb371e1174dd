"""The namespaces that a service watches, where it does not watch all.

Rules:
- they exist, or the program makes them; Roles in them are all that is declared there;
- the Role of a namespace that is known when the program starts goes by the namespace's name: others may come and go;
  that of an output goes by its place in the list, in the cluster too, so that two never claim one object.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from pulumi_kpack.args import Text
from pulumi_kpack.manifests.rbac import CONTROLLER_BUILDS
from pulumi_kpack.rules import InvalidArgumentError, check_namespaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A namespace, the name of the Role in it, and what tells it apart from the others in Pulumi's state."""

    namespace: pulumi.Input[str]
    role: str
    mark: str


def known_names(service: str, given: Sequence[Text]) -> pulumi.Output[list[str]]:
    """The namespaces by name, in the order given; none given are all. RunError where one is no name, or there twice."""
    return pulumi.Output.all(*given).apply(lambda found: _checked(service, found))


def watched_namespaces(service: str, given: Sequence[Text]) -> tuple[Watched, ...]:
    """The namespaces with the names of what is declared in each. One that is not known yet leaves the others known."""
    return tuple(_watched(service, place, each) for place, each in enumerate(given))


def _watched(service: str, place: int, given: Text) -> Watched:
    if isinstance(given, str):
        return Watched(namespace=given, role=CONTROLLER_BUILDS, mark=f"-{given}")
    known = pulumi.Output.all(given).apply(lambda found: _checked(service, found, first=place)[0])
    return Watched(namespace=known, role=f"{CONTROLLER_BUILDS}.{place}", mark="")


def _checked(service: str, found: Sequence[str], *, first: int = 0) -> list[str]:
    """The names, which stand in the list from the place `first` on."""
    if not found:
        return []
    try:
        check_namespaces(service, found, first=first)
    except InvalidArgumentError as error:
        raise pulumi.RunError(f"BuildService {service}: {error}") from error
    return list(found)
