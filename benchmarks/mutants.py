"""Small wrongs in the arithmetic of guard and reward, and which of them no test notices.

    .venv/bin/python benchmarks/mutants.py

The wrongs themselves are in tests/unit/mutant_table.py; some minutes on two cores.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from unit.mutant_table import MUTANTS  # noqa: E402
from unit.mutants import survivors  # noqa: E402


def main() -> int:
    alive = []
    with tempfile.TemporaryDirectory(prefix="vip-mutants-") as folder:
        for mutant in MUTANTS:
            lived = survivors((mutant,), Path(folder))
            alive += lived
            print(f"{'NOT NOTICED' if lived else 'noticed':12} {mutant.what}", flush=True)
    print(f"{len(MUTANTS) - len(alive)} of {len(MUTANTS)} noticed")
    return int(bool(alive))


if __name__ == "__main__":
    sys.exit(main())
