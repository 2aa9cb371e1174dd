"""A registry in a thread, for the steps of a build pod: one login, images without layers, cancelled uploads."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.fakes.threads import serving

_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


class RegistryHost(ThreadingHTTPServer):
    """The server; `login` is `user:password`.

    `broken` makes it answer 503 to everything but `/v2/`, with `retry_after` where there is one; `forbidden` 403.
    """

    daemon_threads = True

    def __init__(self, login: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.login, self.broken, self.forbidden, self.retry_after = login, False, False, ""
        self.requests: list[tuple[str, str]] = []
        self.contents: dict[str, bytes] = {}

    @property
    def name(self) -> str:
        """Host and port, as references name the registry."""
        return f"127.0.0.1:{self.server_port}"

    def put_image(self, repository: str, labels: Mapping[str, str]) -> str:
        """Have an image with these labels; its digest."""
        config = json.dumps({"config": {"Labels": labels}}).encode()
        manifest = json.dumps({"mediaType": _MANIFEST_TYPE, "config": {"digest": digest_of(config)}}).encode()
        self.contents[f"/v2/{repository}/blobs/{digest_of(config)}"] = config
        self.contents[f"/v2/{repository}/manifests/{digest_of(manifest)}"] = manifest
        return digest_of(manifest)


class _Handler(BaseHTTPRequestHandler):
    server: RegistryHost
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self._find()

    def do_GET(self) -> None:
        """Answer with a manifest or blob."""
        self._find()

    def do_POST(self) -> None:
        """Begin an upload."""
        self._answer(202 if self._allowed() else 401)

    def do_DELETE(self) -> None:
        """Cancel an upload."""
        self._answer(204)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Print nothing."""

    def _allowed(self) -> bool:
        wanted = "Basic " + base64.b64encode(self.server.login.encode()).decode()
        return self.headers.get("Authorization") == wanted

    def _find(self) -> None:
        body = b"{}" if self.path == "/v2/" else self.server.contents.get(self.path)
        if not self._allowed():
            self._answer(401)
        elif body is None:
            self._answer(404)
        else:
            self._answer(200, body)

    def _answer(self, status: int, body: bytes = b"") -> None:
        if self.path != "/v2/":
            self.server.requests.append((self.command, self.path))
            status = 503 if self.server.broken else 403 if self.server.forbidden else status
        self.send_response(status)
        if self.server.retry_after:
            self.send_header("Retry-After", self.server.retry_after)
        self.send_header("Content-Type", _MANIFEST_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("WWW-Authenticate", 'Basic realm="registry"')
        self.send_header("Location", f"{self.path}1")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def registry_host(login: str) -> Iterator[RegistryHost]:
    """Serve while the context is open."""
    with serving(RegistryHost(login)) as host:
        yield host


def digest_of(content: bytes) -> str:
    """The digest of bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()
