"""A small client of the cluster's API, as the administrator.

Owns requests and their errors. Synchronous, standard library only; objects are plain mappings. `kubectl` is
for people and for clusters that are not ours.
"""

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from dev.cluster.certificates import AUTHORITY, pair
from dev.errors import DevError
from dev.machine.addresses import API_PORT
from dev.state import State

APPLY: Final = "application/apply-patch+yaml"
MERGE: Final = "application/merge-patch+json"
FIELD_MANAGER: Final = "pulumi-kpack-dev"
TIMEOUT_SECONDS: Final = 10.0
NOT_FOUND: Final = 404
FIRST_ERROR: Final = 400

Object: TypeAlias = Mapping[str, Any]
"""An API object as it is on the wire."""


class ApiError(DevError):
    """The API server refused a request, or did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API server at `address`."""

    address: str
    tls: ssl.SSLContext

    def get(self, path: str) -> Object | None:
        """Return an object or a list, None when there is none."""
        return self._request("GET", path)

    def apply(self, path: str, wanted: Object) -> None:
        """Create or change an object so that it has these fields (server-side apply)."""
        query = f"{path}?fieldManager={FIELD_MANAGER}&force=true"
        self._request("PATCH", query, body=wanted, content_type=APPLY)

    def merge(self, path: str, change: Object) -> None:
        """Change some fields of an object; one that is gone is left gone."""
        self._request("PATCH", path, body=change, content_type=MERGE)

    def watch(self, path: str, *, version: str, seconds: int) -> Iterator[Object]:
        """Yield the events after a resource version, for `seconds` at most."""
        connection = self._connect(timeout=seconds + TIMEOUT_SECONDS)
        query = f"{path}?watch=1&resourceVersion={version}&timeoutSeconds={seconds}"
        try:
            connection.request("GET", query)
            response = connection.getresponse()
            if response.status >= FIRST_ERROR:
                raise ApiError(f"the API server refused to watch {path}: {response.status}")
            for line in response:
                yield json.loads(line)
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(error) from error
        finally:
            connection.close()

    def _request(self, method: str, path: str, *, body: Object | None = None, content_type: str = "") -> Object | None:
        connection = self._connect(timeout=TIMEOUT_SECONDS)
        headers = {"Content-Type": content_type} if body is not None else {}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(error) from error
        finally:
            connection.close()
        if response.status == NOT_FOUND:
            return None
        if response.status >= FIRST_ERROR:
            words = content.decode(errors="replace")[:500]
            raise ApiError(f"the API server answered {method} {path} with {response.status}: {words}")
        answer: Object = json.loads(content)
        return answer

    def _connect(self, *, timeout: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self.address, API_PORT, timeout=timeout, context=self.tls)


def connect(state: State, *, address: str) -> Api:
    """Take the administrator's certificate in hand; nothing is asked yet."""
    return Api(address=address, tls=tls_context(state))


def tls_context(state: State) -> ssl.SSLContext:
    """Trust the cluster's authority and show the administrator's certificate."""
    admin = pair(state.certificates, "admin")
    context = ssl.create_default_context(cafile=str(pair(state.certificates, AUTHORITY).certificate))
    context.load_cert_chain(admin.certificate, admin.key)
    return context


def _unreachable(error: Exception) -> ApiError:
    return ApiError(f"the API server does not answer ({error}); `python -m dev status` tells what runs")
