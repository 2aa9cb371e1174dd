"""Blobs from a server on loopback; the numbers are those of `docs/parity.md`."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kpack_reconciler.model.blob_credentials import BasicLogin, BlobCredentials, Header
from kpack_reconciler.model.credentials import ANONYMOUS
from kpack_reconciler.steps.blob import fetch_blob
from kpack_reconciler.steps.places import Places
from kpack_reconciler.steps.report import StepError
from kpack_reconciler.steps.secrets import MountedSecrets
from kpack_reconciler.steps.source import fetch_source
from tests.fakes.threads import serving

ABSENT = b"404 page not found\n"


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("testdir/testfile", "content")
    return file.getvalue()


class Store(ThreadingHTTPServer):
    """Serves one archive, also at the end of any query, and remembers what it was asked with."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.archive = archive()
        self.logins: list[str | None] = []

    @property
    def url(self) -> str:
        """The archive's URL."""
        return f"http://127.0.0.1:{self.server_port}/a.zip"


class _Handler(BaseHTTPRequestHandler):
    server: Store

    def do_GET(self) -> None:
        self.server.logins.append(self.headers.get("Authorization"))
        found = self.path.partition("?")[0] == "/a.zip"
        body = self.server.archive if found else ABSENT
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Print nothing."""


@pytest.fixture
def store() -> Iterator[Store]:
    with serving(Store()) as server:
        yield server


def test_a_refusal_is_told_with_the_server_s_words(store: Store, tmp_path: Path) -> None:
    """R200, C92: status, reason and body, on one line."""
    url = store.url.replace("a.zip", "gone.zip")

    with pytest.raises(StepError) as caught:
        fetch_blob(url, tmp_path, credentials=None)

    assert str(caught.value) == f"failed to get blob {url}: 404 Not Found: 404 page not found"


@pytest.mark.parametrize(
    ("credentials", "sent"),
    [
        pytest.param(None, None, id="C93 none"),
        pytest.param(Header("some-auth"), "some-auth", id="C93 a header"),
        pytest.param(BasicLogin(username="svc", password="tok"), "Basic c3ZjOnRvaw==", id="C94 R202 basic"),
    ],
)
def test_a_login_is_one_header(
    credentials: BlobCredentials | None, sent: str | None, store: Store, tmp_path: Path
) -> None:
    """The archive is unpacked; its checksum is that of the bytes that came."""
    checksum = fetch_blob(store.url, tmp_path, credentials=credentials)

    assert store.logins == [sent]
    assert checksum == hashlib.sha256(store.archive).hexdigest()
    assert (tmp_path / "testdir/testfile").read_text() == "content"


def test_where_a_blob_came_from_is_recorded(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """C98, C160: URL and checksum of the archive, without login and signature, which the log does not show either."""
    places = Places(workspace=tmp_path / "workspace", home=tmp_path, project_metadata=tmp_path / "metadata")
    places.workspace.mkdir()
    url = store.url.replace("//", "//user:pw@") + "?sig=hidden"

    fetch_source({"BLOB_URL": url}, MountedSecrets(keychain=ANONYMOUS, git=()), places)

    assert (places.project_metadata / "project-metadata.toml").read_text() == (
        "[source]\n"
        '  type = "blob"\n'
        "  [source.metadata]\n"
        f'    url = "{store.url}"\n'
        "  [source.version]\n"
        f'    sha256sum = "{hashlib.sha256(store.archive).hexdigest()}"\n'
    )
    assert not {"hidden", "pw"} & set(capsys.readouterr().out.replace("=", " ").replace(":", " ").split())
