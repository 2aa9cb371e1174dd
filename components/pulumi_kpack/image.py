"""The components for an application image that is kept built, and for one that was declared elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from kpack_api.names import BUILD_API_VERSION, ConditionType
from kpack_api.types import Kind
from pulumi_kpack.args import ExistingImageArgs, ImageArgs, Text
from pulumi_kpack.build_service import BuildService
from pulumi_kpack.builder import Builder, ClusterBuilder
from pulumi_kpack.credentials import DEFAULT_NAMESPACE
from pulumi_kpack.manifests import Manifest
from pulumi_kpack.manifests.resources import DEFAULT_SERVICE_ACCOUNT, Wait, image, image_metadata
from pulumi_kpack.options import child_options
from pulumi_kpack.resources import KubernetesObject, SeenObject
from pulumi_kpack.rules import check_existing_image, check_image
from pulumi_kpack.service_account import BuildServiceAccount
from pulumi_kpack.shown_image import ShownImage

_MINUTES = {Wait.BUILT: 30, Wait.ACCEPTED: 5}
"""How long `up` waits where the program does not say; a controller that runs has seen an Image within seconds."""


class Image(ShownImage):
    """An application image that is rebuilt whenever its source, its settings or its builder change.

    `up` waits until the build of this declaration has ended and fails with the build's own words, unless `wait` says
    otherwise. Later builds happen without Pulumi; each plain `up` shows their results in the outputs.
    """

    def __init__(self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the Image `name`, wait for its build and read its result."""
        check_image(name, args)
        super().__init__("pulumi-kpack:index:Image", name, None, opts)
        manifest = _manifest(name, args, namespace=_watched_namespace(name, args, opts))
        wait = Wait(str(args.get("wait", Wait.BUILT)))
        waiting = child_options(self, minutes=args.get("timeout_minutes", _MINUTES.get(wait)))
        replaced = pulumi.ResourceOptions(replace_on_changes=["spec.tag"], delete_before_replace=True)
        declared = KubernetesObject(f"{name}-image", manifest, pulumi.ResourceOptions.merge(waiting, replaced))
        reading = pulumi.ResourceOptions.merge(
            child_options(self, depends_on=[declared]), pulumi.ResourceOptions(id=declared.live_id)
        )
        seen = SeenObject(f"{name}-seen", manifest, reading)
        status = seen.status.apply(
            lambda status: checked_status(name, status) if wait is Wait.BUILT else dict(status or {})
        )
        self.show(status, pulumi.Output.all(args["tag"], *args.get("additional_tags", ())).apply(list))

    @staticmethod
    def get(resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> "ExistingImage":  # noqa: A002 - Pulumi's name for it
        """Read an Image that was declared elsewhere, in YAML or by another stack; `id` is `<namespace>/<name>`."""
        return ExistingImage(resource_name, {"id": id}, opts)


class ExistingImage(ShownImage):
    """An Image that was declared elsewhere: read at each `up`, never written, waited for or judged."""

    def __init__(self, name: str, args: ExistingImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Read the Image `args.id` as the resource `name`; `up` fails where it does not exist."""
        check_existing_image(name, args)
        super().__init__("pulumi-kpack:index:ExistingImage", name, None, opts)
        kind: Manifest = {"apiVersion": BUILD_API_VERSION, "kind": Kind.IMAGE.value}
        reading = pulumi.ResourceOptions.merge(child_options(self), pulumi.ResourceOptions(id=args["id"]))
        seen = SeenObject(f"{name}-seen", kind, reading)
        tags = seen.spec.apply(lambda spec: [spec["tag"], *(spec.get("additionalTags") or ())] if spec else [])
        self.show(seen.status.apply(lambda status: dict(status or {})), pulumi.Output.unsecret(tags))


def checked_status(name: str, status: Mapping[str, Any] | None) -> dict[str, Any]:
    """The status of an Image whose build did not fail; a preview tells, it does not judge.

    RunError with the message of `Ready` when that is False.
    """
    found = dict(status or {})
    failure = failure_message(found)
    if failure is not None and not pulumi.runtime.is_dry_run():
        raise pulumi.RunError(f"Image {name}: {failure}")
    return found


def failure_message(status: Mapping[str, Any]) -> str | None:
    """Why the Image is not ready; None while it is ready or still at work."""
    for condition in status.get("conditions") or ():
        if condition.get("type") == ConditionType.READY and condition.get("status") == "False":
            return condition.get("message") or condition.get("reason") or "not ready: see `kubectl describe image`"
    return None


def check_watched(name: str, namespace: str, watched: Sequence[str]) -> str:
    """The namespace, which is one of those that are watched; none are all. RunError where nobody would build there."""
    if watched and namespace not in watched:
        raise pulumi.RunError(
            f"Image {name}: namespace {namespace} is not watched: the BuildService watches {', '.join(watched)} only; "
            f"add it to `namespaces` of the BuildService, or declare the Image in one of these"
        )
    return namespace


def _watched_namespace(name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None) -> Text:
    """The Image's namespace, once it is known that the services that it depends on watch it."""
    namespace = args.get("namespace", DEFAULT_NAMESPACE)
    named = opts.depends_on if opts is not None else None
    for service in named if isinstance(named, Sequence) else (named,):
        if isinstance(service, BuildService):
            known = pulumi.Output.all(namespace, service.namespaces)
            namespace = known.apply(lambda found: check_watched(name, str(found[0]), found[1]))
    return namespace


def _manifest(name: str, args: ImageArgs, *, namespace: Text) -> Manifest:
    account = args.get("service_account", DEFAULT_SERVICE_ACCOUNT)
    named = account.account_name if isinstance(account, BuildServiceAccount) else account
    placed = {**args, "namespace": namespace}
    meta = image_metadata(name, placed)
    return image(meta, args, builder=_builder_reference(args), service_account=named)


def _builder_reference(args: ImageArgs) -> Manifest:
    builder = args["builder"]
    if isinstance(builder, Builder | ClusterBuilder):
        return {"kind": builder.kind.value, "name": builder.builder_name}
    return {"kind": builder.get("kind", Builder.kind.value), "name": builder["name"]}
