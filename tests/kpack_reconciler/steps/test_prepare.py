"""`prepare` run for real: a git server and a registry on loopback, and a folder in place of the pod's root."""

import base64
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kpack_reconciler.model.exit_codes import CREDENTIALS, TRANSIENT
from kpack_reconciler.steps import registries
from kpack_reconciler.steps.places import Places
from kpack_reconciler.steps.prepare import main
from tests.fakes.git_host import GitHost, git, git_host
from tests.fakes.registry_host import RegistryHost, registry_host
from tests.fakes.ssh_host import ssh_host


@dataclass
class Pod:
    """A build pod's folders, and the servers that it talks to."""

    root: Path
    git: GitHost
    registry: RegistryHost

    @property
    def places(self) -> Places:
        """The folders of the step."""
        return Places(
            workspace=self.root / "workspace",
            platform=self.root / "platform",
            home=self.root / "home",
            secrets=self.root / "secrets",
            builder_pull_secrets=self.root / "builderPullSecrets",
            project_metadata=self.root / "layers",
            termination_log=self.root / "termination-log",
        )

    def secret(self, name: str, files: dict[str, str]) -> None:
        """Mount a Secret."""
        for key, value in files.items():
            path = self.root / "secrets" / name / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(value)

    def registry_login(self, password: str = "secret") -> str:
        """Mount the registry's login; the flag that says so."""
        self.secret("registry", {"username": "joe", "password": password})
        return f"-basic-docker=registry=http://{self.registry.name}"

    def run(self, *flags: str, **environment: str) -> int:
        """Run the step for a tag of the registry."""
        return main(flags, {"IMAGE_TAG": f"{self.registry.name}/app:1", **environment}, self.places)

    def said(self) -> str:
        """The termination message."""
        return self.places.termination_log.read_text()


@pytest.fixture
def pod(tmp_path: Path) -> Iterator[Pod]:
    root = tmp_path / "root"
    (root / "workspace").mkdir(parents=True)
    (root / "home").mkdir()
    (root / "termination-log").touch()
    with git_host(tmp_path / "git") as git, registry_host("joe:secret") as registry:
        yield Pod(root, git, registry)


def test_later_steps_find_all_that_they_need(pod: Pod, capsys: pytest.CaptureFixture[str]) -> None:
    """Source, platform environment, docker config and project metadata are in their places; no password is printed."""
    commit = pod.git.create("app").commit({"main.go": "package main", "web/index.html": "hello"})
    variables = json.dumps([{"name": "BP_GO_TARGETS", "value": "./web"}, {"name": "EMPTY"}])

    code = pod.run(
        pod.registry_login(),
        GIT_URL=pod.git.url("app"),
        GIT_REVISION=commit,
        PLATFORM_ENV_VARS=variables,
        SOURCE_SUB_PATH="web",
        BUILD_CHANGES="CONFIG",
    )

    assert code == 0
    assert (pod.root / "workspace/web/index.html").read_text() == "hello"
    assert (pod.root / "platform/env/BP_GO_TARGETS").read_text() == "./web"
    assert (pod.root / "platform/env/EMPTY").read_text() == ""
    config = json.loads((pod.root / "home/.docker/config.json").read_text())
    assert config["auths"][f"http://{pod.registry.name}"]["auth"] == base64.b64encode(b"joe:secret").decode()
    assert tomllib.loads((pod.root / "layers/project-metadata.toml").read_text())["source"] == {
        "type": "git",
        "metadata": {"repository": pod.git.url("app"), "revision": commit},
        "version": {"commit": commit},
    }
    said = capsys.readouterr().out
    assert "Build reason(s): CONFIG" in said
    assert f'Loading secrets for "http://{pod.registry.name}" from secret "registry"' in said
    assert f'Successfully cloned "{pod.git.url("app")}" @ "{commit}"' in said
    assert "=secret" not in said


def test_a_step_that_runs_again_starts_afresh(pod: Pod) -> None:
    """The kubelet may run the step twice in one pod: what the first run left does not hinder the second."""
    repository = pod.git.create("app")
    repository.commit({"old": "1"})
    flag = pod.registry_login()
    pod.run(flag, GIT_URL=pod.git.url("app"), GIT_REVISION="main")
    (pod.root / "workspace/left").symlink_to("/nowhere")

    code = pod.run(flag, GIT_URL=pod.git.url("app"), GIT_REVISION="main")

    assert code == 0
    assert sorted(path.name for path in (pod.root / "workspace").iterdir()) == [".git", "old"]


def test_a_missing_credential_is_named_before_anything_is_fetched(pod: Pod) -> None:
    """Without a login for the tag's registry the step ends at once, and says which Secret is missing."""
    pod.secret("other", {"username": "joe", "password": "secret"})

    code = pod.run("-basic-docker=other=quay.io", GIT_URL=pod.git.url("app"), GIT_REVISION="main")

    assert code == CREDENTIALS
    assert f'write access to "{pod.registry.name}/app:1"' in pod.said()
    assert f"no credentials for registry {pod.registry.name} (its secrets are for quay.io)" in pod.said()
    assert pod.git.requests == []


def test_a_wrong_credential_is_named(pod: Pod) -> None:
    """A login that the registry refuses is told with its user, and without its password."""
    code = pod.run(pod.registry_login("hidden"), GIT_URL=pod.git.url("app"), GIT_REVISION="main")

    assert code == CREDENTIALS
    assert f"registry {pod.registry.name} does not let user 'joe' do this: correct secret registry" in pod.said()
    assert "hidden" not in pod.said()


def test_a_registry_that_is_down_is_told(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three attempts the step ends with the registry's name."""
    monkeypatch.setattr(registries, "_PAUSES_SECONDS", (0, 0))
    pod.registry.broken = True

    code = pod.run(pod.registry_login(), GIT_URL=pod.git.url("app"), GIT_REVISION="main")

    assert code == TRANSIENT
    assert f"registry {pod.registry.name} answered 503" in pod.said()
    assert [method for method, _ in pod.registry.requests] == ["POST"] * 3


def test_a_pull_secret_opens_the_run_image_only(pod: Pod) -> None:
    """The builder's pull secret is for reading: it does not make the tag writable."""
    folder = pod.root / "builderPullSecrets"
    folder.mkdir()
    login = {"username": "joe", "password": "secret"}
    (folder / ".dockerconfigjson").write_text(json.dumps({"auths": {pod.registry.name: login}}))

    code = pod.run(GIT_URL=pod.git.url("app"), GIT_REVISION="main")

    assert code == CREDENTIALS
    assert "no credentials for registry" in pod.said()
    assert pod.registry.name in (pod.root / "home/.docker/config.json").read_text()


def test_a_run_image_that_is_missing_is_told(pod: Pod) -> None:
    """The run image is read before the build, not after it."""
    code = pod.run(pod.registry_login(), RUN_IMAGE=f"{pod.registry.name}/run:1", GIT_URL=pod.git.url("app"))

    assert code == 1
    assert f'read access to run image "{pod.registry.name}/run:1"' in pod.said()
    assert "does not exist (404)" in pod.said()


def test_a_private_repository_is_fetched_with_its_secret(pod: Pod) -> None:
    """The git login goes into no file of the workspace."""
    commit = pod.git.create("private/app").commit({"a": "1"})
    pod.secret("git", {"username": "dev", "password": "secret"})

    code = pod.run(
        pod.registry_login(),
        "-basic-git=git=http://127.0.0.1",
        GIT_URL=pod.git.url("private/app"),
        GIT_REVISION=commit,
    )

    assert code == 0
    assert "secret" not in (pod.root / "workspace/.git/config").read_text()


def test_a_repository_is_fetched_over_ssh_with_its_secret(pod: Pod) -> None:
    """R33: key and known hosts come from the mounted Secret; nothing of the key stays where later steps look."""
    repository = pod.git.create("app")
    repository.commit({"a": "1"})
    with ssh_host(pod.git.root) as ssh:
        pod.secret("git-ssh", {"ssh-privatekey": ssh.private_key, "known_hosts": ssh.known_hosts})

        code = pod.run(
            pod.registry_login(), "-ssh-git=git-ssh=git@127.0.0.1", GIT_URL=ssh.url("app"), GIT_REVISION="main"
        )

    assert code == 0
    assert (pod.root / "workspace/a").read_text() == "1"
    assert not (pod.root / "home/.ssh").exists()


def test_submodules_are_fetched_where_they_are_asked_for(pod: Pod) -> None:
    """C85: without the wish a submodule's folder is empty."""
    commit = pod.git.create("lib").commit({"l": "1"})
    app = pod.git.create("app")
    app.commit({"a": "1"})
    (app.work / ".gitmodules").write_text('[submodule "lib"]\n\tpath = lib\n\turl = ../lib.git\n')
    git("-C", str(app.work), "update-index", "--add", "--cacheinfo", f"160000,{commit},lib")
    git("-C", str(app.work), "add", ".gitmodules")
    git("-C", str(app.work), "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "--message", "a")
    git("-C", str(app.work), "push", "--quiet", "origin", "main")
    source = {"GIT_URL": pod.git.url("app"), "GIT_REVISION": "main"}

    assert pod.run(pod.registry_login(), **source) == 0
    assert list((pod.root / "workspace/lib").iterdir()) == []
    assert pod.run(pod.registry_login(), **source, GIT_INITIALIZE_SUBMODULES="true") == 0
    assert (pod.root / "workspace/lib/l").read_text() == "1"


def test_a_blob_s_secret_with_two_forms_is_refused(pod: Pod) -> None:
    """Before anything is downloaded."""
    pod.secret("store", {"bearer": "t", "authorization": "X y"})

    code = pod.run(pod.registry_login(), "-blob=store=127.0.0.1", BLOB_URL="http://127.0.0.1:1/a.zip")

    assert code == 1
    assert "failed to resolve creds: multiple auths found for 'store'" in pod.said()


def test_an_image_that_is_missing_is_told(pod: Pod) -> None:
    """With the image's name, asked with the service account's login."""
    code = pod.run(pod.registry_login(), REGISTRY_IMAGE=f"{pod.registry.name}/src:1")

    assert code == 1
    assert f"unable to fetch image {pod.registry.name}/src:1" in pod.said()


def test_a_link_out_of_the_source_is_no_sub_path(pod: Pod) -> None:
    """A repository may hold any link; the application's folder lies inside the source."""
    repository = pod.git.create("app")
    (repository.work / "out").symlink_to("../home")
    repository.commit({"a": "1"})

    code = pod.run(pod.registry_login(), GIT_URL=pod.git.url("app"), GIT_REVISION="main", SOURCE_SUB_PATH="out")

    assert code == 1
    assert "no folder 'out'" in pod.said()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        pytest.param({}, "no git url, blob url, or registry image provided", id="no source"),
        pytest.param({"GIT_URL": "/srv/app"}, "not a git URL", id="a local path"),
        pytest.param({"GIT_URL": "{git}", "PLATFORM_ENV_VARS": "{{"}, "platform env vars", id="broken variables"),
        pytest.param(
            {"GIT_URL": "{git}", "PLATFORM_ENV_VARS": '[{{"name": "../a"}}]'},
            "'../a' is no name",
            id="name of a variable",
        ),
        pytest.param(
            {"GIT_URL": "{git}", "PLATFORM_ENV_VARS": '[{{"name": ""}}]'},
            "'' is no name",
            id="variable without a name",
        ),
        pytest.param({"GIT_URL": "{git}", "SOURCE_SUB_PATH": "api"}, "no folder 'api'", id="sub path"),
        pytest.param({"GIT_URL": "{git}", "SOURCE_SUB_PATH": "../home"}, "no folder '../home'", id="sub path outside"),
        pytest.param({"GIT_URL": "{git}", "GIT_REVISION": "mian"}, "spec.source.git.revision", id="revision"),
        pytest.param({"GIT_URL": "{git}", "IMAGE_TAG": "Not a tag"}, "could not parse reference", id="tag"),
    ],
)
def test_what_is_wrong_is_told_with_the_next_step(pod: Pod, environment: dict[str, str], said: str) -> None:
    """Each mistake of a user ends the step with exit code 1 and a message of its own."""
    pod.git.create("app").commit({"a": "1"})
    given = {"GIT_REVISION": "main"} | {key: value.format(git=pod.git.url("app")) for key, value in environment.items()}

    code = pod.run(pod.registry_login(), **given)

    assert code == 1
    assert said in pod.said()


def test_a_secret_without_its_key_is_named(pod: Pod) -> None:
    """A mounted Secret that lacks a file is told by its name and the key."""
    pod.secret("half", {"username": "joe"})

    code = pod.run("-basic-docker=half=quay.io")

    assert code == 1
    assert "secret half has no key password" in pod.said()


def test_an_unknown_flag_is_refused() -> None:
    """A flag of another version of the controller does not pass unseen."""
    assert main(["-unknown=1"], {}, Places(termination_log=Path("/nowhere/log"))) == 1
