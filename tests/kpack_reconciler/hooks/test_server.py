"""What the endpoint of push hooks takes, what it refuses, and what it says to that."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO

import aiohttp
import pytest

from kpack_reconciler.hooks import server
from kpack_reconciler.hooks.forwarding import FORWARDED
from kpack_reconciler.hooks.server import BURST, MAXIMUM_BYTES, MOST_AT_ONCE, Receiver, make_app
from kpack_reconciler.model.hooks import ImagesPushed, Provider, Pushed
from tests.fakes.hook_senders import SECRET, Sent, push, sent
from tests.fakes.serving import served
from tests.scrape import counted


class Endpoint:
    """A replica that leads, and what it was told."""

    def __init__(self) -> None:
        self.secrets: tuple[str, ...] = (SECRET,)
        self.leads = True
        self.asked = 1
        self.answer: tuple[int, str] | None = None
        self.told: list[Pushed | ImagesPushed] = []
        self.passed: list[tuple[Mapping[str, str], bytes]] = []

    def pushed(self, push: Pushed | ImagesPushed) -> int:
        """Keep what was told."""
        self.told.append(push)
        return self.asked

    async def forward(self, headers: Mapping[str, str], body: bytes) -> tuple[int, str] | None:
        """Keep what is passed on."""
        self.passed.append((headers, body))
        return self.answer

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["Client"]:
        """Listen on a free port while the context is open."""
        receiver = Receiver(
            secrets=lambda: self.secrets,
            leads=lambda: self.leads,
            pushed=self.pushed,
            forward=self.forward,
            now=lambda: 0.0,
        )
        async with served(make_app(receiver)) as host, aiohttp.ClientSession() as http:
            yield Client(http, f"http://{host}/hooks")


class Client:
    """Sends hooks."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http, self.url = http, url

    async def send(self, hook: Sent) -> tuple[int, str, Mapping[str, str]]:
        """Status, text and headers of the answer."""
        async with self.http.post(self.url, data=BytesIO(hook.body), headers=hook.headers) as answer:
            return answer.status, await answer.text(), answer.headers


def count(provider: str, outcome: str) -> float:
    return counted("kpack_hooks_total", provider=provider, outcome=outcome)


@pytest.mark.parametrize("provider", Provider)
async def test_a_proven_push_is_told(provider: Provider) -> None:
    """Whoever sends it; the answer says how much is asked."""
    endpoint, before = Endpoint(), count(provider, "asked")
    async with endpoint.serve() as client:
        status, text, _ = await client.send(push(provider))

    assert (status, text) == (202, "asking about 1 source(s) now\n")
    assert len(endpoint.told) == 1
    assert count(provider, "asked") == before + 1


@pytest.mark.parametrize("provider", Provider)
async def test_a_wrong_secret_is_refused(provider: Provider) -> None:
    """Nothing is told; the answer says where the right one is, not what it is."""
    endpoint = Endpoint()
    async with endpoint.serve() as client:
        status, text, _ = await client.send(push(provider, secret="wrong"))

    assert status == 401
    assert "set the hook's secret to one of the Secret kpack-hooks" in text
    assert SECRET not in text
    assert endpoint.told == []


async def test_two_secrets_hold_while_one_is_rotated() -> None:
    """The new one and the one before."""
    endpoint = Endpoint()
    endpoint.secrets = ("new", "before")
    async with endpoint.serve() as client:
        answers = [await client.send(push(Provider.GITHUB, secret=secret)) for secret in ("new", "before", "older")]

    assert [status for status, _, _ in answers] == [202, 202, 401]


async def test_without_a_secret_nothing_is_taken() -> None:
    """The answer says what is missing."""
    endpoint = Endpoint()
    endpoint.secrets = ()
    async with endpoint.serve() as client:
        status, text, headers = await client.send(push(Provider.GITLAB, secret=""))

    assert (status, headers["Retry-After"]) == (503, "5")
    assert "put one into the Secret kpack-hooks" in text
    assert endpoint.told == []


@pytest.mark.parametrize(
    ("hook", "status", "says", "outcome"),
    [
        (Sent(body=b"{}", headers={"Content-Type": "application/json"}), 400, "no hook of a known sender", "refused"),
        (replace(push(Provider.GITLAB), body=b"{"), 400, "not the JSON of this event", "refused"),
        (sent(Provider.GITHUB, "ping", {"zen": "Keep it simple"}), 200, "the hook works", "unconcerned"),
        (sent(Provider.GITHUB, "issues", {}), 200, "changes no source", "unconcerned"),
        (replace(push(Provider.GITLAB), body=b"x" * (MAXIMUM_BYTES + 1)), 413, "larger than 4 MiB", "refused"),
    ],
    ids=["unknown", "no JSON", "ping", "event", "large"],
)
async def test_what_is_no_push(hook: Sent, status: int, says: str, outcome: str) -> None:
    """It is answered in words, and counted by what became of it."""
    endpoint = Endpoint()
    names = [*Provider, "unknown"]
    before = sum(count(name, outcome) for name in names)
    async with endpoint.serve() as client:
        answered, text, _ = await client.send(hook)

    assert answered == status
    assert says in text
    assert endpoint.told == []
    assert sum(count(name, outcome) for name in names) == before + 1


async def test_a_compressed_body_is_refused() -> None:
    """No sender compresses; a small body could become a very large one."""
    endpoint, hook = Endpoint(), push(Provider.GITLAB)
    async with (
        endpoint.serve() as client,
        client.http.post(client.url, data=hook.body, headers=hook.headers, compress="gzip") as answer,
    ):
        status = answer.status

    assert (status, endpoint.told) == (415, [])


async def test_a_push_that_concerns_nothing_is_no_error() -> None:
    """A hook of a whole organisation tells of many repositories."""
    endpoint = Endpoint()
    endpoint.asked = 0
    async with endpoint.serve() as client:
        status, text, _ = await client.send(push(Provider.GITEA))

    assert (status, text) == (200, "nothing is built from what was pushed\n")


async def test_too_many_are_sent_away() -> None:
    """After a burst the answer says when to come again; those without a proof use nothing up."""
    endpoint = Endpoint()
    async with endpoint.serve() as client:
        for _ in range(5):
            await client.send(push(Provider.GITLAB, secret="wrong"))
        answers = [await client.send(push(Provider.GITLAB)) for _ in range(BURST + 1)]

    assert [status for status, _, _ in answers] == [202] * BURST + [429]
    assert answers[-1][2]["Retry-After"] == "5"


async def test_too_many_at_once_are_sent_away() -> None:
    """Bodies that do not end hold no more than their slots, and not for long."""
    endpoint = Endpoint()
    release = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await release.wait()
        yield b"}"

    async with endpoint.serve() as client, asyncio.TaskGroup() as tasks:
        headers = push(Provider.GITLAB).headers
        for _ in range(MOST_AT_ONCE):
            tasks.create_task(client.http.post(client.url, data=slow(), headers=headers))
        status = 0
        async with asyncio.timeout(5):
            while status != 429:
                status, _, _ = await client.send(push(Provider.GITLAB))
        release.set()

    assert status == 429


async def test_a_body_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its slot is free again after a few seconds."""
    monkeypatch.setattr(server, "_BODY_SECONDS", 0.05)
    endpoint, never = Endpoint(), asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    headers = push(Provider.GITLAB).headers
    async with endpoint.serve() as client, client.http.post(client.url, data=endless(), headers=headers) as answer:
        assert answer.status == 408


async def test_another_replica_passes_a_proven_hook_on() -> None:
    """With body and headers as they came; the leader's answer is the answer."""
    endpoint, hook = Endpoint(), push(Provider.GITHUB)
    endpoint.leads, endpoint.answer = False, (202, "asking about 3 source(s) now\n")
    async with endpoint.serve() as client:
        status, text, _ = await client.send(hook)
        await client.send(push(Provider.GITHUB, secret="wrong"))

    assert (status, text) == (202, "asking about 3 source(s) now\n")
    ((headers, body),) = endpoint.passed
    assert body == hook.body
    assert hook.headers.items() <= dict(headers).items()
    assert endpoint.told == []


@pytest.mark.parametrize("forwarded", [False, True])
async def test_without_a_leader_the_sender_comes_again(*, forwarded: bool) -> None:
    """A hook that was passed on already is not passed on again."""
    endpoint, hook = Endpoint(), push(Provider.GITHUB)
    endpoint.leads = False
    async with endpoint.serve() as client:
        headers = hook.headers | ({FORWARDED: "1"} if forwarded else {})
        status, text, answered = await client.send(replace(hook, headers=headers))

    assert (status, answered["Retry-After"]) == (503, "5")
    assert "no controller leads just now" in text
    assert len(endpoint.passed) == (0 if forwarded else 1)


async def test_only_posts_to_one_path_are_hooks() -> None:
    """Nothing else is served on this port."""
    async with Endpoint().serve() as client:
        async with client.http.get(client.url) as read:
            assert read.status == 405
        async with client.http.post(client.url.replace("/hooks", "/metrics"), data=b"") as other:
            assert other.status == 404
