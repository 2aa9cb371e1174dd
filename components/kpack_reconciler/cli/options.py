"""The options that commands share, and the forms of their answers.

Owns names, defaults and help texts. Rule: nothing heavy is imported here, so that `kpack --help` answers at once.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


class OutputFormat(StrEnum):
    """The forms of a list, by kubectl's names."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


class TextFormat(StrEnum):
    """The forms of an explanation."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where the cluster is, and how long the whole command may take."""

    namespace: Annotated[str, Parameter(name=["--namespace", "-n"], show_default=False)] = ""
    """Namespace of the image; the kubeconfig's own, else `default`."""
    kubeconfig: Path | None = None
    """Path of the kubeconfig; $KUBECONFIG, else ~/.kube/config."""
    context: str | None = None
    """Context of the kubeconfig; its current one where not given."""
    timeout: Annotated[str, Parameter(show_default=False)] = ""
    """Longest time that the command may take, such as 90s, 10m or 1h. Default 1h; without end for --watch."""


HERE = Connection()

Output = Annotated[OutputFormat, Parameter(name=["--output", "-o"])]
TextOutput = Annotated[TextFormat, Parameter(name=["--output", "-o"])]
Watch = Annotated[bool, Parameter(name=["--watch", "-w"])]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"])]
AllNamespaces = Annotated[bool, Parameter(name=["--all-namespaces", "-A"])]
BuildNumber = Annotated[int | None, Parameter(name=["--build", "-b"])]
