"""Admission reviews over http: what is answered to the API server."""

import base64
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from kpack_reconciler.webhook.server import MAXIMUM_BYTES, make_app

JSON = {"Content-Type": "application/json"}
DEEP = b"[" * 5000 + b"]" * 5000
BUILDER: dict[str, Any] = {"metadata": {"name": "small"}, "spec": {"image": "reg.example/builder"}}


class Cluster:
    """Whether the cluster has a default StorageClass just now."""

    has_default_class = False

    def answer(self) -> bool:
        """What the application asks."""
        return self.has_default_class


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(make_app(default_storage_class=cluster.answer))) as client:
        yield client


def review(kind: str, new: Any, *, operation: str = "CREATE", old: Any = None) -> dict[str, Any]:
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "u-1",
            "kind": {"group": "build.pivotal.io", "version": "v1alpha1", "kind": kind},
            "operation": operation,
            "userInfo": {"username": "admin"},
            "object": new,
            "oldObject": old,
        },
    }


async def post(client: TestClient[Any, Any], path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = await client.post(path, json=body)
    assert response.status == 200
    answer: dict[str, Any] = await response.json()
    return answer


async def test_what_is_in_order_is_allowed(client: TestClient[Any, Any]) -> None:
    """The answer is a review of the same version with the uid of the request."""
    assert await post(client, "/validate", review("Builder", BUILDER)) == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": "u-1", "allowed": True},
    }


async def test_a_denial_is_a_bad_request_in_kpacks_words(client: TestClient[Any, Any]) -> None:
    """The status that kubectl prints: failure, BadRequest, 400 and the errors after `validation failed: `."""
    answer = await post(client, "/validate", review("Builder", {"spec": {}}))

    assert answer["response"] == {
        "uid": "u-1",
        "allowed": False,
        "status": {
            "status": "Failure",
            "reason": "BadRequest",
            "code": 400,
            "message": "validation failed: missing field(s): spec.image",
        },
    }


async def test_an_update_is_compared_with_the_old_object(client: TestClient[Any, Any]) -> None:
    """`oldObject` of the review is what an immutable field is compared with."""
    source = {"blob": {"url": "u"}}
    builder = {"kind": "Builder", "name": "small"}
    new, old = ({"spec": {"tag": tag, "builder": builder, "source": source}} for tag in ("r.io/b", "r.io/a"))

    answer = await post(client, "/validate", review("Image", new, operation="UPDATE", old=old))

    assert answer["response"]["status"]["message"] == (
        "validation failed: Immutable field changed: spec.tag\ngot: r.io/b, want: r.io/a"
    )


@pytest.mark.parametrize("path", ["/validate", "/defaults"])
async def test_a_deletion_is_allowed(client: TestClient[Any, Any], path: str) -> None:
    """A deletion has no new object, and nothing is said about it."""
    answer = await post(client, path, review("Image", None, operation="DELETE", old={"spec": {}}))

    assert answer["response"] == {"uid": "u-1", "allowed": True}


async def test_defaults_are_a_json_patch_in_base64(client: TestClient[Any, Any]) -> None:
    """What is to be filled in travels as admission.k8s.io/v1 wants it."""
    response = (await post(client, "/defaults", review("Builder", BUILDER)))["response"]

    assert (response["uid"], response["allowed"], response["patchType"]) == ("u-1", True, "JSONPatch")
    assert json.loads(base64.b64decode(response["patch"])) == [
        {"op": "add", "path": "/spec/updatePolicy", "value": "polling"}
    ]


async def test_nothing_to_fill_in_is_no_patch(client: TestClient[Any, Any]) -> None:
    """Without defaults there is neither a patch nor its type."""
    body = review("Builder", {"spec": {"image": "r.io/b", "updatePolicy": "external"}})

    assert (await post(client, "/defaults", body))["response"] == {"uid": "u-1", "allowed": True}


async def test_the_cluster_is_asked_at_every_review(client: TestClient[Any, Any], cluster: Cluster) -> None:
    """A StorageClass that becomes the default counts from the next review on."""
    before = await _defaulted(client)
    cluster.has_default_class = True
    after = await _defaulted(client)

    assert after - before == {"/spec/cacheSize"}


@pytest.mark.parametrize("path", ["/validate", "/defaults"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff",
        b"[]",
        b"{}",
        b'{"request":null}',
        b'{"request":{"uid":"1","kind":{"kind":"Image"}}}',
        b'{"request":{"uid":"1","kind":{"kind":"Image"},"operation":"CREATE","object":[]}}',
        b'{"request":{"uid":"\xff","kind":{"kind":"Image"},"operation":"CREATE"}}',
        b'{"request":{"uid":"1","kind":{"kind":"Image"},"operation":"CREATE","object":{"a":' + DEEP + b"}}}",
    ],
)
async def test_what_is_no_review_is_a_bad_request(client: TestClient[Any, Any], path: str, body: bytes) -> None:
    """Malformed text is answered with 400 and says what was expected."""
    response = await client.post(path, data=body, headers=JSON)
    text = await response.text()

    assert (response.status, text.split(":")[0]) == (400, "not an AdmissionReview")


@pytest.mark.parametrize("path", ["/validate", "/defaults"])
@pytest.mark.parametrize("media_type", ["text/plain", "application/yaml", "application/octet-stream"])
async def test_another_media_type_is_refused(client: TestClient[Any, Any], path: str, media_type: str) -> None:
    """Only JSON is read, and the answer says so."""
    response = await client.post(path, data=b"{}", headers={"Content-Type": media_type})

    assert (response.status, await response.text()) == (415, "invalid Content-Type, want `application/json`")


@pytest.mark.parametrize("path", ["/validate", "/defaults"])
async def test_a_body_that_is_too_large_is_refused(client: TestClient[Any, Any], path: str) -> None:
    """No more is read into memory than a review can hold."""
    response = await client.post(path, data=io.BytesIO(b" " * (MAXIMUM_BYTES + 1)), headers=JSON)

    assert response.status == 413
    assert str(MAXIMUM_BYTES) in await response.text()


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("POST", "/conversion"), ("GET", "/validate")])
async def test_what_nobody_serves_is_a_bad_request(client: TestClient[Any, Any], method: str, path: str) -> None:
    """The answer names the two paths that are served."""
    response = await client.request(method, path, headers=JSON)
    text = await response.text()

    assert response.status == 400
    assert text.startswith(f"no admission controller registered for: {method} {path}; POST an AdmissionReview to")


@pytest.mark.parametrize(
    ("path", "prefix"), [("/validate", "decoding request failed"), ("/defaults", "mutation failed")]
)
async def test_a_field_of_the_wrong_type_is_told(client: TestClient[Any, Any], path: str, prefix: str) -> None:
    """Both webhooks refuse what cannot be decoded, in kpack's words; there is no patch that could not be applied."""
    answer = await post(client, path, review("Image", {"spec": "an image"}))

    message = f"{prefix}: cannot decode incoming new object: spec: Expected `object`, got `str`"
    assert (answer["response"]["allowed"], answer["response"]["status"]["message"]) == (False, message)


async def test_the_next_review_is_answered_after_a_malformed_one(client: TestClient[Any, Any]) -> None:
    """Nonsense loses nothing."""
    await client.post("/validate", data=b"nonsense", headers=JSON)

    answer = await post(client, "/validate", review("Builder", BUILDER))

    assert answer["response"] == {"uid": "u-1", "allowed": True}


async def _defaulted(client: TestClient[Any, Any]) -> set[str]:
    response = (await post(client, "/defaults", review("Image", {"spec": {}})))["response"]
    return {operation["path"] for operation in json.loads(base64.b64decode(response["patch"]))}
