"""Another stack runs what the build stack built: a new digest there rolls the Deployment at the next `up` here."""

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment

config = pulumi.Config()
builds = pulumi.StackReference(config.require("buildStack"))
labels = {"app": "app"}

Deployment(
    "app",
    spec={
        "replicas": 2,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "app", "image": builds.require_output("image")}]},
        },
    },
)
