"""`deploy/` and `docs/metrics.md` keep to the metrics that the processes really have."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from kpack_api.process import LEASE_NAME, MUTATING_PATH, VALIDATING_PATH
from kpack_api.types import Kind
from kpack_reconciler import metrics
from kpack_reconciler.cache.cache import CoreKind
from kpack_reconciler.metrics import OTHER_FAILURE, Source
from kpack_reconciler.model.failures import FailureClass
from kpack_reconciler.model.host_classes import HOST_CLASSES

ROOT = Path(__file__).parent.parent
GROUPS = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yaml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
PANELS = json.loads((ROOT / "deploy" / "grafana" / "kpack.json").read_text())["panels"]
DOCS = (ROOT / "docs" / "metrics.md").read_text()

_WORDS = frozenset({"and", "or", "unless", "bool", "offset"})
_OF_TARGETS = frozenset({"instance", "job", "le"})
_SELECTOR = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)\s*\{(?P<matchers>[^}]*)\}")
_MATCHER = re.compile(r'(?P<label>\w+)\s*(?:=~|!~|!=|=)\s*"(?P<values>[^"]*)"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\((?P<labels>[^)]*)\)")
_NAME = re.compile(r"(?<![\w.])[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])")

_KINDS = {kind.lower() for kind in Kind}
_VALUES = {
    "controller": _KINDS,
    "name": {*_KINDS, LEASE_NAME},
    "kind": {*Kind, *CoreKind},
    "source": set(Source),
    "failure_class": {*FailureClass, OTHER_FAILURE},
    "webhook": {MUTATING_PATH, VALIDATING_PATH},
    "result": {"ok", "refused", "unavailable", "limited", "failed", "unreachable", "succeeded"},
    "code": {"200"},
}


@dataclass(frozen=True, slots=True)
class Query:
    """What a PromQL expression names: metrics, the labels that it groups by, and matchers by metric."""

    metrics: frozenset[str]
    labels: frozenset[str]
    matchers: tuple[tuple[str, str, str], ...]


def read_query(expression: str) -> Query:
    matchers = tuple(
        (selector["name"], matcher["label"], value)
        for selector in _SELECTOR.finditer(expression)
        for matcher in _MATCHER.finditer(selector["matchers"])
        for value in matcher["values"].split("|")
    )
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", expression)
    labels = {label.strip() for found in _GROUPING.finditer(bare) for label in found["labels"].split(",")}
    names = frozenset(_NAME.findall(_GROUPING.sub(" ", bare))) - _WORDS
    return Query(names, frozenset(labels), matchers)


def expressions() -> Iterator[Any]:
    for rule in RULES:
        yield pytest.param(rule["expr"], id=rule["alert"])
    for panel in PANELS:
        for target in panel["targets"]:
            yield pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")


def labels_of(name: str) -> frozenset[str]:
    return frozenset(getattr(REGISTRY._names_to_collectors[name], "_labelnames", ()))


def ours() -> list[MetricWrapperBase]:
    return [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]


def sample_name(metric: MetricWrapperBase) -> str:
    """The name as it is asked for; of a histogram without its endings."""
    return f"{metric._name}_total" if metric._type == "counter" else metric._name


def test_a_query_is_read() -> None:
    """The reader of expressions sees metrics, groupings and matchers, and takes no function or word for a metric."""
    query = read_query('sum by (a, b) (rate(x_total{c=~"d|e"}[5m])) > 0.5 * 1e3 and on (f) absent(y:z == 1) - time()')

    assert query == Query(
        frozenset({"x_total", "y:z"}), frozenset({"a", "b", "f"}), (("x_total", "c", "d"), ("x_total", "c", "e"))
    )


@pytest.mark.parametrize("expression", list(expressions()))
def test_what_is_asked_for_exists(expression: str) -> None:
    """Each metric in an alert or a panel is one of the process, with these labels and, where we name them, values."""
    query = read_query(expression)

    known = REGISTRY._names_to_collectors
    assert query.metrics
    assert [name for name in query.metrics if name not in known] == []
    assert query.labels <= frozenset().union(_OF_TARGETS, *(labels_of(name) for name in query.metrics))
    assert [matcher for matcher in query.matchers if matcher[1] not in labels_of(matcher[0])] == []
    assert [matcher for matcher in query.matchers if matcher[2] not in _VALUES[matcher[1]]] == []


def test_every_alert_says_what_to_do() -> None:
    """An alert has a severity, a summary and a description, and a name of its own."""
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert set(rule["annotations"]) == {"summary", "description"}


def test_panels_do_not_overlap() -> None:
    """Each panel has a number and a place of its own within the 24 columns."""
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in PANELS)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_the_table_lists_every_metric() -> None:
    """`docs/metrics.md` has a row for each metric of ours: its name, type, labels and what its help text says."""
    rows = [
        f"| `{sample_name(metric)}` | {metric._type} | {', '.join(f'`{label}`' for label in metric._labelnames)} |"
        f" {metric._documentation} |"
        for metric in ours()
    ]

    assert [line for line in DOCS.splitlines() if re.match(r"\| `[a-z_]+` \|", line)] == rows


def test_the_docs_name_every_kind_of_host() -> None:
    """The values of `host_class` are told, and no others."""
    (told,) = re.findall(r"^- `host_class`: (.*?)\.\n", DOCS, re.MULTILINE | re.DOTALL)

    assert set(re.findall(r"`(\w+)`", told)) == HOST_CLASSES


def test_the_docs_name_every_alert() -> None:
    """`docs/metrics.md` lists the alerts of `deploy/prometheus/rules.yaml`."""
    assert re.findall(r"^- `(Kpack\w+)`", DOCS, re.MULTILINE) == [rule["alert"] for rule in RULES]


@pytest.mark.parametrize("metric", ours(), ids=sample_name)
def test_no_label_is_anybodys_name(metric: MetricWrapperBase) -> None:
    """No metric has a label whose values grow with the cluster."""
    assert {"image", "build", "namespace", "url", "repository", "pod", "key", "message"} & set(
        metric._labelnames
    ) == set()
