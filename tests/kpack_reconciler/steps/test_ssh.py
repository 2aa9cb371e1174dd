"""The program that git runs in place of ssh, run here in this process."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpack_reconciler.model.git_credentials import SshCredentials
from kpack_reconciler.model.git_urls import ssh_address
from kpack_reconciler.steps import ssh
from kpack_reconciler.steps.ssh import LOGIN, encode_login, main
from tests.fakes.git_host import git
from tests.fakes.ssh_host import SshHost, ssh_host

FLUSH = b"0000"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[SshHost]:
    git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "app.git"))
    with ssh_host(tmp_path) as server:
        yield server


def environment(host: SshHost, *, known_hosts: str | None = None) -> dict[str, str]:
    known = host.known_hosts if known_hosts is None else known_hosts
    key = SshCredentials(secret="git-ssh", private_key=host.private_key, known_hosts=known)
    return {LOGIN: encode_login(ssh_address(host.url("app")), key), "GIT_PROTOCOL": "version=2"}


def run(
    arguments: list[str], variables: dict[str, str], given: bytes, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, bytes]:
    """Run the program with pipes for streams; its exit code and what it wrote for git."""
    (git_reads, written), (read, git_writes) = os.pipe(), os.pipe()
    os.write(git_writes, given)
    os.close(git_writes)
    with os.fdopen(read, "rb") as stdin, os.fdopen(git_reads, "rb") as stdout:
        monkeypatch.setattr(ssh, "_STDOUT", written)
        monkeypatch.setattr(ssh, "_STDERR", written)
        monkeypatch.setattr("sys.stdin", type("Streams", (), {"buffer": stdin}))
        code = main(arguments, variables)
        os.close(written)
        return code, stdout.read()


def test_git_s_streams_are_the_server_s(host: SshHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where to connect to comes from the environment, whatever git's arguments say."""
    arguments = ["-o", "SendEnv=GIT_PROTOCOL", "git@elsewhere", "git-upload-pack '/app.git'"]

    code, said = run(arguments, environment(host), FLUSH, monkeypatch)

    assert code == 0
    assert said.startswith(b"000eversion 2")
    assert host.commands == [("git", "git-upload-pack '/app.git'")]


def test_the_command_s_exit_code_is_git_s(host: SshHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the server's own words."""
    code, said = run(["git-upload-pack '/absent.git'"], environment(host), b"", monkeypatch)

    assert code == 128
    assert b"does not appear to be a git repository" in said


@pytest.mark.parametrize(
    ("command", "known_hosts", "said"),
    [
        ("git-receive-pack '/app.git'", None, "ssh (1): 'git-receive-pack' is not for prepare to run"),
        ("git-upload-pack '/app.git'", "", "ssh (77): the host key of 127.0.0.1 is not known"),
    ],
)
def test_a_refusal_is_one_line(
    host: SshHost, capsys: pytest.CaptureFixture[str], command: str, known_hosts: str | None, said: str
) -> None:
    """With the exit code for the step that git runs in."""
    assert main([command], environment(host, known_hosts=known_hosts)) == 255

    error = capsys.readouterr().err
    assert error.startswith(said)
    assert error.count("\n") == 1
    assert host.commands == []


def test_a_host_that_is_none_is_told(host: SshHost, capsys: pytest.CaptureFixture[str]) -> None:
    """Names have rules of their own."""
    key = SshCredentials(secret="git-ssh", private_key=host.private_key)

    assert main(["git-upload-pack '/app'"], {LOGIN: encode_login(ssh_address("ssh://a..b/app"), key)}) == 255
    assert capsys.readouterr().err.startswith("ssh (1): a..b is no host")


def test_a_server_that_is_down_may_come_back(host: SshHost, capsys: pytest.CaptureFixture[str]) -> None:
    """Told as a failure that may pass."""
    key = SshCredentials(secret="git-ssh", private_key=host.private_key)
    login = encode_login(ssh_address("ssh://git@127.0.0.1:1/app"), key)

    assert main(["git-upload-pack '/app'"], {LOGIN: login}) == 255
    assert capsys.readouterr().err.startswith("ssh (75): ssh server 127.0.0.1:1 does not answer")
