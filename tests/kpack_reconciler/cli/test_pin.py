"""`kpack pin` as a whole: real files, a registry over HTTP, a person or nobody at the keyboard."""

import base64
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpack_reconciler.cli.app import run
from tests.fakes.registry_host import RegistryHost, registry_host

Captured = pytest.CaptureFixture[str]
LOGIN = "me:hidden"
CLOSED = "127.0.0.1:1"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RegistryHost]:
    """Give a registry with a builder and a run image, to which the person is logged in."""
    with registry_host(LOGIN) as host:
        for name in ("builder", "run"):
            digest = host.put_image(name, {"which": name})
            host.contents[f"/v2/{name}/manifests/base"] = host.contents[f"/v2/{name}/manifests/{digest}"]
        auths = {"auths": {host.name: {"auth": base64.b64encode(LOGIN.encode()).decode()}}}
        (tmp_path / "config.json").write_text(json.dumps(auths))
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        yield host


def digest(registry: RegistryHost, name: str) -> str:
    return registry.put_image(name, {"which": name})


@pytest.fixture
def stack(registry: RegistryHost, tmp_path: Path) -> Path:
    """Give a stack's file that names both images by their tags."""
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text(
        f"config:\n  shop:builderImage: {registry.name}/builder:base # ours\n"
        f"  shop:knownRunImages:\n    - {registry.name}/run:base\n"
    )
    return path


def keyboard(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    """Have a person who types this."""
    line = io.StringIO(typed)
    monkeypatch.setattr(line, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", line)


def test_the_difference_is_shown_and_written_with_yes(registry: RegistryHost, stack: Path, capsys: Captured) -> None:
    """Tags keep their place, digests follow them, comments stay; the pipe gets no colours."""
    before = stack.read_text()
    builder, run_image = digest(registry, "builder"), digest(registry, "run")

    assert run(["pin", str(stack), "--yes"]) == 0

    after = before.replace("builder:base", f"builder:base@{builder}").replace("run:base", f"run:base@{run_image}")
    assert stack.read_text() == after
    told = capsys.readouterr().out
    assert f"+    - {registry.name}/run:base@{run_image}\n" in told
    assert told.startswith("--- a/")
    assert "\x1b" not in told


def test_a_pin_follows_its_tag(registry: RegistryHost, stack: Path, capsys: Captured) -> None:
    """A second pin changes nothing, one after the tag has moved changes the digest."""
    run(["pin", str(stack), "--yes"])
    capsys.readouterr()
    assert run(["pin", str(stack)]) == 0
    assert capsys.readouterr() == ("", "every image is pinned to what its tag leads to\n")

    moved = registry.put_image("builder", {"which": "newer"})
    registry.contents["/v2/builder/manifests/base"] = registry.contents[f"/v2/builder/manifests/{moved}"]

    assert run(["pin", str(stack), "--yes"]) == 0
    assert f"builder:base@{moved} # ours" in stack.read_text()


@pytest.mark.parametrize(
    ("typed", "code"),
    [("y\n", 0), ("Yes\n", 0), ("n\n", 1), ("\n", 1), ("", 1)],
    ids=["y", "yes", "no", "return", "end"],
)
def test_the_person_is_asked(typed: str, code: int, stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a yes writes."""
    keyboard(monkeypatch, typed)
    before = stack.read_text()

    assert run(["pin", str(stack)]) == code
    assert (stack.read_text() != before) == (code == 0)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param([], 1, "nothing was written: say --yes", id="nobody to ask"),
        pytest.param(["-o", "json"], 1, "nothing was written: say --yes", id="JSON asks nobody"),
        pytest.param(["--dry-run"], 0, "", id="a dry run"),
        pytest.param(["--dry-run", "--yes"], 0, "", id="a dry run, whatever else is said"),
    ],
)
def test_nothing_is_written_without_a_yes(
    arguments: list[str], code: int, told: str, stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """The difference is shown all the same."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    before = stack.read_text()

    assert run(["pin", str(stack), *arguments]) == code

    output, errors = capsys.readouterr()
    assert stack.read_text() == before
    assert "builder:base@sha256:" in output
    assert told in errors


def test_programs_read_json(registry: RegistryHost, stack: Path, capsys: Captured) -> None:
    """File, key, and the image before and after; whether it was written."""
    assert run(["pin", str(stack), "--yes", "-o", "json"]) == 0

    told = json.loads(capsys.readouterr().out)
    image = f"{registry.name}/builder:base"
    assert told["written"] is True
    assert told["pins"][0] == {
        "file": str(stack),
        "key": "shop:builderImage",
        "before": image,
        "after": f"{image}@{digest(registry, 'builder')}",
    }
    assert [pin["key"] for pin in told["pins"][1:]] == ["shop:knownRunImages[0]"]


def test_keys_and_files_are_lists(registry: RegistryHost, tmp_path: Path) -> None:
    """Several files and several keys in one command; the usual keys are left alone then."""
    files = [tmp_path / f"Pulumi.{name}.yaml" for name in ("one", "two")]
    files[0].write_text(f"config:\n  a:base: {registry.name}/builder:base\n  a:runImage: {registry.name}/run:base\n")
    files[1].write_text(f"config:\n  b:under: {registry.name}/run:base\n")

    assert run(["pin", *map(str, files), "--key", "base", "--key", "b:under", "--yes"]) == 0

    assert [file.read_text().count("@sha256:") for file in files] == [1, 1]
    assert f"a:runImage: {registry.name}/run:base\n" in files[0].read_text()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        pytest.param("{registry}/absent:base", "does not exist (404)", id="an image that is not there"),
        pytest.param(f"{CLOSED}/run:base", "Run the same command again", id="a registry that is not there"),
        pytest.param("{ secure: x }", "is a secret", id="a secret"),
    ],
)
def test_where_one_image_fails_nothing_is_written(
    line: str, problem: str, registry: RegistryHost, stack: Path, capsys: Captured
) -> None:
    """All that can be pinned is left alone as well; the file and the key are named."""
    value = line.replace("{registry}", registry.name)
    other = stack.with_name("Pulumi.other.yaml")
    other.write_text(f"config:\n  shop:runImage: {value}\n")
    before = stack.read_text()

    assert run(["pin", str(stack), str(other), "--yes"]) == 1

    output, errors = capsys.readouterr()
    assert (output, stack.read_text()) == ("", before)
    assert errors.startswith(f"error: {other}: shop:runImage")
    assert problem in errors
    assert errors.endswith("nothing was written\n")


def test_who_is_not_let_in_is_told_to_log_in(
    registry: RegistryHost, stack: Path, tmp_path: Path, capsys: Captured
) -> None:
    """Each image that may not be read is named, with docker's own command; no login is told."""
    (tmp_path / "config.json").write_text("{}")

    assert run(["pin", str(stack), "--yes"]) == 1

    told = capsys.readouterr().err
    assert told.count(f"log in with `docker login {registry.name}`") == 2
    assert "hidden" not in told


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param(["Pulumi.none.yaml"], "Pulumi.none.yaml cannot be read", id="no such file"),
        pytest.param(["Pulumi.empty.yaml"], "no file names a builder or run image", id="no image"),
        pytest.param(["Pulumi.empty.yaml", "--key", "base"], "no file has the key base", id="no such key"),
        pytest.param(["Pulumi.yaml"], "it has no `config`", id="a project's file"),
        pytest.param(["bytes"], "bytes cannot be read", id="no text"),
    ],
)
def test_wrong_files_are_refused(
    arguments: list[str], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """With what is wrong and where."""
    monkeypatch.chdir(tmp_path)
    Path("Pulumi.empty.yaml").write_text("config:\n  shop:tag: app:1\n")
    Path("Pulumi.yaml").write_text("name: shop\n")
    Path("bytes").write_bytes(b"\xff")

    assert run(["pin", *arguments]) == 1
    assert problem in capsys.readouterr().err


def test_unreadable_logins_are_told(stack: Path, tmp_path: Path, capsys: Captured) -> None:
    """Nobody is asked anonymously instead."""
    (tmp_path / "config.json").write_text("[]")

    assert run(["pin", str(stack)]) == 1
    assert f"error: {tmp_path / 'config.json'}: " in capsys.readouterr().err


def test_without_a_file_the_command_is_misused(capsys: Captured) -> None:
    """Exit code 2, with an example."""
    assert run(["pin"]) == 2
    assert "kpack pin Pulumi.prod.yaml" in capsys.readouterr().err


def test_a_file_that_changes_meanwhile_is_left_alone(
    stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """What somebody else wrote while the person thought is not overwritten."""
    keyboard(monkeypatch, "y\n")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: bool(stack.write_text("config: {}\n")))

    assert run(["pin", str(stack)]) == 1

    assert stack.read_text() == "config: {}\n"
    assert "changed meanwhile: nothing was written" in capsys.readouterr().err
