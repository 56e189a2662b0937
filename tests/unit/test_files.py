"""Files that are replaced whole or not at all."""

import os
import subprocess
import sys
import threading

import pytest

from vip_ros.files import replacing


def _names(folder):
    return [entry.name for entry in folder.iterdir()]


def test_a_draft_takes_the_place_of_the_file_when_the_block_ends(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with replacing(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
        assert draft.suffix == ".csv"
        assert draft.name.startswith(".")
    assert path.read_text() == "new"
    assert _names(tmp_path) == ["table.csv"]


def test_a_block_that_raises_leaves_the_file_as_it_was_and_no_draft(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(ValueError, match="half way"), replacing(path) as draft:
        draft.write_text("new")
        raise ValueError("half way")
    assert path.read_text() == "old"
    assert _names(tmp_path) == ["table.csv"]


def test_a_draft_that_cannot_be_brought_to_the_disk_replaces_nothing(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    path.write_text("old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"), replacing(path) as draft:
        draft.write_text("new")
    assert path.read_text() == "old"
    assert _names(tmp_path) == ["table.csv"]


def test_writers_at_the_same_time_do_not_meet(tmp_path):
    path, together, failed = tmp_path / "table.csv", threading.Barrier(2), []

    def write(letter):
        try:
            with replacing(path) as draft:
                draft.write_text(letter * 1000)
                together.wait(10)
        except (OSError, threading.BrokenBarrierError) as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(letter,)) for letter in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not failed
    assert path.read_text() in ("a" * 1000, "b" * 1000)
    assert _names(tmp_path) == ["table.csv"]


def test_a_writer_that_is_killed_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    code = (
        "import os, signal, sys; from pathlib import Path; from vip_ros.files import replacing\n"
        "with replacing(Path(sys.argv[1])) as draft:\n"
        "    draft.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path)], timeout=60)
    assert killed.returncode == -9
    assert path.read_text() == "old"
    with replacing(path) as draft:
        draft.write_text("new")
    assert path.read_text() == "new"
