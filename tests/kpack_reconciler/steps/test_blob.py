"""Archives from servers: S3 as moto speaks it, and servers that redirect, fail or never end."""

import io
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from kpack_reconciler.model.blob_credentials import BasicLogin, S3Key
from kpack_reconciler.steps import blob
from kpack_reconciler.steps.blob import fetch_blob
from kpack_reconciler.steps.report import StepError
from kpack_reconciler.steps.unpacking import Limits
from tests.fakes.threads import serving

KEY = S3Key(access_key="AKIATEST", secret_key="hidden", session_token="session", region="eu-west-1")
LOGIN = BasicLogin(username="svc", password="hidden")


def archive() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as made:
        entry = tarfile.TarInfo("top/main.go")
        entry.size = 4
        made.addfile(entry, io.BytesIO(b"main"))
    return file.getvalue()


class Server(ThreadingHTTPServer):
    """Answers as `answers` says by path: a status, a Location or a body; `seen` are path and credentials' headers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, str, bytes]] = {"/a": (200, "", archive())}
        self.seen: list[tuple[str, str, str]] = []

    def url(self, path: str = "/a") -> str:
        """The URL of a path."""
        return f"http://127.0.0.1:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        """Answer, and go on for ever where there is no length."""
        token = self.headers.get("X-Amz-Security-Token", "")
        self.server.seen.append((self.path, self.headers.get("Authorization", ""), token))
        status, location, body = self.server.answers.get(self.path.partition("?")[0], (404, "", b"absent"))
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        if body != b"endless":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        while body == b"endless":
            try:
                self.wfile.write(body * 10000)
            except OSError:
                return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(blob, "_PAUSES_SECONDS", (0, 0))
    place = tmp_path / "workspace"
    place.mkdir()
    return place


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Give the address of an S3 with an archive at `sources/app.tgz`."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    client = client_of(f"http://{host}:{port}")
    client.create_bucket(Bucket="sources", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_object(Bucket="sources", Key="my app.tgz", Body=archive())
    yield f"http://{host}:{port}"
    moto.stop()


def client_of(address: str):  # type: ignore[no-untyped-def]  # noqa: ANN201 - boto3 has no types
    return boto3.client(
        "s3",
        endpoint_url=address,
        region_name="eu-west-1",
        aws_access_key_id=KEY.access_key,
        aws_secret_access_key=KEY.secret_key,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def test_an_object_of_s3_is_fetched_with_a_key(s3: str, folder: Path) -> None:
    """The request is signed for the object's own URL, as it is written."""
    fetch_blob(f"{s3}/sources/my%20app.tgz", folder, credentials=KEY, strip=1)

    assert (folder / "main.go").read_text() == "main"


def test_a_presigned_url_is_used_as_it_is(s3: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """C160: its signature is neither changed nor printed."""
    params = {"Bucket": "sources", "Key": "my app.tgz"}
    url = client_of(s3).generate_presigned_url("get_object", Params=params, ExpiresIn=60)

    fetch_blob(url, folder, credentials=None)

    assert (folder / "top/main.go").read_text() == "main"
    assert "X-Amz" not in capsys.readouterr().out


def test_credentials_do_not_follow_to_another_host(server: Server, folder: Path) -> None:
    """Neither the header nor the token of a signed request."""
    with serving(Server()) as other:
        server.answers["/moved"] = (302, other.url(), b"")
        for credentials in (LOGIN, KEY):
            fetch_blob(server.url("/moved"), folder, credentials=credentials)

        assert [(login, token) for _, login, token in other.seen] == [("", "")] * 2
    assert [bool(login) for _, login, _ in server.seen] == [True, True]


def test_credentials_follow_on_the_same_host(server: Server, folder: Path) -> None:
    """A relative redirect stays where it is."""
    server.answers["/moved"] = (307, "/a", b"")

    fetch_blob(server.url("/moved"), folder, credentials=LOGIN)

    assert [bool(login) for _, login, _ in server.seen] == [True, True]


@pytest.mark.parametrize(
    ("answer", "code", "said", "asked"),
    [
        ((302, "/x", b""), 1, "more than 5 redirects", 6),
        ((302, "file:///etc/passwd", b""), 1, "redirects from http to file", 1),
        ((302, "", b""), 1, "redirects to nowhere", 1),
        ((403, "", b"SignatureDoesNotMatch"), 77, "403 Forbidden: SignatureDoesNotMatch", 1),
        ((503, "", b"slow down"), 75, "503 Service Unavailable: slow down", 3),
        ((200, "", b"endless"), 1, "larger than 1 MiB", 1),
        ((200, "", b"<html>"), 1, "unexpected blob file type", 1),
    ],
)
def test_what_is_no_archive_is_told(
    server: Server, folder: Path, answer: tuple[int, str, bytes], code: int, said: str, asked: int
) -> None:
    """With the next step in the exit code, without the query, and asked again only where that may help."""
    server.answers["/x"] = answer

    with pytest.raises(StepError, match=said) as caught:
        fetch_blob(server.url("/x?sig=hidden"), folder, credentials=None, limits=Limits(packed=1 << 20))

    assert caught.value.code == code
    assert "hidden" not in str(caught.value)
    assert len(server.seen) == asked


def test_a_server_that_is_down_may_come_back(folder: Path) -> None:
    """The exit code says that the step may be tried again."""
    with pytest.raises(StepError, match=r"failed to get blob http://127\.0\.0\.1:1/x") as caught:
        fetch_blob("http://u:hidden@127.0.0.1:1/x?sig=hidden", folder, credentials=None)

    assert caught.value.code == 75
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("url", ["s3://bucket/key", "/etc/passwd", "http://", "http://[", "ftp://host/a.zip"])
def test_other_urls_are_refused(url: str, folder: Path) -> None:
    """Only http and https are spoken."""
    with pytest.raises(StepError, match=r"correct spec\.source\.blob\.url"):
        fetch_blob(url, folder, credentials=None)
