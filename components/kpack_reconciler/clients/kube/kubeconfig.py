"""Kubeconfigs: the files that people name, read as one.

Owns finding, reading and merging. Leaves the meaning of entries to `config`.

Rules (Kubernetes, "Organizing Cluster Access Using kubeconfig Files"):
- `$KUBECONFIG` may name several files; those of them that do not exist are passed over.
- The first file that has an entry of a name, or a current context, wins.
- Paths in an entry are relative to the file in which it stands.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kpack_reconciler.errors import PermanentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What stands under a name, and the file in which it does."""

    content: Mapping[str, object]
    file: Path


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """The files that exist, first to last, with their content."""

    files: Sequence[tuple[Path, Mapping[str, object]]]

    @property
    def title(self) -> str:
        """How messages call it."""
        return os.pathsep.join(str(file) for file, _ in self.files)

    @property
    def current_context(self) -> str:
        """The context that is meant where none is named; "" where no file says it."""
        return next((str(said) for _, document in self.files if (said := document.get("current-context"))), "")

    def entry(self, section: str, name: str) -> Entry:
        """The entry of this name in `contexts`, `clusters` or `users`. PermanentError where there is none."""
        for file, document in self.files:
            entries = document.get(section)
            for entry in entries if isinstance(entries, list) else []:
                if isinstance(entry, dict) and entry.get("name") == name:
                    content = entry.get(section.removesuffix("s"))
                    return Entry(content=content if isinstance(content, dict) else {}, file=file)
        raise PermanentError(
            "UnreadableKubeconfig", f"{self.title} has no {section} entry {name!r}: choose another context"
        )


def load_kubeconfig(path: Path | None = None) -> Kubeconfig:
    """The file at `path`; None means those of $KUBECONFIG, else ~/.kube/config.

    PermanentError where there is none, or one cannot be read or understood.
    """
    named = [Path(name) for name in os.environ.get("KUBECONFIG", "").split(os.pathsep) if name]
    wanted = [path] if path else named or [Path.home() / ".kube" / "config"]
    present = [file for file in wanted if file.exists()]
    return Kubeconfig([(file, _load(file)) for file in present or wanted])


def _load(file: Path) -> Mapping[str, object]:
    import yaml  # noqa: PLC0415 - only people's machines have kubeconfigs, and PyYAML

    try:
        document = yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except (OSError, yaml.YAMLError) as error:
        raise PermanentError("UnreadableKubeconfig", f"cannot read kubeconfig {file}: {error}") from error
    if not isinstance(document, dict):
        raise PermanentError("UnreadableKubeconfig", f"{file} is not a kubeconfig: set KUBECONFIG to one")
    return document
