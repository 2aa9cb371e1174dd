"""Which platform API a build pod speaks with the builder's lifecycle (CNB platform specification).

Rules:
- Only versions are offered whose argument lists are known to work; the highest one common to both sides is taken.
- 0.4 comes after 0.3: from 0.4 on an application with several processes has no default one unless the platform names
  it. 0.5 and 0.6 are left out, since every lifecycle that has them has 0.3 too.
"""

_OFFERED = ("0.15", "0.14", "0.13", "0.12", "0.11", "0.10", "0.9", "0.8", "0.7", "0.3", "0.4")
_ANALYZE_FIRST = (0, 7)


class IncompatiblePlatformError(ValueError):
    """The builder's lifecycle speaks no platform API that we speak; the message lists what it speaks."""


def choose_platform_api(offered_by_builder: tuple[str, ...]) -> str:
    """The platform API to use, e.g. `0.14`. Raises IncompatiblePlatformError."""
    for version in _OFFERED:
        if version in offered_by_builder:
            return version
    listed = ",".join(offered_by_builder) or "none"
    raise IncompatiblePlatformError(
        f"incompatible builder platform API version: {listed}; "
        f"use a builder whose lifecycle speaks one of {', '.join(sorted(_OFFERED, key=_parts))}"
    )


def analyzes_first(platform_api: str) -> bool:
    """Whether `analyze` runs before `detect` (0.7 and later)."""
    return _parts(platform_api) >= _ANALYZE_FIRST


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
