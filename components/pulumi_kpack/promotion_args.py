"""What a program says to `Promotion`: the types of its arguments, a docstring under each field.

Leaves the rules that the words must follow to `rules`, their meaning to the reconciler.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NotRequired, TypedDict

from pulumi_kpack.args import Text

if TYPE_CHECKING:
    from pulumi_kpack.credentials import RegistryCredentials


class PromotionRulesArgs(TypedDict):
    """Rules that an image must keep to be promoted. A rule that is left out is not judged."""

    allowed_builders: NotRequired[Sequence[Text]]
    """Builder images, each a repository, a reference or a digest; judged by `builder_image`, for no image names its
    builder."""
    allowed_buildpacks: NotRequired[Sequence[Text]]
    """Ids of buildpacks; no other may have taken part. Judged by the image's own labels."""
    known_run_images: NotRequired[Sequence[Text]]
    """Run images, each a repository, a reference by digest or a digest; judged by the image's own labels."""
    max_age_hours: NotRequired[int]
    """How old the image may be; judged by the image's own time or, where it has none (buildpacks), by `built_at`."""
    forbid_same: NotRequired[bool]
    """Refuse where a target already has the image. Default false: nothing is copied then, and all is well."""


class PromotionArgs(TypedDict):
    """Arguments of `Promotion`."""

    image: Text
    """The image by digest, most often another stack's output: `registry.example.com/team/app@sha256:…`."""
    target: Text
    """Where it is copied to: `prod.example.com/team/app:1`."""
    additional_tags: NotRequired[Sequence[Text]]
    """Further tags, in any registries."""
    rules: NotRequired[PromotionRulesArgs]
    """What the image must be like; an image that is not is refused with the rule's name, and nothing is copied."""
    builder_image: NotRequired[Text]
    """The builder image that made it, as its stack tells; for the rule `allowed_builders`."""
    built_at: NotRequired[Text]
    """When it was made (RFC 3339), as its stack tells: `built_at` of an Image; for the rule `max_age_hours`."""
    reconciler_image: Text
    """The image that copies, by digest: `image` of the BuildService, or `ReconcilerImage(…).ref`."""
    credentials: NotRequired[Sequence["RegistryCredentials"]]
    """Logins for both registries. They must be in the same namespace."""
    secrets: NotRequired[Sequence[Text]]
    """Names of further secrets with a docker configuration, made elsewhere."""
    image_pull_secrets: NotRequired[Sequence[Text]]
    """Secrets to pull `reconciler_image` with."""
    certificates: NotRequired[Text]
    """Further authorities (PEM) that registries' certificates are trusted of."""
    namespace: NotRequired[Text]
    """Where the Job runs. Default `default`."""
    timeout_minutes: NotRequired[int]
    """How long it may take at most. Default 30."""
