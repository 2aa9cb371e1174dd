"""Registry sources that are odd or hostile; the usual ones are in `test_layers_vectors`."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from kpack_reconciler.model.credentials import keychain_from_login
from kpack_reconciler.steps.layers import fetch_image
from kpack_reconciler.steps.report import StepError
from kpack_reconciler.steps.unpacking import LIMITS, Limits
from tests.fakes.registry_host import RegistryHost, digest_of, registry_host

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
FILE, FOLDER, LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE
Entry = tuple[str, bytes, str]


@pytest.fixture
def registry() -> Iterator[RegistryHost]:
    with registry_host("joe:secret") as host:
        yield host


def layer(*entries: Entry) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, kind, text in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = kind, 0o755
            content = text.encode() if kind == FILE else b""
            entry.linkname, entry.size = text if kind == LINK else "", len(content)
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(file.getvalue())


def put(registry: RegistryHost, layers: Sequence[bytes], *, media_type: str = LAYER) -> None:
    """Have an image `src:1` of these layers."""
    for blob in layers:
        registry.contents[f"/v2/src/blobs/{digest_of(blob)}"] = blob
    described = [{"mediaType": media_type, "digest": digest_of(blob), "size": len(blob)} for blob in layers]
    manifest = json.dumps({"schemaVersion": 2, "config": {"digest": digest_of(b"{}")}, "layers": described}).encode()
    registry.contents["/v2/src/manifests/1"] = manifest


def fetch(registry: RegistryHost, folder: Path, *, password: str = "secret", limits: Limits = LIMITS) -> None:
    (folder / "workspace").mkdir()
    keychain = keychain_from_login(registry.name, username="joe", password=password)
    fetch_image(f"{registry.name}/src:1", folder / "workspace", keychain=keychain, limits=limits)


def files(folder: Path) -> set[str]:
    root = folder / "workspace"
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


def test_an_opaque_folder_hides_what_earlier_layers_have(registry: RegistryHost, tmp_path: Path) -> None:
    """And nothing of its own layer, wherever in the layer it says so."""
    first = layer(("d/old", FILE, "1"), ("d/sub/old", FILE, "1"), ("kept", FILE, "1"))
    second = layer(("d/new", FILE, "2"), ("d/.wh..wh..opq", FILE, ""), (".wh..wh.plnk", FOLDER, ""))
    put(registry, [first, second])

    fetch(registry, tmp_path)

    assert files(tmp_path) == {"d/new", "kept"}


def test_what_leads_out_is_left_out(registry: RegistryHost, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Links of whole systems and devices; the log names them."""
    put(registry, [layer(("etc/mtab", LINK, "/proc/mounts"), ("dev/null", tarfile.CHRTYPE, ""), ("a", FILE, "1"))])

    fetch(registry, tmp_path)

    assert files(tmp_path) == {"a"}
    assert "'etc/mtab' is a link to '/proc/mounts'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([("../x", FILE, "1")], "outside of the source"),
        ([("d/../../x", FILE, "1")], "outside of the source"),
        ([(".wh...", FILE, "")], "takes away what is no file"),
        ([(".wh.", FILE, "")], "takes away what is no file"),
        ([("d/../../.wh.victim", FILE, "")], "outside of the source"),
    ],
)
def test_a_hostile_layer_is_refused(registry: RegistryHost, tmp_path: Path, entries: list[Entry], said: str) -> None:
    """Nothing is written or taken away outside of the workspace."""
    (tmp_path / "victim").write_text("untouched")
    put(registry, [layer(*entries)])

    with pytest.raises(StepError, match=said):
        fetch(registry, tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["victim", "workspace"]


def test_a_layer_that_is_none_is_told(registry: RegistryHost, tmp_path: Path) -> None:
    """Bytes that are no tar, though their digest is right."""
    put(registry, [gzip.compress(b"no tar" * 1000)[:-20]])

    with pytest.raises(StepError, match="a layer of the image is broken"):
        fetch(registry, tmp_path)


def test_a_layer_of_another_form_is_told(registry: RegistryHost, tmp_path: Path) -> None:
    """What cannot be read is told with what can."""
    put(registry, [layer()], media_type="application/vnd.oci.image.layer.v1.tar+zstd")

    with pytest.raises(StepError, match=r"push it with layers of type tar\+gzip"):
        fetch(registry, tmp_path)


def test_other_bytes_than_the_digest_says_are_not_used(registry: RegistryHost, tmp_path: Path) -> None:
    """The step may be tried again: a proxy may have broken them."""
    good = layer(("a", FILE, "1"))
    put(registry, [good])
    registry.contents[f"/v2/src/blobs/{digest_of(good)}"] = layer(("a", FILE, "evil"))

    with pytest.raises(StepError, match="other bytes than its digest says") as caught:
        fetch(registry, tmp_path)

    assert caught.value.code == 75
    assert files(tmp_path) == set()


def test_a_large_image_is_refused(registry: RegistryHost, tmp_path: Path) -> None:
    """By what is downloaded, before it is unpacked."""
    put(registry, [layer(("a", FILE, "1"))])

    with pytest.raises(StepError, match="the image is larger than 0 MiB"):
        fetch(registry, tmp_path, limits=Limits(packed=10))


def test_a_wrong_login_is_told(registry: RegistryHost, tmp_path: Path) -> None:
    """The exit code says that a credential is at fault."""
    put(registry, [])

    with pytest.raises(StepError, match="not allowed to read from") as caught:
        fetch(registry, tmp_path, password="wrong")

    assert caught.value.code == 77
