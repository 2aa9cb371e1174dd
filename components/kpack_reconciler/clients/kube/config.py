"""Where the API server is and how to be let in: from the pod we run in, or from a kubeconfig.

Owns both readers. Leaves requests to `client`, finding and merging kubeconfigs to `kubeconfig`.

Rules:
- A token file is named, not read: bound tokens rotate, so the client reads it again and again.
- Credentials never appear in a repr.
- Login plugins of kubeconfigs (`exec`) are run only for whoever asks for it, a person at the command line;
  auth-provider plugins, which Kubernetes no longer has, never.
"""

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kpack_reconciler.clients.kube.exec_login import exec_login
from kpack_reconciler.clients.kube.kubeconfig import Entry, load_kubeconfig
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


def from_kubeconfig(
    path: Path | None = None, context: str | None = None, *, run_plugins: bool = False
) -> ClusterConfig:
    """The config of a kubeconfig's context.

    `path` None means $KUBECONFIG, else ~/.kube/config; `context` None means the current one. What cannot be read or
    understood is a PermanentError, and so is a login plugin unless `run_plugins` is said.
    """
    kubeconfig = load_kubeconfig(path)
    names = kubeconfig.entry("contexts", context or kubeconfig.current_context).content
    cluster = kubeconfig.entry("clusters", str(names.get("cluster")))
    user = kubeconfig.entry("users", str(names["user"])) if names.get("user") else replace(cluster, content={})
    if "auth-provider" in user.content or ("exec" in user.content and not run_plugins):
        raise PermanentError(
            "UnsupportedKubeconfig", f"{user.file}: login plugins are not run: use a token or certificate"
        )
    if "exec" in user.content:
        user = _logged_in(user, cluster)
    server = str(cluster.content.get("server", ""))
    return ClusterConfig(
        server=server.rstrip("/"),
        tls=_tls(cluster, user) if server.startswith("https") else None,
        token=str(user.content.get("token", "")),
        token_file=user.file.parent / str(user.content["tokenFile"]) if "tokenFile" in user.content else None,
        namespace=str(names.get("namespace", "default")),
    )


def _logged_in(user: Entry, cluster: Entry) -> Entry:
    """The user with what its plugin gives in place of the plugin."""
    plugin = user.content["exec"]
    login = exec_login(plugin if isinstance(plugin, Mapping) else {}, file=user.file, cluster=cluster.content)
    pair = {"client-certificate-data": login.client_certificate_data, "client-key-data": login.client_key_data}
    encoded = {name: base64.b64encode(text.encode()).decode() for name, text in pair.items() if text}
    return replace(user, content={**user.content, "token": login.token, **encoded})


def _tls(cluster: Entry, user: Entry) -> ssl.SSLContext:
    try:
        authority = _content(cluster, "certificate-authority")
        tls = ssl.create_default_context(cadata=authority.decode() if authority else None)
        if cluster.content.get("insecure-skip-tls-verify"):
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        certificate, key = (_content(user, name) for name in ("client-certificate", "client-key"))
        if certificate and key:
            with tempfile.NamedTemporaryFile(suffix=".pem") as both:  # created with mode 0600
                both.write(certificate + b"\n" + key)
                both.flush()
                tls.load_cert_chain(both.name)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise PermanentError(
            "UnreadableKubeconfig", f"{cluster.file}: a certificate or key is not readable: {error}"
        ) from error
    return tls


def _content(entry: Entry, name: str) -> bytes | None:
    if f"{name}-data" in entry.content:
        return base64.b64decode(str(entry.content[f"{name}-data"]))
    return (entry.file.parent / str(entry.content[name])).read_bytes() if name in entry.content else None
