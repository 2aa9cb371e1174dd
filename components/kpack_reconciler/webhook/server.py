"""Admission reviews over http: reads the request, asks `decide.admission`, writes the answer.

Rules (admission.k8s.io/v1, messages of kpack v0.0.9):
- A denial is a Status with reason BadRequest and code 400.
- What is no review is answered with 4xx and loses nothing: the API server denies the write. A path that nobody serves
  is 400, another media type 415 (knative's webhook), a body of more than `MAXIMUM_BYTES` 413.
"""

import base64
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from kpack_api.process import MUTATING_PATH, VALIDATING_PATH
from kpack_reconciler.decide.admission import default, undecodable, validate

MAXIMUM_BYTES = 8 << 20
"""The API server takes objects of up to 3 MiB, and a review holds two."""
_JSON = "application/json"


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
        fault = undecodable(review.kind.kind, review.operation, new)
        if fault is not None:
            return _deny(review.uid, f"mutation failed: {fault}")
        patch = default(review.kind.kind, review.operation, new, default_storage_class=default_storage_class())
        return _allow(review.uid, patch)

    async def validation(request: web.Request) -> web.Response:
        review = await _read(request)
        fault = undecodable(review.kind.kind, review.operation, review.object)
        if fault is not None:
            return _deny(review.uid, f"decoding request failed: {fault}")
        errors = validate(review.kind.kind, review.operation, review.object, review.old_object)
        return _allow(review.uid, []) if errors is None else _deny(review.uid, f"validation failed: {errors}")

    app = web.Application(client_max_size=MAXIMUM_BYTES)
    app.router.add_post(MUTATING_PATH, defaults)
    app.router.add_post(VALIDATING_PATH, validation)
    app.router.add_route("*", "/{path:.*}", _unknown)
    return app


async def _unknown(request: web.Request) -> web.Response:
    known = f"POST an AdmissionReview to {MUTATING_PATH} or {VALIDATING_PATH}"
    raise web.HTTPBadRequest(text=f"no admission controller registered for: {request.method} {request.path}; {known}")


async def _read(request: web.Request) -> _Request:
    if request.content_type != _JSON:
        raise web.HTTPUnsupportedMediaType(text=f"invalid Content-Type, want `{_JSON}`")
    body = await request.read()
    try:
        return msgspec.json.decode(body, type=_Review).request
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
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
    return web.Response(body=msgspec.json.encode(body), content_type=_JSON)
