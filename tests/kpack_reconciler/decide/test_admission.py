"""What the webhook says, row by row of kpack v0.0.9's defaults and errors."""

from typing import Any

import pytest

from kpack_reconciler.decide.admission import default, undecodable, validate

BINDING: dict[str, Any] = {"name": "db", "metadataRef": {"name": "db"}}
GIT: dict[str, Any] = {"git": {"url": "https://git.example/shop", "revision": "main"}}
DIGEST = "sha256:" + "a" * 64
IMAGE: dict[str, Any] = {
    "tag": "reg.example/app",
    "builder": {"kind": "Builder", "name": "small"},
    "source": GIT,
    "build": {"bindings": [BINDING]},
}
BUILD: dict[str, Any] = {
    "tags": ["reg.example/app"],
    "builder": {"image": "reg.example/builder"},
    "source": GIT,
    "bindings": [BINDING],
    "lastBuild": {"image": f"reg.example/app@{DIGEST}"},
}
SPECS: dict[str, dict[str, Any]] = {
    "Image": IMAGE,
    "Build": BUILD,
    "Builder": {"image": "reg.example/builder"},
    "ClusterBuilder": {"image": f"reg.example/builder@{DIGEST}"},
}
BINDINGS_OF = {"Image": "spec.build.bindings", "Build": "spec.bindings"}


def say(kind: str, new: dict[str, Any], *, old: dict[str, Any] | None = None, update: bool = False) -> str | None:
    """The verdict on a spec; an update that names no old spec leaves everything as it was."""
    if not update:
        return validate(kind, "CREATE", {"spec": new}, None)
    return validate(kind, "UPDATE", {"spec": new}, {"spec": new if old is None else old})


def with_bindings(kind: str, bindings: list[Any]) -> dict[str, Any]:
    return {**IMAGE, "build": {"bindings": bindings}} if kind == "Image" else {**BUILD, "bindings": bindings}


def adds(*named: tuple[str, object]) -> list[dict[str, object]]:
    return [{"op": "add", "path": f"/spec/{name}", "value": value} for name, value in named]


IMAGE_DEFAULTS = adds(
    ("serviceAccount", "default"),
    ("imageTaggingStrategy", "BuildNumber"),
    ("failedBuildHistoryLimit", 10),
    ("successBuildHistoryLimit", 10),
)


@pytest.mark.parametrize("operation", ["CREATE", "UPDATE"])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Image", IMAGE_DEFAULTS),
        ("Build", adds(("serviceAccount", "default"))),
        ("Builder", adds(("updatePolicy", "polling"))),
        ("ClusterBuilder", adds(("updatePolicy", "polling"))),
        ("SourceResolver", []),
        ("Deployment", []),
    ],
)
def test_what_is_left_open_is_filled_in(kind: str, operation: str, expected: list[dict[str, object]]) -> None:
    """Each kind has its defaults, on create and on update; other kinds have none."""
    assert default(kind, operation, {"spec": {"tag": "x"}}, default_storage_class=False) == expected


def test_empty_text_is_filled_in_like_a_missing_one() -> None:
    """Empty names are open; a limit of zero is not."""
    spec = {
        "serviceAccount": "",
        "imageTaggingStrategy": "",
        "failedBuildHistoryLimit": 0,
        "successBuildHistoryLimit": 0,
    }

    assert default("Image", "CREATE", {"spec": spec}, default_storage_class=False) == IMAGE_DEFAULTS[:2]


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        (
            "Image",
            {
                "serviceAccount": "robot",
                "imageTaggingStrategy": "None",
                "failedBuildHistoryLimit": 1,
                "successBuildHistoryLimit": 2,
                "cacheSize": "1G",
            },
        ),
        ("Build", {"serviceAccount": "robot"}),
        ("Builder", {"updatePolicy": "external"}),
        ("ClusterBuilder", {"updatePolicy": "external"}),
    ],
)
def test_what_is_said_is_left_alone(kind: str, spec: dict[str, object]) -> None:
    """A field with a value is never changed."""
    assert default(kind, "CREATE", {"spec": spec}, default_storage_class=True) == []


def test_an_image_gets_a_cache_where_the_cluster_can_make_one() -> None:
    """The size is filled in only when there is a default StorageClass."""
    patch = default("Image", "CREATE", {"spec": {}}, default_storage_class=True)

    assert patch == [*IMAGE_DEFAULTS, *adds(("cacheSize", "2G"))]


@pytest.mark.parametrize("kind", ["Build", "Builder", "ClusterBuilder"])
def test_only_an_image_gets_a_cache(kind: str) -> None:
    """A default StorageClass changes nothing for other kinds."""
    with_class = default(kind, "CREATE", {"spec": {}}, default_storage_class=True)

    assert with_class == default(kind, "CREATE", {"spec": {}}, default_storage_class=False)


@pytest.mark.parametrize("new", [{}, {"spec": None}])
def test_a_missing_spec_is_made_before_it_is_filled(new: dict[str, object]) -> None:
    """A JSON patch can only add to an object that is there."""
    patch = default("Build", "CREATE", new, default_storage_class=False)

    assert patch == [{"op": "add", "path": "/spec", "value": {}}, *adds(("serviceAccount", "default"))]


@pytest.mark.parametrize("wrong", [{}, [], 7, True])
def test_a_field_of_the_wrong_type_is_not_defaulted(wrong: object) -> None:
    """What is said wrongly is left to those who judge it."""
    assert default("Build", "CREATE", {"spec": {"serviceAccount": wrong}}, default_storage_class=False) == []


@pytest.mark.parametrize("operation", ["DELETE", "CONNECT"])
def test_other_operations_are_left_alone(operation: str) -> None:
    """A deletion is neither defaulted nor judged."""
    verdict = validate("Image", operation, {"spec": {}}, {"spec": {}})

    assert (default("Image", operation, {}, default_storage_class=True), verdict) == ([], None)


@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize("kind", ["Image", "Build", "Builder", "ClusterBuilder"])
def test_what_is_in_order_passes(kind: str, *, update: bool) -> None:
    """A valid object passes on create, and unchanged on update."""
    assert say(kind, SPECS[kind], update=update) is None


def test_a_kind_without_rules_passes() -> None:
    """SourceResolvers are the reconciler's own and have no rules."""
    assert say("SourceResolver", {}) is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"tag": ""}, "missing field(s): spec.tag"),
        ({"tag": "reg.example/UPPER"}, "invalid value: reg.example/UPPER: spec.tag"),
        ({"tag": f"reg.example/app@{DIGEST}"}, f"invalid value: reg.example/app@{DIGEST}: spec.tag"),
        ({"tag": 7}, "missing field(s): spec.tag"),
        ({"additionalTags": ["reg.example/other", "!"]}, "invalid value: !: spec.additionalTags[1]"),
        ({"additionalTags": [""]}, "missing field(s): spec.additionalTags[0]"),
        ({"builder": {"kind": "Builder"}}, "missing field(s): spec.builder.name"),
        ({"builder": {"kind": "Nonsense", "name": ""}}, "missing field(s): spec.builder.name"),
        ({"builder": "small"}, "missing field(s): spec.builder.name"),
        ({"builder": {"kind": "Nonsense", "name": "x"}}, "invalid value: Nonsense: spec.builder.kind"),
        ({"builder": {"name": "x"}}, "invalid value: : spec.builder.kind"),
    ],
)
def test_what_an_image_must_say(change: dict[str, object], expected: str) -> None:
    """The tag is a tag reference, and the builder has a name and a known kind."""
    assert say("Image", {**IMAGE, **change}) == expected


@pytest.mark.parametrize("kind", ["Builder", "ClusterBuilder", "CustomBuilder", "CustomClusterBuilder"])
def test_an_image_may_name_four_kinds_of_builders(kind: str) -> None:
    """All four kinds of kpack pass, even those that this service does not run."""
    assert say("Image", {**IMAGE, "builder": {"kind": kind, "name": "x"}}) is None


def test_a_tag_cannot_be_changed() -> None:
    """Even another notation of the same tag is a change, and both are told."""
    new = {**IMAGE, "tag": "reg.example/app:latest"}

    verdict = say("Image", new, old=IMAGE, update=True)

    assert verdict == "Immutable field changed: spec.tag\ngot: reg.example/app:latest, want: reg.example/app"


def test_a_tag_that_was_stored_is_not_judged_again() -> None:
    """An update is judged on the change of the tag alone, so an old invalid one does not block it."""
    assert say("Image", {**IMAGE, "tag": "!"}, update=True) is None


def test_everything_else_of_an_image_can_be_changed() -> None:
    """Another builder and another source are no errors."""
    new = {**IMAGE, "builder": {"kind": "ClusterBuilder", "name": "wide"}, "source": {"blob": {"url": "u"}}}

    assert say("Image", new, old=IMAGE, update=True) is None


def test_an_update_of_an_image_is_judged_like_its_creation() -> None:
    """Apart from the tag, the rules hold for both operations."""
    verdict = say("Image", {**IMAGE, "builder": {}, "source": {}}, old=IMAGE, update=True)

    assert verdict == (
        "expected exactly one, got neither: spec.source.blob, spec.source.git, spec.source.registry\n"
        "missing field(s): spec.builder.name"
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({}, "expected exactly one, got neither: spec.source.blob, spec.source.git, spec.source.registry"),
        ({"git": None}, "expected exactly one, got neither: spec.source.blob, spec.source.git, spec.source.registry"),
        (None, "expected exactly one, got neither: spec.source.blob, spec.source.git, spec.source.registry"),
        (
            {"subPath": "x"},
            "expected exactly one, got neither: spec.source.blob, spec.source.git, spec.source.registry",
        ),
        ({"git": {}, "blob": {}}, "expected exactly one, got both: spec.source.blob, spec.source.git"),
        (
            {"git": {}, "blob": {}, "registry": {}},
            "expected exactly one, got both: spec.source.blob, spec.source.git, spec.source.registry",
        ),
        ({"git": {"revision": "main"}}, "missing field(s): spec.source.git.url"),
        ({"git": {"url": "u"}}, "missing field(s): spec.source.git.revision"),
        ({"git": {}}, "missing field(s): spec.source.git.revision, spec.source.git.url"),
        ({"git": "u"}, "missing field(s): spec.source.git.revision, spec.source.git.url"),
        ({"blob": {}}, "missing field(s): spec.source.blob.url"),
        ({"registry": {}}, "missing field(s): spec.source.registry.image"),
        ({"registry": {"image": "!"}}, "invalid value: !: spec.source.registry.image"),
        ({"blob": {"url": "u"}}, None),
        ({"blob": {"url": "u", "stripComponents": 2}}, None),
        (
            {"blob": {"url": "u", "stripComponents": -1}},
            "expected positive integer got -1: spec.source.blob.stripComponents",
        ),
        ({"registry": {"image": f"reg.example/src@{DIGEST}"}}, None),
    ],
)
@pytest.mark.parametrize("kind", ["Image", "Build"])
def test_a_source_is_exactly_one_and_complete(kind: str, source: object, expected: str | None) -> None:
    """Git needs url and revision, a blob a url, a registry source an image; of several none is looked at."""
    assert say(kind, {**SPECS[kind], "source": source}) == expected


@pytest.mark.parametrize(
    ("bindings", "expected"),
    [
        ([BINDING, {**BINDING, "name": "other"}], None),
        ([BINDING, BINDING], 'duplicate binding name "db": <B>[0].name, <B>[1].name'),
        ([BINDING, BINDING, BINDING], 'duplicate binding name "db": <B>[0].name, <B>[1].name, <B>[2].name'),
        ([{**BINDING, "name": ""}], "missing field(s): <B>[0].name"),
        ([{**BINDING, "name": "DB"}], "invalid value: DB: <B>[0].name"),
        ([{**BINDING, "name": "a_b"}], "invalid value: a_b: <B>[0].name"),
        ([{**BINDING, "name": "a\n"}], "invalid value: a\n: <B>[0].name"),
        ([{**BINDING, "name": "a" * 254}], f"invalid value: {'a' * 254}: <B>[0].name"),
        ([{**BINDING, "name": "a-b.c" + "0" * 248}], None),
        ([BINDING, {"name": "x"}], "missing field(s): <B>[1].metadataRef"),
        ([{"name": "x", "metadataRef": {}}], "missing field(s): <B>[0].metadataRef.name"),
        ([{**BINDING, "secretRef": {}}], "missing field(s): <B>[0].secretRef.name"),
        ([{**BINDING, "secretRef": {"name": "s"}}], None),
        ([{**BINDING, "secretRef": None}], None),
        (["db"], "missing field(s): <B>[0].metadataRef, <B>[0].name"),
    ],
)
@pytest.mark.parametrize("kind", ["Image", "Build"])
def test_bindings_have_names_of_their_own_and_complete_references(
    kind: str, bindings: list[Any], expected: str | None
) -> None:
    """Names are unique and of a pattern, the metadata is required, the secret optional but named."""
    wanted = None if expected is None else expected.replace("<B>", BINDINGS_OF[kind])

    assert say(kind, with_bindings(kind, bindings)) == wanted


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"tags": []}, "missing field(s): spec.tags"),
        ({"tags": "reg.example/app"}, "missing field(s): spec.tags"),
        ({"tags": ["reg.example/app", "!"]}, "invalid value: !: spec.tags[1]"),
        ({"builder": {}}, "missing field(s): spec.builder.image"),
        ({"builder": {"image": "!"}}, "invalid value: !: spec.builder.image"),
        ({"lastBuild": {"image": "!"}}, "invalid value: !: spec.lastBuild.image"),
        ({"lastBuild": {"image": ""}}, None),
        ({"lastBuild": None}, None),
    ],
)
@pytest.mark.parametrize("update", [False, True])
def test_what_a_build_must_say(change: dict[str, object], expected: str | None, *, update: bool) -> None:
    """Tags, the builder image and, where there is one, the last image are references."""
    assert say("Build", {**BUILD, **change}, update=update) == expected


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({**BUILD, "cacheName": "other"}, "changed: cacheName"),
        ({**BUILD, "tags": ["reg.example/other"], "serviceAccount": "x"}, "changed: serviceAccount, tags"),
        ({name: value for name, value in BUILD.items() if name != "lastBuild"}, "changed: lastBuild"),
        ({**BUILD, "resources": {"limits": {"cpu": "2"}}}, "changed: resources"),
        ({**BUILD, "env": [{"name": "A"}]}, "changed: env"),
    ],
)
def test_a_build_cannot_be_changed(new: dict[str, Any], expected: str) -> None:
    """Any difference in the spec is an error that names the fields."""
    assert say("Build", new, old=BUILD, update=True) == f"Immutable fields changed (-old +new): spec\n{expected}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param({}, {"resources": {}}, id="empty object added"),
        pytest.param({"resources": {"limits": {}}}, {}, id="empty object removed"),
        pytest.param({}, {"env": [], "cacheName": "", "lastBuild": BUILD["lastBuild"]}, id="empty list and text added"),
        pytest.param({}, {"serviceAccount": "default"}, id="default filled in"),
        pytest.param({"serviceAccount": ""}, {"serviceAccount": "default"}, id="default in place of empty text"),
        pytest.param({}, {"cacheName": None}, id="null added"),
        pytest.param({}, {"notary": {"v1": {}}}, id="unknown field added"),
        pytest.param(
            {"resources": {"limits": {"cpu": "500m"}}}, {"resources": {"limits": {"cpu": 0.5}}}, id="quantity rewritten"
        ),
        pytest.param({"resources": "none"}, {"resources": {}}, id="undecodable part mended"),
    ],
)
def test_writing_a_build_differently_is_no_change(old: dict[str, object], new: dict[str, object]) -> None:
    """Specs are compared as kpack's typed clients see them, not as JSON."""
    assert say("Build", {**BUILD, **new}, old={**BUILD, **old}, update=True) is None


@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize("kind", ["Builder", "ClusterBuilder"])
@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, "missing field(s): spec.image"),
        ({"image": ""}, "missing field(s): spec.image"),
        ({"image": ["x"]}, "missing field(s): spec.image"),
        ({"image": "reg.example/b@sha256:12"}, "invalid value: reg.example/b@sha256:12: spec.image"),
    ],
)
def test_a_builder_names_an_image(kind: str, spec: dict[str, Any], expected: str, *, update: bool) -> None:
    """Builder and ClusterBuilder need an image reference, on create and on update."""
    assert say(kind, spec, update=update) == expected


@pytest.mark.parametrize("kind", ["Builder", "ClusterBuilder"])
def test_a_builders_image_can_be_changed(kind: str) -> None:
    """Nothing of a builder is immutable."""
    assert say(kind, {"image": "reg.example/other"}, old=SPECS[kind], update=True) is None


def test_errors_of_one_message_are_one_line_with_sorted_paths() -> None:
    """An Image without tag and builder name gives kpack's own example."""
    assert say("Image", {**IMAGE, "tag": "", "builder": {}}) == "missing field(s): spec.builder.name, spec.tag"


def test_lines_are_sorted_by_message() -> None:
    """Errors of different messages stand on lines of their own."""
    assert say("Image", {"tag": "!", "builder": {"kind": "Odd", "name": "x"}, "source": GIT}) == (
        "invalid value: !: spec.tag\ninvalid value: Odd: spec.builder.kind"
    )


@pytest.mark.parametrize("new", [{}, {"spec": None}, {"spec": "text"}, {"spec": []}])
def test_an_object_without_a_spec_is_judged_as_empty(new: dict[str, object]) -> None:
    """A spec that is missing or of the wrong type misses everything, and crashes nothing."""
    assert validate("Build", "CREATE", new, None) == (
        "expected exactly one, got neither: spec.source.blob, spec.source.git, spec.source.registry\n"
        "missing field(s): spec.builder.image, spec.tags"
    )


def test_what_kpack_does_not_judge_passes() -> None:
    """Limits, tagging strategy and names of variables are accepted as they come."""
    spec = {
        **IMAGE,
        "failedBuildHistoryLimit": -1,
        "successBuildHistoryLimit": 0,
        "imageTaggingStrategy": "Odd",
        "build": {"env": [{"name": "not a name"}]},
    }

    assert say("Image", spec) is None


FORM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


@pytest.mark.parametrize("operation", ["CREATE", "UPDATE"])
@pytest.mark.parametrize(
    ("kind", "spec", "fault"),
    [
        ("Image", "an image", "spec: Expected `object`, got `str`"),
        ("Image", {**IMAGE, "tag": 7}, "spec.tag: Expected `str`, got `int`"),
        ("Image", {**IMAGE, "additionalTags": ["a", None]}, "spec.additionalTags[1]: Expected `str`, got `null`"),
        (
            "Image",
            {**IMAGE, "failedBuildHistoryLimit": "10"},
            "spec.failedBuildHistoryLimit: Expected `int`, got `str`",
        ),
        ("Image", {**IMAGE, "cacheSize": "lots"}, f"spec.cacheSize: {FORM}: 'lots'"),
        ("Image", {**IMAGE, "cacheSize": ""}, f"spec.cacheSize: {FORM}: ''"),
        (
            "Image",
            {**IMAGE, "build": {"resources": {"limits": {"cpu": "two"}}}},
            f"spec.build.resources.limits.cpu: {FORM}: 'two'",
        ),
        (
            "Build",
            {**BUILD, "resources": {"requests": {"cpu": True}}},
            "spec.resources.requests.cpu: Expected `int | float | str`, got `bool`",
        ),
        (
            "Build",
            {**BUILD, "tags": "a", "env": {}},
            "spec.tags: Expected `array`, got `str`; spec.env: Expected `array`, got `object`",
        ),
        ("Builder", [], "spec: Expected `object`, got `array`"),
        ("ClusterBuilder", {"image": {}}, "spec.image: Expected `str`, got `object`"),
    ],
)
def test_what_cannot_be_decoded_is_named(kind: str, operation: str, spec: object, fault: str) -> None:
    """Wrong types and texts that are no quantities are refused as kpack's typed decoding does, with their paths."""
    assert undecodable(kind, operation, {"spec": spec}) == f"cannot decode incoming new object: {fault}"


def test_many_faults_are_told_in_part() -> None:
    """A refusal stays readable, however much is wrong."""
    told = undecodable("Build", "CREATE", {"spec": {**BUILD, "tags": [7] * 1000}})

    assert told is not None
    assert told.endswith("spec.tags[9]: Expected `str`, got `int`; and 990 more")


@pytest.mark.parametrize(
    ("kind", "operation", "new"),
    [
        *((kind, "CREATE", {"spec": spec}) for kind, spec in SPECS.items()),
        ("Image", "CREATE", {"spec": {**IMAGE, "build": {"resources": {"limits": {"cpu": 0.5}}}}}),
        ("Image", "CREATE", {"spec": {**IMAGE, "cacheSize": 2000000000, "unknown": 1, "serviceAccount": None}}),
        ("Image", "CREATE", {"spec": None}),
        ("Image", "UPDATE", {"spec": IMAGE, "status": "odd"}),
        ("Image", "DELETE", None),
        ("SourceResolver", "CREATE", {"spec": "odd"}),
        ("Deployment", "CREATE", {"spec": "odd"}),
    ],
)
def test_what_can_be_decoded_or_is_not_ours_passes(kind: str, operation: str, new: dict[str, object] | None) -> None:
    """Numbers are quantities, null is absent, and neither the status nor other kinds are looked at."""
    assert undecodable(kind, operation, new) is None


def test_an_object_that_is_being_deleted_passes() -> None:
    """Whatever it holds, its finalizers can be taken away; nothing is filled in any more."""
    leaving = {"metadata": {"deletionTimestamp": "2020-01-17T16:16:36Z"}, "spec": {"source": 7}}

    verdict = validate("Image", "UPDATE", leaving, {"spec": {}})
    patch = default("Image", "UPDATE", leaving, default_storage_class=True)

    assert (undecodable("Image", "UPDATE", leaving), patch, verdict) == (None, [], None)


@pytest.mark.parametrize(
    ("bindings", "expected"),
    [
        pytest.param([BINDING, BINDING], 'duplicate binding name "db": <B>[0].name, <B>[1].name', id="C114-duplicate"),
        pytest.param([{**BINDING, "name": ""}], "missing field(s): <B>[0].name", id="C114-empty"),
        pytest.param([{**BINDING, "name": "&"}], "invalid value: &: <B>[0].name", id="C114-ampersand"),
    ],
)
def test_names_of_bindings_that_kpack_refuses(bindings: list[Any], expected: str) -> None:
    """Two of one name, an empty one, and one of a character that no directory should have."""
    assert say("Image", with_bindings("Image", bindings)) == expected.replace("<B>", BINDINGS_OF["Image"])
