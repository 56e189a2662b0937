"""The tests of guard and reward notice a changed sign, limit or stamp: a selection of the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.mutant_table import MUTANTS
from unit.mutants import Mutant, survivors


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_every_wrong_still_fits_the_code(mutant: Mutant) -> None:
    assert mutant.apply()


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "mutant",
    [pytest.param(m, id=m.what, marks=() if m.quick else pytest.mark.slow) for m in MUTANTS],
)
def test_a_wrong_is_noticed(mutant: Mutant, tmp_path: Path) -> None:
    assert survivors((mutant,), tmp_path) == []
