"""`promote`, the one container of a promotion's Job: copies an image by digest to other tags, if the rules allow it.

Owns the order of reading, judging, copying and checking. Leaves the rules to `model.promotion`, blobs to
`clients.registry.copying`, logins to `secrets`.

Rules:
- Nothing is built and nothing is changed: manifests travel as the bytes that they are, so the digest stays.
- Nothing is written before every image is judged; of an index all images are judged and copied. Whether writing is
  allowed is asked before a blob is read.
- Blobs come before manifests, images before their index, the index before the next tag: a tag never leads nowhere.
- At the end each tag is read back; it must lead to the digest that was ordered.
- What may pass is tried three times. Doing it again does no harm: what is there is not copied.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from kpack_api import process
from kpack_api.promotion import PromotionOrder, read_order
from kpack_reconciler.clients.registry import Manifest, RegistryClient, UnauthorizedError
from kpack_reconciler.clients.registry.copying import copy_blobs
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import Keychain
from kpack_reconciler.model.image_parts import blobs_of, children_of, config_of, read_created_and_labels
from kpack_reconciler.model.promotion import PromotionFacts, Refusal, promotion_refusals, refused
from kpack_reconciler.model.rebase import NeededBlob
from kpack_reconciler.model.references import ImageReference, parse_image, parse_tag
from kpack_reconciler.steps.registries import ask_patiently, code_of
from kpack_reconciler.steps.report import TERMINATION_LOG, StepError, fail, leave, say
from kpack_reconciler.steps.secrets import read_secrets

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where things lie; the defaults are the Job's."""

    secrets: Path = Path(process.SECRETS_PATH)
    termination_log: Path = TERMINATION_LOG


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The ordered image: its manifests, an index after what it lists, and the tags that have it already."""

    source: ImageReference
    manifests: tuple[Manifest, ...]
    tags: tuple[ImageReference, ...]
    done: tuple[ImageReference, ...]

    @property
    def images(self) -> tuple[Manifest, ...]:
        """The manifests of images alone."""
        return tuple(manifest for manifest in self.manifests if not manifest.is_index)


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ, places: Places = Places()) -> int:
    """Run the step; the exit code. A refusal or failure is told in the log and as the termination message."""
    try:
        order = read_order(environment.get(process.PROMOTION_VARIABLE, ""))
        keychain = read_secrets(arguments, places.secrets).keychain
        promoted = promote(order, keychain, now=datetime.now(UTC))
    except StepError as error:
        return fail(str(error), code=error.code, termination_log=places.termination_log)
    except ValueError as error:  # an order or a reference
        return fail(str(error), termination_log=places.termination_log)
    leave(promoted, termination_log=places.termination_log)
    return 0


def promote(order: PromotionOrder, keychain: Keychain, *, now: datetime) -> str:
    """Do what is ordered; the image in the first tag's repository, by digest. Raises StepError and ValueError."""
    source, tags = parse_image(order.image), tuple(map(parse_tag, order.tags))
    if source.digest is None or not tags:
        raise StepError(f"{order.image or 'the order'} names no digest or no target: promote registry/app@sha256:…")
    found = _ask(keychain, partial(_find, source=source, tags=tags))
    _ask(keychain, partial(_judge, order=order, found=found, now=now))
    missing = tuple(tag for tag in tags if tag not in found.done)
    for tag in found.done:
        say(f"{tag} already has {source.digest}: nothing is copied")
    for tag in missing:
        _ask(keychain, partial(_copy, found=found, tag=tag))
        say(f"{tag} has {source.digest} now")
    return str(tags[0].with_digest(source.digest))


def _ask(keychain: Keychain, question: Callable[[RegistryClient], Awaitable[_T]]) -> _T:
    try:
        return asyncio.run(ask_patiently(keychain, question))
    except UnauthorizedError as error:
        held = f"those given are for {', '.join(keychain.keys)}" if keychain.keys else "none are given"
        message = f"{error.what}: add or correct the registry's login in `credentials` of the promotion ({held})"
        raise StepError(message, code=code_of(error)) from error
    except (PermanentError, TransientError) as error:
        raise StepError(str(error), code=code_of(error)) from error
    except ValueError as error:  # a manifest or config
        raise StepError(f"the image cannot be promoted: {error}") from error


async def _find(client: RegistryClient, *, source: ImageReference, tags: tuple[ImageReference, ...]) -> _Found:
    """Read the image's manifests, and what the tags lead to."""
    top = await client.manifest(source)
    listed = (
        [await client.manifest(source.with_digest(digest)) for digest in children_of(top.raw)] if top.is_index else []
    )
    if any(child.is_index for child in listed):
        raise StepError(f"{source} is an index of indexes: promote the images that it lists, one by one")
    done = [tag for tag in tags if await _digest_at(client, tag) == source.digest]
    return _Found(source=source, manifests=(*listed, top), tags=tags, done=tuple(done))


async def _digest_at(client: RegistryClient, tag: ImageReference) -> str:
    """The digest behind a tag; "" where there is none or it may not be read: writing will tell."""
    try:
        return (await client.manifest(tag)).digest
    except PermanentError:
        return ""


async def _judge(client: RegistryClient, *, order: PromotionOrder, found: _Found, now: datetime) -> None:
    """Raise StepError where a rule is broken by one of the images."""
    refusals: list[Refusal] = []
    for image in found.images:
        reference = found.source.with_digest(image.digest)
        created, labels = read_created_and_labels(await client.blob(reference, config_of(image.raw)))
        facts = PromotionFacts(
            reference=reference,
            judged_at=now,
            created=created,
            builder_image=order.builder_image,
            built_at=order.built_at,
            at_target=found.done,
        )
        refusals.extend(promotion_refusals(labels, facts, order.rules))
    if refusals:
        raise StepError(refused(refusals))


async def _copy(client: RegistryClient, *, found: _Found, tag: ImageReference) -> None:
    """Copy everything to a tag's repository, give it the tag, and look whether it arrived."""
    blobs = {blob.digest: blob for image in found.images for blob in blobs_of(image.raw)}
    needed = [NeededBlob(digest=blob.digest, size=blob.size, source=found.source) for blob in blobs.values()]
    await client.check_push(tag)
    await copy_blobs(client, needed, tag)
    *listed, top = found.manifests
    for child in listed:
        await client.push_manifest(tag.with_digest(child.digest), child.raw, media_type=child.media_type)
    await client.push_manifest(tag, top.raw, media_type=top.media_type)
    arrived = (await client.manifest(tag)).digest
    if arrived != top.digest:
        raise StepError(f"{tag} leads to {arrived}, not to {top.digest}: somebody else writes it, or its registry does")
