"""Where the API server is and how to be let in: from the pod we run in, or from a kubeconfig.

Owns both readers. Leaves requests to `client`.

Rules:
- A token file is named, not read: bound tokens rotate, so the client reads it again and again.
- Credentials never appear in a repr.
- Exec and auth-provider plugins of kubeconfigs are refused with a message, never run.
"""

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kpack_reconciler.errors import PermanentError

_POD_CREDENTIALS = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterConfig:
    """An API server and a way in. `namespace` is where a person works by default; `tls` None means plain http."""

    server: str
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    token: str = field(default="", repr=False)
    token_file: Path | None = None
    namespace: str = "default"


def runs_in_pod() -> bool:
    """Whether this process was started by a kubelet with a service account."""
    return "KUBERNETES_SERVICE_HOST" in os.environ and (_POD_CREDENTIALS / "token").exists()


def in_cluster() -> ClusterConfig:
    """The config of the pod that this process runs in; PermanentError where there is none."""
    if not runs_in_pod():
        raise PermanentError(
            "NotInCluster", "no service account token is mounted here: run in a pod, or set KUBECONFIG"
        )
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    return ClusterConfig(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        tls=ssl.create_default_context(cafile=str(_POD_CREDENTIALS / "ca.crt")),
        token_file=_POD_CREDENTIALS / "token",
        namespace=(_POD_CREDENTIALS / "namespace").read_text().strip(),
    )


def from_kubeconfig(path: Path | None = None, context: str | None = None) -> ClusterConfig:
    """The config of a kubeconfig's context.

    `path` None means $KUBECONFIG, else ~/.kube/config; `context` None means the file's current one. A file that
    cannot be read or understood is a PermanentError.
    """
    where = path or Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    document = _load(where)
    chosen = context or str(document.get("current-context", ""))
    names = _entry(document, "contexts", chosen, where)
    cluster = _entry(document, "clusters", str(names.get("cluster")), where)
    user = _entry(document, "users", str(names.get("user")), where) if names.get("user") else {}
    if "exec" in user or "auth-provider" in user:
        raise PermanentError("UnsupportedKubeconfig", f"{where}: login plugins are not run: use a token or certificate")
    server = str(cluster.get("server", ""))
    return ClusterConfig(
        server=server.rstrip("/"),
        tls=_tls(cluster, user, where) if server.startswith("https") else None,
        token=str(user.get("token", "")),
        token_file=where.parent / str(user["tokenFile"]) if "tokenFile" in user else None,
        namespace=str(names.get("namespace", "default")),
    )


def _load(where: Path) -> Mapping[str, object]:
    import yaml  # noqa: PLC0415 - only people's machines have kubeconfigs, and PyYAML

    try:
        document = yaml.load(where.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except (OSError, yaml.YAMLError) as error:
        raise PermanentError("UnreadableKubeconfig", f"cannot read kubeconfig {where}: {error}") from error
    if not isinstance(document, dict):
        raise PermanentError("UnreadableKubeconfig", f"{where} is not a kubeconfig: set KUBECONFIG to one")
    return document


def _entry(document: Mapping[str, object], section: str, name: str, where: Path) -> Mapping[str, object]:
    entries = document.get(section)
    for entry in entries if isinstance(entries, list) else []:
        if entry.get("name") == name:
            content: Mapping[str, object] = entry.get(section.removesuffix("s")) or {}
            return content
    raise PermanentError("UnreadableKubeconfig", f"{where} has no {section} entry {name!r}: choose another context")


def _tls(cluster: Mapping[str, object], user: Mapping[str, object], where: Path) -> ssl.SSLContext:
    try:
        authority = _content(cluster, "certificate-authority", where.parent)
        tls = ssl.create_default_context(cadata=authority.decode() if authority else None)
        if cluster.get("insecure-skip-tls-verify"):
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        certificate, key = (_content(user, name, where.parent) for name in ("client-certificate", "client-key"))
        if certificate and key:
            with tempfile.NamedTemporaryFile(suffix=".pem") as both:  # created with mode 0600
                both.write(certificate + b"\n" + key)
                both.flush()
                tls.load_cert_chain(both.name)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise PermanentError(
            "UnreadableKubeconfig", f"{where}: a certificate or key is not readable: {error}"
        ) from error
    return tls


def _content(entry: Mapping[str, object], name: str, folder: Path) -> bytes | None:
    if f"{name}-data" in entry:
        return base64.b64decode(str(entry[f"{name}-data"]))
    return (folder / str(entry[name])).read_bytes() if name in entry else None
