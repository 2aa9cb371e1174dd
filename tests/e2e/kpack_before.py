"""A cluster as kpack v0.0.9 leaves it: its definitions, its installation, and what its controller wrote.

Names, labels, annotations and statuses are facts of kpack v0.0.9 (`config/`, `pkg/reconciler`). Nothing of it runs: the
Deployments' images do not exist. The definitions are of `apiextensions.k8s.io/v1beta1`, without any schema; no API
server takes such ones today, but clusters that were upgraded have them, so they are put into the store directly.
"""

import base64
import json
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dev.build_service import kubectl
from dev.cluster.control_plane import ETCD_URL
from dev.environment import Environment
from dev.machine.commands import run
from dev.services.working_copy import WorkingCopy

API = "build.pivotal.io/v1alpha1"
SYSTEM = "kpack"
HOOKS: Mapping[str, str] = {
    "MutatingWebhookConfiguration": "defaults.webhook.kpack.pivotal.io",
    "ValidatingWebhookConfiguration": "validation.webhook.kpack.pivotal.io",
}
_KINDS: Mapping[str, tuple[str, ...]] = {
    "Image": ("cnbimage", "cnbimages", "img", "imgs"),
    "Build": ("cnbbuild", "cnbbuilds", "bld", "blds"),
    "Builder": ("cnbbuilder", "cnbbuilders", "bldr", "bldrs"),
    "ClusterBuilder": ("clstbldr",),
    "SourceResolver": (),
}
_PUT = """
import sys, urllib.request
urllib.request.urlopen(sys.argv[1] + "/v3/kv/put", data=sys.stdin.buffer.read(), timeout=10)
"""
Manifest = Mapping[str, object]
NUMBER, REASON = "image.build.pivotal.io/buildNumber", "image.build.pivotal.io/reason"
_BUILDPACKS = [{"id": f"kpack-samples/{name}", "version": "0.1.0"} for name in ("go", "labels")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpack:
    """A cluster of kpack's: `spec` is that of its Images, in `namespace`, without tag; `copy` changes their source.

    `builder` and `run_image` are what builds and what is below the image, by digest.
    """

    service: Environment
    namespace: str
    spec: Mapping[str, Mapping[str, object] | str]
    copy: WorkingCopy
    revision: str
    builder: str
    run_image: str

    def tag(self, name: str) -> str:
        """Where the Image pushes to."""
        return f"{self.service.registry}/{self.namespace}/{name}"

    def latest(self, name: str) -> str:
        """What kpack shows as the Image's newest image; it is in no registry."""
        return f"{self.tag(name)}@sha256:{'1' * 64}"

    @property
    def stack(self) -> Manifest:
        """The stack of builder and images."""
        return {"id": "kpack.sample.stacks.bookworm", "runImage": self.run_image}


def install_kpack(kpack: Kpack) -> None:
    """Have kpack's installation; a Builder; an Image whose newest build is good, and one whose newest has failed."""
    service, place = kpack.service, {"namespace": kpack.namespace}
    put_definitions(service)
    kubectl(service, "create", "namespace", kpack.namespace)
    objects = {"apiVersion": "v1", "kind": "List", "items": installation()}
    kubectl(service, "apply", "-f", "-", stdin=json.dumps(objects))
    seen = {"latestImage": kpack.builder, "stack": kpack.stack, "builderMetadata": _BUILDPACKS}
    spec = {"image": kpack.builder, "updatePolicy": "polling"}
    builder = {"kind": "Builder", "metadata": {"name": "kept", **place}, "spec": spec}
    _write(service, builder, conditions={"Ready": "True"}, status=seen)
    _write_image(kpack, "good", results=("False", "True"))
    _write_image(kpack, "broken", results=("True", "False"))


def definitions(service: Environment) -> Mapping[str, str]:
    """The uid of each of kpack's definitions by its name."""
    found = json.loads(kubectl(service, "get", "crd", "-o", "json"))["items"]
    uids = {each["metadata"]["name"]: each["metadata"]["uid"] for each in found}
    return {name: uid for name, uid in uids.items() if name.endswith("build.pivotal.io")}


def put_definitions(service: Environment) -> None:
    """Have the five definitions in the cluster's store, as `kubectl apply` left them in a cluster of 2020."""
    for kind, short_names in _KINDS.items():
        definition = _definition(kind, short_names)
        key = f"/registry/apiextensions.k8s.io/customresourcedefinitions/{kind.lower()}s.build.pivotal.io"
        _put(service, key, json.dumps(definition))
    for kind in _KINDS:
        kubectl(service, "wait", "--for=condition=Established", f"crd/{kind.lower()}s.build.pivotal.io")


def installation() -> Sequence[Manifest]:
    """The objects of kpack's release besides the definitions, as far as ours have the same names."""
    return (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}},
        *_accounts(),
        _placed("v1", "Secret", "webhook-certs"),
        {
            **_placed("v1", "Service", "kpack-webhook"),
            "spec": {"ports": [{"port": 443, "targetPort": 8443}], "selector": {"role": "webhook"}},
        },
        *(_hook(kind, name) for kind, name in HOOKS.items()),
        _deployment("kpack-controller", "controller"),
        _deployment("kpack-webhook", "webhook", role="webhook"),
    )


def _write_image(kpack: Kpack, name: str, *, results: Sequence[str]) -> None:
    """Have an Image with its SourceResolver, and Builds with these values of `Succeeded`, oldest first."""
    service, place = kpack.service, {"namespace": kpack.namespace}
    limits = {"failedBuildHistoryLimit": 10, "successBuildHistoryLimit": 10, "imageTaggingStrategy": "BuildNumber"}
    spec = {"tag": kpack.tag(name), **limits, **kpack.spec}
    newest = {"latestBuildRef": f"{name}-build-{len(results)}-x7k2p", "latestImage": kpack.latest(name)}
    counted = {"buildCounter": len(results), "latestBuildImageGeneration": 1}
    conditions = {"Ready": results[-1], "BuilderReady": "True"}
    image = {"kind": "Image", "metadata": {"name": name, **place}, "spec": spec}
    uid = _write(service, image, conditions=conditions, status={**newest, **counted})
    owner = {"apiVersion": API, "kind": "Image", "name": name, "uid": uid}
    owned = {**place, "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}]}
    resolver = {
        "kind": "SourceResolver",
        "metadata": {"name": f"{name}-source", **owned},
        "spec": {"serviceAccount": "default", "source": kpack.spec["source"]},
    }
    source = {"source": {"git": {**_source(kpack), "type": "Branch"}}}
    _write(service, resolver, conditions={"Ready": "True", "ActivePolling": "True"}, status=source)
    for number, result in enumerate(results, start=1):
        _write_build(kpack, name, number=number, owned=owned, result=result)


def _write_build(kpack: Kpack, image: str, *, number: int, owned: Manifest, result: str) -> None:
    settings, name = kpack.spec["build"], f"{image}-build-{number}-x7k2p"
    assert isinstance(settings, Mapping)
    labels = {"image.build.pivotal.io/image": image, "image.build.pivotal.io/imageGeneration": "1"}
    annotations = {REASON: "CONFIG"}
    spec = {
        "tags": [kpack.tag(image), f"{kpack.tag(image)}:b{number}.20200901.100000"],
        "builder": {"image": kpack.builder},
        "serviceAccount": "default",
        "source": {"git": _source(kpack)},
        "resources": {},
        **settings,
    }
    metadata = {"name": name, "labels": {**labels, NUMBER: str(number)}, "annotations": annotations, **owned}
    made = {"latestImage": kpack.latest(image), "stack": kpack.stack, "buildMetadata": _BUILDPACKS}
    status = {"podName": f"{name}-build-pod", **(made if result == "True" else {})}
    build = {"kind": "Build", "metadata": metadata, "spec": spec}
    _write(kpack.service, build, conditions={"Succeeded": result}, status=status)


def _source(kpack: Kpack) -> Mapping[str, str]:
    return {"url": f"{kpack.service.git_url}/{kpack.namespace}.git", "revision": kpack.revision}


def _write(service: Environment, manifest: Manifest, *, conditions: Mapping[str, str], status: Manifest) -> str:
    """Have the object with this status, whose conditions have no reason and no message; gives its uid."""
    content = json.dumps({"apiVersion": API, **manifest})
    metadata = json.loads(kubectl(service, "create", "-f", "-", "-o", "json", stdin=content))["metadata"]
    since = {"lastTransitionTime": "2020-09-01T10:00:00Z"}
    told = [{"type": kind, "status": value, **since} for kind, value in conditions.items()]
    patch = json.dumps({"status": {"observedGeneration": 1, "conditions": told, **status}})
    place = ("-n", metadata["namespace"], "patch", f"{str(manifest['kind']).lower()}/{metadata['name']}")
    kubectl(service, *place, "--subresource=status", "--type=merge", "-p", patch)
    return str(metadata["uid"])


def _put(service: Environment, key: str, value: str) -> None:
    assert service.cluster is not None
    body = {name: base64.b64encode(text.encode()).decode() for name, text in (("key", key), ("value", value))}
    run([*service.cluster.network.entering, sys.executable, "-c", _PUT, ETCD_URL], stdin=json.dumps(body))


def _definition(kind: str, short_names: Sequence[str]) -> Manifest:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    plural = f"{kind.lower()}s"
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    written = {"f:spec": {"f:additionalPrinterColumns": {}, "f:group": {}, "f:names": {}, "f:version": {}}}
    manager = {"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsType": "FieldsV1"}
    version = "apiextensions.k8s.io/v1beta1"
    ready = {"name": "Ready", "type": "string", "JSONPath": '.status.conditions[?(@.type=="Ready")].status'}
    return {
        "apiVersion": version,
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.build.pivotal.io",
            "uid": str(uuid.uuid4()),
            "generation": 1,
            "creationTimestamp": now,
            "managedFields": [{**manager, "apiVersion": version, "time": now, "fieldsV1": written}],
        },
        "spec": {
            "group": "build.pivotal.io",
            "version": "v1alpha1",
            "versions": [{"name": "v1alpha1", "served": True, "storage": True}],
            "scope": "Cluster" if kind == "ClusterBuilder" else "Namespaced",
            "names": {**names, "shortNames": list(short_names), "categories": ["kpack"]},
            "subresources": {"status": {}},
            "additionalPrinterColumns": [ready],
            "conversion": {"strategy": "None"},
            "preserveUnknownFields": True,
        },
        "status": {"conditions": [], "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": ["v1alpha1"]},
    }


def _placed(version: str, kind: str, name: str) -> Manifest:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": SYSTEM}}


def _accounts() -> tuple[Manifest, ...]:
    """The service accounts, and of the rights those whose rules differ from ours."""
    group = "rbac.authorization.k8s.io"
    builds = [{"apiGroups": ["build.pivotal.io"], "resources": ["builds", "images"], "verbs": ["get", "list", "watch"]}]
    secrets = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}]
    return (
        *(_placed("v1", "ServiceAccount", name) for name in ("controller", "webhook")),
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "kpack-controller-admin"},
            "rules": builds,
        },
        {**_placed(f"{group}/v1", "Role", "kpack-webhook-certs-admin"), "rules": secrets},
    )


def _hook(kind: str, name: str) -> Manifest:
    hook = {
        "name": name,
        "clientConfig": {"service": {"name": "kpack-webhook", "namespace": SYSTEM}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1beta1", "v1"],
    }
    api = "admissionregistration.k8s.io/v1"
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, "webhooks": [hook]}


def _deployment(name: str, container: str, **labels: str) -> Manifest:
    variables = {"CONFIG_LOGGING_NAME": "config-logging", "BUILD_INIT_IMAGE": "registry.invalid/kpack/build-init"}
    env = [{"name": key, "value": value} for key, value in variables.items()]
    containers = [{"name": container, "image": f"registry.invalid/kpack/{container}", "env": env}]
    template = {
        "metadata": {"labels": {"app": name, "version": "0.0.9", **labels}},
        "spec": {"serviceAccountName": container, "containers": containers},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {**_placed("apps/v1", "Deployment", name), "spec": spec}
