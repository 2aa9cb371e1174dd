from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dev.errors import DevError
from dev.preflight import GIB, Machine, problems, problems_elsewhere, refuse

VALID = Machine(
    system="Linux",
    architecture="x86_64",
    is_root=True,
    has_apt=True,
    missing_packages=(),
    controllers=frozenset({"cpu", "memory", "pids"}),
    has_overlay=True,
    free_disk=80 * GIB,
    memory=16 * GIB,
    state=Path("/var/lib/pulumi-kpack-dev/0123abcd"),
    go="",
)


def test_a_good_machine_has_no_problem() -> None:
    """Missing packages are none where apt can install them."""
    assert problems(VALID) == ()
    assert problems(replace(VALID, missing_packages=("containerd",))) == ()


@pytest.mark.parametrize(
    ("change", "said", "advice"),
    [
        ({"system": "Darwin"}, "needs Linux, this is Darwin", "make up CONTEXT="),
        ({"is_root": False}, "needs root", "run it as root, or name an existing one"),
        ({"architecture": "aarch64"}, "this is aarch64", "use another machine"),
        (
            {"has_apt": False, "missing_packages": ("containerd", "runc")},
            "no apt-get to install containerd, runc",
            "install what they contain yourself",
        ),
        ({"controllers": frozenset({"cpu"})}, "memory, pids are not mounted", "use a machine"),
        ({"has_overlay": False}, "no overlay file system", "modprobe overlay"),
        ({"free_disk": GIB}, "1.0 GiB free, 5 GiB are needed", "PULUMI_KPACK_STATE"),
        ({"go": "Go is not on PATH. Install Go 1.26"}, "Go is not on PATH", "Install Go"),
        ({"memory": 2 * GIB}, "2.0 GiB of memory, 3 GiB are needed", "use a larger one"),
        ({"state": Path("/" + "x" * 60)}, "too long for sockets", "choose a shorter PULUMI_KPACK_STATE"),
    ],
)
def test_each_problem_is_told_with_what_to_do(change: dict[str, Any], said: str, advice: str) -> None:
    """One fact that is wrong is one problem, and ends with the next step."""
    (problem,) = problems(replace(VALID, **change))

    assert said in problem
    assert advice in problem.partition(said)[2]


def test_all_problems_are_told_at_once() -> None:
    """Nobody mends one thing only to be told the next."""
    machine = replace(VALID, is_root=False, free_disk=0)

    with pytest.raises(DevError) as caught:
        refuse(problems(machine))

    assert caught.value.message.count("\n  - ") == 2
    assert caught.value.message.endswith("Nothing was started.")


def test_an_existing_cluster_asks_less_of_this_machine() -> None:
    """Without root, on any system: only the tools have to be made here."""
    machine = replace(VALID, is_root=False, system="Darwin", free_disk=0)

    assert problems_elsewhere(machine) == ()
    assert problems_elsewhere(replace(machine, go="Go is not on PATH.")) == ("Go is not on PATH.",)
