"""The component that takes an image to the next registry: by digest, without a build, if the rules allow it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from kpack_api.promotion import write_order
from pulumi_kpack.credentials import DEFAULT_NAMESPACE
from pulumi_kpack.manifests import promotion as manifests
from pulumi_kpack.options import child_options
from pulumi_kpack.promotion_args import PromotionArgs
from pulumi_kpack.promotion_rules import check_promotion
from pulumi_kpack.resources import KubernetesObject

_MINUTES = 30
_IMAGE = "spec.template.spec.containers[0].image"
_TOLD = ("builder_image", "built_at", "rules")


class Promotion(pulumi.ComponentResource):
    """An image in another registry, by the digest that it has: copied by a Job of the cluster, not built again.

    `up` waits for the Job and fails with its words: the rules that are broken, by name, or what a registry said.
    """

    image: pulumi.Output[str]
    """The image at its target by digest: `prod.example.com/team/app@sha256:…`; known once it is there."""

    digest: pulumi.Output[str]
    """The image's digest alone, the same here and there: `sha256:…`."""

    def __init__(self, name: str, args: PromotionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the promotion `name` and wait for it."""
        check_promotion(name, args)
        super().__init__("pulumi-kpack:index:Promotion", name, None, opts)
        minutes = args.get("timeout_minutes", _MINUTES)
        promoter = manifests.Promoter(
            image=args["reconciler_image"],
            order=_order(args).apply(manifests.literal),
            minutes=minutes,
            logins=_logins(args),
            pull_secrets=args.get("image_pull_secrets", ()),
            certificates=args.get("certificates"),
        )
        job = manifests.job(_job_name(name, promoter), args.get("namespace", DEFAULT_NAMESPACE), promoter)
        # The Job's own deadline comes first, so that what is told as failed does not happen later.
        waiting = child_options(self, minutes=minutes + 1)
        done = pulumi.ResourceOptions(ignore_changes=[_IMAGE])
        declared = KubernetesObject(f"{name}-job", job, pulumi.ResourceOptions.merge(waiting, done))
        found = pulumi.Output.all(args["image"], args["target"], declared.id)
        self.image = found.apply(lambda known: at_target(str(known[0]), str(known[1])))
        self.digest = self.image.apply(lambda image: image.partition("@")[2])
        self.register_outputs({"image": self.image, "digest": self.digest})


def at_target(image: str, target: str) -> str:
    """The image's digest in the target's repository."""
    head, colon, last = target.rpartition(":")
    repository = head if colon and "/" not in last else target
    return f"{repository}@{image.partition('@')[2]}"


def _order(args: PromotionArgs) -> pulumi.Output[str]:
    given: Mapping[str, object] = args
    told: Mapping[str, Any] = {field: given[field] for field in _TOLD if given.get(field)}
    order = {"image": args["image"], "tags": [args["target"], *args.get("additional_tags", ())], **told}
    return pulumi.Output.from_input(order).apply(
        lambda known: write_order({field: value for field, value in known.items() if value is not None})
    )


def _logins(args: PromotionArgs) -> Sequence[manifests.Login]:
    given = [
        *((each.secret_name, None if each.pulls else each.registry) for each in args.get("credentials", ())),
        *((name, None) for name in args.get("secrets", ())),
    ]
    return [_login(secret, registry) for secret, registry in given]


def _login(secret: pulumi.Input[str], registry: pulumi.Input[str] | None) -> manifests.Login:
    known = pulumi.Output.all(secret, registry)
    return manifests.Login(
        secret=secret,
        flag=known.apply(lambda found: manifests.secret_flag(*found)),
        path=known.apply(lambda found: manifests.secret_path(found[0])),
    )


def _job_name(name: str, promoter: manifests.Promoter) -> pulumi.Output[str]:
    """The Job's name: another one for whatever is given to it but the image that copies."""
    flags = [login.flag for login in promoter.logins]
    content = pulumi.Output.all(promoter.order, promoter.certificates, *flags, *promoter.pull_secrets)
    return content.apply(lambda found: manifests.job_name(name, found))
