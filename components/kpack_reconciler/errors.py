"""The two families of errors at the rim, and the conflict that is neither.

Clients translate every exception of a library into one of these, `raise … from`. Anything else is a bug: it is logged
with its trace, the key backs off, the process lives.
"""


class TransientError(Exception):
    """The world may answer differently later (a timeout, a 5xx, a rate limit): the queue backs off.

    `retry_after` are the seconds that a server asked to be left alone for; None where it named none.
    """

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentError(Exception):
    """Only a change of a spec or a credential helps. It becomes a condition.

    `reason` is a CamelCase word for the condition; the message says what the reader can do.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class ConflictError(Exception):
    """Another writer was faster, or our view was stale. The attempt is dropped; the watch brings the new version."""
