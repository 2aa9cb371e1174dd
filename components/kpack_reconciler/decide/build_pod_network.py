"""What a build pod's containers are told of the company's network: its authorities and its proxies.

Rules:
- Nothing changes in a pod when nothing is configured.
- Our own image gets the authorities as text. The lifecycle runs in images of others, whose own authorities nobody else
  can read: `prepare` leaves the company's in a folder, and SSL_CERT_DIR names it behind the places that Go looks in by
  itself (Go `crypto/x509`; OpenSSL reads the same variable). Only `prepare` may write there.
- A proxy with a login is in no pod's manifest, which more people can read than Secrets: it comes from the Secret
  `kpack-proxy` of the build's namespace. Without that Secret the pod does not start, and the Build says so.
- Tools differ in which spelling of a proxy's variable they read, so both are there.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from kpack_api.core import Container, EmptyDir, EnvVar, Volume, VolumeMount
from kpack_api.names import Step
from kpack_api.network import Network
from kpack_api.process import CERTIFICATE_FOLDERS, CERTIFICATES_PATH, PROXY_SECRET, StepEnvironment

_CERTIFICATES_MOUNT = VolumeMount(name="certificates-dir", mount_path=CERTIFICATES_PATH)


def connected(container: Container, network: Network) -> Container:
    """The container with what it needs to reach the outside."""
    mounts = _mounts(container.name) if network.certificates else ()
    trust = _trust(container.name, network) if network.certificates else ()
    return replace(
        container,
        env=(*container.env, *trust, *_proxies(network)),
        volume_mounts=(*container.volume_mounts, *mounts),
    )


def certificate_volumes(network: Network) -> tuple[Volume, ...]:
    """The volume that carries the authorities from `prepare` to the lifecycle."""
    return (Volume(name=_CERTIFICATES_MOUNT.name, empty_dir=EmptyDir()),) if network.certificates else ()


def literal(value: str) -> str:
    """The value as Kubernetes must be given it, which else would expand `$(NAME)`."""
    return value.replace("$", "$$")


def _mounts(step: str) -> tuple[VolumeMount, ...]:
    match step:
        case Step.PREPARE:
            return (_CERTIFICATES_MOUNT,)
        case Step.COMPLETION:
            return ()
    return (replace(_CERTIFICATES_MOUNT, read_only=True),)


def _trust(step: str, network: Network) -> tuple[EnvVar, ...]:
    if step in (Step.PREPARE, Step.COMPLETION):
        return (EnvVar(name=StepEnvironment.CERTIFICATES, value=network.certificates),)
    return (EnvVar(name="SSL_CERT_DIR", value=CERTIFICATE_FOLDERS),)


def _proxies(network: Network) -> Iterator[EnvVar]:
    for name, value in network.proxies.items():
        for spelling in (name.value, name.value.lower()):
            if network.has_login:
                reference: dict[str, object] = {"name": PROXY_SECRET, "key": name.value}
                yield EnvVar(name=spelling, value_from={"secretKeyRef": reference})
            else:
                yield EnvVar(name=spelling, value=literal(value))
