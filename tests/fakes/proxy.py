"""A proxy on loopback: it forwards http, opens tunnels for https, and may ask for a login."""

import base64
import select
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.fakes.threads import serving

_BLOCK = 1 << 16


class ProxyHost(ThreadingHTTPServer):
    """The server; `login` is `user:password`, "" for none. `asked` records the method and target of each request."""

    daemon_threads = True

    def __init__(self, login: str, address: str) -> None:
        super().__init__((address, 0), _Handler)
        self.login, self.asked = login, list[tuple[str, str]]()

    def url(self, login: str = "") -> str:
        """The proxy's URL, with a login where one is given."""
        return f"http://{login}{'@' if login else ''}{self.server_address[0]!s}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: ProxyHost
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Forward a request for an http URL."""
        if not self._allowed():
            return
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.path) as answer:
            body = answer.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        """Open a tunnel."""
        if not self._allowed():
            return
        host, _, port = self.path.rpartition(":")
        try:
            outside = socket.create_connection((host, int(port)), timeout=10)
        except OSError:
            self.send_error(502)
            return
        with outside:
            self.send_response(200)
            self.end_headers()
            _join(self.connection, outside)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Print nothing."""

    def _allowed(self) -> bool:
        self.server.asked.append((self.command, self.path))
        wanted = "Basic " + base64.b64encode(self.server.login.encode()).decode()
        if not self.server.login or self.headers.get("Proxy-Authorization") == wanted:
            return True
        self.send_response(407)
        self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False


def _join(one: socket.socket, other: socket.socket) -> None:
    """Pass on what each says to the other, until one has nothing more."""
    while True:
        for ready in select.select([one, other], [], [])[0]:
            block = ready.recv(_BLOCK)
            if not block:
                return
            (other if ready is one else one).sendall(block)


@contextmanager
def proxy_host(login: str = "", *, address: str = "127.0.0.1") -> Iterator[ProxyHost]:
    """Serve while the context is open."""
    with serving(ProxyHost(login, address)) as host:
        yield host
