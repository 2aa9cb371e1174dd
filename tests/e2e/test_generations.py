"""Both generations of the lifecycle build the same application; the platform API is negotiated, not assumed."""

import json
import os

import pytest

from dev.build_service import kubectl
from dev.environment import Environment
from dev.images import push_all
from dev.toolchain import TEST, default_cache, ensure

pytestmark = pytest.mark.e2e

NAMESPACE = "generations"


def test_the_lifecycle_of_the_tutorial_builds(service: Environment) -> None:
    """A builder with lifecycle 0.9.3 is run at platform API 0.3, detect before analyze, under `restricted`."""
    tools = ensure(TEST, report=lambda _progress: None)
    images = push_all(service.registry, tools, cache=default_cache(os.environ), report=lambda _text: None)
    kubectl(service, "create", "namespace", NAMESPACE)
    kubectl(service, "label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    kubectl(service, "-n", NAMESPACE, "create", "serviceaccount", "kpack-bot")
    builder = {"kind": "Builder", "metadata": {"name": "paketo-builder"}, "spec": {"image": images.tutorial_builder}}
    image = {
        "kind": "Image",
        "metadata": {"name": "go-sample-app"},
        "spec": {
            "tag": f"{service.registry}/generations/go-sample-app",
            "builder": {"kind": "Builder", "name": "paketo-builder"},
            "serviceAccount": "kpack-bot",
            "source": {"git": {"url": f"{service.git_url}/go-sample-app.git", "revision": "main"}},
        },
    }
    for body in (builder, image):
        manifest = json.dumps({"apiVersion": "build.pivotal.io/v1alpha1", **body})
        kubectl(service, "-n", NAMESPACE, "apply", "-f", "-", stdin=manifest)

    kubectl(service, "-n", NAMESPACE, "wait", "--for=condition=Settled", "image/go-sample-app", "--timeout=170s")

    status = json.loads(kubectl(service, "-n", NAMESPACE, "get", "image", "go-sample-app", "-o", "json"))["status"]
    ready = status["conditions"][0]
    assert (ready["type"], ready["status"]) == ("Ready", "True"), ready
    assert "@sha256:" in status["latestImage"]
    (pod,) = json.loads(kubectl(service, "-n", NAMESPACE, "get", "pods", "-o", "json"))["items"]
    phases = [container["name"] for container in pod["spec"]["initContainers"]]
    assert phases == ["prepare", "detect", "analyze", "restore", "build", "export"]
    kubectl(service, "delete", "namespace", NAMESPACE, "--wait=false")
