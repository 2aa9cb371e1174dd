"""What can go wrong with the toolchain, and what the reader can do about it.

Owns the error and the reading of a failed build's log. Rules it keeps:
- one failure gives one message, which ends with the next step;
- the words of Go are matched in one table, first match wins; all else is told by the log's last lines.
"""

import errno
import re
from dataclasses import dataclass
from pathlib import Path

from dev.errors import DevError, tail


class ToolchainError(DevError):
    """A tool is not there and could not be built; the message ends with what to do, `log` says more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    """Words in a log that betray a cause, and the advice for it."""

    words: re.Pattern[str]
    advice: str


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

_DISK_FULL = (
    "The disk is full. Free some space, or point PULUMI_KPACK_CACHE to a folder on a larger disk, "
    "and run the same command again: it goes on where it stopped."
)

_CAUSES = (
    _Cause(words=re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE), advice=_DISK_FULL),
    _Cause(
        words=re.compile(
            r"no such host|dial tcp|connection refused|connection reset|network is unreachable|i/o timeout"
            r"|TLS handshake timeout|proxyconnect|module lookup disabled by GOPROXY=off"
        ),
        advice=(
            "Go could not download modules. Check the network, HTTPS_PROXY and GOPROXY ('go env GOPROXY'), "
            "and run the same command again: what was downloaded is kept."
        ),
    ),
    _Cause(
        words=re.compile(r"SECURITY ERROR|checksum mismatch"),
        advice=(
            "A downloaded module is not the one that go.sum names. Do not trust it: try another GOPROXY; "
            "if it stays so, report it."
        ),
    ),
    _Cause(
        words=re.compile(r"signal: killed|cannot allocate memory"),
        advice="The machine ran out of memory. Give it 4 GiB for one build, or stop other programs.",
    ),
    _Cause(
        words=re.compile(r'C compiler "[^"]*" not found|cannot find -lc\b'),
        advice="This tool needs a C compiler with static libc: on Debian, 'apt-get install gcc libc6-dev'.",
    ),
)


def build_failure(tool: str, *, module: str, code: int, log: Path) -> ToolchainError:
    """Turn a failed build into an error, from what its log says."""
    text = "\n".join(tail(log, lines=200))
    advice = next(
        (cause.advice for cause in _CAUSES if cause.words.search(text)),
        "The log's last lines say why; run the same command again once that is mended.",
    )
    return ToolchainError(f"{tool} (Go module {module}) could not be built: go ended with {code}. {advice}", log)


def disk_too_small(cache: Path, *, needed: int, free: int) -> ToolchainError:
    """Say that building cannot fit; both in bytes."""
    return ToolchainError(
        f"Building takes {needed / 1e9:.1f} GB in {cache} for a while; {free / 1e9:.1f} GB are free. "
        "Free some space, or point PULUMI_KPACK_CACHE to a folder on a larger disk."
    )


def concerns(error: OSError, cache: Path) -> bool:
    """Say whether a failure is one of writing to the cache: no room, or a file in it or on the way to it."""
    if error.errno in _NO_ROOM:
        return True
    if not isinstance(error.filename, str):
        return False
    file = Path(error.filename)
    return file.is_relative_to(cache) or cache.is_relative_to(file)


def file_failure(error: OSError, *, cache: Path) -> ToolchainError:
    """Turn a failure of writing to the cache into an error."""
    if error.errno in _NO_ROOM:
        return ToolchainError(f"Cannot write to {cache}. {_DISK_FULL}")
    return ToolchainError(
        f"Cannot write to {cache}: {error.strerror or error}. "
        "Make it writable, or point PULUMI_KPACK_CACHE to a folder that is."
    )
