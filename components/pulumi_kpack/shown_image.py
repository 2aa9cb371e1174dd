"""What an Image shows to a program: the outputs that other resources and stacks build on.

Owns how they are read from the object's status. Leaves declaring, waiting and judging to `image`.
"""

from collections.abc import Mapping
from typing import Any

import pulumi


class ShownImage(pulumi.ComponentResource):
    """An Image as it is in the cluster at each `pulumi up`."""

    latest_image: pulumi.Output[str]
    """The newest image by digest: `registry/repository@sha256:…`; empty before the first build."""

    digest: pulumi.Output[str]
    """The newest image's digest alone: `sha256:…`; empty before the first build."""

    revision: pulumi.Output[str]
    """The git commit that the newest image was made from; empty before the first build, and for other sources."""

    buildpacks: pulumi.Output[list[dict[str, str]]]
    """The buildpacks that took part in the newest image, each with `id` and `version`."""

    run_image: pulumi.Output[str]
    """The run image below the newest image, by digest; empty before the first build."""

    built_at: pulumi.Output[str]
    """When the newest image was ready, as RFC 3339 in UTC; empty before the first build."""

    latest_build: pulumi.Output[str]
    """The name of the newest Build, whether it has ended or not, well or badly."""

    tags: pulumi.Output[list[str]]
    """The tags that every build moves: `tag` and `additionalTags`."""

    status: pulumi.Output[dict[str, Any]]
    """The object's whole status."""

    def show(self, status: pulumi.Output[dict[str, Any]], tags: pulumi.Output[list[str]]) -> None:
        """Set the outputs from a status, and register them."""
        success = status.apply(latest_success)
        self.status = status
        self.tags = tags
        self.latest_image = status.apply(lambda found: str(found.get("latestImage", "")))
        self.digest = self.latest_image.apply(lambda image: image.partition("@")[2])
        self.latest_build = status.apply(lambda found: str(found.get("latestBuildRef", "")))
        self.revision = success.apply(lambda found: str(found.get("revision", "")))
        self.buildpacks = success.apply(lambda found: [dict(each) for each in found.get("buildMetadata") or ()])
        self.run_image = success.apply(lambda found: str((found.get("stack") or {}).get("runImage", "")))
        self.built_at = success.apply(lambda found: str(found.get("completionTime", "")))
        self.register_outputs(
            {
                "latestImage": self.latest_image,
                "digest": self.digest,
                "revision": self.revision,
                "buildpacks": self.buildpacks,
                "runImage": self.run_image,
                "builtAt": self.built_at,
                "latestBuild": self.latest_build,
                "tags": self.tags,
                "status": self.status,
            }
        )


def latest_success(status: Mapping[str, Any]) -> dict[str, Any]:
    """What the controller tells of the Build that made `latestImage`; empty before the first."""
    return dict(status.get("latestSuccess") or {})
