import pytest

from dev.bench.kpack_peer import VERSION
from dev.toolchain.catalog import BENCH, TEST, TOOLS, UP, Tool
from dev.toolchain.keys import MODULES

PINNED = {
    "kube": ("k8s.io/kubernetes v1.34.4", "v1.34.4"),
    "pulumi": ("github.com/pulumi/pulumi/pkg/v3 v3.215.0", "3.215.0"),
    "pulumi-language-python": ("github.com/pulumi/pulumi/sdk/v3 v3.188.0", "3.188.0"),
    "lifecycle": ("github.com/buildpacks/lifecycle v0.21.0", "0.21.0"),
    "launcher": ("github.com/buildpacks/lifecycle v0.21.0", "0.21.0"),
    "lifecycle-0.9": ("github.com/buildpacks/lifecycle v0.9.3", "0.9.3"),
    "launcher-0.9": ("github.com/buildpacks/lifecycle v0.9.3", "0.9.3"),
    "pulumi-resource-docker-build": ("github.com/pulumi/pulumi-docker-build v0.0.22", "0.0.22"),
    "buildkitd": ("github.com/moby/buildkit v0.31.0", "v0.31.0"),
    "pulumi-language-yaml": ("github.com/pulumi/pulumi-yaml v1.25.0", "1.25.0"),
    "pulumi-language-nodejs": ("github.com/pulumi/pulumi/sdk/v3 v3.188.0", "3.188.0"),
}


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_module_is_pinned(tool: Tool) -> None:
    """Each tool's module has a go.mod and the sums of what it requires."""
    folder = MODULES / tool.module

    assert (folder / "go.mod").is_file()
    assert (folder / "go.sum").stat().st_size > 0


@pytest.mark.parametrize("name", PINNED)
def test_the_version_a_program_tells_is_the_one_it_is_built_from(name: str) -> None:
    """The linker's version and the go.mod's version are the same."""
    required, told = PINNED[name]
    tool = next(tool for tool in TOOLS if tool.name == name)

    assert required in (MODULES / tool.module / "go.mod").read_text()
    assert told in {value for _, value in tool.defines}


def test_no_two_programs_have_one_name() -> None:
    """All names can lie in one folder."""
    names = [name for tool in TOOLS for name in (tool.name, *tool.links)]

    assert sorted(set(names)) == sorted(names)


def test_up_needs_less_than_the_tests() -> None:
    """`UP` has neither the image builder nor the old lifecycle nor YAML nor TypeScript; `TEST` has everything."""
    assert set(UP) < set(TEST)
    assert set(TEST) - set(UP) == {
        "lifecycle-0.9",
        "launcher-0.9",
        "pulumi-resource-docker-build",
        "buildkitd",
        "pulumi-language-yaml",
        "pulumi-language-nodejs",
    }


def test_what_only_the_bench_needs_is_built_for_it_alone() -> None:
    """Kpack's controller takes minutes to build: neither `make up` nor `make test` waits for it."""
    module = (MODULES / "kpack" / "go.mod").read_text()

    assert set(BENCH) - set(TEST) == {"kpack-controller"}
    assert f"github.com/pivotal/kpack {VERSION} " in module
