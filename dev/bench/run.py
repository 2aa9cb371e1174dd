"""`python -m dev bench`: all scenarios at a small size, or one at a size of one's choice.

Owns sizes and what is printed. Rules:
- all scenarios together are one round, so that they take some ten minutes; one scenario is three;
- what was measured is kept, also when a later turn fails or is interrupted.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Console

from dev.bench import admission, keeping, objects, rebase
from dev.bench.compare import Size, compare, report_of
from dev.bench.place import place
from dev.bench.results import Run
from dev.bench.scenarios import SCENARIOS
from dev.bench.tables import terminal_table
from dev.errors import DevError
from dev.report import choose_reporter

WEBHOOK: Final = "webhook"
NAMES: Final = (*SCENARIOS, WEBHOOK)
SMALL_IMAGES: Final = 40
REST_SECONDS: Final = 60.0
ROUNDS: Final = 3
IMAGES_PER_REPOSITORY: Final = 20


def bench(console: Console, scenario: str, *, images: int, repositories: int, rounds: int, rest_seconds: float) -> None:
    """Measure one scenario, or all of them for ""; 0 means the default of a number."""
    if scenario not in ("", *NAMES):
        raise DevError(f"there is no scenario {scenario!r}: choose from {', '.join(NAMES)}, or name none for all")
    chosen = images or SMALL_IMAGES
    size = Size(
        images=chosen,
        repositories=repositories or max(1, chosen // IMAGES_PER_REPOSITORY),
        rounds=rounds or (ROUNDS if scenario else 1),
        rest_seconds=rest_seconds or REST_SECONDS,
    )
    if scenario in ("", WEBHOOK):
        measure_webhook(console, size)
    if scenario != WEBHOOK:
        measure_controllers(console, (scenario,) if scenario else tuple(SCENARIOS), size)
    if not scenario:
        objects.run(console)
        rebase.run(console)


def measure_controllers(console: Console, scenarios: Sequence[str], size: Size) -> None:
    """Measure both controllers on a control plane of our own; print and keep the results."""
    began, runs = datetime.now(UTC), list[Run]()
    try:
        with place(choose_reporter(console)) as where:
            for done in compare(where, scenarios, size):
                runs.append(done)
                console.print(f"round {done.round}: {done.scenario} with {done.subject} is measured")
    finally:
        for scenario in scenarios:
            if any(run.scenario == scenario for run in runs):
                tell(console, scenario, runs, size, began=began)


def measure_webhook(console: Console, size: Size) -> None:
    """Measure admission, so many rounds; print and keep the results."""
    began = datetime.now(UTC)
    runs = [run for number in range(1, size.rounds + 1) for run in admission.runs(number)]
    tell(console, WEBHOOK, runs, size, began=began)


def tell(console: Console, scenario: str, runs: Sequence[Run], size: Size, *, began: datetime) -> None:
    """Print the table of a scenario, and keep its report."""
    report = report_of(scenario, runs, size, began=began)
    keeping.keep(report)
    console.print(terminal_table(report))
