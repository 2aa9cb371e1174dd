from pathlib import Path

import pytest

from kpack_reconciler.decide.hints import hint_for
from kpack_reconciler.model.failures import Reason, failure_class, is_retried

PAGE = Path(__file__).parents[3] / "docs" / "failures.md"


@pytest.mark.parametrize("reason", Reason)
def test_the_page_on_failures_has_a_row_for_each_reason(reason: Reason) -> None:
    """What users read of a reason is what the controller says: its class, whether it is tried again, the next step."""
    again = "yes" if is_retried(reason) else "no"

    row = f"| `{reason}` | {failure_class(reason)} | {again} | {hint_for(reason)} |"

    assert row in PAGE.read_text().splitlines()
