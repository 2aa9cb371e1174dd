"""Secrets and service accounts in the forms that kpack reads (annotations of kpack v0.0.9)."""

from collections.abc import Sequence

from kpack_api.names import DOCKER_ANNOTATION, GIT_ANNOTATION
from pulumi_kpack.manifests import Manifest, metadata, present

BASIC_AUTH = "kubernetes.io/basic-auth"
SSH_AUTH = "kubernetes.io/ssh-auth"
DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"


def registry_login(
    name: object, namespace: object, registry: object, *, username: object, password: object
) -> Manifest:
    """A login for one registry."""
    content = {"username": username, "password": password}
    return _secret(metadata(name, namespace, annotations={DOCKER_ANNOTATION: registry}), BASIC_AUTH, content)


def docker_config(name: object, namespace: object, document: object) -> Manifest:
    """A whole `config.json` of docker; the kubelet can pull with it, too."""
    return _secret(metadata(name, namespace), DOCKER_CONFIG, {".dockerconfigjson": document})


def git_login(name: object, namespace: object, url: object, *, username: object, password: object) -> Manifest:
    """A login for the git servers whose URL begins with `url`."""
    content = {"username": username, "password": password}
    return _secret(metadata(name, namespace, annotations={GIT_ANNOTATION: url}), BASIC_AUTH, content)


def git_key(
    name: object, namespace: object, host: object, *, private_key: object, known_hosts: object = None
) -> Manifest:
    """An SSH key for a git server, and the host keys to trust, as OpenSSH's known_hosts file has them."""
    content = present({"ssh-privatekey": private_key, "known_hosts": known_hosts})
    return _secret(metadata(name, namespace, annotations={GIT_ANNOTATION: host}), SSH_AUTH, content)


def service_account(
    name: object, namespace: object, secrets: Sequence[object], *, pull_secrets: Sequence[object] = ()
) -> Manifest:
    """The account under which builds run; it names the secrets, and its pods get no token for the API."""
    names = {
        "secrets": [{"name": secret} for secret in secrets],
        "imagePullSecrets": [{"name": secret} for secret in pull_secrets],
    }
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(name, namespace),
        "automountServiceAccountToken": False,
        **present(names),
    }


def _secret(meta: Manifest, kind: str, content: Manifest) -> Manifest:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": kind, "stringData": content}
