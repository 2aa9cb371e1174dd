"""The options of children: always the component as parent, never the caller's own options."""

from collections.abc import Sequence

import pulumi


def child_options(
    parent: pulumi.Resource,
    *,
    depends_on: Sequence[pulumi.Resource] = (),
    retain_on_delete: bool = False,
    minutes: int | None = None,
) -> pulumi.ResourceOptions:
    """Options of a child; `minutes` limits how long Pulumi waits for it (Pulumi's own limit when None)."""
    limit = None if minutes is None else f"{minutes}m"
    timeouts = None if limit is None else pulumi.CustomTimeouts(create=limit, update=limit)
    return pulumi.ResourceOptions(
        parent=parent,
        depends_on=list(depends_on) or None,
        retain_on_delete=True if retain_on_delete else None,
        custom_timeouts=timeouts,
    )
