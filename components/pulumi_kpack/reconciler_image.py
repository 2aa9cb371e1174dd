"""The component that builds the reconciler's image from the installed packages.

Its purpose is to look at files: it finds the packages and the Dockerfile beside this module; no other component does.
Leaves building to `image_building`.
"""

from importlib.util import find_spec
from pathlib import Path

import pulumi

from pulumi_kpack.args import ReconcilerImageArgs
from pulumi_kpack.image_building import Recipe, build
from pulumi_kpack.reconciler_image_rules import check_reconciler_image

PACKAGES = ("kpack_api", "kpack_reconciler")
"""What runs in the cluster; `Dockerfile.dockerignore` names the same."""

_RECIPE = Path(__file__).parent / "image_recipe"


class ReconcilerImage(pulumi.ComponentResource):
    """The image of the controller, the webhook and the build steps; built, pushed, known by its digest."""

    ref: pulumi.Output[str]
    """The image by digest, for `BuildService`."""

    def __init__(self, name: str, args: ReconcilerImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Build and push the image; nothing is built in a preview."""
        check_reconciler_image(name, args)
        super().__init__("pulumi-kpack:index:ReconcilerImage", name, None, opts)
        recipe = Recipe(context=installation_folder(), dockerfile=_RECIPE / "Dockerfile")
        self.ref = build(name, args, recipe, parent=self)
        self.register_outputs({"ref": self.ref})


def installation_folder() -> Path:
    """The folder that the packages are installed in, found without importing them."""
    folders = {_RECIPE.parent.parent, *(_package_folder(package).parent for package in PACKAGES)}
    if len(folders) > 1:
        raise pulumi.RunError(
            f"packages pulumi_kpack, {' and '.join(PACKAGES)} are installed in different folders: "
            "install pulumi-kpack again, or give an image"
        )
    return folders.pop()


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise pulumi.RunError(f"package {package} is not installed: install pulumi-kpack again, or give an image")
    return Path(spec.origin).parent
