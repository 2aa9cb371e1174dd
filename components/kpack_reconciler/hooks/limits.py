"""How many hooks are taken: a bucket of tokens that fills with time."""

from collections.abc import Callable


class Bucket:
    """Up to `size` at once, `rate` a second in the long run. `now` counts seconds and never goes back."""

    def __init__(self, *, size: int, rate: float, now: Callable[[], float]) -> None:
        self._size, self._rate, self._now = size, rate, now
        self._tokens, self._at = float(size), now()

    def take(self) -> bool:
        """Take a token; False where there is none."""
        now = self._now()
        self._tokens = min(self._size, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
