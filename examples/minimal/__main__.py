"""The build service and one application: every commit on `main` becomes an image."""

import pulumi

from pulumi_kpack import Builder, BuildService, Image, ReconcilerImage

config = pulumi.Config()
registry = config.require("registry")

reconciler = ReconcilerImage("reconciler", {"repository": f"{registry}/kpack-reconciler"})
service = BuildService("kpack", {"image": reconciler.ref})
after = pulumi.ResourceOptions(depends_on=[service])
builder = Builder("base", {"image": config.require("builder")}, after)
app = Image(
    "app",
    {
        "tag": f"{registry}/app:main",
        "builder": builder,
        "source": {"git": {"url": config.require("repository"), "revision": "main"}},
    },
    after,
)

pulumi.export("image", app.latest_image)
