"""An Image that kpack's YAML declares (`image.yaml`), read by a program: YAML and Pulumi side by side."""

import pulumi

from pulumi_kpack import Image

app = Image.get("app", "default/go-sample-app")

pulumi.export("image", app.latest_image)
pulumi.export("commit", app.revision)
pulumi.export("buildpacks", app.buildpacks)
