"""What the entry point does before it runs a step."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from kpack_api.process import Command
from kpack_reconciler.__main__ import main
from kpack_reconciler.steps import completion
from tests.fakes.tls import Authority

VARIABLES = ("SSL_CERT_FILE", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have the environment restored after the test."""
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("signal.signal", lambda *_: None)


@pytest.mark.parametrize("is_given", [True, False], ids=["given", "none"])
def test_a_step_runs_with_the_companys_authorities(monkeypatch: pytest.MonkeyPatch, *, is_given: bool) -> None:
    """The variables are there when the step begins; without authorities they stay as they are."""
    authority, found = Authority().pem, list[str]()

    def step(arguments: Sequence[str]) -> int:
        found.extend(os.environ[name] for name in VARIABLES)
        return len(arguments)

    monkeypatch.setattr(completion, "main", step)

    code = main([Command.COMPLETION, "one"], {"KPACK_CERTIFICATES": authority} if is_given else {})

    assert code == 1
    (file,) = set(found)
    assert (authority in Path(file).read_text()) if is_given else file == ""


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The commands are listed."""
    assert main(["explain"], {}) == 2
    assert "controller|webhook|prepare|completion" in capsys.readouterr().err
