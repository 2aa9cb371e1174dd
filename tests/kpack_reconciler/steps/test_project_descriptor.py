"""`project.toml` where it is odd; the usual cases are in `test_project_descriptor_vectors`."""

from pathlib import Path

import pytest

from kpack_reconciler.steps.project_descriptor import apply_descriptor
from kpack_reconciler.steps.report import StepError

NEW = '[_]\nschema-version = "0.2"\n'


def applied(folder: Path, text: str) -> dict[str, str]:
    application = folder / "application"
    application.mkdir()
    (application / "project.toml").write_text(text)
    return dict(apply_descriptor(application, folder))


def test_without_a_descriptor_nothing_happens(tmp_path: Path) -> None:
    """Most applications have none."""
    assert apply_descriptor(tmp_path, tmp_path) == {}


@pytest.mark.parametrize(
    "text",
    [
        '[build]\nbuilder = "b"\n[[build.buildpacks]]\nid = "x"\n',
        NEW + '[io.buildpacks]\nbuilder = "b"\n[[io.buildpacks.group]]\nid = "x"\n',
    ],
)
def test_builder_and_buildpacks_are_the_image_s(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    """In kpack's words."""
    assert applied(tmp_path, text) == {}
    assert capsys.readouterr().out.splitlines() == [
        "info: buildpacks provided in project descriptor file will be ignored",
        "info: builder provided in project descriptor file will be ignored",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no toml", "it is no TOML"),
        ("x = 1\n" * 200000, "larger than 1 MiB"),
        ("a = " + "[" * 5000, "it is no TOML"),
        ("[build]\nexclude = 'x'\n", "include and exclude are lists of patterns"),
        ("[build]\nexclude = [1]\n", "include and exclude are lists of patterns"),
        ("[build]\nenv = 'x'\n", "environment variables in project descriptor could not be parsed"),
        ("[build]\nenv = ['x']\n", "environment variables in project descriptor could not be parsed"),
        ("[build]\nenv = [{value = 'x'}]\n", "environment variable 'name' is not a string"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, text: str, said: str) -> None:
    """With the file to correct."""
    with pytest.raises(StepError, match="error while processing the project descriptor") as caught:
        applied(tmp_path, text)

    assert said in str(caught.value)
    assert "correct project.toml" in str(caught.value)


def test_a_nested_repository_is_left_alone(tmp_path: Path) -> None:
    """Files of submodules are their own; patterns are about the application's."""
    application = tmp_path / "application"
    (application / "lib/.git").mkdir(parents=True)
    (application / "lib/.git/HEAD").write_text("ref: refs/heads/main\n")
    (application / "lib/x.md").write_text("1")
    (application / "x.md").write_text("1")
    (application / "project.toml").write_text("[build]\nexclude = ['*.md']\n")

    apply_descriptor(application, tmp_path)

    assert not (application / "x.md").exists()
