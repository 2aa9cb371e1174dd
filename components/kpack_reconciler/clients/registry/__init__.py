"""OCI registries: an async client for manifests, configs and blobs."""

from kpack_reconciler.clients.registry.client import ImageConfig, Manifest, RegistryClient

__all__ = ["ImageConfig", "Manifest", "RegistryClient"]
