"""What the servers count is read right, and the load generator's own requests are taken away."""

from collections import Counter
from dataclasses import replace

from dev.bench.meters import Reading, Usage, access_log, api_requests, read_usage, spent

EXPOSITION = """\
# TYPE apiserver_request_total counter
apiserver_request_total{code="201",verb="POST",group="",resource="pods",subresource="",scope="resource"} 40
apiserver_request_total{code="409",verb="POST",group="",resource="pods",subresource="",scope="resource"} 2
apiserver_request_total{code="200",verb="PATCH",group="kpack.io",resource="images",subresource="status"} 1.2e+01
apiserver_request_total{code="200",verb="WATCH",group="",resource="pods",subresource="",scope="cluster"} 7
apiserver_request_total{code="200",verb="GET",group="",resource="flowschemas",subresource="",scope="resource"} 9
apiserver_request_duration_seconds_count{verb="POST",resource="pods"} 42
"""
ACCESS = (
    b'10.201.0.2 - - [24/Nov/2026:16:00:00 +0000] "GET /v2/ HTTP/1.1" 200 2 "" "go-containerregistry"\n'
    b'time="2026-11-24T16:00:00Z" level=warning msg="nothing of the kind"\n'
    b'10.201.0.2 - - [24/Nov/2026:16:00:01 +0000] "HEAD /v2/a/manifests/1 HTTP/1.1" 404 157 "" "aiohttp"\n'
)
STATUS = "Name:\tpython\nVmPeak:\t  999999 kB\nVmHWM:\t   61440 kB\nVmRSS:\t   51200 kB\n"
STAT = "42 (a) name) S 1 42 42 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 3 0 100 1 1"


def test_requests_are_counted_by_verb_and_resource() -> None:
    """All answers count, whatever their code; watches and what the API server asks for itself do not."""
    assert api_requests(EXPOSITION) == {"POST pods": 42, "PATCH images/status": 12}


def test_the_access_log_gives_requests_and_bytes_of_answers() -> None:
    """Other lines of the registry's log are no requests."""
    assert access_log(ACCESS) == (2, 159)


def test_usage_is_read_whatever_the_program_is_called() -> None:
    """A name with a bracket does not move the fields of /proc/<pid>/stat."""
    usage = read_usage(STATUS, STAT)

    assert usage == Usage(cpu_seconds=2.0, megabytes=50.0, peak_megabytes=60.0)


def test_the_difference_is_without_the_generators_own_requests() -> None:
    """What nobody else asked is not in it at all."""
    usage = Usage(cpu_seconds=1.0, megabytes=50.0, peak_megabytes=60.0)
    before = Reading(
        at=10.0,
        controller=usage,
        api=Counter({"POST images": 1}),
        registry=5,
        registry_bytes=500,
        git=7,
        plane_seconds=2.0,
    )
    after = replace(
        before,
        at=13.0,
        controller=replace(usage, cpu_seconds=1.5, megabytes=70.0),
        api=Counter({"POST images": 41, "POST pods": 40}),
        git=9,
    )

    took = spent(before, after, own={"POST images": 40})

    assert took.api == {"POST pods": 40}
    assert (took.seconds, took.cpu_seconds, took.megabytes, took.registry, took.git) == (3.0, 0.5, 70.0, 0, 2)
