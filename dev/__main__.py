"""`python -m dev`: the commands.

Owns arguments, output and exit codes. An error a person can act on ends with exit code 1 and its text;
anything else is a bug and keeps its trace.
"""

import os
import sys
from collections.abc import Callable
from functools import wraps

from cyclopts import App
from rich.console import Console

from dev import down as down_command
from dev import status as status_command
from dev import target
from dev import up as up_command
from dev.bench import pulumi_times
from dev.bench.run import bench as run_bench
from dev.environment import load_environment
from dev.errors import DevError, explain
from dev.report import choose_reporter
from dev.state import default_state
from dev.steps import StepError
from dev.toolchain import TEST, UP

app = App(name="python -m dev", help="The machine's own cloud: cluster, registry, git server, samples.")
cluster_app = App(name="cluster", help="Cluster, registry and git server alone, without the build service.")
app.command(cluster_app)


@app.command
def up(*, context: str = "", registry: str = "", git_url: str = "") -> None:
    """Bring up everything, up to an application image that was built and answers.

    Parameters
    ----------
    context
        Context of your kubeconfig: use this cluster instead of making one.
    registry
        With a context: where images go, `host/path`; the cluster must be able to pull from it.
    git_url
        With a context: root of git repositories that the cluster can reach.

    """
    named = target.choose(context=context, registry=registry, git_url=git_url)
    up_command.up(default_state(), choose_reporter(Console()), named=named)


@cluster_app.command(name="up")
def cluster_up(*, for_tests: bool = False) -> None:
    """Bring up the machine's own cluster, registry and git server.

    Parameters
    ----------
    for_tests
        Have the tools that only tests need, too.

    """
    tools = TEST if for_tests else UP
    up_command.cluster_up(default_state(), choose_reporter(Console()), tools=tools)


@app.command
def down() -> None:
    """End everything and remove the state; the toolchain's cache stays."""
    if not down_command.down(default_state(), choose_reporter(Console())):
        print("nothing is up")


@cluster_app.command(name="down")
def cluster_down() -> None:
    """Do the same as `down`: nothing can stay without the cluster."""
    down()


@app.command
def status() -> None:
    """Show what runs, and where."""
    state = default_state()
    print(status_command.headline(state))
    daemons = status_command.read_status(state)
    if daemons:
        Console().print(status_command.table(daemons))


@app.command
def bench(
    scenario: str = "", /, *, images: int = 0, repositories: int = 0, rounds: int = 0, rest_seconds: float = 0
) -> None:
    """Measure our controller and kpack's on the same control plane, in alternation; kept in docs/benchmarks.

    Parameters
    ----------
    scenario
        create, rest, push, rebase, restart, hook, floor or webhook; all of them, and what a rebase and an object cost,
        without one.
    images
        How many Images; 40 by default.
    repositories
        On how many git repositories they are; one for each 20 Images by default.
    rounds
        How often each controller has its turn; 3 by default, and 1 for all scenarios together.
    rest_seconds
        How long `rest` is measured; 60 by default.

    """
    run_bench(
        Console(),
        scenario,
        images=images,
        repositories=repositories,
        rounds=rounds,
        rest_seconds=rest_seconds,
    )


@app.command(name="pulumi-times")
def measure_pulumi() -> None:
    """Measure `pulumi up`, a second one, preview and destroy of 0, 1, 50 and 500 Images on what `up` brought up."""
    pulumi_times.run(Console())


@app.command
def env() -> None:
    """Print the environment's variables as `export` lines, for `eval`."""
    sys.stdout.write(load_environment().exports())


def told(run: Callable[[], None]) -> Callable[[], None]:
    """Turn errors for people into text on standard error and exit code 1."""

    @wraps(run)
    def telling() -> None:
        try:
            run()
        except DevError as error:
            step = error.step if isinstance(error, StepError) else None
            sys.stderr.write(f"\nerror: {explain(error, step=step)}\n")
            sys.exit(1)
        except KeyboardInterrupt:
            sys.stderr.write("\ninterrupted; run the same command again to go on, or `python -m dev down`\n")
            sys.exit(130)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)

    return telling


if __name__ == "__main__":
    told(app)()
