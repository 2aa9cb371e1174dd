"""Reading objects, and what to say where one is missing."""

from pathlib import Path

import pytest

from kpack_reconciler.cli import objects
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.kube.config import from_kubeconfig
from kpack_reconciler.errors import PermanentError
from tests.fakes.build_cluster import IMAGES, BuildCluster, an_image


@pytest.mark.parametrize(
    ("name", "refused", "told"),
    [
        pytest.param("apo", False, "did you mean app or app2?", id="two are near"),
        pytest.param("other", False, "`kpack status -A` lists all images with their namespaces", id="none is near"),
        pytest.param("apo", True, "`kpack status -A` lists all images with their namespaces", id="no right to look"),
    ],
)
async def test_a_missing_image_suggests_others(tmp_path: Path, name: str, *, refused: bool, told: str) -> None:
    """Names in the same namespace that are nearly the one asked for are suggested."""
    cluster = BuildCluster()
    for other in ("app", "app2", "shop"):
        cluster.put(IMAGES, an_image(name=other))
    async with cluster.serve_to_people(tmp_path), KubeClient(from_kubeconfig(cluster.kubeconfig)) as kube:
        if refused:
            cluster.refuse_next("GET", "images", 403)

        error = await objects.image_not_found(kube, "default", name)

    assert isinstance(error, PermanentError)
    assert str(error) == f"image default/{name} does not exist: {told}"
