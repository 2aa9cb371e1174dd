"""A git server over smart HTTP: `python -m dev.services.git_server --root … --address … --port …`.

Owns HTTP around `git http-backend`: request to CGI variables, CGI answer to response. Rules:
- fetch and push of the bare repositories below the root; a missing one is 404;
- repositories under `/private/` ask for a name and a password (Basic), given as a file, never as an argument;
- bodies come with a length or in chunks (git sends large pushes so) and are passed on as they arrive;
- `GET /healthz` is 200.
"""

import argparse
import base64
import hmac
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Final, Protocol
from urllib.parse import urlsplit

from dev.services.credentials import Credentials, read

HEALTH: Final = "/healthz"
PRIVATE: Final = "/private/"
BLOCK: Final = 65536


class Readable(Protocol):
    """A stream of bytes to be read."""

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes; none at the end."""
        ...

    def readline(self) -> bytes:
        """Read up to the end of a line."""
        ...


class GitServer(ThreadingHTTPServer):
    """The server; `credentials` None leaves `/private/` closed to everyone."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], *, root: Path, credentials: Credentials | None) -> None:
        super().__init__(address, GitRequestHandler)
        self.root = root
        self.credentials = credentials


class GitRequestHandler(BaseHTTPRequestHandler):
    """One connection."""

    server: GitServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer health and the advertisement of references."""
        self._answer()

    def do_POST(self) -> None:
        """Answer fetches and pushes."""
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Print one line per request; credentials are in headers and never part of it."""
        print(f"{self.client_address[0]} {format % args}")

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        if path == HEALTH:
            self._reply(HTTPStatus.OK, b"ok\n")
        elif ".." in path.split("/"):
            self._refuse(HTTPStatus.NOT_FOUND)
        elif path.startswith(PRIVATE) and not is_allowed(self.headers.get("Authorization"), self.server.credentials):
            self._refuse(HTTPStatus.UNAUTHORIZED)
        else:
            self._run_backend()

    def _run_backend(self) -> None:
        variables = cgi_variables(root=self.server.root, method=self.command, target=self.path, headers=self.headers)
        with subprocess.Popen(
            ["git", "http-backend"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**without_git(os.environ), **variables},
        ) as backend:
            if backend.stdin is None or backend.stdout is None:
                raise AssertionError("pipes were asked for")
            with suppress(BrokenPipeError):
                for block in read_body(self.rfile, self.headers):
                    backend.stdin.write(block)
            with suppress(BrokenPipeError):
                backend.stdin.close()
            self._pass_on(backend.stdout)

    def _pass_on(self, answer: IO[bytes]) -> None:
        """Turn a CGI answer into a response, block by block; its body ends with the connection."""
        status, headers = read_cgi_headers(answer)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while block := answer.read(BLOCK):
            self.wfile.write(block)

    def _refuse(self, status: HTTPStatus) -> None:
        for _block in read_body(self.rfile, self.headers):
            pass
        self._reply(status, f"{status.phrase}\n".encode())

    def _reply(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def is_allowed(header: str | None, credentials: Credentials | None) -> bool:
    """Tell whether an Authorization header carries the credentials."""
    if header is None or credentials is None:
        return False
    wanted = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()
    return hmac.compare_digest(header.encode(), f"Basic {wanted}".encode())


def cgi_variables(*, root: Path, method: str, target: str, headers: Message) -> Mapping[str, str]:
    """Give `git http-backend` its environment (RFC 3875, git-http-backend(1)).

    REMOTE_USER is set, so that pushes are taken; repositories may belong to anyone (`safe.directory`).
    """
    parts = urlsplit(target)
    variables = {
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "REQUEST_METHOD": method,
        "REMOTE_USER": "dev",
        "CONTENT_TYPE": headers.get("Content-Type", ""),
        "HTTP_CONTENT_ENCODING": headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": headers.get("Git-Protocol", ""),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    length = headers.get("Content-Length")
    return variables if length is None else {**variables, "CONTENT_LENGTH": length}


def without_git(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Leave out git's own variables: a caller in a git hook would lead every request to its own."""
    return {name: value for name, value in environment.items() if not name.startswith("GIT_")}


def read_body(stream: Readable, headers: Message) -> Iterator[bytes]:
    """Yield a request's body, whether it has a length or comes in chunks."""
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        while size := int(stream.readline().split(b";")[0], 16):
            yield from _read_exactly(stream, size)
            stream.readline()
        stream.readline()
    else:
        yield from _read_exactly(stream, int(headers.get("Content-Length") or 0))


def read_cgi_headers(stream: Readable) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Read the head of a CGI answer: the status (200 when none is given) and the other headers."""
    status, headers = int(HTTPStatus.OK), []
    while line := stream.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers.append((name, value.strip()))
    return status, tuple(headers)


def _read_exactly(stream: Readable, size: int) -> Iterator[bytes]:
    while size > 0:
        block = stream.read(min(size, BLOCK))
        if not block:
            return
        size -= len(block)
        yield block


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of the bare repositories")
    parser.add_argument("--address", required=True, help="address to listen at")
    parser.add_argument("--port", type=int, required=True, help="port to listen at")
    parser.add_argument("--credentials", type=Path, help="username:password file for /private/")
    arguments = parser.parse_args()
    credentials = None if arguments.credentials is None else read(arguments.credentials)
    server = GitServer((arguments.address, arguments.port), root=arguments.root, credentials=credentials)
    server.serve_forever()


if __name__ == "__main__":
    main()
