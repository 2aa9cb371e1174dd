"""Rebase by facts of the reference: the documents beside this file were read and written by lifecycle v0.20.12."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kpack_reconciler.model.image_documents import digest_of
from kpack_reconciler.model.lifecycle_metadata import METADATA_LABEL
from kpack_reconciler.model.rebase import RebasedImage, RemoteImage, rebase
from kpack_reconciler.model.rebase_checks import NotRebasableError
from kpack_reconciler.model.references import ImageReference, parse_image

DOCUMENTS = Path(__file__).parent / "rebase"
RUN_REPOSITORY, APP_REPOSITORY = "localhost:5000/stack/run", "localhost:5000/team/app"
OCI = "application/vnd.oci.image"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
KPACK = (0, 9)
TODAY = (0, 12)

Change = Callable[[Any], None]


def document(name: str) -> bytes:
    return (DOCUMENTS / f"{name}.json").read_bytes()


def image(name: str, repository: str, manifest: bytes | None = None, config: bytes | None = None) -> RemoteImage:
    raw = manifest or document(f"{name}-manifest")
    reference = parse_image(f"{repository}@{digest_of(raw)}")
    return RemoteImage(reference=reference, manifest=raw, config=config or document(f"{name}-config"))


def app(change: Change | None = None) -> RemoteImage:
    """The application; `change` edits its config."""
    return image("app", APP_REPOSITORY, config=changed("app-config", change))


def run(change: Change | None = None) -> RemoteImage:
    """The new run image; `change` edits its config."""
    return image("run", RUN_REPOSITORY, config=changed("run-config", change))


def changed(name: str, change: Change | None) -> bytes:
    if change is None:
        return document(name)
    config = json.loads(document(name))
    change(config)
    return json.dumps(config).encode()


def labelled(**labels: str | None) -> Change:
    """Set the labels `io.buildpacks.<name>` (`_` for `.`); None takes one away."""

    def change(config: Any) -> None:
        for name, value in labels.items():
            set_label(config, f"io.buildpacks.{name.replace('_', '.')}", value)

    return change


def set_label(config: Any, name: str, value: str | None) -> None:
    config["config"]["Labels"].pop(name, None)
    if value is not None:
        config["config"]["Labels"][name] = value


def built_with(version: str | None, **rest: object) -> Change:
    """The application's platform API, and members of its config; both images then run on the same machine."""

    def change(config: Any) -> None:
        config.update({"architecture": "arm64", "variant": "v8", **rest})
        environment = [entry for entry in config["config"]["Env"] if not entry.startswith("CNB_PLATFORM_API")]
        config["config"]["Env"] = environment + ([] if version is None else [f"CNB_PLATFORM_API={version}"])

    return change


def both(*changes: Change) -> Change:
    def change(config: Any) -> None:
        for one in changes:
            one(config)

    return change


def metadata(**members: object) -> Change:
    """Members of the lifecycle's metadata in the application's label."""

    def change(config: Any) -> None:
        held = json.loads(config["config"]["Labels"][METADATA_LABEL])
        config["config"]["Labels"][METADATA_LABEL] = json.dumps({**held, **members})

    return change


def onto(
    old: RemoteImage, new: RemoteImage, *, name: str = RUN_REPOSITORY, platform_api: tuple[int, int] = KPACK
) -> RebasedImage:
    return rebase(old, new, run_image=name, platform_api=platform_api)


def refusal(old: RemoteImage, new: RemoteImage, **rest: Any) -> tuple[str, str]:
    with pytest.raises(NotRebasableError) as refused:
        onto(old, new, **rest)
    return refused.value.reason, str(refused.value)


def metadata_of(result: RebasedImage) -> Any:
    return json.loads(result.labels[METADATA_LABEL])


def in_oci_form(name: str, layers: int) -> bytes:
    """The manifest with OCI's media types: its own, its config's, and those of its first layers."""
    manifest = json.loads(document(f"{name}-manifest"))
    manifest["mediaType"] = f"{OCI}.manifest.v1+json"
    manifest["config"]["mediaType"] = f"{OCI}.config.v1+json"
    for layer in manifest["layers"][:layers]:
        layer["mediaType"] = f"{OCI}.layer.v1.tar+gzip"
    return json.dumps(manifest, separators=(",", ":")).encode()


def in_place_of(member: str, value: object) -> bytes:
    """The application's manifest, with another value for a member of its first layer."""
    manifest = json.loads(document("app-manifest"))
    manifest["layers"][0][member] = value
    return json.dumps(manifest).encode()


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


@pytest.mark.parametrize("version", [None, "0.11"], ids=["V7", "V8 0.11"])
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "io.buildpacks.stacks.bionic",
            "io.buildpacks.stacks.cflinuxfs3",
            "incompatible stack: 'io.buildpacks.stacks.cflinuxfs3' is not compatible with"
            " 'io.buildpacks.stacks.bionic'",
            id="another stack",
        ),
        pytest.param("", "s1", "stack not defined on app image", id="the application's is empty"),
        pytest.param(None, None, "stack not defined on app image", id="neither has one"),
        pytest.param("s1", "", "stack not defined on new base image", id="the run image's is empty"),
    ],
)
def test_below_platform_api_0_12_both_have_one_stack(
    version: str | None, old: str | None, new: str | None, message: str
) -> None:
    """In the lifecycle's words."""
    before = app(both(built_with(version), labelled(stack_id=old)))

    assert refusal(before, run(labelled(stack_id=new))) == ("StackMismatch", message)


@pytest.mark.parametrize("stack", ["s2", "", None])
def test_from_platform_api_0_12_on_stacks_do_not_count(stack: str | None) -> None:
    """V8: all three are allowed."""
    allowed = onto(app(both(built_with("0.12"), labelled(base_distro_name="debian"))), run(labelled(stack_id=stack)))

    assert allowed.labels.get("io.buildpacks.stack.id") == stack


def test_below_platform_api_0_12_systems_may_differ() -> None:
    """V9: system and variant of the run image are taken without a question."""
    result = onto(app(built_with("0.11", variant="v9")), run(lambda config: config.update(os="plan9")))

    assert json.loads(result.config)["os"] == "plan9"


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        pytest.param(None, None, None, id="V10 no labels"),
        pytest.param("null", "null", None, id="V10 null"),
        pytest.param("null", '["mixin-1"]', None, id="V10 more"),
        pytest.param('["mixin-1","run:mixin-2"]', '["mixin-1","run:mixin-2"]', None, id="V10 the same"),
        pytest.param('["mixin-1","run:mixin-2"]', '["mixin-1","run:mixin-2","mixin-3"]', None, id="V10 one more"),
        pytest.param('["mixin-1","run:mixin-2"]', '["mixin-1","mixin-2"]', None, id="V10 without prefix"),
        pytest.param('["mixin-1","run:mixin-2"]', '["run:mixin-1","run:mixin-2"]', None, id="V10 with prefix"),
        pytest.param('["mixin-1","run:mixin-2"]', '["run:mixin-2"]', "mixin-1", id="V10 one less"),
        pytest.param('["b","a"]', "", "a, b", id="V10 none"),
    ],
)
def test_mixins_of_the_application_must_be_in_the_run_image(old: str | None, new: str | None, missing: str) -> None:
    """Whatever stage they are named for; what is missing is listed, sorted."""
    images = app(labelled(stack_mixins=old)), run(labelled(stack_mixins=new))

    if missing is None:
        assert onto(*images).labels.get("io.buildpacks.stack.mixins") == new
    else:
        assert refusal(*images) == ("MissingMixins", f"missing required mixin(s): {missing}")


def test_from_platform_api_0_12_on_mixins_do_not_count() -> None:
    """V10, last row."""
    change = both(built_with("0.12"), labelled(stack_mixins='["mixin-1"]', base_distro_name="debian"))

    assert "io.buildpacks.stack.mixins" not in onto(app(change), run()).labels


@pytest.mark.parametrize("text", ["thisisn'tvalid!", '{"a":1}'], ids=["V11", "V11 another shape"])
def test_mixins_that_cannot_be_read_are_named(text: str) -> None:
    """With the label."""
    reason, message = refusal(app(labelled(stack_mixins=text)), run())

    expected = "get app image mixins: failed to unmarshal context of label 'io.buildpacks.stack.mixins': "
    assert (reason, message[: len(expected)]) == ("UnreadableMetadata", expected)


def test_an_application_marked_as_not_rebasable_is_refused() -> None:
    """V12: from platform API 0.12 on."""
    mark = labelled(rebasable="false", base_distro_name="debian")

    assert refusal(app(both(built_with("0.12"), mark)), run()) == (
        "NotMarkedRebasable",
        "app image is not marked as rebasable; please provide -force to override",
    )
    assert onto(app(both(built_with("0.11"), mark)), run())


@pytest.mark.parametrize("mark", ["true", "", None])
def test_any_other_mark_is_none(mark: str | None) -> None:
    """V12."""
    change = both(built_with("0.12"), labelled(rebasable=mark, base_distro_name="debian"))

    assert onto(app(change), run()).labels.get("io.buildpacks.rebasable") == mark


def target(config: dict[str, str] | None = None, **labels: str) -> Change:
    """A config for the target checks: no distribution but the one given."""
    members = {"architecture": "amd64", "os": "linux", "variant": "", **(config or {})}

    def change(document: Any) -> None:
        document.update(members)
        labelled(**{"base_distro_name": None, **labels})(document)

    return change


def targets(old: Change, new: Change) -> tuple[RemoteImage, RemoteImage]:
    return app(both(built_with("0.12"), old)), run(new)


@pytest.mark.parametrize(
    ("old", "new", "told_new", "told_old"),
    [
        pytest.param(
            target(),
            target(config={"os": "notlinux"}),
            '{"os":"notlinux","arch":"amd64"}',
            '{"os":"linux","arch":"amd64"}',
            id="V13",
        ),
        pytest.param(
            target(),
            target(config={"architecture": ""}),
            '{"os":"linux","arch":""}',
            '{"os":"linux","arch":"amd64"}',
            id="V13 empty is no wildcard",
        ),
        pytest.param(
            target(config={"variant": "variant1"}),
            target(config={"variant": "variant2"}),
            '{"os":"linux","arch":"amd64","arch-variant":"variant2"}',
            '{"os":"linux","arch":"amd64","arch-variant":"variant1"}',
            id="V14",
        ),
        pytest.param(
            target(base_distro_name="distro1"),
            target(base_distro_name="distro2"),
            '{"os":"linux","arch":"amd64","distro":{"name":"distro2","version":""}}',
            '{"os":"linux","arch":"amd64","distro":{"name":"distro1","version":""}}',
            id="V15",
        ),
        pytest.param(
            target(),
            target(base_distro_name="distro2", base_id="i"),
            '{"id":"i","os":"linux","arch":"amd64","distro":{"name":"distro2","version":""}}',
            '{"os":"linux","arch":"amd64"}',
            id="V15 only the run image tells",
        ),
    ],
)
def test_from_platform_api_0_12_on_targets_must_fit(old: Change, new: Change, told_new: str, told_old: str) -> None:
    """Both targets are told."""
    reason, message = refusal(*targets(old, new))

    told = f"new run image: {told_new}, old run image: {told_old}; please provide -force to override"
    assert reason == "TargetMismatch"
    assert message == f"unable to satisfy target os/arch constraints; {told}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(target(config={"variant": "v1"}), target(), id="V14 only the application has a variant"),
        pytest.param(target(), target(config={"variant": "v1"}), id="V14 only the run image has a variant"),
        pytest.param(target(base_distro_name="distro1"), target(), id="V15 only the application tells"),
        pytest.param(
            target(base_distro_name="d", base_distro_version="1"), target(base_distro_name="d"), id="V15 no version"
        ),
    ],
)
def test_what_one_side_leaves_open_fits(old: Change, new: Change) -> None:
    """Variant of either, distribution of the run image."""
    assert onto(*targets(old, new))


NAMED = metadata(
    runImage={
        "topLayer": "sha256:f7286887b72eb5ffb758a8edd84c0f14d6f314b645e8c233878b9aa274e08d77",
        "reference": "localhost:5000/stack/run@sha256:ab8e1bf1dd207db2fcb6fca8fd99d16d3bb1bd725be88a8310c98c35a3df7ac4",
        "image": "some-run-image-tag-reference",
        "mirrors": ["some-run-image-mirror"],
    },
    stack=None,
)


def test_a_run_image_of_an_unknown_name_is_refused_at_platform_api_0_12() -> None:
    """V16: with what is known."""
    reference = parse_image(f"index.docker.io/some-repo/new-base-image@{run().reference.digest}")
    new = RemoteImage(reference=reference, manifest=run().manifest, config=run().config)
    known = (
        '{"topLayer":"sha256:f105cd031b5c84e3ffd3faa7b5c599fadc7e43966ae3b9c7724ab56f587ec3eb",'
        f'"reference":"{reference}","image":"some-run-image-tag-reference","mirrors":["some-run-image-mirror"]}}'
    )

    reason, message = refusal(app(NAMED), new, name="some-repo/new-base-image", platform_api=TODAY)

    told = f"not found in existing run image metadata: {known}; please provide -force to override"
    assert reason == "UnknownRunImage"
    assert message == f"rebase app image: new base image 'some-repo/new-base-image' {told}"


@pytest.mark.parametrize(
    ("stack", "told"),
    [({"runImage": {"image": "a", "mirrors": []}}, '{"image":"a"}'), (None, "not found")],
    ids=["V16 the stack's", "V16 nothing"],
)
def test_the_refusal_tells_the_names_that_are_known(stack: object, told: str) -> None:
    """Of the run image, else of the stack."""
    _, message = refusal(app(metadata(stack=stack)), run(), name="other", platform_api=TODAY)

    assert f"existing run image metadata: {told}; please" in message


@pytest.mark.parametrize(
    "name",
    [
        "some-run-image-mirror",
        "index.docker.io/some-run-image-mirror",
        "some-run-image-mirror@sha256:" + "a" * 64,
        "some-run-image-tag-reference",
    ],
)
def test_a_mirror_is_a_known_name(name: str) -> None:
    """V18: written out in full, without its digest; the names in the metadata stay."""
    moved = metadata_of(onto(app(NAMED), run(), name=name, platform_api=TODAY))["runImage"]

    assert (moved["image"], moved["mirrors"]) == ("some-run-image-tag-reference", ["some-run-image-mirror"])


@pytest.mark.parametrize("name", ["some-run-image-mirror:new-tag", "No Name"])
def test_another_tag_of_a_mirror_is_no_known_name(name: str) -> None:
    """V18."""
    assert refusal(app(NAMED), run(), name=name, platform_api=TODAY)[0] == "UnknownRunImage"


def test_below_platform_api_0_12_the_name_does_not_count() -> None:
    """V19: only what lies below the application and where it came from is written anew."""
    moved = metadata_of(onto(app(NAMED), run(), name="some-repo/new-base-image", platform_api=(0, 11)))

    assert moved["runImage"] == {
        "topLayer": "sha256:f105cd031b5c84e3ffd3faa7b5c599fadc7e43966ae3b9c7724ab56f587ec3eb",
        "reference": f"{RUN_REPOSITORY}@{run().reference.digest}",
        "image": "some-run-image-tag-reference",
        "mirrors": ["some-run-image-mirror"],
    }
    assert "stack" not in moved


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


def test_an_application_of_an_unreadable_platform_api_is_refused() -> None:
    """The reference crashes."""
    assert refusal(app(built_with("latest")), run())[0] == "UnreadableImage"
