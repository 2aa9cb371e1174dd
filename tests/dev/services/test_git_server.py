import io
import os
import subprocess
import threading
from collections.abc import Iterator
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path

import pytest

from dev.services.credentials import Credentials
from dev.services.git import create_repository
from dev.services.git_server import GitServer, cgi_variables, is_allowed, read_body, read_cgi_headers

OWNER = Credentials(username="git", password="pass:word")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    """Serve two empty repositories, one of them private."""
    root = tmp_path / "git"
    for name in ("app", "private/app"):
        create_repository(root, name)
    with GitServer(("127.0.0.1", 0), root=root, credentials=OWNER) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a work tree with one commit, larger than git sends with a length."""
    path = tmp_path / "checkout"
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    (path / "large").write_bytes(os.urandom(2 * 1024 * 1024))
    git(path, "add", ".")
    git(path, "commit", "--quiet", "--message=first")
    return path


def git(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    identity = {
        "GIT_AUTHOR_NAME": "dev",
        "GIT_AUTHOR_EMAIL": "dev@example.com",
        "GIT_COMMITTER_NAME": "dev",
        "GIT_COMMITTER_EMAIL": "dev@example.com",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_GLOBAL": "/dev/null",
    }
    command = ["git", "-C", str(path), *arguments]
    environment = {**os.environ, **identity}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def make_url(server: GitServer, path: str, *, user: Credentials | None = None) -> str:
    login = "" if user is None else f"{user.username}:{user.password.replace(':', '%3A')}@"
    return f"http://{login}127.0.0.1:{server.server_port}{path}"


def make_headers(**values: str) -> Message:
    headers = Message()
    for name, value in values.items():
        headers[name.replace("_", "-")] = value
    return headers


def test_what_is_pushed_can_be_cloned(server: GitServer, checkout: Path, tmp_path: Path) -> None:
    """Smart HTTP in both directions, with a body that git sends in chunks."""
    pushed = git(checkout, "push", make_url(server, "/app.git"), "main")
    cloned = git(tmp_path, "clone", make_url(server, "/app.git"), "clone")

    assert (pushed.returncode, cloned.returncode) == (0, 0), pushed.stderr + cloned.stderr
    assert (tmp_path / "clone" / "large").read_bytes() == (checkout / "large").read_bytes()


def test_a_missing_repository_is_404(server: GitServer, tmp_path: Path) -> None:
    """The client tells the user that there is no such repository."""
    result = git(tmp_path, "ls-remote", make_url(server, "/none.git"))

    assert result.returncode != 0
    assert "not found" in result.stderr


def test_a_private_repository_wants_credentials(server: GitServer, checkout: Path) -> None:
    """Without a name and password, or with a wrong one, nothing is told; with the right one all works."""
    path = "/private/app.git"
    wrong = Credentials(username="git", password="guess")

    nobody = git(checkout, "ls-remote", make_url(server, path))
    guesser = git(checkout, "ls-remote", make_url(server, path, user=wrong))
    owner = git(checkout, "push", make_url(server, path, user=OWNER), "main")

    assert "could not read Username" in nobody.stderr
    assert "Authentication failed" in guesser.stderr
    assert owner.returncode == 0, owner.stderr


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/../etc/passwd", 404), ("/private/x", 401)])
def test_answers_without_git(server: GitServer, path: str, status: int) -> None:
    """Health, paths that lead out of the root, and closed doors are answered without a backend."""
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.request("GET", path)

    assert connection.getresponse().status == status
    connection.close()


def test_passwords_are_not_logged(server: GitServer, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A request line has no header in it."""
    git(checkout, "ls-remote", make_url(server, "/private/app.git", user=OWNER))

    written = capsys.readouterr().out
    assert "/private/app.git" in written
    assert "pass" not in written


@pytest.mark.parametrize(
    ("header", "credentials"),
    [(None, OWNER), ("Basic Z2l0OnBhc3M6d29yZA==", None), ("Bearer x", OWNER), ("Basic !", OWNER)],
)
def test_a_closed_door(header: str | None, credentials: Credentials | None) -> None:
    """No header, no credentials to compare with, another scheme, a wrong value: all are refused."""
    assert not is_allowed(header, credentials)


def test_an_open_door() -> None:
    """A password may contain a colon (RFC 7617)."""
    assert is_allowed("Basic Z2l0OnBhc3M6d29yZA==", OWNER)


def test_the_backend_is_told_what_was_asked() -> None:
    """CGI variables carry path, query, compression and protocol version."""
    headers = make_headers(Git_Protocol="version=2", Content_Encoding="gzip", Content_Length="7")

    variables = cgi_variables(root=Path("/git"), method="POST", target="/a.git/info/refs?service=x", headers=headers)

    assert variables["PATH_INFO"] == "/a.git/info/refs"
    assert variables["QUERY_STRING"] == "service=x"
    assert variables["GIT_PROTOCOL"] == "version=2"
    assert variables["HTTP_CONTENT_ENCODING"] == "gzip"
    assert variables["CONTENT_LENGTH"] == "7"


def test_a_body_in_chunks_has_no_length() -> None:
    """The backend then reads to the end."""
    variables = cgi_variables(root=Path("/git"), method="POST", target="/a.git", headers=make_headers())

    assert "CONTENT_LENGTH" not in variables


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(b"hello, and more", {"Content_Length": "5"}, id="length"),
        pytest.param(b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", {"Transfer_Encoding": "chunked"}, id="chunks"),
    ],
)
def test_bodies_are_read_to_their_end(body: bytes, headers: dict[str, str]) -> None:
    """Neither less nor more than the body is taken from the connection."""
    assert b"".join(read_body(io.BytesIO(body), make_headers(**headers))) == b"hello"


def test_a_cgi_answer_may_carry_a_status() -> None:
    """Without one the answer is 200."""
    with_status = io.BytesIO(b"Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\nbody")
    without = io.BytesIO(b"Content-Type: text/plain\n\n")

    assert read_cgi_headers(with_status) == (404, (("Content-Type", "text/plain"),))
    assert with_status.read() == b"body"
    assert read_cgi_headers(without) == (200, (("Content-Type", "text/plain"),))
