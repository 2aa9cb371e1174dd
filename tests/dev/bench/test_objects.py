"""The measurement itself: it measures what it is given, and nothing less."""

from dev.bench.objects import ROUNDS, measure


def test_every_object_is_decoded_in_every_round() -> None:
    """Each object is decoded once a round for the time, and once more for the memory."""
    seen: list[bytes] = []

    seconds, size = measure([b"one", b"two"], lambda raw: seen.append(raw) or bytearray(1000))

    assert seen == [b"one", b"two"] * (ROUNDS + 1)
    assert seconds > 0
    assert size > 1000
