"""How the API server comes to trust the webhook: its certificate in a Secret, its authority in two configurations.

Owns reading, creating and replacing the Secret `webhook-certs`, and writing `caBundle`. Leaves making and judging
certificates to whoever passes them in.

Rules:
- All replicas serve the same certificate: the first one stores it, the others read it.
- Of the webhook configurations only `caBundle` is ours (server-side apply with our own field manager); the rest stays
  the installer's.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from kpack_api.core import Secret
from kpack_api.process import MUTATING_WEBHOOK, VALIDATING_WEBHOOK, WEBHOOK_NAME, WEBHOOK_SECRET
from kpack_api.wire import ObjectMeta, to_manifest
from kpack_reconciler.clients.kube.client import KubeClient, NotFoundError, PatchStyle
from kpack_reconciler.clients.kube.paths import core_path, resource_path
from kpack_reconciler.errors import ConflictError
from kpack_reconciler.model.serving_certificate import ServingCertificate

_REGISTRATION = "admissionregistration.k8s.io/v1"
_AUTHORITY, _CERTIFICATE, _KEY = "ca-cert.pem", "server-cert.pem", "server-key.pem"
"""The keys in the Secret, as in kpack (knative)."""
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRegistration:
    """The webhook's Secret and configurations.

    `make` makes a certificate in place of one that no longer serves, `good` says whether one still does.
    """

    kube: KubeClient
    namespace: str
    make: Callable[[ServingCertificate | None], ServingCertificate]
    good: Callable[[ServingCertificate], bool]

    async def certificate(self) -> ServingCertificate:
        """The certificate to serve: the stored one where it is good, else a new one, stored first."""
        for _ in range(_ATTEMPTS):
            stored = await self._read()
            pems = _pems(stored) if stored else None
            if pems and self.good(pems):
                return pems
            made = self.make(pems)
            try:
                await self._write(made, stored)
            except ConflictError:  # another replica was faster: its certificate is ours too
                continue
            return made
        raise ConflictError(f"the Secret {WEBHOOK_SECRET} changes faster than it can be read")

    async def register(self, pems: ServingCertificate) -> None:
        """Tell the API server which authority to trust."""
        bundle = base64.b64encode(pems.authority).decode()
        for kind, plural, name in (
            ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", MUTATING_WEBHOOK),
            ("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", VALIDATING_WEBHOOK),
        ):
            body = {
                "apiVersion": _REGISTRATION,
                "kind": kind,
                "metadata": {"name": name},
                "webhooks": [{"name": name, "clientConfig": {"caBundle": bundle}}],
            }
            path = resource_path(_REGISTRATION, plural, "", name)
            await self.kube.patch(path, body, style=PatchStyle.APPLY, field_manager=WEBHOOK_NAME)

    async def _read(self) -> Secret | None:
        try:
            answer = await self.kube.get(core_path("secrets", self.namespace, WEBHOOK_SECRET))
        except NotFoundError:
            return None
        return msgspec.json.decode(answer, type=Secret)

    async def _write(self, pems: ServingCertificate, stored: Secret | None) -> None:
        data = {_AUTHORITY: pems.authority, _CERTIFICATE: pems.certificate, _KEY: pems.key}
        text = {name: base64.b64encode(content).decode() for name, content in data.items()}
        if stored is None:
            secret = Secret(metadata=ObjectMeta(name=WEBHOOK_SECRET, namespace=self.namespace), data=text)
            body = to_manifest(secret, api_version="v1", kind="Secret")
            await self.kube.create(core_path("secrets", self.namespace), body)
            return
        patch = {"metadata": {"resourceVersion": stored.metadata.resource_version}, "data": text}
        path = core_path("secrets", self.namespace, WEBHOOK_SECRET)
        await self.kube.patch(path, patch, style=PatchStyle.MERGE)


def _pems(secret: Secret) -> ServingCertificate | None:
    if not {_AUTHORITY, _CERTIFICATE, _KEY} <= secret.data.keys():
        return None
    authority, certificate, key = (base64.b64decode(secret.data[name]) for name in (_AUTHORITY, _CERTIFICATE, _KEY))
    return ServingCertificate(authority=authority, certificate=certificate, key=key)
