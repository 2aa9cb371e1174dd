"""The tools and all that decides how each is built.

Owns the facts: which Go module (a folder beside this file, with `go.mod` and `go.sum`) gives which program,
with which flags, and how long that takes. Leaves building to `build`, the libraries' versions to `go.mod`.

Rules it keeps:
- order is the order of building; tools of one module stand together: each uses what those before it compiled;
- `seconds` and `megabytes` were measured in that order, on two cores with nothing cached, for forecasts;
- whatever changes a binary is in the fields of `Tool` or in the module's folder, so that `keys` sees it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One program to have on PATH.

    `name`: the name it is called by. `module`: the folder with its `go.mod`.
    `package`: the Go package of its `main`: an import path, or `./folder` inside the module.
    `file`: when not empty, nothing is compiled: this file of the Go module named by `package` is the program.
    `defines`: string variables set by the linker, (`import/path.Name`, value).
    `tags`: Go build tags. `static_cgo`: needs cgo, and a C compiler; linked statically all the same.
    `links`: further names of the same file. `seconds`: typical build time on two cores.
    `megabytes`: disk that its build takes: modules, compiled packages and the program.
    """

    name: str
    module: str
    package: str
    seconds: float
    megabytes: int
    file: str = ""
    defines: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    static_cgo: bool = False
    links: tuple[str, ...] = ()


_KUBERNETES = "k8s.io/component-base/version"
_PULUMI_VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_LIFECYCLE = "github.com/buildpacks/lifecycle/cmd"

TOOLS: tuple[Tool, ...] = (
    Tool(
        name="kube",
        module="platform",
        package="./kube",
        defines=(
            (f"{_KUBERNETES}.gitVersion", "v1.34.4"),
            (f"{_KUBERNETES}.gitMajor", "1"),
            (f"{_KUBERNETES}.gitMinor", "34"),
        ),
        links=(
            "etcd",
            "kube-apiserver",
            "kube-controller-manager",
            "kube-proxy",
            "kube-scheduler",
            "kubectl",
            "kubelet",
        ),
        seconds=350,
        megabytes=4100,
    ),
    Tool(
        name="pulumi",
        module="platform",
        package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        defines=((_PULUMI_VERSION, "3.215.0"),),
        seconds=110,
        megabytes=2200,
    ),
    Tool(
        name="pulumi-resource-kubernetes",
        module="platform",
        package="./pulumi-resource-kubernetes",
        seconds=295,
        megabytes=3300,
    ),
    Tool(
        name="pulumi-language-python-exec",
        module="platform",
        package="github.com/pulumi/pulumi/sdk/v3",
        file="python/cmd/pulumi-language-python-exec",
        seconds=2,
        megabytes=0,
    ),
    Tool(
        name="pulumi-language-python",
        module="python-host",
        package="github.com/pulumi/pulumi/sdk/python/cmd/pulumi-language-python/v3",
        defines=((_PULUMI_VERSION, "3.188.0"),),
        seconds=35,
        megabytes=530,
    ),
    Tool(
        name="lifecycle",
        module="lifecycle",
        package=f"{_LIFECYCLE}/lifecycle",
        defines=((f"{_LIFECYCLE}.Version", "0.21.0"),),
        seconds=45,
        megabytes=1200,
    ),
    Tool(
        name="launcher",
        module="lifecycle",
        package=f"{_LIFECYCLE}/launcher",
        defines=((f"{_LIFECYCLE}.Version", "0.21.0"),),
        seconds=1,
        megabytes=10,
    ),
    Tool(
        name="lifecycle-0.9",
        module="lifecycle-0.9",
        package=f"{_LIFECYCLE}/lifecycle",
        defines=((f"{_LIFECYCLE}.Version", "0.9.3"),),
        tags=("osusergo", "netgo"),
        static_cgo=True,
        seconds=20,
        megabytes=290,
    ),
    Tool(
        name="launcher-0.9",
        module="lifecycle-0.9",
        package=f"{_LIFECYCLE}/launcher",
        defines=((f"{_LIFECYCLE}.Version", "0.9.3"),),
        tags=("osusergo", "netgo"),
        static_cgo=True,
        seconds=1,
        megabytes=10,
    ),
    Tool(
        name="pulumi-resource-docker-build",
        module="docker-build",
        package="github.com/pulumi/pulumi-docker-build/provider/cmd/pulumi-resource-docker-build",
        defines=(("github.com/pulumi/pulumi-docker-build/provider.Version", "0.0.22"),),
        seconds=125,
        megabytes=1800,
    ),
    Tool(
        name="buildkitd",
        module="buildkit",
        package="github.com/moby/buildkit/cmd/buildkitd",
        defines=(("github.com/moby/buildkit/version.Version", "v0.31.0"),),
        tags=("osusergo", "netgo"),
        seconds=70,
        megabytes=800,
    ),
    Tool(
        name="pulumi-language-yaml",
        module="yaml-host",
        package="github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
        defines=(("github.com/pulumi/pulumi-yaml/pkg/version.Version", "1.25.0"),),
        seconds=60,
        megabytes=900,
    ),
    Tool(
        name="pulumi-language-nodejs",
        module="node-host",
        package="github.com/pulumi/pulumi/sdk/nodejs/cmd/pulumi-language-nodejs/v3",
        defines=((_PULUMI_VERSION, "3.188.0"),),
        seconds=35,
        megabytes=530,
    ),
    Tool(
        name="kpack-controller",
        module="kpack",
        package="github.com/pivotal/kpack/cmd/controller",
        seconds=150,
        megabytes=2600,
    ),
)
"""Every tool, in the order in which they are built."""

_UP_MODULES = ("platform", "python-host", "lifecycle")

UP: tuple[str, ...] = tuple(tool.name for tool in TOOLS if tool.module in _UP_MODULES)
"""What `pulumi up` on a cluster of our own needs: cluster, Pulumi, and a lifecycle for builder images."""

TEST: tuple[str, ...] = tuple(tool.name for tool in TOOLS if tool.module != "kpack")
"""What the tests need: `UP`, the image builder with its plugin, the lifecycle of platform API 0.3, and the hosts of
programs in YAML and TypeScript."""

BENCH: tuple[str, ...] = ("kube", "lifecycle", "kpack-controller")
"""What `python -m dev bench` needs: a control plane, the lifecycle's rebaser, and kpack's controller."""
