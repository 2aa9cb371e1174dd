"""From a moved run image to a rebased application: the whole controller, an API server and a registry in memory."""

import json
from typing import Any

from kpack_reconciler.model.builder_image import METADATA_LABEL, STACK_LABEL
from tests.fakes.kubernetes import FakeKubernetes
from tests.fakes.registry import FakeRegistry, digest_of
from tests.kpack_reconciler.wiring.test_controller import KPACK, running, until

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
CORE = "/api/v1/namespaces/team"
STACK = {STACK_LABEL: "s1"}


def put_image(registry: FakeRegistry, repository: str, layers: list[str], **config: Any) -> str:
    """Store an image of layers that hold these words; its digest."""
    digests = [registry.put_blob(repository, layer.encode()) for layer in layers]
    raw = json.dumps({"rootfs": {"diff_ids": digests}, "config": config}).encode()
    listed = [{"mediaType": "layer", "size": len(layer), "digest": digest_of(layer.encode())} for layer in layers]
    body = {"config": {"digest": registry.put_blob(repository, raw)}, "layers": listed}
    return registry.put_manifest(repository, "latest", body, media_type=DOCKER)


def put_images(registry: FakeRegistry, address: str) -> dict[str, str]:
    """An application on an old run image, the new one, and a builder that names it; digest references."""
    run_image = {"runImage": {"image": f"{address}/stack/run"}}
    metadata = {"runImage": {"topLayer": digest_of(b"old"), "reference": f"{address}/stack/run@{digest_of(b'')}"}}
    labels = {
        "app": {**STACK, "io.buildpacks.lifecycle.metadata": json.dumps({**metadata, "stack": run_image})},
        "builder": {**STACK, METADATA_LABEL: json.dumps({"stack": run_image, "lifecycle": {"version": "0.21"}})},
    }
    environment = ["CNB_USER_ID=1000", "CNB_GROUP_ID=1000"]
    digests = {
        "stack/run": put_image(registry, "stack/run", ["base", "new"], Labels=STACK),
        "team/app": put_image(registry, "team/app", ["base", "old", "app"], Labels=labels["app"]),
        "stack/builder": put_image(registry, "stack/builder", ["any"], Labels=labels["builder"], Env=environment),
    }
    return {name: f"{address}/{name}@{digest}" for name, digest in digests.items()}


def a_rebase(images: dict[str, str], tag: str) -> dict[str, Any]:
    """A Build that was made because the run image moved."""
    return {
        "metadata": {
            "name": "app-build-2",
            "uid": "u2",
            "generation": 1,
            "annotations": {"image.build.pivotal.io/reason": "STACK"},
        },
        "spec": {
            "tags": [tag],
            "builder": {"image": images["stack/builder"]},
            "serviceAccount": "default",
            "source": {"git": {"url": "http://127.0.0.1:1/app", "revision": "main"}},
            "lastBuild": {"image": images["team/app"], "stackId": "s1"},
        },
    }


async def test_a_build_that_is_a_rebase_ends_without_a_pod() -> None:
    """Its status names the new image, and the registry has it."""
    api, registry = FakeKubernetes(), FakeRegistry()
    api.put(f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}})
    async with registry.serve() as address:
        images = put_images(registry, address)
        api.put(f"{KPACK}/builds", a_rebase(images, f"{address}/team/app:2"))

        def status() -> dict[str, Any]:
            found: dict[str, Any] = api.get(f"{KPACK}/builds/app-build-2").get("status", {})
            return found

        async with running(api):
            await until(lambda: "latestImage" in status())

        raw, _ = registry.manifests["team/app", "2"]
        assert status()["latestImage"] == f"{address}/team/app@{digest_of(raw)}"
        assert status()["stack"] == {"id": "s1", "runImage": images["stack/run"]}
        assert [condition["status"] for condition in status()["conditions"]] == ["True"]
        assert api.all(f"{CORE}/pods") == []
        words = [registry.blobs["team/app", layer["digest"]] for layer in json.loads(raw)["layers"]]
        assert words == [b"base", b"new", b"app"]
