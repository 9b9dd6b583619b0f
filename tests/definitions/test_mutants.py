"""The list of deliberate faults fits the code; `make mutants` shows that each is found."""

from pathlib import Path

import pytest

from tests.mutants.__main__ import CHECKOUT
from tests.mutants.faults import FAULTS, Fault


def test_there_are_ten_deliberate_faults_at_least() -> None:
    assert len({fault.sentence for fault in FAULTS}) == len(FAULTS) >= 10


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.sentence)
def test_a_deliberate_fault_can_be_put_in(fault: Fault) -> None:
    assert Path(CHECKOUT, fault.file).read_text(encoding="utf-8").count(fault.old) == 1
    assert fault.old != fault.new
    assert Path(CHECKOUT, fault.test).is_file()
