"""`project.toml`, as later kpack reads it; the numbers are those of `docs/parity.md`."""

from pathlib import Path

import pytest

from kpack_reconciler.steps.project_descriptor import apply_descriptor
from kpack_reconciler.steps.report import StepError

NEW = '[_]\nschema-version = "0.2"\n'
FILES = (
    "test.sh",
    "cookie.jar",
    "other-cookie.jar",
    "nested-cookie.jar",
    "nested/nested-cookie.jar",
    "secrets/api_keys.json",
    "secrets/user_token",
    "media/mountain.jpg",
    "media/person.png",
    "media/metadata",
    "media/mountain.txt",
)


@pytest.fixture
def application(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (tmp_path / "home").mkdir()
    return folder


def applied(application: Path, text: str) -> dict[str, str]:
    """The variables that a descriptor gives."""
    (application / "project.toml").write_text(text)
    return dict(apply_descriptor(application, application.parent / "home"))


def left(application: Path) -> set[str]:
    return {str(path.relative_to(application)) for path in application.rglob("*") if path.is_file()} - {"project.toml"}


def test_an_unknown_version_has_no_effect(application: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R206: one line says so, and nothing fails."""
    text = '[_]\nschema-version = "0.99"\n[io.buildpacks]\nexclude = ["*"]\n[[io.buildpacks.build.env]]\nname = "A"\n'

    assert applied(application, text) == {}

    assert left(application) == set(FILES)
    (line,) = capsys.readouterr().out.splitlines()
    assert line == "warning: project descriptor version 0.99 is unsupported and project.toml will be ignored"


def test_of_a_variable_given_twice_the_last_counts(application: Path) -> None:
    """R207: in the old form."""
    text = '[[build.env]]\nname = "keyC"\nvalue = "1"\n[[build.env]]\nname = "keyC"\nvalue = "2"\n'

    assert applied(application, text) == {"keyC": "2"}


def test_the_newer_table_of_variables_counts(application: Path) -> None:
    """R208: where both are there."""
    old = '[[io.buildpacks.env.build]]\nname = "keyA"\nvalue = "old"\n'
    new = '[[io.buildpacks.build.env]]\nname = "keyA"\nvalue = "new"\n'

    assert applied(application, NEW + old) == {"keyA": "old"}
    assert applied(application, NEW + old + new) == {"keyA": "new"}


def test_a_value_is_text(application: Path) -> None:
    """R209: a number is told with the variable's name."""
    text = NEW + '[[io.buildpacks.env.build]]\nname = "KeyA"\nvalue = 1\n'

    with pytest.raises(StepError, match="environment variable 'KeyA' is not a string value"):
        applied(application, text)


def test_excluded_files_are_removed(application: Path) -> None:
    """R210: by gitignore's rules; a pattern with a slash before its end counts from the top."""
    patterns = '["*.sh", "secrets/", "media/metadata", "/other-cookie.jar", "/nested-cookie.jar"]'
    (application / "elsewhere").mkdir()
    (application / "elsewhere/other-cookie.jar").touch()

    applied(application, f"{NEW}[io.buildpacks]\nexclude = {patterns}\n")

    assert left(application) == {
        "cookie.jar",
        "elsewhere/other-cookie.jar",
        "nested/nested-cookie.jar",
        "media/mountain.jpg",
        "media/person.png",
        "media/mountain.txt",
    }


def test_only_included_files_are_kept(application: Path) -> None:
    """R211: folders remain."""
    patterns = '["*.jar", "media/mountain.jpg", "/media/person.png"]'

    applied(application, f"{NEW}[io.buildpacks]\ninclude = {patterns}\n")

    jars = {name for name in FILES if name.endswith(".jar")}
    assert left(application) == {*jars, "media/mountain.jpg", "media/person.png"}
    assert (application / "secrets").is_dir()


def test_include_and_exclude_exclude_each_other(application: Path) -> None:
    """R212: also where both are empty."""
    with pytest.raises(StepError, match="project descriptor cannot have both include and exclude defined"):
        applied(application, f"{NEW}[io.buildpacks]\ninclude = []\nexclude = []\n")

    assert left(application) == set(FILES)


@pytest.mark.parametrize("name", ["../../projectMetadata/project-metadata.toml", "/etc/passwd", "a b", ""])
def test_a_variable_s_name_is_no_path(application: Path, name: str) -> None:
    """C153: it would become a file's name."""
    with pytest.raises(StepError, match="is no name for an environment variable"):
        applied(application, f'[[build.env]]\nname = "{name}"\nvalue = "x"\n')


def test_a_descriptor_is_no_link(application: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """C154: what it leads to is neither read nor quoted."""
    secret = application.parent / "secret"
    secret.write_text("top = secret")
    (application / "project.toml").symlink_to(secret)

    with pytest.raises(StepError) as caught:
        apply_descriptor(application, application.parent / "home")

    assert "secret" not in str(caught.value) + capsys.readouterr().out
