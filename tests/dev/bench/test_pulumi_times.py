"""How the seconds of pulumi are told."""

from rich.console import Console

from dev.bench.pulumi_times import STEPS, Took, table


def test_the_table_has_a_row_for_each_step_and_what_an_image_costs() -> None:
    """By the clock, by the processor, and between the fewest and the most Images."""
    measured = {
        number: dict.fromkeys(STEPS, Took(clock=2 + number / 10, processor=1 + number / 20)) for number in (500, 0)
    }
    console = Console(width=200)
    with console.capture() as told:
        console.print(table(measured))

    assert "0 Images" in told.get()
    (row,) = (line for line in told.get().splitlines() if "second up" in line)
    assert row.replace("│", " ").split() == ["second", "up", "2.0", "(1.0)", "52.0", "(26.0)", "0.100"]


def test_one_number_alone_has_no_slope() -> None:
    """There is nothing to compare it with."""
    shown = table({1: dict.fromkeys(STEPS, Took(clock=1, processor=1))})

    assert list(shown.columns[-1].cells) == ["-"] * len(STEPS)
