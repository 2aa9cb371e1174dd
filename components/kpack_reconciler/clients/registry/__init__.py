"""OCI registries: an async client for manifests, configs and blobs."""

from kpack_reconciler.clients.registry.answers import UnauthorizedError
from kpack_reconciler.clients.registry.client import RegistryClient
from kpack_reconciler.clients.registry.documents import ImageConfig, Manifest
from kpack_reconciler.clients.registry.known import KnownRegistries

__all__ = ["ImageConfig", "KnownRegistries", "Manifest", "RegistryClient", "UnauthorizedError"]
