import os
from pathlib import Path

import pytest

from dev.toolchain.__main__ import PlainReport, expand, main, summary
from dev.toolchain.catalog import TEST, UP
from dev.toolchain.progress import Progress, Stage


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["up"], UP),
        (["test"], TEST),
        (["buildkit"], ("buildkitd",)),
        (["lifecycle"], ("lifecycle", "launcher")),
        (["kube", "pulumi"], ("kube", "pulumi")),
    ],
)
def test_words_stand_for_tools(words: list[str], names: tuple[str, ...]) -> None:
    """A set, a Go module and a tool may all be named; a module's name comes before a tool's."""
    assert expand(words) == names


def test_a_log_gets_a_line_for_each_stage_and_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """Reports that come often are printed seldom, changes at once."""
    report = PlainReport()

    for elapsed in (0, 1, 9, 10, 11):
        report(Progress(tool="kube", number=1, tools=1, stage=Stage.COMPILING, total=9, elapsed=elapsed))
    report(Progress(tool="kube", number=1, tools=1, stage=Stage.DONE, elapsed=12))

    lines = capsys.readouterr().out.splitlines()
    assert [line.split(", ")[1] for line in lines] == ["0 s so far", "10 s so far", "12 s so far"]


def test_a_failure_is_told_without_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """What a person can mend is one message on standard error, and exit code 1."""
    code = main(["no-such-tool"])

    captured = capsys.readouterr()
    assert code == 1
    assert captured.out == ""
    assert captured.err.startswith("There is no tool named 'no-such-tool'. Choose from kube, ")


def test_names_of_one_file_are_summed_up_once(tmp_path: Path) -> None:
    """The summary has a line for each file with all its names, the sum of the files, and the folder last."""
    (tmp_path / "kube").write_bytes(bytes(2_500_000))
    os.link(tmp_path / "kube", tmp_path / "etcd")
    (tmp_path / "pulumi").write_bytes(bytes(1_000_000))

    lines = summary(tmp_path, took=240).splitlines()

    assert lines == [
        "    2.5 MB  etcd, kube",
        "    1.0 MB  pulumi",
        "    3.5 MB  in all, after 4 min",
        str(tmp_path),
    ]
