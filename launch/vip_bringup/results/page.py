"""docs/results.md, made of the files of figures in docs/results.

    .venv/bin/python -m vip_bringup.results.page

Put what `vip bench --json`, `vip eval --json` or a benchmark wrote into docs/results, in the order in which
it should stand (the names are sorted), and run this; a test compares page and figures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from vip_bringup.results.reading import read_section
from vip_bringup.results.section import Cell, Section
from vip_ros.errors import UserError

FIGURES, PAGE, IMAGES = Path("docs/results"), Path("docs/results.md"), Path("docs/images")
_HEAD = """\
# Results

Every table and plot here is made of a file in `docs/results` by `python -m vip_bringup.results.page`; below
each stands the command that measures it anew. Figures depend on the machine and on what else it does: compare
ratios, not seconds.
"""


def sections(folder: Path) -> dict[str, Section]:
    """Return the sections by file stem, in order.

    Raises:
        UserError: the folder is empty, or a file cannot be understood.
    """
    files = sorted(folder.glob("[!.]*.json"))
    if not files:
        raise UserError(f"no figures in {folder}", "put some there, see docs/results.md")
    return {path.stem: read_section(path) for path in files}


def page(found: dict[str, Section]) -> str:
    """Return the page's text; plots are expected as images/results-STEM.png."""
    parts = [_HEAD, *(line for stem, section in found.items() for line in _section(stem, section))]
    return "\n".join(parts).rstrip() + "\n"


def image_name(stem: str) -> str:
    """Return the file name of a section's plot."""
    return f"results-{stem}.png"


def _section(stem: str, section: Section) -> Iterator[str]:
    yield f"## {section.title}\n"
    if section.about:
        yield f"{section.about}\n"
    if section.plot is not None:
        yield f"![{section.title}](images/{image_name(stem)})\n"
    yield f"| {' | '.join(section.columns)} |"
    yield "|" + "".join("---|" if _is_text(section, c) else "---:|" for c in section.columns)
    for row in section.rows:
        yield f"| {' | '.join(_shown(cell) for cell in row)} |"
    measured = ", ".join(part for part in (section.machine, section.load and f"load {section.load}") if part)
    yield f"\nMeasured on {measured}.\n" if measured else ""
    if section.command:
        yield f"Made by `{section.command}`.\n"


def _is_text(section: Section, column: str) -> bool:
    return any(isinstance(cell, (str, bool)) for cell in section.column(column))


def _shown(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.3g}" if abs(cell) < 1000 else f"{cell:.0f}"
    return str(cell).replace("|", "\\|")


def main(arguments: list[str] | None = None) -> int:
    """Write the page and its plots."""
    parser = argparse.ArgumentParser(prog="python -m vip_bringup.results.page", description=main.__doc__)
    parser.add_argument("--figures", type=Path, default=FIGURES, metavar="DIR", help=f"default: {FIGURES}")
    parser.add_argument("--out", type=Path, default=PAGE, metavar="FILE", help=f"default: {PAGE}")
    parser.add_argument("--images", type=Path, default=IMAGES, metavar="DIR", help=f"default: {IMAGES}")
    options = parser.parse_args(arguments)
    from vip_bringup.results.drawing import draw

    try:
        found = sections(options.figures)
        for stem, section in found.items():
            if section.plot is not None:
                draw(section, options.images / image_name(stem))
        options.out.write_text(page(found), encoding="utf-8")
    except UserError as error:
        print(f"vip: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
