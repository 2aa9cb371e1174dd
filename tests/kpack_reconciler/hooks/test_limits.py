"""How many hooks a bucket lets through."""

from kpack_reconciler.hooks.limits import Bucket


def test_a_burst_then_a_rate() -> None:
    """Its size at once, its rate in the long run, never more than its size again."""
    time = 0.0
    bucket = Bucket(size=3, rate=2.0, now=lambda: time)

    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    time = 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    time = 1000.0
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
