"""Logins by a program that a kubeconfig names (`users[].user.exec`): kubeconfigs of EKS, GKE and AKS have nothing else.

Owns running the program and reading its answer (Kubernetes, "client-go credential plugins",
`client.authentication.k8s.io/v1` and `v1beta1`). Leaves it to `config` whether programs may be run at all.

Rules:
- no shell; the caller's environment and what `env` adds; a relative command with a slash is that of the kubeconfig's
  folder, as kubectl has it;
- its standard error is the person's, since it may ask to log in; its output holds a secret and is never shown;
- it runs once for each command of `kpack`: a login that ends while a command watches ends the command.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from kpack_reconciler.errors import PermanentError

GROUP: Final = "client.authentication.k8s.io"
VERSIONS: Final = (f"{GROUP}/v1", f"{GROUP}/v1beta1")
SECONDS: Final = 120.0
"""A person may have to log in with a browser meanwhile."""


class Login(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the program gave: a token, or a certificate and its key as PEM, or both."""

    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""

    def __repr__(self) -> str:
        """Say nothing: all of it is secret."""
        return "Login(…)"


class _Answer(msgspec.Struct, rename="camel"):
    api_version: str = ""
    status: Login | None = None


def exec_login(plugin: Mapping[str, object], *, file: Path, cluster: Mapping[str, object]) -> Login:
    """Run a kubeconfig's plugin, as it stands in `file`, and give its login; PermanentError when it gives none."""
    version = str(plugin.get("apiVersion", ""))
    if version not in VERSIONS:
        raise _failure(file, f"speaks {version or 'no version'}: only {' and '.join(VERSIONS)} are understood")
    command = [_program(str(plugin.get("command", "")), file), *_texts(plugin.get("args"))]
    try:
        result = subprocess.run(
            command,
            env={**os.environ, **_variables(plugin), "KUBERNETES_EXEC_INFO": _info(plugin, version, cluster)},
            stdin=None if _is_interactive(plugin) else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=False,
            timeout=SECONDS,
        )
    except FileNotFoundError as error:
        hint = str(plugin.get("installHint", "")).strip() or "install it, or use another context"
        raise _failure(file, f"{command[0]} does not exist: {hint}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failure(file, f"{command[0]} could not be run: {type(error).__name__}; run it by hand") from error
    if result.returncode != 0:
        raise _failure(file, f"{command[0]} ended with {result.returncode}; its own words are above")
    return _read(result.stdout, version, file)


def _read(output: bytes, version: str, file: Path) -> Login:
    try:
        answer = msgspec.json.decode(output, type=_Answer)
    except msgspec.DecodeError as error:
        raise _failure(file, "answered with something else than an ExecCredential; run it by hand") from error
    login = answer.status
    if answer.api_version != version:
        raise _failure(file, f"answered with {answer.api_version or 'no version'} to {version}; correct the kubeconfig")
    if login is None or not (login.token or (login.client_certificate_data and login.client_key_data)):
        raise _failure(file, "answered without a token or certificate; log in with the cloud's own command")
    return login


def _program(command: str, file: Path) -> str:
    return str(file.parent / command) if os.sep in command and not command.startswith(os.sep) else command


def _info(plugin: Mapping[str, object], version: str, cluster: Mapping[str, object]) -> str:
    spec: dict[str, object] = {"interactive": _is_interactive(plugin)}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = dict(cluster)
    return msgspec.json.encode({"apiVersion": version, "kind": "ExecCredential", "spec": spec}).decode()


def _is_interactive(plugin: Mapping[str, object]) -> bool:
    return plugin.get("interactiveMode") != "Never" and sys.stdin is not None and sys.stdin.isatty()


def _variables(plugin: Mapping[str, object]) -> dict[str, str]:
    entries = plugin.get("env")
    return {
        str(entry["name"]): str(entry.get("value", ""))
        for entry in (entries if isinstance(entries, Sequence) and not isinstance(entries, str) else ())
        if isinstance(entry, Mapping) and "name" in entry
    }


def _texts(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, Sequence) and not isinstance(values, str) else []


def _failure(file: Path, what: str) -> PermanentError:
    return PermanentError("LoginFailed", f"the login plugin of {file} {what}")
