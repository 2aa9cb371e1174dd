"""Asking a git server for references, against git's own upload-pack."""

from pathlib import Path

import aiohttp
import asyncssh
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from kpack_api.types import GitType
from kpack_reconciler.clients.git.references import resolve
from kpack_reconciler.clients.git.remote import ls_refs
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.facts import Revision
from kpack_reconciler.model.git_credentials import GitCredentials, SshCredentials
from tests.fakes.git import FakeGit


@pytest.fixture
def server(tmp_path: Path) -> FakeGit:
    return FakeGit(tmp_path / "app")


async def answer(url: str, revision: str) -> Revision:
    async with aiohttp.ClientSession() as http:
        return resolve(await ls_refs(http, url, [revision]), revision)


async def test_a_branch_is_resolved_by_one_request(server: FakeGit) -> None:
    """A branch gives the commit it points at; one POST is enough."""
    async with server.serve() as url:
        found = await answer(url, "main")

    assert found == Revision(revision=server.git("rev-parse", "main"), type=GitType.BRANCH)
    assert server.requests == ["POST /app/git-upload-pack"]


async def test_a_tag_is_resolved(server: FakeGit) -> None:
    """A plain tag gives its commit, an annotated one the tag object, as in kpack."""
    server.git("tag", "v1")
    server.git("tag", "-a", "v2", "-m", "two")

    async with server.serve() as url:
        plain, annotated = await answer(url, "v1"), await answer(url, "v2")

    assert plain == Revision(revision=server.git("rev-parse", "main"), type=GitType.TAG)
    assert annotated == Revision(revision=server.git("rev-parse", "v2"), type=GitType.TAG)


async def test_a_branch_wins_over_a_tag(server: FakeGit) -> None:
    """Where branch and tag share a name the branch counts."""
    server.git("tag", "main")
    newer = server.commit("README", "second")

    async with server.serve() as url:
        assert await answer(url, "main") == Revision(revision=newer, type=GitType.BRANCH)


@pytest.mark.parametrize("revision", ["0123456789abcdef0123456789abcdef01234567", "0123abc", "main~1"])
async def test_what_can_be_a_commit_is_taken_for_one(server: FakeGit, revision: str) -> None:
    """A text that no reference has but a commit can have is taken as it is."""
    async with server.serve() as url:
        assert await answer(url, revision) == Revision(revision=revision, type=GitType.COMMIT)


async def test_an_unknown_revision_is_refused(server: FakeGit) -> None:
    """A name that is neither reference nor commit is a refusal that names it."""
    async with server.serve() as url:
        with pytest.raises(PermanentError, match="no branch or tag 'no-such'"):
            await answer(url, "no-such")


async def test_a_login_opens_a_closed_repository(server: FakeGit) -> None:
    """The right login is let in; without one the refusal names the URL and what to give, not the login."""
    server.login = "me:hidden"

    async with server.serve() as url, aiohttp.ClientSession() as http:
        good = GitCredentials(username="me", password="hidden")
        refs = await ls_refs(http, url, ["main"], credentials=good)
        with pytest.raises(PermanentError) as caught:
            await ls_refs(http, url.replace("//", "//u:p-word@"), ["main"])

    assert [ref.name for ref in refs] == ["refs/heads/main"]
    assert caught.value.reason == "GitUnauthorized"
    assert f"{url} refuses access (401)" in str(caught.value)
    assert "p-word" not in str(caught.value)


async def test_a_missing_repository_is_named(server: FakeGit) -> None:
    """404 is a refusal that names the URL and the field to correct."""
    async with server.serve() as url:
        with pytest.raises(PermanentError, match=r"/else does not exist \(404\): correct spec.source.git.url"):
            await answer(url.replace("/app", "/else"), "main")


async def test_a_fault_of_the_server_may_pass(server: FakeGit) -> None:
    """A 503 is worth another try."""
    server.broken = 503

    async with server.serve() as url:
        with pytest.raises(TransientError, match="answered 503"):
            await answer(url, "main")


@pytest.mark.parametrize(
    "url", ["/srv/app", "git@host/org/app", "git://host/app", "git+ssh://git@host/app", "file:///a"]
)
async def test_other_urls_are_refused_unasked(url: str) -> None:
    """C68 rows 29 to 31, 34: local paths and other protocols are refused with the forms to use."""
    with pytest.raises(PermanentError, match="write https://…, ssh://… or git@host:path"):
        await answer(url, "main")


async def test_a_login_does_not_follow_to_another_host(server: FakeGit, tmp_path: Path) -> None:
    """C159: the advertisement follows a redirect, and the other host sees no Authorization."""
    other = FakeGit(tmp_path / "other")

    async with server.serve() as url, other.serve() as elsewhere, aiohttp.ClientSession() as http:
        server.moved_to = elsewhere
        refs = await ls_refs(http, url, ["main"], credentials=GitCredentials(username="me", password="hidden"))

    assert [ref.object_id for ref in refs if ref.name == "refs/heads/main"] == [other.git("rev-parse", "main")]
    assert other.authorizations == [""]


async def test_a_server_that_is_down_may_come_back() -> None:
    """Nothing listens at the port."""
    with pytest.raises(TransientError, match="does not answer"):
        await answer("http://127.0.0.1:1/app", "main")


@pytest.mark.parametrize(
    "url",
    ["http://[", "http://host:99999/app", "http://a..b/x", f"http://{'a' * 70}/x", "ssh://git@a..b/x", "git@..:x"],
)
async def test_a_url_that_is_none_is_refused(url: str) -> None:
    """The field to correct is named."""
    with pytest.raises(PermanentError, match=r"correct spec\.source\.git\.url"):
        async with aiohttp.ClientSession() as http:
            await ls_refs(http, url, ["main"], credentials=a_key() if "git@" in url else None)


def a_key() -> SshCredentials:
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    return SshCredentials(secret="git-ssh", private_key=key)


@pytest.mark.parametrize(
    ("content_type", "body", "error", "said"),
    [
        ("text/html", b"<html>0000", PermanentError, "is no git repository"),
        ("application/x-git-upload-pack-advertisement", b"<html>", TransientError, "sent no git protocol"),
    ],
)
async def test_what_is_no_git_server_is_told(content_type: str, body: bytes, error: type[Exception], said: str) -> None:
    """A web page is no repository; git's content type around nonsense may be a passing fault."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    async with TestServer(app) as running:
        with pytest.raises(error, match=said):
            await answer(f"http://127.0.0.1:{running.port}/app", "main")


async def test_endless_references_are_cut_off(server: FakeGit, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is read beyond its limit."""
    monkeypatch.setattr("kpack_reconciler.clients.git.http.MOST_BYTES", 10)

    async with server.serve() as url:
        with pytest.raises(PermanentError, match="lists more than"):
            await answer(url, "main")
