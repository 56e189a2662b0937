"""The files that pip is about to install, against the recorded hashes of hashes.txt.

    python -I -S requirements/hashes.py REPORT               prints them with hashes, for pip --require-hashes
    python -I -S requirements/hashes.py --record REPORT...   adds what the reports hold to hashes.txt

A REPORT is what `pip install --dry-run --report REPORT` writes. Nothing but the standard library is used:
this runs before anything is installed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

RECORD = Path(__file__).with_name("hashes.txt")
HEAD = """\
# The sha256 of the files of lock.txt on the public index, for Python 3.11 on Linux x86_64, all extras.
# Written by requirements/hashes.py, which says how they are used.
"""
# Builds for one kind of processor come from an index that the person names. Their versions have a local
# label, such as 2.13.0+cpu, which the public index accepts from nobody.
OWN_BUILDS = ("torch", "torchvision")

Files = dict[str, set[str]]
"""By NAME==VERSION: the sha256 of each known file."""


def installed(report: Path) -> list[tuple[str, str, str, str]]:
    """Return name, version, sha256 ("" where pip knows none) and file of all that a report installs."""
    found = []
    for item in json.loads(report.read_text(encoding="utf-8"))["install"]:
        name = re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()
        source = item["download_info"]
        digest = source.get("archive_info", {}).get("hashes", {}).get("sha256", "")
        found.append((name, item["metadata"]["version"], digest, source["url"].rpartition("/")[2]))
    return found


def read(path: Path) -> Files:
    """Return the recorded files."""
    files: Files = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pin, *hashes = line.split()
            files[pin] = {word.removeprefix("--hash=sha256:") for word in hashes}
    return files


def requirements(report: Path, recorded: Files) -> tuple[list[str], list[str], list[str]]:
    """Return lines for pip --require-hashes, builds of the person's own index, and unknown files."""
    lines, own, unknown = [], [], []
    for name, version, digest, file in installed(report):
        pin = f"{name}=={version}"
        if digest and "+" in version and name in OWN_BUILDS:
            own.append(pin)
        elif not digest or digest not in recorded.get(pin, set()):
            unknown.append(f"{pin} ({file})")
            continue
        lines.append(_line(pin, [digest]))
    return lines, own, unknown


def record(reports: Iterable[Path], files: Files) -> Files:
    """Return the files with those of reports added; builds of an index of one's own are nobody else's."""
    for report in reports:
        for name, version, digest, _ in installed(report):
            if digest and "+" not in version:
                files.setdefault(f"{name}=={version}", set()).add(digest)
    return files


def _line(pin: str, hashes: Iterable[str]) -> str:
    return " ".join([pin, *(f"--hash=sha256:{digest}" for digest in sorted(hashes))])


def main(arguments: Sequence[str]) -> int:
    """Check a report, or record some; 1 where a file is not known."""
    if arguments[:1] == ["--record"]:
        known = read(RECORD) if RECORD.exists() else {}
        files = record(map(Path, arguments[1:]), known)
        text = "".join(f"{_line(pin, files[pin])}\n" for pin in sorted(files))
        RECORD.write_text(HEAD + text, encoding="utf-8")
        return 0
    lines, own, unknown = requirements(Path(arguments[0]), read(RECORD))
    print(*lines, sep="\n")
    if own:
        print(f"    from an index of your own, taken as they are: {', '.join(own)}", file=sys.stderr)
    if unknown:
        print(f"vip: not the files that are recorded in {RECORD.name}: {', '.join(unknown)}", file=sys.stderr)
    return int(bool(unknown))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
