"""The next stage takes what the build stack built, by digest, into its own registry: nothing is built anew."""

import pulumi

from pulumi_kpack import Promotion, RegistryCredentials

config = pulumi.Config()
builds = pulumi.StackReference(config.require("buildStack"))
registry = config.require("registry")

login = RegistryCredentials(
    "prod-registry",
    {"registry": registry, "username": config.require("user"), "password": config.require_secret("password")},
)
app = Promotion(
    "app",
    {
        "image": builds.require_output("image"),
        "target": f"{registry}/team/app:prod",
        "rules": {"allowed_buildpacks": config.require_object("buildpacks"), "max_age_hours": 30 * 24},
        "built_at": builds.require_output("builtAt"),
        "reconciler_image": config.require("reconcilerImage"),
        "credentials": [login],
    },
)

pulumi.export("image", app.image)
