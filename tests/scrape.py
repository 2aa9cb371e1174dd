"""Reading one metric of this process as Prometheus would."""

from prometheus_client import REGISTRY


def scraped(name: str, /, **labels: str) -> float | None:
    """The value of a series; None where it does not exist. Other metrics are not asked: they may be a dead test's."""
    for family in REGISTRY.restricted_registry([name]).collect():
        for sample in family.samples:
            if (sample.name, sample.labels) == (name, labels):
                return sample.value
    return None


def counted(name: str, /, **labels: str) -> float:
    """The value of a series; 0.0 where it has not begun."""
    return scraped(name, **labels) or 0.0
