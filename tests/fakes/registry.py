"""A registry in memory, behind real HTTP: manifests, blobs, uploads and mounts, with basic or token authentication.

It can also be what clients must be safe from: slow down requests, send blobs elsewhere, send answers without an end.
"""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.fakes.serving import served

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
TOKEN = "issued-token"


def digest_of(raw: bytes) -> str:
    """The digest that these bytes have."""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


@dataclass
class FakeRegistry:
    """Contents by repository. `requests` records method and path of all but `/v2/`, which `pings` counts.

    `scheme` is "" (open), "basic" or "bearer"; then `login` is the only `user:password` that is let in.
    `broken` is a status that answers everything but `/v2/`, which `door` does; both with the headers `said`.
    `storage` is a host that blobs are read from; what is in `endless` comes without an end.
    """

    scheme: str = ""
    login: str = "me:hidden"
    broken: int = 0
    door: int = 0
    said: dict[str, str] = field(default_factory=dict)
    storage: str = ""
    endless: set[str] = field(default_factory=set)
    token_seconds: int | None = None
    manifests: dict[tuple[str, str], tuple[bytes, str]] = field(default_factory=dict)
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    scopes: list[list[str]] = field(default_factory=list)
    pings: int = 0

    def put_blob(self, repository: str, raw: bytes) -> str:
        """Store a blob; its digest."""
        self.blobs[repository, digest_of(raw)] = raw
        return digest_of(raw)

    def put_manifest(self, repository: str, tag: str, document: object, *, media_type: str = MANIFEST) -> str:
        """Store a manifest under a tag and its digest; the digest."""
        raw = json.dumps(document).encode()
        for name in (tag, digest_of(raw)):
            self.manifests[repository, name] = (raw, media_type)
        return digest_of(raw)

    def put_image(self, repository: str, tag: str, *, labels: dict[str, str], env: tuple[str, ...] = ()) -> str:
        """Store an image without layers; its digest."""
        config = self.put_blob(repository, json.dumps({"config": {"Labels": labels, "Env": list(env)}}).encode())
        return self.put_manifest(repository, tag, {"config": {"digest": config}})

    def app(self) -> web.Application:
        """The registry as an application."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Listen on a free port while the context is open; `host:port`."""
        async with served(self.app()) as host:
            yield host

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/v2/":
            self.pings += 1
            return self._door(request)
        self.requests.append((request.method, request.path))
        self.authorizations.append(request.headers.get("Authorization", ""))
        if self.broken:
            return web.Response(status=self.broken, headers=self.said)
        if any(part in request.path for part in self.endless):
            return await _without_end(request)
        if request.path == "/token":
            return await self._token(request)
        return await self._contents(request)

    async def _contents(self, request: web.Request) -> web.Response:
        if not self._let_in(request):
            return web.Response(status=401, headers={"WWW-Authenticate": self._challenge(request)})
        repository, _, rest = request.path.removeprefix("/v2/").partition("/manifests/")
        if rest:
            return await self._manifest(request, repository, rest)
        repository, _, rest = request.path.removeprefix("/v2/").partition("/blobs/")
        if self.storage and request.method == "GET":
            raise web.HTTPTemporaryRedirect(f"http://{self.storage}/{rest}?signature=x%2Fy")
        return await self._blob(request, repository, rest)

    def _door(self, request: web.Request) -> web.Response:
        if self.door:
            return web.Response(status=self.door, headers=self.said)
        if self._let_in(request):
            return web.Response()
        return web.Response(status=401, headers={"WWW-Authenticate": self._challenge(request)})

    def _basic(self) -> str:
        return "Basic " + base64.b64encode(self.login.encode()).decode()

    def _let_in(self, request: web.Request) -> bool:
        wanted = {"": None, "basic": self._basic(), "bearer": f"Bearer {TOKEN}"}[self.scheme]
        return wanted is None or request.headers.get("Authorization") == wanted

    def _challenge(self, request: web.Request) -> str:
        if self.scheme == "basic":
            return 'Basic realm="fake"'
        return f'Bearer realm="http://{request.host}/token",service="fake"'

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.scopes.append(str(form["scope"]).split() if "scope" in form else request.query.getall("scope", []))
        asked_with = form.get("refresh_token") or request.headers.get("Authorization")
        if asked_with not in {self._basic(), self.login.partition(":")[2]}:
            return web.Response(status=401)
        return web.json_response({"token": TOKEN, "expires_in": self.token_seconds})

    async def _manifest(self, request: web.Request, repository: str, name: str) -> web.Response:
        if request.method == "PUT":
            raw = await request.read()
            for key in (name, digest_of(raw)):
                self.manifests[repository, key] = (raw, request.content_type)
            return web.Response(status=201)
        if (repository, name) not in self.manifests:
            return web.Response(status=404)
        raw, media_type = self.manifests[repository, name]
        return web.Response(body=raw, content_type=media_type, headers={"Docker-Content-Digest": digest_of(raw)})

    async def _blob(self, request: web.Request, repository: str, rest: str) -> web.Response:
        match request.method:
            case "POST" if (digest := request.query.get("mount", "")) and self._mount(request, repository, digest):
                return web.Response(status=201)
            case "POST":
                return web.Response(status=202, headers={"Location": f"/v2/{repository}/blobs/uploads/1?state=x"})
            case "PUT":
                raw = await request.read()
                if digest_of(raw) != request.query["digest"]:
                    return web.Response(status=400)
                self.put_blob(repository, raw)
                return web.Response(status=201)
            case "DELETE":
                return web.Response(status=204)
        found = self.blobs.get((repository, rest))
        return web.Response(status=404) if found is None else web.Response(body=found)

    def _mount(self, request: web.Request, repository: str, digest: str) -> bool:
        found = self.blobs.get((request.query["from"], digest))
        if found is not None:
            self.blobs[repository, digest] = found
        return found is not None


async def _without_end(request: web.Request) -> web.StreamResponse:
    """Send until the client hangs up, or for so long that it should have."""
    response = web.StreamResponse(headers={"Content-Type": MANIFEST})
    await response.prepare(request)
    for _ in range(4096):
        await response.write(bytes(65536))
    return response
