"""Small wrongs in the arithmetic of guard and reward, each of which some test must notice.

mutant_table.py has them; `benchmarks/mutants.py` tries them all, tests/unit/test_mutants.py a selection.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 600.0
# Puts the wrong package before the right one, which the environment itself puts before PYTHONPATH.
_PLUGIN = "mutant_path"


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One wrong.

    Attributes:
        what: it gets wrong, in words.
        path: file, relative to the root.
        right, wrong: the text that is there once, and what replaces it.
        tests: files under tests/unit that must notice.
        quick: whether it is part of every test run.
    """

    what: str
    path: str
    right: str
    wrong: str
    tests: tuple[str, ...]
    quick: bool = False

    def apply(self) -> str:
        """Return the whole text of the wrong module; raises AssertionError when the right text is gone."""
        text = (ROOT / self.path).read_text(encoding="utf-8")
        assert text.count(self.right) == 1, f"{self.path} holds '{self.right}' {text.count(self.right)} times"
        return text.replace(self.right, self.wrong)


def survivors(mutants: tuple[Mutant, ...], folder: Path) -> list[str]:
    """Return what of the mutants no test noticed, each tried in a process of its own."""
    return [mutant.what for mutant in mutants if _survives(mutant, folder)]


def _survives(mutant: Mutant, folder: Path) -> bool:
    package = Path(mutant.path).parent.name
    place = folder / package
    place.mkdir(parents=True, exist_ok=True)
    for file in (ROOT / mutant.path).parent.iterdir():
        if file.name == "__pycache__" or (place / file.name).is_symlink():
            continue
        (place / file.name).symlink_to(file)
    wrong = place / Path(mutant.path).name
    wrong.unlink()
    wrong.write_text(mutant.apply(), encoding="utf-8")
    try:
        tests = [str(ROOT / "tests" / "unit" / name) for name in mutant.tests]
        command = [
            sys.executable,
            *("-m", "pytest", "-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", "-p", _PLUGIN),
            *tests,
        ]
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "VIP_MUTANTS": str(folder)}
        (folder / f"{_PLUGIN}.py").write_text(
            "import os, sys\nsys.path.insert(0, os.environ['VIP_MUTANTS'])\n"
        )
        env["PYTHONPATH"] = str(folder)
        ended = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=LIMIT, check=False
        )
    finally:
        wrong.unlink()
        wrong.symlink_to(ROOT / mutant.path)
    # 1: a test failed. Anything else but 0 is no verdict: nothing was collected, or pytest itself broke.
    assert ended.returncode in (0, 1), ended.stdout[-2000:] + ended.stderr[-2000:]
    return ended.returncode == 0
