"""Registry sources from a registry on loopback; the numbers are those of `docs/parity.md`."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from kpack_reconciler.model.credentials import Keychain, keychain_from_login
from kpack_reconciler.steps.layers import fetch_image
from kpack_reconciler.steps.places import Places
from kpack_reconciler.steps.secrets import MountedSecrets
from kpack_reconciler.steps.source import fetch_source
from tests.fakes.registry_host import RegistryHost, digest_of, registry_host

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
Entry = tuple[str, bytes, int]


@pytest.fixture
def registry() -> Iterator[RegistryHost]:
    with registry_host("joe:secret") as host:
        yield host


def layer(entries: Sequence[Entry]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content, mode in entries:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(file.getvalue())


def put(registry: RegistryHost, *layers: Sequence[Entry]) -> str:
    """Have an image `src:1` of these layers; its digest."""
    blobs = [b"{}", *(layer(entries) for entries in layers)]
    for blob in blobs:
        registry.contents[f"/v2/src/blobs/{digest_of(blob)}"] = blob
    described = [{"mediaType": LAYER, "digest": digest_of(blob), "size": len(blob)} for blob in blobs[1:]]
    manifest = json.dumps({"schemaVersion": 2, "config": {"digest": digest_of(b"{}")}, "layers": described}).encode()
    for name in ("1", digest_of(manifest)):
        registry.contents[f"/v2/src/manifests/{name}"] = manifest
    return digest_of(manifest)


def pulled(registry: RegistryHost, folder: Path) -> dict[str, bytes]:
    """The files of the image."""
    fetch_image(f"{registry.name}/src:1", folder, keychain=login(registry))
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def login(registry: RegistryHost) -> Keychain:
    return keychain_from_login(registry.name, username="joe", password="secret")


def test_layers_are_the_source(registry: RegistryHost, tmp_path: Path) -> None:
    """R204, C102: one over the other."""
    put(registry, [("a", b"1", 0o644), ("b", b"1", 0o644)], [("a", b"2", 0o644)])

    assert pulled(registry, tmp_path) == {"a": b"2", "b": b"1"}


def test_folders_that_no_layer_names_are_made(registry: RegistryHost, tmp_path: Path) -> None:
    """C103: an image's tools need not write them."""
    put(registry, [("deep/down/file", b"x", 0o644)])

    assert pulled(registry, tmp_path) == {"deep/down/file": b"x"}


def test_modes_are_kept(registry: RegistryHost, tmp_path: Path) -> None:
    """C105: a program stays one."""
    put(registry, [("run", b"x", 0o755)])
    pulled(registry, tmp_path)

    assert (tmp_path / "run").stat().st_mode & 0o700 == 0o700


def test_what_a_later_layer_removes_is_gone(registry: RegistryHost, tmp_path: Path) -> None:
    """C107: a whiteout is no file of the source (v0.0.9 leaves both)."""
    put(registry, [("a", b"1", 0o644), ("b", b"1", 0o644)], [(".wh.a", b"", 0o644)])

    assert pulled(registry, tmp_path) == {"b": b"1"}


def test_where_an_image_came_from_is_recorded(registry: RegistryHost, tmp_path: Path) -> None:
    """C106: repository without tag, and the digest."""
    digest = put(registry, [("a", b"1", 0o644)])
    places = Places(
        workspace=tmp_path / "workspace",
        home=tmp_path,
        image_pull_secrets=tmp_path / "none",
        project_metadata=tmp_path / "metadata",
    )
    places.workspace.mkdir()

    secrets = MountedSecrets(keychain=login(registry), git=())
    fetch_source({"REGISTRY_IMAGE": f"{registry.name}/src:1"}, secrets, places)

    assert (places.project_metadata / "project-metadata.toml").read_text() == (
        "[source]\n"
        '  type = "image"\n'
        "  [source.metadata]\n"
        f'    image = "{registry.name}/src"\n'
        "  [source.version]\n"
        f'    digest = "{digest}"\n'
    )
