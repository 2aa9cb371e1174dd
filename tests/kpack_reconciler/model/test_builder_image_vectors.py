"""A builder image's environment; the numbers are those of `docs/parity.md`."""

import json

import pytest

from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.builder_image import GROUP_VARIABLE, METADATA_LABEL, STACK_LABEL, read_builder_labels

LABELS = {
    STACK_LABEL: "stack.test",
    METADATA_LABEL: json.dumps({"stack": {"runImage": {"image": "registry.example/run"}}}),
}
GROUP = f"{GROUP_VARIABLE}=1001"


def test_an_entry_is_cut_at_its_first_equals_sign() -> None:
    """V70: other variables may hold more of them (kpack: cut at each)."""
    read = read_builder_labels(LABELS, ("PATH=/a=b", "CNB_USER_ID=1000", GROUP))

    assert (read.user_id, read.group_id) == (1000, 1001)


def test_a_number_with_an_equals_sign_is_none() -> None:
    """V70: what follows the first one belongs to the value."""
    with pytest.raises(PermanentError, match="CNB_USER_ID is '1000=1', not a number"):
        read_builder_labels(LABELS, ("CNB_USER_ID=1000=1", GROUP))
