import errno
from pathlib import Path

import pytest

from dev.toolchain.failures import build_failure, concerns, file_failure

CACHE = Path("/home/me/.cache/pulumi-kpack")


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("write /c/x.a: no space left on device", "The disk is full. Free some space"),
        ("mkdir /c: disk quota exceeded", "The disk is full. Free some space"),
        (
            'go: x@v1: Get "https://proxy": dial tcp: lookup proxy: no such host',
            "Check the network, HTTPS_PROXY and GOPROXY",
        ),
        ("go: x@v1: module lookup disabled by GOPROXY=off", "Check the network, HTTPS_PROXY and GOPROXY"),
        (
            'Get "https://proxy": net/http: TLS handshake timeout',
            "Check the network, HTTPS_PROXY and GOPROXY",
        ),
        ("verifying x@v1: checksum mismatch\nSECURITY ERROR", "not the one that go.sum names"),
        ("/usr/lib/go/compile: signal: killed", "ran out of memory"),
        ('cgo: C compiler "gcc" not found: exec: "gcc": executable file not found', "apt-get install gcc"),
        ("/usr/bin/ld: cannot find -lc: No such file", "apt-get install gcc"),
        ("main.go:7: undefined: x", "The log's last lines say why"),
    ],
)
def test_the_words_of_go_give_the_advice(tmp_path: Path, words: str, advice: str) -> None:
    """Each known cause is told by its own next step; any other one by the log."""
    log = tmp_path / "kube.log"
    log.write_text(f"some/package\n{words}\n")

    error = build_failure("kube", module="platform", code=1, log=log)

    assert str(error).startswith("kube (Go module platform) could not be built: go ended with 1. ")
    assert advice in str(error)
    assert error.log == log


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_as_such(code: int) -> None:
    """No room while writing gives the same advice as no room in Go's own words."""
    error = file_failure(OSError(code, "no room"), cache=CACHE)

    assert "The disk is full. Free some space" in str(error)


def test_a_folder_that_refuses_is_told_with_the_setting() -> None:
    """A cache that may not be written to names the setting that moves it."""
    error = file_failure(PermissionError(errno.EACCES, "Permission denied"), cache=CACHE)

    assert str(error).startswith(f"Cannot write to {CACHE}: Permission denied.")
    assert "PULUMI_KPACK_CACHE" in str(error)


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (OSError(errno.ENOSPC, "no room"), True),
        (PermissionError(errno.EACCES, "no", f"{CACHE}/tools/x"), True),
        (PermissionError(errno.EACCES, "no", "/home/me/.cache"), True),
        (PermissionError(errno.EACCES, "no", "/usr/local/go/bin/go"), False),
        (BrokenPipeError(errno.EPIPE, "broken"), False),
    ],
)
def test_only_the_cache_is_blamed_for_its_own(error: OSError, answer: bool) -> None:  # noqa: FBT001
    """No room, and files in the cache or on the way to it, concern the cache; other failures do not."""
    assert concerns(error, CACHE) is answer
