"""The measurement of admission: it asks as often as it says, and every answer counts."""

import pytest

from dev.bench import admission


async def test_rate_and_percentiles_are_of_all_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The median is not above the 99th percentile, and all requests were answered with 200."""
    monkeypatch.setattr(admission, "REQUESTS", 40)
    monkeypatch.setattr(admission, "WARM_UP", 1)
    body = b'{"request":{"uid":"1","kind":{"kind":"Image"},"operation":"CREATE","object":{}}}'

    rate, median, p99 = await admission.measure("/validate", body)

    assert rate > 0
    assert 0 < median <= p99


async def test_a_refusal_of_the_server_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is no 200 stops the bench with the answer."""
    monkeypatch.setattr(admission, "WARM_UP", 1)

    with pytest.raises(RuntimeError, match="400 bad request"):
        await admission.measure("/validate", b"no review")
