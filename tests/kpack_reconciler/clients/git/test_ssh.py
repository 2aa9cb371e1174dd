"""Asking a git server for references over ssh: a real ssh server, and git's own upload-pack."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import asyncssh
import pytest

from kpack_api.types import GitType
from kpack_reconciler.clients.git.references import resolve
from kpack_reconciler.clients.git.remote import ls_refs
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.facts import Revision
from kpack_reconciler.model.git_credentials import SshCredentials
from kpack_reconciler.model.host_keys import PUBLISHED
from tests.fakes.git_host import Repository, git
from tests.fakes.ssh_host import SshHost, ssh_host


@pytest.fixture
def host(tmp_path: Path) -> Iterator[SshHost]:
    with ssh_host(tmp_path) as server:
        yield server


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    bare, work = tmp_path / "app.git", tmp_path / "work"
    git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    git("init", "--quiet", "--initial-branch=main", str(work))
    git("-C", str(work), "remote", "add", "origin", str(bare))
    return Repository(work)


def key_of(host: SshHost) -> SshCredentials:
    return SshCredentials(secret="git-ssh", private_key=host.private_key, known_hosts=host.known_hosts)


async def answer(url: str, revision: str, credentials: SshCredentials | None) -> Revision:
    async with aiohttp.ClientSession() as http:
        return resolve(await ls_refs(http, url, [revision], credentials=credentials), revision)


@pytest.mark.parametrize("speaks_v2", [True, False])
async def test_a_branch_and_a_tag_are_resolved(host: SshHost, repository: Repository, *, speaks_v2: bool) -> None:
    """By protocol v2, and by the full advertisement of a server that takes no environment."""
    host.speaks_v2 = speaks_v2
    commit = repository.commit({"a": "1"})
    tag = repository.tag("v1")

    branch = await answer(host.url("app"), "main", key_of(host))
    tagged = await answer(host.url("app"), "v1", key_of(host))

    assert branch == Revision(revision=commit, type=GitType.BRANCH)
    assert tagged == Revision(revision=tag, type=GitType.TAG)
    assert host.commands == [("git", "git-upload-pack '/app.git'")] * 2


@pytest.mark.parametrize(("user", "asked_as"), [("deploy", "deploy"), ("", "git")])
async def test_the_url_names_the_user(host: SshHost, repository: Repository, user: str, asked_as: str) -> None:
    """C61: without one it is `git`; kpack takes `git` always, which some servers do not know."""
    repository.commit({"a": "1"})
    url = host.url("app", user=user) if user else host.url("app").replace("git@", "")

    await answer(url, "main", key_of(host))

    assert host.commands[0][0] == asked_as


async def test_a_server_that_is_not_known_is_refused(host: SshHost, repository: Repository) -> None:
    """R37, C66: without `known_hosts` only published keys are trusted; the refusal says how to make one."""
    repository.commit({"a": "1"})

    with pytest.raises(PermanentError, match="ssh-keyscan -p") as caught:
        await answer(host.url("app"), "main", replace(key_of(host), known_hosts=""))

    assert caught.value.reason == "HostKeyUnknown"
    assert "ssh-ed25519 SHA256:" in str(caught.value)
    assert "secret git-ssh" in str(caught.value)
    assert host.commands == []


async def test_another_key_than_the_known_one_is_refused(host: SshHost) -> None:
    """R36, C65, C67: the entry of another host, or another key, opens nothing."""
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    known = f"[{host.address}]:{host.port} {other}"

    with pytest.raises(PermanentError) as caught:
        await answer(host.url("app"), "main", replace(key_of(host), known_hosts=known))

    assert caught.value.reason == "HostKeyChanged"
    assert host.commands == []


async def test_the_published_keys_are_those_that_are_published() -> None:
    """The fingerprints of the keys that are built in are those of the hosts' own pages."""
    keys = {line.split()[0]: asyncssh.import_public_key(line.partition(" ")[2]) for line in PUBLISHED.splitlines()}

    assert {name: key.get_fingerprint() for name, key in keys.items()} == {
        "github.com": "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
        "gitlab.com": "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8",
        "bitbucket.org": "SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM",
    }


async def test_a_key_without_rights_is_refused(host: SshHost) -> None:
    """The refusal names the user and the Secret."""
    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()

    with pytest.raises(PermanentError, match="does not let user 'git' in with the key of secret git-ssh"):
        await answer(host.url("app"), "main", replace(key_of(host), private_key=other))


async def test_without_a_key_nothing_is_asked(host: SshHost) -> None:
    """There is no anonymous ssh: the refusal says which Secret to give."""
    with pytest.raises(PermanentError, match=r"kubernetes.io/ssh-auth secret annotated build.pivotal.io/git: git@127"):
        await answer(host.url("app"), "main", None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"private_key": "no key"}, "ssh-privatekey is no private key"),
        ({"known_hosts": "nonsense"}, "known_hosts is not in OpenSSH's form"),
    ],
)
async def test_a_broken_secret_is_named(host: SshHost, change: dict[str, str], said: str) -> None:
    """What is wrong with it is told, and nothing of its content."""
    with pytest.raises(PermanentError, match=said) as caught:
        await answer(host.url("app"), "main", replace(key_of(host), **change))

    assert caught.value.reason == "InvalidCredentials"


async def test_a_key_with_a_passphrase_is_refused(host: SshHost) -> None:
    """Nobody could type it."""
    locked = asyncssh.generate_private_key("ssh-ed25519").export_private_key("pkcs8-pem", passphrase="word").decode()

    with pytest.raises(PermanentError, match="without a passphrase"):
        await answer(host.url("app"), "main", replace(key_of(host), private_key=locked))


async def test_a_key_with_windows_line_ends_is_a_key(host: SshHost, repository: Repository) -> None:
    """Such Secrets come from editors."""
    commit = repository.commit({"a": "1"})
    key = key_of(host)

    found = await answer(
        host.url("app"), "main", replace(key, private_key=key.private_key.strip().replace("\n", "\r\n"))
    )

    assert found.revision == commit


async def test_a_missing_repository_is_named(host: SshHost) -> None:
    """With the server's own words."""
    with pytest.raises(PermanentError, match="does not appear to be a git repository") as caught:
        await answer(host.url("no-such"), "main", key_of(host))

    assert caught.value.reason == "GitNotFound"


async def test_a_server_that_is_down_may_come_back() -> None:
    """Nothing listens at the port."""
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()

    with pytest.raises(TransientError, match=r"ssh server 127\.0\.0\.1:1 does not answer"):
        await answer("ssh://git@127.0.0.1:1/app", "main", SshCredentials(secret="s", private_key=key))


@pytest.mark.parametrize("url", ["ssh://git@host:org/app", "ssh://git@host:99999/app", "ssh://git@host"])
async def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    """C68 row 26: the mistake is told, and the field to correct."""
    with pytest.raises(PermanentError, match=r"spec.source.git.url") as caught:
        await answer(url, "main", None)

    assert caught.value.reason == "InvalidGitUrl"


async def test_endless_references_are_cut_off(
    host: SshHost, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer is read beyond its limit."""
    repository.commit({"a": "1"})
    monkeypatch.setattr("kpack_reconciler.clients.git.ssh.MOST_BYTES", 10)

    with pytest.raises(PermanentError, match="lists more than"):
        await answer(host.url("app"), "main", key_of(host))


async def test_a_user_without_a_name_can_ask(
    host: SshHost, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pod's user stands in no /etc/passwd, and may have no home."""
    commit = repository.commit({"a": "1"})
    for name in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda uid: {}[uid])

    assert (await answer(host.url("app"), "main", key_of(host))).revision == commit
