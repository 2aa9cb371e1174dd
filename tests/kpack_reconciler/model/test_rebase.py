"""Rebase by facts of the reference: the bytes are those that lifecycle v0.20.12 wrote."""

import json
from typing import Any

import pytest

from kpack_reconciler.model.image_documents import digest_of
from kpack_reconciler.model.lifecycle_metadata import METADATA_LABEL
from kpack_reconciler.model.rebase import RemoteImage
from kpack_reconciler.model.references import ImageReference
from tests.kpack_reconciler.model.rebase_images import (
    APP_REPOSITORY,
    KPACK,
    RUN_REPOSITORY,
    TODAY,
    app,
    document,
    image,
    in_oci_form,
    in_place_of,
    metadata,
    metadata_of,
    onto,
    refusal,
    run,
    set_label,
)


def test_config_and_manifest_are_those_of_the_reference() -> None:
    """V1: byte for byte, and so the digest."""
    result = onto(app(), run())

    assert result.config == document("rebased-config")
    assert result.manifest == document("rebased-manifest")
    assert result.digest == "sha256:fedfa31aae4c0d4a27205ce6e66f40e0fc243df917a5a3f29efbf458f8296470"


@pytest.mark.parametrize(
    ("old", "new", "config", "manifest", "platform_api"),
    [
        pytest.param(
            in_oci_form("app", 2),
            None,
            "000728c4ded244fed73e73bffd465858b0fa157bd531a96ee57592c64998f141",
            "fedfa31aae4c0d4a27205ce6e66f40e0fc243df917a5a3f29efbf458f8296470",
            KPACK,
            id="V2",
        ),
        pytest.param(
            None,
            in_oci_form("run", 3),
            "e682115809b277f296c5a490137796c9623ec3cb39f1906daf64d13dec2764eb",
            "97b32f4fb58390bf9139c18c262ecc027d93cd6290970f32d2796b0ca35dd209",
            KPACK,
            id="V3",
        ),
        pytest.param(
            in_oci_form("app", 2),
            in_oci_form("run", 3),
            "e682115809b277f296c5a490137796c9623ec3cb39f1906daf64d13dec2764eb",
            "97b32f4fb58390bf9139c18c262ecc027d93cd6290970f32d2796b0ca35dd209",
            KPACK,
            id="V4",
        ),
        pytest.param(
            None,
            None,
            "83b916814c42e40c28e907013adae1ba3d12a2d43a7baf278937bbabc51030d0",
            "0b2798291487071475217ec50498ded89f0603553ca281449f2359a39ff4d1b9",
            TODAY,
            id="V5",
        ),
    ],
)
def test_the_digest_is_that_of_the_reference(
    old: bytes | None, new: bytes | None, config: str, manifest: str, platform_api: tuple[int, int]
) -> None:
    """Docker's and OCI's form of either image, and the labels of platform API 0.12."""
    before, base = image("app", APP_REPOSITORY, old), image("run", RUN_REPOSITORY, new)

    result = onto(before, base, name=str(base.reference), platform_api=platform_api)

    assert digest_of(result.config) == f"sha256:{config}"
    assert result.digest == f"sha256:{manifest}"


def test_rebasing_twice_gives_the_same_image() -> None:
    """What was rebased already is what it would become."""
    once = onto(app(), run())
    again = RemoteImage(reference=app().reference, manifest=once.manifest, config=once.config)

    assert onto(again, run()).digest == once.digest


def test_layers_come_from_the_repositories_that_hold_them() -> None:
    """The run image's from its own, those above it from the application's; the old run image's are not needed."""
    result = onto(app(), run())

    held = {(blob.source.repository, blob.size) for blob in result.blobs}
    assert [blob.source.repository for blob in result.blobs] == ["stack/run"] * 3 + ["team/app"] * 2
    assert held == {("stack/run", 111), ("stack/run", 112), ("team/app", 104), ("team/app", 105)}


def test_layers_that_registries_may_not_hold_are_not_asked_for() -> None:
    """They stay in the manifest with their addresses."""
    manifest = json.loads(document("run-manifest"))
    foreign = {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "urls": ["https://vendor/x"]}
    manifest["layers"][0].update(foreign)

    result = onto(app(), image("run", RUN_REPOSITORY, json.dumps(manifest).encode()))

    assert len(result.blobs) == 4
    assert json.loads(result.manifest)["layers"][0]["urls"] == ["https://vendor/x"]


LABELS = [
    ("io.buildpacks.stack.distro.name", "ubuntu", "ubuntu", "ubuntu", "ubuntu"),
    ("io.buildpacks.stack.changed", "v1", "v2", "v2", "v2"),
    ("io.buildpacks.stack.added", None, "new", "new", "new"),
    ("io.buildpacks.stack.removed", "old", None, None, None),
    ("io.custom.old", "abc", None, "abc", "abc"),
    ("io.custom.stack", None, "def", None, None),
    ("io.buildpacks.base.homepage", "v1", "v2", "v1", "v2"),
    ("io.buildpacks.base.removed", "old", None, "old", None),
]


@pytest.mark.parametrize(("name", "old", "new", "kpack", "today"), LABELS, ids=[f"V6 {row[0]}" for row in LABELS])
def test_labels_of_the_run_image_follow_it(
    name: str, old: str | None, new: str | None, kpack: str | None, today: str | None
) -> None:
    """The stack's always, those of the base from platform API 0.12 on, no others."""
    images = app(lambda config: set_label(config, name, old)), run(lambda config: set_label(config, name, new))

    results = [onto(*images, platform_api=version) for version in (KPACK, TODAY)]

    assert [result.labels.get(name) for result in results] == [kpack, today]


@pytest.mark.parametrize("label", ["{}", None, '{"runImage":{"topLayer":"sha256:0"}}'])
def test_without_the_layer_it_lies_on_an_application_cannot_be_rebased(label: str | None) -> None:
    """V20: also where the metadata is missing."""
    before = app(lambda config: set_label(config, METADATA_LABEL, label))

    assert refusal(before, run()) == ("BaseLayerNotFound", "rebase app image: could not find base layer in image")


def test_the_first_of_equal_layers_is_the_boundary() -> None:
    """V21: an empty layer may come twice."""

    def change(config: Any) -> None:
        config["rootfs"]["diff_ids"][2] = config["rootfs"]["diff_ids"][1]

    result = onto(app(change), run())

    layers = json.loads(result.config)["rootfs"]["diff_ids"]
    assert layers[3:] == [
        "sha256:f7286887b72eb5ffb758a8edd84c0f14d6f314b645e8c233878b9aa274e08d77",
        "sha256:61f520a577cf962a5abf279a153c29b6fb7946750e88f73c4e40401e3a2df00e",
    ]


def test_the_metadata_of_old_lifecycles_is_kept() -> None:
    """V22: `app` may be an object."""
    assert metadata_of(onto(app(metadata(app={"sha": "x"})), run()))["app"] == {"sha": "x"}


def test_what_a_metadata_label_lacks_is_written_empty() -> None:
    """As Go writes its structures: members that may be absent are left out, the others have their zero."""
    top = "sha256:f7286887b72eb5ffb758a8edd84c0f14d6f314b645e8c233878b9aa274e08d77"
    label = json.dumps({"runImage": {"topLayer": top}, "unknown": True})

    result = onto(app(lambda config: set_label(config, METADATA_LABEL, label)), run())

    assert result.labels[METADATA_LABEL] == (
        '{"app":null,"buildpacks":null,"config":{"sha":""},"launcher":{"sha":""},"process-types":{"sha":""},'
        '"runImage":{"topLayer":"sha256:f105cd031b5c84e3ffd3faa7b5c599fadc7e43966ae3b9c7724ab56f587ec3eb",'
        f'"reference":"{run().reference}"}}}}'
    )


def test_what_buildpacks_left_is_passed_on() -> None:
    """Stores, launch SBOMs, layers without data and buildpacks without layers; names of layers sorted."""
    held = [
        {"key": "b", "version": "1", "layers": None, "store": {"metadata": {"z": 1, "a": [2.50]}}},
        {"key": "a", "version": "2", "layers": {"y": {"sha": "s"}, "x": {"sha": "t", "data": None, "launch": True}}},
    ]

    label = onto(app(metadata(buildpacks=held, sbom={"sha": "u"})), run()).labels[METADATA_LABEL]

    assert '"sbom":{"sha":"u"},"buildpacks":[{"key":"b","version":"1","layers":null,' in label
    assert (
        '"store":{"metadata":{"a":[2.5],"z":1}}},{"key":"a","version":"2","layers":{"x":{"sha":"t","data":null,'
        in label
    )
    assert '"y":{"sha":"s","data":null,"build":false,"launch":false,"cache":false}}}],"config"' in label


@pytest.mark.parametrize("text", ["{", "[]", '{"launcher":7}', '{"app":NaN}', '{"app":1e999}', "[" * 100_000])
def test_metadata_that_cannot_be_read_is_named(text: str) -> None:
    """With the label."""
    reason, message = refusal(app(lambda config: set_label(config, METADATA_LABEL, text)), run())

    expected = f"get image metadata: failed to unmarshal context of label '{METADATA_LABEL}': "
    assert (reason, message[: len(expected)]) == ("UnreadableMetadata", expected)


def test_the_container_config_is_written_as_the_reference_does() -> None:
    """Its members in Go's order, the empty and the unknown ones left out, sets as empty objects."""

    def change(config: Any) -> None:
        config["config"].update(
            StopSignal="SIGTERM",
            Unknown=1,
            Cmd=[],
            Tty=False,
            ExposedPorts={"8080/tcp": {}, "80/tcp": {"x": 1}},
            Healthcheck={"Retries": 3, "Test": ["CMD"], "Interval": 30_000_000_000, "Timeout": 0, "Other": 1},
        )

    written = onto(app(change), run()).config.decode()

    head, _, rest = written.partition('"config":{')
    assert rest.startswith(
        '"Healthcheck":{"Test":["CMD"],"Interval":30000000000,"Retries":3},"Entrypoint":["/cnb/process/web"],"Env":'
    )
    assert '"WorkingDir":"/workspace","ExposedPorts":{"80/tcp":{},"8080/tcp":{}},"StopSignal":"SIGTERM"}' in rest
    assert "Unknown" not in written
    assert head.count('"created"') == 6


def test_descriptors_are_kept_as_they_are() -> None:
    """Annotations and addresses of a layer stay, in Go's order; what it does not know goes."""
    manifest = json.loads(document("app-manifest"))
    manifest["layers"][3].update({"x": 1, "annotations": {"b": "2", "a": "1"}, "urls": []})
    manifest["annotations"] = {"gone": "yes"}

    result = onto(image("app", APP_REPOSITORY, json.dumps(manifest).encode()), run())

    assert result.manifest.endswith(b'bf43bc22a449ec0ddef4f0c3727fd09e6301953105458e006be1dd7f927a51ba"}]}') is False
    assert result.manifest.endswith(
        b'"digest":"sha256:bc43bf22a449ec0ddef4f0c3727fd09e6301953105458e006be1dd7f927a51ba",'
        b'"annotations":{"a":"1","b":"2"}}]}'
    )


@pytest.mark.parametrize(
    ("manifest", "config"),
    [
        pytest.param(b"{", None, id="no JSON"),
        pytest.param(b'{"schemaVersion":1,"fsLayers":[]}', None, id="schema 1"),
        pytest.param(b'{"manifests":[]}', None, id="an index"),
        pytest.param(in_place_of("digest", "sha256:/../../x"), None, id="a digest that is a path"),
        pytest.param(in_place_of("size", -1), None, id="a size below zero"),
        pytest.param(None, b"[]", id="no config"),
        pytest.param(None, b'{"rootfs":{"diff_ids":["sha256:0"]}}', id="other layers"),
        pytest.param(None, b'{"rootfs":{"diff_ids":[]},"config":{"Labels":{"a":1}}}', id="labels that are no text"),
    ],
)
def test_what_is_no_container_image_is_refused(manifest: bytes | None, config: bytes | None) -> None:
    """As application and as run image."""
    odd = image("app", APP_REPOSITORY, manifest, config)

    for pair in ((odd, run()), (app(), odd)):
        reason, message = refusal(*pair)
        assert reason == "UnreadableImage"
        assert f"{odd.reference}: manifest and config do not describe one container image" in message


def test_a_run_image_without_layers_is_refused() -> None:
    """There is nothing to lie on."""
    empty = RemoteImage(
        reference=ImageReference(registry="localhost:5000", repository="stack/run", digest="sha256:" + "0" * 64),
        manifest=b'{"config":{},"layers":[]}',
        config=b'{"rootfs":{"diff_ids":[]},"config":{"Labels":{"io.buildpacks.stack.id":"s1"}}}',
    )

    assert refusal(app(), empty)[0] == "UnreadableImage"
