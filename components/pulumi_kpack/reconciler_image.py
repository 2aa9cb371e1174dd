"""The component that builds the reconciler's image from the installed packages.

Its purpose is to look at files: it finds the packages and the Dockerfile beside this module; no other component does.
"""

from importlib.util import find_spec
from pathlib import Path

import pulumi
import pulumi_docker_build as docker_build

from pulumi_kpack.args import ReconcilerImageArgs
from pulumi_kpack.options import child_options
from pulumi_kpack.rules import check_reconciler_image

DEFAULT_BASE = "python:3.11-slim"
PACKAGES = ("kpack_api", "kpack_reconciler")
"""What runs in the cluster; `Dockerfile.dockerignore` names the same."""

_RECIPE = Path(__file__).parent / "image_recipe"
_EXPORT = "type=image,push=true,rewrite-timestamp=true"
"""With SOURCE_DATE_EPOCH this makes two builds of the same content the same image."""


class ReconcilerImage(pulumi.ComponentResource):
    """The image of the controller, the webhook and the build steps; built by buildx, pushed, known by its digest."""

    ref: pulumi.Output[str]
    """The image by digest, for `BuildService`."""

    def __init__(self, name: str, args: ReconcilerImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Build and push the image; nothing is built in a preview."""
        check_reconciler_image(name, args)
        super().__init__("pulumi-kpack:index:ReconcilerImage", name, None, opts)
        provider = docker_build.Provider(f"{name}-buildx", host=args.get("host", ""), opts=child_options(self))
        own = pulumi.ResourceOptions(provider=provider)
        options = pulumi.ResourceOptions.merge(child_options(self, retain_on_delete=True), own)
        login = args.get("registry")
        builder = args.get("builder")
        image = docker_build.Image(
            f"{name}-image",
            context={"location": str(installation_folder()), "named": {"recipe": {"location": str(_RECIPE)}}},
            dockerfile={"location": str(_RECIPE / "Dockerfile")},
            build_args={"BASE": args.get("base", DEFAULT_BASE), "SOURCE_DATE_EPOCH": "0"},
            tags=[pulumi.Output.concat(args["repository"], ":latest")],
            exports=[{"raw": _EXPORT}],
            push=False,
            build_on_preview=False,
            secrets={"ca.crt": args["certificates"]} if "certificates" in args else None,
            builder={"name": builder} if builder else None,
            registries=[docker_build.RegistryArgs(**login)] if login else None,
            opts=options,
        )
        self.ref = image.ref
        self.register_outputs({"ref": self.ref})


def installation_folder() -> Path:
    """The folder that the packages are installed in, found without importing them."""
    folders = {_package_folder(package).parent for package in PACKAGES}
    if len(folders) > 1:
        raise pulumi.RunError(
            f"packages {' and '.join(PACKAGES)} are installed in different folders: install pulumi-kpack again, "
            "or give an image"
        )
    return folders.pop()


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise pulumi.RunError(f"package {package} is not installed: install pulumi-kpack again, or give an image")
    return Path(spec.origin).parent
