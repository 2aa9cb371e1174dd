"""`Promotion`: its rules for arguments, its Job, and what it registers under Pulumi's mocks."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_mocks

from kpack_api.promotion import PromotionOrder, PromotionRules, read_order
from pulumi_kpack import InvalidArgumentError, Promotion, PromotionArgs, RegistryCredentials, promotion_args
from pulumi_kpack.examples import EXAMPLES
from pulumi_kpack.manifests.promotion import Login, Promoter, job, job_name, literal, secret_flag
from pulumi_kpack.promotion import at_target
from pulumi_kpack.promotion_rules import check_promotion

DIGEST = "sha256:" + "a" * 64
SOURCE = f"dev.example.com/team/app@{DIGEST}"
ARGS: PromotionArgs = {
    "image": SOURCE,
    "target": "prod.example.com:5000/team/app:1",
    "reconciler_image": "dev.example.com/kpack@sha256:1",
}
GIVEN: Mapping[str, object] = {**ARGS}
GOLDEN = Path(__file__).parent / "golden" / "promotions.json"
OPTIONS: Mapping[str, object] = {
    "additional_tags": ["mirror.example.com/app"],
    "rules": {
        "allowed_builders": ["registry.example.com/team/builder"],
        "allowed_buildpacks": ["paketo-buildpacks/go"],
        "known_run_images": ["registry.example.com/team/run"],
        "max_age_hours": 24,
        "forbid_same": False,
    },
    "builder_image": "registry.example.com/team/builder:1",
    "built_at": "2026-06-09T04:05:06Z",
    "credentials": True,
    "secrets": ["more"],
    "image_pull_secrets": ["pull"],
    "certificates": "certificates",
    "namespace": "prod",
    "timeout_minutes": 9,
}
"""Every optional argument; `credentials` stands for those that the test declares, `certificates` are known later."""

PROMOTER = Promoter(image="r.example/kpack@sha256:1", order="{}", minutes=5)


class Recorder(Mocks):
    """Keeps what is registered."""

    def __init__(self) -> None:
        self.seen: dict[str, MockResourceArgs] = {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Give back what was declared."""
        self.seen[args.name] = args
        return args.name, args.inputs

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Refuse: a constructor looks nothing up."""
        raise AssertionError(f"no invoke in a constructor: {args.token}")


def declared(args: PromotionArgs, *, login: bool = False) -> tuple[Any, list[str]]:
    """Declare a promotion under mocks: the Job's inputs, and the outputs image and digest."""
    recorder, found = Recorder(), list[str]()
    set_mocks(recorder, preview=False)

    @pulumi.runtime.test
    def program() -> pulumi.Output[None]:
        given = args
        if login:
            basic = RegistryCredentials("to", {"registry": "prod.example.com", "username": "u", "password": "p"})
            config = RegistryCredentials("from", {"docker_config_json": "{}"})
            given = {**args, "credentials": [basic, config]}
        promotion = Promotion("app", given)
        return pulumi.Output.all(promotion.image, promotion.digest).apply(found.extend)

    program()
    return recorder.seen["app-job"].inputs, found


def container(manifest: Any) -> Any:
    (only,) = manifest["spec"]["template"]["spec"]["containers"]
    return only


def variables(manifest: Any) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(manifest)["env"]}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"image": ""}, "image: is missing", id="no image"),
        pytest.param({"image": "r.example/app:1"}, "names no digest", id="a tag"),
        pytest.param({"image": "r.example/app@sha256:1"}, "names no digest", id="half a digest"),
        pytest.param({"image": f"r.example/App@{DIGEST}"}, "lower case", id="capitals"),
        pytest.param({"target": SOURCE}, "leave '@…' out", id="a digest for a target"),
        pytest.param({"target": ""}, "prod.example.com/team/app:1", id="no target"),
        pytest.param({"additional_tags": ["r.example/a", "r.example/a:b:c"]}, "additional_tags[1]: ", id="a wrong tag"),
        pytest.param({"additional_tags": "r.example/a"}, "give a list", id="text for tags"),
        pytest.param({"built_at": "yesterday"}, "2026-06-09T04:05:06Z", id="no time"),
        pytest.param({"timeout_minutes": 0}, "above 0", id="no time to do it"),
        pytest.param({"certificates": "-"}, "certificates: hold no certificate", id="no certificate"),
        pytest.param({"credentials": ["to"]}, "RegistryCredentials(…)", id="a name for a login"),
        pytest.param({"rules": {"max_age_hours": 0}}, "rules.max_age_hours: 0 is too small", id="no age"),
        pytest.param({"rules": {"max_age": 1}}, "did you mean 'max_age_hours'?", id="a rule that is none"),
        pytest.param({"rules": {"known_run_images": []}}, "allows nothing", id="an empty list"),
        pytest.param({"rules": {"forbid_same": "yes"}}, "True or False", id="text for a switch"),
        pytest.param({"rules": {"allowed_builders": ["b"]}}, "builder_image: is missing", id="nothing to judge by"),
    ],
)
def test_a_wrong_argument_is_refused_with_the_next_step(changed: dict[str, object], said: str) -> None:
    """Before anything is registered."""
    with pytest.raises(InvalidArgumentError) as refused:
        check_promotion("app", {**GIVEN, **changed})

    assert said in str(refused.value)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({}, id="the least"),
        pytest.param({"image": pulumi.Output.from_input("later")}, id="another stack's output"),
        pytest.param({"built_at": "2026-06-09T04:05:06.123+02:00"}, id="a time with an offset"),
        pytest.param({"built_at": "", "rules": {"max_age_hours": 1}}, id="an empty time, as before the first build"),
        pytest.param({"rules": {"allowed_builders": ["b"]}, "builder_image": "b@sha256:1"}, id="a builder"),
    ],
)
def test_a_right_argument_passes(changed: dict[str, object]) -> None:
    """What keeps the rules passes in silence."""
    check_promotion("app", {**GIVEN, **changed})


@pytest.mark.parametrize("shape", [promotion_args.PromotionArgs, promotion_args.PromotionRulesArgs])
def test_every_argument_has_an_example(shape: type) -> None:
    """An error about any field can show a right value."""
    assert shape.__annotations__.keys() <= EXAMPLES.keys()


def test_the_job_is_fit_for_restricted_pod_security() -> None:
    """Non-root, no capabilities, no escalation, the runtime's seccomp profile, a read-only root, no token."""
    pod: Any = job("app", "default", PROMOTER)
    pod = pod["spec"]["template"]["spec"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert pod["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def test_a_failed_job_ends_at_once_and_a_finished_one_stays() -> None:
    """Pulumi notices BackoffLimitExceeded and DeadlineExceeded; a Job that vanished would be made again."""
    manifest: Any = job("app", "default", PROMOTER)
    spec = manifest["spec"]

    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (0, 300)
    assert {rule["action"] for rule in spec["podFailurePolicy"]["rules"]} == {"Ignore"}
    assert "ttlSecondsAfterFinished" not in spec
    assert manifest["metadata"]["annotations"] == {"pulumi.com/replaceUnready": "true"}
    assert container(manifest)["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_secrets_are_mounted_as_for_a_build() -> None:
    """Volumes are numbered, since a Secret's name need not be a volume's."""
    promoter = Promoter(
        image="i", order="{}", minutes=1, logins=[Login(secret="a.b", flag="-dockerconfig=a.b", path="/p")]
    )
    manifest: Any = job("app", "default", promoter)

    assert container(manifest)["args"] == ["promote", "-dockerconfig=a.b"]
    assert container(manifest)["volumeMounts"][1] == {"name": "login-0", "mountPath": "/p", "readOnly": True}
    assert manifest["spec"]["template"]["spec"]["volumes"][1] == {"name": "login-0", "secret": {"secretName": "a.b"}}


def test_another_content_is_another_job() -> None:
    """The name is the same for the same content, short enough, and a label."""
    assert job_name("app", ["a", None]) == job_name("app", ["a", None])
    assert len({job_name("app", content) for content in (["a", "b"], ["ab"], ["a"], [])}) == 4
    assert len(job_name("a" * 63, ["a"])) <= 63


def test_a_dollar_is_not_expanded() -> None:
    """Kubernetes would take `$(NAME)` for a reference."""
    assert literal("$(A)") == "$$(A)"


@pytest.mark.parametrize(
    ("registry", "flag"),
    [
        pytest.param("r.example", "-basic-docker=to=r.example", id="a login"),
        pytest.param(None, "-dockerconfig=to", id="a docker configuration"),
    ],
)
def test_a_flag_tells_what_a_secret_is_for(registry: str | None, flag: str) -> None:
    """The flags are those of `prepare`."""
    assert secret_flag("to", registry) == flag


@pytest.mark.parametrize(
    ("target", "repository"),
    [
        ("p.example/app", "p.example/app"),
        ("p.example/app:1", "p.example/app"),
        ("p.example:5000/app", "p.example:5000/app"),
        ("p.example:5000/team/app:1", "p.example:5000/team/app"),
    ],
)
def test_the_image_is_told_by_digest_in_the_targets_repository(target: str, repository: str) -> None:
    """A port is no tag."""
    assert at_target(SOURCE, target) == f"{repository}@{DIGEST}"


def test_a_promotion_is_a_job_and_gives_the_image_at_its_target() -> None:
    """The order holds image, tags and rules; the outputs are where the image is then."""
    rules: promotion_args.PromotionRulesArgs = {"allowed_buildpacks": ["go"], "max_age_hours": 24}
    args: PromotionArgs = {
        **ARGS,
        "rules": rules,
        "built_at": pulumi.Output.from_input("2026-06-09T04:05:06Z"),
        "additional_tags": ["mirror.example.com/app"],
        "namespace": "prod",
        "secrets": ["more"],
        "image_pull_secrets": ["pull"],
    }
    inputs, outputs = declared(args, login=True)

    assert outputs == [f"prod.example.com:5000/team/app@{DIGEST}", DIGEST]
    assert inputs["metadata"]["namespace"] == "prod"
    assert inputs["metadata"]["name"].startswith("app-")
    assert read_order(variables(inputs)["PROMOTION"]) == PromotionOrder(
        image=SOURCE,
        tags=("prod.example.com:5000/team/app:1", "mirror.example.com/app"),
        rules=PromotionRules(allowed_buildpacks=("go",), max_age_hours=24),
        built_at="2026-06-09T04:05:06Z",
    )
    assert container(inputs)["args"] == [
        "promote",
        "-basic-docker=to=prod.example.com",
        "-dockerconfig=from",
        "-dockerconfig=more",
    ]
    assert [each["mountPath"] for each in container(inputs)["volumeMounts"]][1:] == [
        "/var/build-secrets/to",
        "/var/build-secrets/from",
        "/var/build-secrets/more",
    ]
    assert inputs["spec"]["template"]["spec"]["imagePullSecrets"] == [{"name": "pull"}]


def test_the_job_is_the_same_until_what_it_does_is_another() -> None:
    """Another image that copies gives the Job no new name; another digest or rule does."""
    other: PromotionArgs = {**ARGS, "reconciler_image": "dev.example.com/kpack@sha256:2"}
    stricter: PromotionArgs = {**ARGS, "rules": {"forbid_same": True}}
    newer: PromotionArgs = {**ARGS, "image": SOURCE.replace("a" * 64, "b" * 64)}

    first, again, upgraded, *others = (
        declared(args)[0]["metadata"]["name"] for args in (ARGS, ARGS, other, stricter, newer)
    )

    assert first == again == upgraded
    assert len({first, *others}) == 3


def test_no_secret_is_in_the_job() -> None:
    """It names Secrets and holds none of their content."""
    inputs, _ = declared(ARGS, login=True)

    assert "password" not in json.dumps(inputs)
    assert '"p"' not in json.dumps(inputs)


def variants() -> Mapping[str, Mapping[str, object]]:
    """Nothing optional, each optional argument alone with what it cannot be without, and all of them."""
    needed = {"rules": {"builder_image": OPTIONS["builder_image"]}}
    alone = {name: {name: value, **needed.get(name, {})} for name, value in OPTIONS.items()}
    return {"least": {}, **alone, "all": OPTIONS}


def declared_variant(variant: Mapping[str, object]) -> Any:
    given = {name: value for name, value in variant.items() if name != "credentials"}
    if "certificates" in given:
        given["certificates"] = pulumi.Output.from_input(given["certificates"])
    return declared(cast("PromotionArgs", {**ARGS, **given}), login="credentials" in variant)[0]


def test_every_argument_is_in_the_matrix() -> None:
    """An argument that is added to the component is added here."""
    assert OPTIONS.keys() == PromotionArgs.__optional_keys__
    assert cast("dict[str, object]", OPTIONS["rules"]).keys() == promotion_args.PromotionRulesArgs.__optional_keys__


def test_a_declared_promotion_does_not_change_by_itself() -> None:
    """Two declarations are the same Job; the golden file has the smallest and the largest, and what each is called.

    `UPDATE_GOLDEN=1` writes the file anew.
    """
    first = {name: declared_variant(variant) for name, variant in variants().items()}
    second = {name: declared_variant(variant) for name, variant in variants().items()}
    names = {name: each["metadata"]["name"] for name, each in first.items()}
    found = {"names": names, "least": first["least"], "all": first["all"]}
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n")

    assert first == second
    assert found == json.loads(GOLDEN.read_text())
