"""kpack's own objects as the components declare them: Builder, ClusterBuilder and Image.

Owns how arguments (snake case) become fields (camel case). Rules:
- what the webhook would default is written out, except the cache's size, which depends on the cluster;
- an Image tells Pulumi what to wait for (`Wait`): most often until it is settled, its newest build has ended, well or
  badly.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from kpack_api.names import BUILD_API_VERSION, SOURCE_POLLING_ANNOTATION, ConditionType
from kpack_api.types import ImageTaggingStrategy, Kind, UpdatePolicy
from pulumi_kpack.manifests import Manifest, metadata, present


class Wait(StrEnum):
    """What `pulumi up` waits for after it has declared an Image."""

    BUILT = "built"
    """The build of this declaration has ended."""
    ACCEPTED = "accepted"
    """The controller has seen the Image."""
    NONE = "none"
    """Nothing."""


DEFAULT_HISTORY_LIMIT = 10
DEFAULT_SERVICE_ACCOUNT = "default"
_WAITING = {
    Wait.BUILT: {"pulumi.com/waitFor": f"condition={ConditionType.SETTLED.value}"},
    Wait.ACCEPTED: {"pulumi.com/waitFor": "jsonpath={.status.observedGeneration}"},
    Wait.NONE: {"pulumi.com/skipAwait": "true"},
}
"""The annotations that Pulumi's Kubernetes provider obeys."""

BACKGROUND = {"pulumi.com/deletionPropagationPolicy": "background"}
"""Pulumi's own choice, foreground, leaves a finalizer, which goes only while the webhook answers; it may be gone."""


def builder(kind: Kind, meta: Manifest, args: Mapping[str, object]) -> Manifest:
    """A Builder, or a ClusterBuilder, whose metadata has no namespace."""
    spec = {
        "image": args["image"],
        "updatePolicy": args.get("update_policy", UpdatePolicy.POLLING.value),
        "imagePullSecrets": _references(args.get("image_pull_secrets")),
    }
    placed = {**meta, "annotations": {**_mapping(meta.get("annotations")), **BACKGROUND}}
    return {"apiVersion": BUILD_API_VERSION, "kind": kind.value, "metadata": placed, "spec": present(spec)}


def image(meta: Manifest, args: Mapping[str, object], *, builder: Manifest, service_account: object) -> Manifest:
    """An Image; `builder` is its reference (kind, name)."""
    spec = {
        "tag": args["tag"],
        "additionalTags": args.get("additional_tags"),
        "builder": builder,
        "serviceAccount": service_account,
        "source": source(_mapping(args["source"])),
        "cacheSize": args.get("cache_size"),
        "failedBuildHistoryLimit": args.get("failed_build_history_limit", DEFAULT_HISTORY_LIMIT),
        "successBuildHistoryLimit": args.get("success_build_history_limit", DEFAULT_HISTORY_LIMIT),
        "imageTaggingStrategy": args.get("image_tagging_strategy", ImageTaggingStrategy.BUILD_NUMBER.value),
        "build": build_settings(_mapping(args.get("build"))),
    }
    return {"apiVersion": BUILD_API_VERSION, "kind": Kind.IMAGE.value, "metadata": meta, "spec": present(spec)}


def image_metadata(name: object, args: Mapping[str, object]) -> Manifest:
    """An Image's metadata, with the annotations that tell Pulumi what to wait for, and us how often to poll."""
    waiting = _WAITING[Wait(str(args.get("wait", Wait.BUILT)))]
    polling = present({SOURCE_POLLING_ANNOTATION: args.get("source_polling")})
    annotations = {**_mapping(args.get("annotations")), **polling, **waiting, **BACKGROUND}
    return metadata(name, args.get("namespace"), labels=_mapping(args.get("labels")), annotations=annotations)


def source(args: Mapping[str, object]) -> Manifest:
    """The source: git, blob or registry, and the directory inside it."""
    git, blob, registry = (_mapping(args.get(kind)) for kind in ("git", "blob", "registry"))
    fields = {
        "git": present(
            {
                "url": git.get("url"),
                "revision": git.get("revision"),
                "initializeSubmodules": git.get("initialize_submodules"),
            }
        ),
        "blob": present({"url": blob.get("url"), "stripComponents": blob.get("strip_components")}),
        "registry": present(
            {"image": registry.get("image"), "imagePullSecrets": _references(registry.get("image_pull_secrets"))}
        ),
        "subPath": args.get("sub_path"),
    }
    return present(fields)


def build_settings(args: Mapping[str, object]) -> Manifest:
    """What an Image says about its builds."""
    bindings = [_binding(_mapping(binding)) for binding in _sequence(args.get("bindings"))]
    return present({"env": args.get("env"), "resources": args.get("resources"), "bindings": bindings})


def _binding(args: Mapping[str, object]) -> Manifest:
    secret = args.get("secret")
    fields = {
        "name": args["name"],
        "metadataRef": {"name": args["metadata"]},
        "secretRef": None if secret is None else {"name": secret},
    }
    return present(fields)


def _references(names: object) -> list[Manifest]:
    return [{"name": name} for name in _sequence(names)]


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()
