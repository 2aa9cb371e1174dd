import os
from pathlib import Path

from dev.machine.commands import run
from dev.services.git import create_repository
from dev.services.working_copy import copy_of


def test_a_folder_becomes_a_repository_and_changes_follow(tmp_path: Path) -> None:
    """What is pushed is what the folder holds, first as it was, then with the change; commits are told."""
    sample = tmp_path / "sample"
    sample.mkdir()
    (sample / "page").write_text("Hello, sunshine!")
    repository = create_repository(tmp_path / "repositories", "app")
    copy = copy_of(sample, tmp_path / "work", url=str(repository), branch="main", environment=os.environ)

    first = copy.push("first")
    copy.replace("page", old="sunshine", new="friends")
    second = copy.push("second")

    pages = [run(["git", "--git-dir", str(repository), "show", f"{commit}:page"]) for commit in (first, second)]
    assert pages == ["Hello, sunshine!", "Hello, friends!"]
    assert (sample / "page").read_text() == "Hello, sunshine!"
