"""Whole images: the linux/amd64 image behind a reference, as its manifest's and config's bytes.

Leaves their meaning to `model.image_documents`.
"""

from kpack_reconciler.clients.registry.client import RegistryClient
from kpack_reconciler.clients.registry.documents import config_of
from kpack_reconciler.model.rebase import RemoteImage
from kpack_reconciler.model.references import ImageReference


async def read_image(client: RegistryClient, reference: ImageReference) -> RemoteImage:
    """Read manifest and config; of an index, those of its image for linux/amd64. Raises the client's errors."""
    manifest = await client.image(reference)
    image = reference.with_digest(manifest.digest)
    return RemoteImage(
        reference=image, manifest=manifest.raw, config=await client.blob(image, config_of(manifest, image))
    )
