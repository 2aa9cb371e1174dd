"""The faults that are played, as docs/faults.md lists them."""

from dataclasses import dataclass

from tests.faults.scenarios import (
    api_server_fails,
    api_server_gone,
    clock_jumps,
    compacted,
    disk_full,
    during_a_change,
    events_out_of_order,
    images_deleted,
    leader_killed,
    leader_partitioned,
    node_gone,
    outside_fails,
    pods_ended,
    secrets_rotated,
    watches_closed,
)
from tests.faults.scene import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRow:
    """One fault: its word in the names of tests, its words in docs/faults.md, how it is run.

    `runs` are its seeds in `make check`, `thorough` those in `make test`. `images` are those of a run, or so `many` in
    a thorough one; with `ends`, processes may end by it.
    """

    key: str
    name: str
    injected: str
    scenario: Scenario
    runs: int = 1
    thorough: int = 10
    replicas: int = 1
    images: tuple[str, ...] = ("app", "web")
    many: int = 0
    ends: bool = False


FAULTS: tuple[FaultRow, ...] = (
    FaultRow(
        key="leader-killed",
        name="the leader is killed between any two writes",
        injected="all tasks end at the n-th write, before or after the server did it; one or two replicas",
        scenario=leader_killed,
        runs=3,
        thorough=200,
        replicas=2,
    ),
    FaultRow(
        key="api-server-gone",
        name="the API server is gone for 5 minutes",
        injected="its connections break, new ones are refused",
        scenario=api_server_gone,
        ends=True,
    ),
    FaultRow(
        key="api-server-fails",
        name="the API server fails",
        injected="of its requests, 3 of 10 meet 429, 500, silence, a broken or half answer, or are late",
        scenario=during_a_change(api_server_fails, 120),
        ends=True,
    ),
    FaultRow(
        key="compaction",
        name="compaction and 410",
        injected="every few seconds only the newest version is left; lists come in pages of one",
        scenario=during_a_change(compacted, 90),
    ),
    FaultRow(
        key="watches-closed",
        name="watches closed every second",
        injected="each ends a second after its begin; some within a line, in good order",
        scenario=during_a_change(watches_closed, 90),
    ),
    FaultRow(
        key="events",
        name="events delayed, reordered, duplicated",
        injected="each watch is up to 4 s late for each change by itself, and begins 5 changes too early",
        scenario=during_a_change(events_out_of_order, 120),
    ),
    FaultRow(
        key="outside-fails",
        name="registry and git server fail",
        injected="of their requests, 7 of 10 meet 429 with Retry-After, 500, silence, a broken or half answer",
        scenario=during_a_change(outside_fails, 200),
    ),
    FaultRow(
        key="secrets-rotated",
        name="secrets rotated",
        injected="both servers take another password up to 150 s before the Secrets hold it",
        scenario=secrets_rotated,
    ),
    FaultRow(
        key="clock-jumps",
        name="clock jumps",
        injected="the controller's clock jumps again and again: back by up to a day, forward by up to 6 minutes",
        scenario=during_a_change(clock_jumps, 90),
    ),
    FaultRow(
        key="images-deleted",
        name="1,000 Images deleted while they are built",
        injected="8 of 10 Images are deleted between any two steps, one is made again; 40 Images in `make check`",
        scenario=images_deleted,
        thorough=1,
        many=1000,
    ),
    FaultRow(
        key="leader-partitioned",
        name="the leader is cut off for longer than its Lease",
        injected="from the n-th write on nothing arrives for 30 to 90 s, then all of it does",
        scenario=leader_partitioned,
        runs=2,
        thorough=20,
        replicas=2,
        ends=True,
    ),
    FaultRow(
        key="node-gone",
        name="the node is gone during a build",
        injected="each Build's first pod is removed, deleted, lost, shut down or tainted away",
        scenario=pods_ended(node_gone),
    ),
    FaultRow(
        key="disk-full",
        name="the node's disk is full",
        injected="each Build's first pod is evicted with the kubelet's messages",
        scenario=pods_ended(disk_full),
    ),
)
