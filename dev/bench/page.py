"""The page `docs/benchmarks/README.md`, made from the reports that lie beside it."""

from collections.abc import Sequence
from typing import Final

from dev.bench.results import Report
from dev.bench.tables import markdown_tables

WHAT: Final = {
    "create": "N Images are made at once, 32 at a time, until N Builds and N pods exist. There is no node: pods stay"
    " Pending. kpack's builder is one that it composed itself before, ours a ready-made one; both have the same stack,"
    " buildpack and lifecycle version. kpack's clients may each send 70 requests at once (factor 10: 700) before their"
    " limit of 35 a second holds, so that few Images do not show it.",
    "rest": "Every Image is built, nothing changes. Both ask git once a minute by default.",
    "push": "The head of every repository moves at one time; until each of its Images has its Build. Both by polling:"
    " kpack has no push receiver.",
    "rebase": "The builder gets another run image. Ours: until every Image has been rebased in the registry by the"
    " controller, without a pod. kpack: until its controller has made a pod for each Image; what those pods then do"
    " is not in its figures, so that the comparison favours kpack.",
    "restart": "`kill -9` of the controller, then an annotation that asks for a Build. Ours: the second replica takes"
    " the Lease over. kpack has no second replica: its process is started again at once, without the pause that a"
    " kubelet makes. Then: from the start of one process among these Images to its first Build.",
    "hook": "As `push`, and the git server sends its push hook (GitLab's form) over HTTPS right after each move; our"
    " controller was started with its endpoint for hooks. kpack has none: its figure is that of `push`.",
    "floor": "The SourceResolver, Build and pod of each Image and one write of its status, with the contents that our"
    " controller gave them, written by the load generator alone: what this API server takes, with nothing decided.",
    "webhook": "The same admission review again and again over four connections, without TLS, in one process with the"
    " client. kpack's webhook is not built: the peer is a plain aiohttp server that echoes JSON.",
}

_HEAD = """# Benchmarks

Our controller beside kpack's own, measured by `python -m dev bench` (`make bench` for all scenarios at a small size).
This page is made by that command from the JSON files in `data/`; do not edit it.

How it is measured: both run on the same control plane (etcd without fsync, API server, three controllers of the
controller manager; no node), each time with an empty store, in alternation, as host processes with one load generator,
one registry and one git server that answers from memory. `kpack` is the controller of kpack {kpack} with its default
settings, `kpack, factor 10` the same with `SCALING_FACTOR=10`, which multiplies its client's rate limits and its
workers by ten; ours has its default settings. Requests are counted by the servers, without the generator's own;
watches are not counted; the API server's own Lease, some 6 requests a minute, is in everybody's figures. CPU and memory
are the controller's, from `/proc`. Figures are medians, with the range of all rounds in brackets. A ratio says how many
times better ours is; below 1 it is worse. Rates and times depend on what else the machine does: the load average before
each run is told; requests and CPU are the firmer figures.
"""


def page(reports: Sequence[Report]) -> str:
    """Write the page; reports in the order in which they are to stand."""
    kpack = next((report.versions["kpack"] for report in reports if "kpack" in report.versions), "")
    return "\n".join([_HEAD.format(kpack=kpack), *(section(report) for report in reports)])


def section(report: Report) -> str:
    """Write the section of one report."""
    loads = [run.load for run in report.runs]
    rounds = max(run.round for run in report.runs)
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    return (
        f"## {report.scenario}, {report.images:,} Images on {report.repositories:,} repositories\n\n"
        f"{WHAT[report.scenario]}\n\n"
        f"![{report.scenario}]({name_of(report)}.svg)\n\n"
        f"{markdown_tables(report)}\n\n"
        f"{report.began}, {rounds} {'round' if rounds == 1 else 'rounds'}; {report.machine}; load average before the"
        f" runs {min(loads):.1f} to {max(loads):.1f}; {versions}.\n"
    )


def name_of(report: Report) -> str:
    """Name the files of a report."""
    return f"{report.scenario}-{report.images}"
