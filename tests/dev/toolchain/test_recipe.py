from pathlib import Path

from dev.toolchain.catalog import Tool
from dev.toolchain.recipe import build_flags, environment

TOOL = Tool(name="kube", module="platform", package="./kube", seconds=1, megabytes=1)
STATIC = Tool(
    name="old",
    module="old",
    package="./old",
    defines=(("a/b.Version", "1.2"),),
    tags=("osusergo", "netgo"),
    static_cgo=True,
    seconds=1,
    megabytes=1,
)


def test_programs_are_stripped_and_name_no_path() -> None:
    """Without further facts a build is trimmed, stripped, and knows no commit."""
    assert build_flags(TOOL) == ("-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false", "-ldflags=-s -w")


def test_defines_tags_and_static_linking_are_flags() -> None:
    """Every fact of the recipe reaches the command line."""
    assert build_flags(STATIC) == (
        "-trimpath",
        "-buildvcs=false",
        "-gcflags=all=-dwarf=false",
        "-ldflags=-s -w -X a/b.Version=1.2 -linkmode external -extldflags -static",
        "-tags=osusergo,netgo",
    )


def test_go_writes_only_where_it_is_told() -> None:
    """Caches and temporary files lie in the work folder, and go.sum is never written."""
    made = environment(TOOL, inherited={}, work=Path("/w"))

    assert made == {
        "CGO_ENABLED": "0",
        "GOCACHE": "/w/compiled",
        "GOFLAGS": "-mod=readonly -modcacherw",
        "GOMODCACHE": "/w/modules",
        "GONOSUMDB": "*",
        "GOTMPDIR": "/w/tmp",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def test_proxy_settings_are_inherited_and_targets_are_not() -> None:
    """The caller's way to the network stays; what would build for another machine does not."""
    inherited = {"GOPROXY": "p", "HTTPS_PROXY": "q", "GOARCH": "arm64", "GOFLAGS": "-mod=mod"}

    made = environment(STATIC, inherited=inherited, work=Path("/w"))

    assert (made["GOPROXY"], made["HTTPS_PROXY"]) == ("p", "q")
    assert "GOARCH" not in made
    assert made["GOFLAGS"] == "-mod=readonly -modcacherw"
    assert made["CGO_ENABLED"] == "1"
