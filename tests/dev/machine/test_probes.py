import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count

import pytest

from dev.errors import DevError
from dev.machine.probes import answers_http, listens, wait_for


class Handler(BaseHTTPRequestHandler):
    """Knows one path."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200 if self.path == "/ok" else 404)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Serve."""
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_only_200_counts(port: int) -> None:
    """Another answer may come from something else at that address."""
    assert answers_http("127.0.0.1", port=port, path="/ok")
    assert not answers_http("127.0.0.1", port=port, path="/other")


def test_a_proxy_of_the_environment_is_not_asked(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything probed is on this machine."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert answers_http("127.0.0.1", port=port, path="/ok")


def test_a_closed_port_is_no(port: int) -> None:
    """Refused connections are an answer, not an error."""
    assert listens("127.0.0.1", port=port)
    assert not listens("127.0.0.1", port=1)
    assert not answers_http("127.0.0.1", port=1, path="/ok")


def test_waiting_ends_when_it_is_so() -> None:
    """The question is asked again until the answer is yes."""
    asked = count()

    wait_for(lambda: next(asked) == 2, what="the third answer", seconds=20)

    assert next(asked) == 3


def test_waiting_has_an_end() -> None:
    """A wait that is too long says what it waited for."""
    with pytest.raises(DevError, match="an answer did not happen within 0 s"):
        wait_for(lambda: False, what="an answer", seconds=0)


def test_waiting_for_the_dead_ends_at_once() -> None:
    """When the daemon has died, nobody waits for the deadline."""

    def alive() -> None:
        raise DevError("it died")

    with pytest.raises(DevError, match="it died"):
        wait_for(lambda: False, what="an answer", seconds=3600, alive=alive)
