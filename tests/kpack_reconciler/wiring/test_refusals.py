"""A refused write reaches the condition of the object that needs it."""

from typing import Any

from tests.fakes.kubernetes import FakeKubernetes
from tests.kpack_reconciler.wiring.test_controller import IMAGE, KPACK, running, until


async def test_a_quota_s_refusal_is_in_the_image_s_condition() -> None:
    """Not only in an Event: whoever looks at the Image sees what stands in its way."""
    api = FakeKubernetes()
    spec: dict[str, Any] = {**IMAGE["spec"], "cacheSize": "2G"}
    api.put(f"{KPACK}/images", {**IMAGE, "spec": spec})
    api.put(f"{KPACK}/builders", {"metadata": {"name": "paketo"}, "spec": {"image": "127.0.0.1:1/builder"}})
    for _ in range(20):
        api.refuse_next("POST", "persistentvolumeclaims", 403)

    def told() -> bool:
        conditions = api.get(f"{KPACK}/images/app").get("status", {}).get("conditions", [])
        return any(condition["type"] == "Ready" and condition["reason"] == "Forbidden" for condition in conditions)

    async with running(api):
        await until(told)
