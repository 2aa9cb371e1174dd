"""The git server of the bench speaks both protocols, moves heads, and counts."""

from aiohttp.test_utils import TestClient, TestServer

from dev.bench.git_memory import TOPICS, Repositories, advertisement, ls_refs, make_app, packet
from kpack_reconciler.clients.git.protocol import read_refs


def test_both_protocols_tell_the_same_references() -> None:
    """Our own client reads them; the advertisement has HEAD besides."""
    refs = Repositories().refs("app")

    by_version_2 = {ref.name: ref.object_id for ref in read_refs(ls_refs(refs))}
    by_version_0 = {ref.name: ref.object_id for ref in read_refs(advertisement(refs))}

    assert by_version_2 == refs
    assert by_version_0 == {**refs, "HEAD": refs["refs/heads/main"]}
    assert len(refs) == TOPICS + 1


def test_a_line_says_its_length() -> None:
    """Four hexadecimal digits that count themselves."""
    assert packet(b"hello\n") == b"000ahello\n"


async def test_a_moved_head_is_told_and_questions_are_counted() -> None:
    """A move changes one branch of one repository and is no question."""
    repositories = Repositories()
    before, other = repositories.refs("app"), repositories.refs("other")
    async with TestClient(TestServer(make_app(repositories))) as client:
        moved = await (await client.post("/-/move/app")).text()
        old = await (await client.get("/app.git/info/refs?service=git-upload-pack")).read()
        new = await (await client.post("/app.git/git-upload-pack")).read()
        counted = await (await client.get("/-/requests")).text()

    assert moved.encode() in old
    assert moved.encode() in new
    assert repositories.refs("app") == {**before, "refs/heads/main": moved}
    assert repositories.refs("other") == other
    assert counted == "2"
