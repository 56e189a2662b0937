"""Commands in README and docs exist and parse, and links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from vip_bringup.cli import _parser
from vip_bringup.commands import load_command

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _commands(page: Path) -> list[str]:
    """Return the lines of a page's bash blocks that call vip, joined where they go on."""
    blocks = re.findall(r"^ *```bash\n(.*?)```", _text(page), re.S | re.M)
    lines = (line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines())
    return [line for line in lines if re.match(r"(\./|\.venv/bin/)?vip ", line)]


def _links(page: Path) -> list[str]:
    without_code = re.sub(r"```.*?```|`[^`]*`", "", _text(page), flags=re.S)
    return sorted({link for link in re.findall(r"\]\(([^)\s]+)\)", without_code) if "://" not in link})


@pytest.mark.parametrize(
    ("page", "line"),
    [pytest.param(page, line, id=f"{page.name}: {line}") for page in PAGES for line in _commands(page)],
)
def test_command_parses(page: Path, line: str) -> None:
    words = shlex.split(line, comments=True)
    command = load_command(words[1])
    parser = _parser(command)
    if getattr(command, "TAKES_REST", False):
        parser.parse_known_args(words[2:])
    else:
        parser.parse_args(words[2:])


@pytest.mark.parametrize(
    ("page", "link"),
    [pytest.param(page, link, id=f"{page.name}: {link}") for page in PAGES for link in _links(page)],
)
def test_link_leads_somewhere(page: Path, link: str) -> None:
    target, _, anchor = link.partition("#")
    path = (page.parent / target).resolve() if target else page
    assert path.exists()
    assert not anchor or anchor in _anchors(path)


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _text(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_found_from_the_readme() -> None:
    found, news = set[Path](), {ROOT / "README.md"}
    while news:
        found |= news
        linked = {(page.parent / link.partition("#")[0]).resolve() for page in news for link in _links(page)}
        news = (linked & set(PAGES)) - found
    assert set(PAGES) <= found
