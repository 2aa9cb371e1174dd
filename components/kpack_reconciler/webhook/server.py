"""Admission reviews over http: reads the request, asks `decide.admission`, writes the answer.

Rules (admission.k8s.io/v1, messages of kpack v0.0.9):
- A denial is a Status with reason BadRequest and code 400.
- What is no review is answered with 400 and loses nothing: the API server denies the write.
"""

import base64
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from kpack_api.process import MUTATING_PATH, VALIDATING_PATH
from kpack_reconciler.decide.admission import default, validate


class _GroupVersionKind(msgspec.Struct):
    kind: str = ""


class _Request(msgspec.Struct, rename="camel"):
    uid: str
    kind: _GroupVersionKind
    operation: str
    object: dict[str, Any] | None = None
    old_object: dict[str, Any] | None = None


class _Review(msgspec.Struct):
    request: _Request


def make_app(*, default_storage_class: Callable[[], bool]) -> web.Application:
    """The application; `default_storage_class` tells whether the cluster has one just now."""

    async def defaults(request: web.Request) -> web.Response:
        review = await _read(request)
        new = review.object or {}
        patch = default(review.kind.kind, review.operation, new, default_storage_class=default_storage_class())
        return _allow(review.uid, patch)

    async def validation(request: web.Request) -> web.Response:
        review = await _read(request)
        errors = validate(review.kind.kind, review.operation, review.object, review.old_object)
        return _allow(review.uid, []) if errors is None else _deny(review.uid, f"validation failed: {errors}")

    app = web.Application(client_max_size=8 << 20)
    app.router.add_post(MUTATING_PATH, defaults)
    app.router.add_post(VALIDATING_PATH, validation)
    return app


async def _read(request: web.Request) -> _Request:
    try:
        return msgspec.json.decode(await request.read(), type=_Review).request
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise web.HTTPBadRequest(text=f"not an AdmissionReview: {error}") from error


def _allow(uid: str, patch: list[dict[str, object]]) -> web.Response:
    answer: dict[str, object] = {"uid": uid, "allowed": True}
    if patch:
        answer |= {"patchType": "JSONPatch", "patch": base64.b64encode(msgspec.json.encode(patch)).decode()}
    return _respond(answer)


def _deny(uid: str, message: str) -> web.Response:
    status = {"status": "Failure", "reason": "BadRequest", "code": 400, "message": message}
    return _respond({"uid": uid, "allowed": False, "status": status})


def _respond(answer: dict[str, object]) -> web.Response:
    body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")
