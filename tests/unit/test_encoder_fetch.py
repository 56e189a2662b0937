"""Published weights are fetched whole or not at all, go on where they stopped, and stay the same."""

from __future__ import annotations

import fcntl
import hashlib

import numpy as np
import pytest
from support.weights_server import Site, serve

from vip_models import download as download_module
from vip_models.card import EncoderCard
from vip_models.download import download
from vip_models.fetch import fetch_weights
from vip_models.weights import file_sha256, locate_weights, record_file
from vip_ros.errors import UserError

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def site():
    with serve(Site({"/good": CONTENT})) as site:
        yield site


@pytest.fixture
def naps():
    return []


def _card(*urls, sha256=""):
    return EncoderCard(name="mine", urls=urls, sha256=sha256)


def _leftovers(folder):
    return sorted(path.name for path in folder.iterdir())


def test_weights_are_fetched_from_the_first_address_that_answers(site, vip_cache, naps):
    seen = []
    card = _card(f"{site.address}/missing", f"{site.address}/good", sha256=SHA256)
    path = fetch_weights(card, lambda done, total: seen.append((done, total)), naps.append)
    assert path == vip_cache / "weights" / "mine.pt"
    assert path.read_bytes() == CONTENT
    assert seen == sorted(seen) and seen[-1] == (len(CONTENT), len(CONTENT))
    assert not naps
    assert _leftovers(path.parent) == ["mine.pt", "mine.pt.sha256"]


def test_a_dropped_connection_is_taken_up_where_it_broke(site, vip_cache, naps):
    site.cuts = [1_000_000, 500_000]
    seen = []
    path = fetch_weights(_card(f"{site.address}/good"), lambda done, _: seen.append(done), naps.append)
    assert path.read_bytes() == CONTENT
    assert [wanted for _, wanted in site.asked] == ["", "bytes=1000000-", "bytes=1500000-"]
    assert seen == sorted(seen)
    assert len(naps) == 2


def test_a_later_call_goes_on_where_the_last_one_gave_up(site, vip_cache, naps):
    site.cuts = [2_000_000, *[0] * 6]
    card = _card(f"{site.address}/good")
    with pytest.raises(UserError, match=r"run the same command again, which goes on.*cut off after 2000000"):
        fetch_weights(card, sleep=naps.append)
    assert not (vip_cache / "weights" / "mine.pt").exists()
    site.asked.clear()
    site.cuts = []
    assert fetch_weights(card).read_bytes() == CONTENT
    assert site.asked == [("/good", "bytes=2000000-")]


def test_a_server_without_ranges_is_asked_for_everything_again(site, vip_cache, naps):
    site.cuts, site.ranges = [2_000_000], False
    assert fetch_weights(_card(f"{site.address}/good"), sleep=naps.append).read_bytes() == CONTENT
    assert [wanted for _, wanted in site.asked] == ["", "bytes=2000000-"]


@pytest.mark.parametrize("etag", ['"2"', 'W/"2"', ""])
@pytest.mark.parametrize("before", ['"1"', 'W/"1"'])
def test_a_file_that_changed_meanwhile_is_begun_anew(site, vip_cache, naps, etag, before):
    site.etag, site.cuts = before, [2_000_000, *[0] * 6]
    card = _card(f"{site.address}/good")
    with pytest.raises(UserError):
        fetch_weights(card, sleep=naps.append)
    newer = bytes(reversed(CONTENT))
    site.files["/good"], site.etag, site.cuts = newer, etag, []
    assert fetch_weights(card, sleep=naps.append).read_bytes() == newer


def test_without_a_mark_of_its_version_a_file_of_the_same_size_goes_on(site, vip_cache, naps):
    site.etag, site.cuts = "", [2_000_000]
    assert fetch_weights(_card(f"{site.address}/good"), sleep=naps.append).read_bytes() == CONTENT
    assert site.asked[-1] == ("/good", "bytes=2000000-")


def test_a_file_of_unknown_size_is_fetched(site, vip_cache):
    site.sized = False
    assert fetch_weights(_card(f"{site.address}/good")).read_bytes() == CONTENT


def test_a_part_that_was_complete_already_is_not_fetched_again(site, tmp_path, naps):
    site.cuts = [2_999_999, *[0] * 6]
    with pytest.raises(OSError, match="cut off"):
        download(f"{site.address}/good", tmp_path / "file", sleep=naps.append)
    with (tmp_path / ".file.part").open("ab") as part:
        part.write(CONTENT[-1:])
    download(f"{site.address}/good", tmp_path / "file", sleep=naps.append)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert _leftovers(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("path", "sha256", "message"),
    [
        ("missing", "", "no address of the weights answers"),
        ("good", "0" * 64, f"not the published ones .sha256 {SHA256[:12]}…, 000000000000… in the card"),
    ],
)
def test_a_failure_that_trying_again_cannot_mend_leaves_nothing(site, vip_cache, path, sha256, message):
    with pytest.raises(UserError, match=message):
        fetch_weights(_card(f"{site.address}/{path}", sha256=sha256))
    assert _leftovers(vip_cache / "weights") == []


def test_a_web_page_in_place_of_the_file_is_refused(site, vip_cache, naps):
    site.kind = "text/html; charset=utf-8"
    with pytest.raises(UserError, match="a web page, not with a file"):
        fetch_weights(_card(f"{site.address}/good"), sleep=naps.append)
    assert _leftovers(vip_cache / "weights") == []


def test_an_address_where_nobody_answers_is_given_up_soon(vip_cache, naps):
    with pytest.raises(UserError, match="no address of the weights answers"):
        fetch_weights(_card("http://127.0.0.1:9/weights"), sleep=naps.append)
    assert len(naps) == 1


def test_the_hash_of_the_first_download_is_recorded_and_holds_from_then_on(site, vip_cache):
    card = _card(f"{site.address}/good")
    path = fetch_weights(card)
    assert record_file(path).read_text() == f"{SHA256}  mine.pt\n"
    assert locate_weights(card) == path and file_sha256(path) == SHA256
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(UserError, match="damaged or not the published ones"):
        locate_weights(card)
    path.unlink()
    site.files["/good"] = CONTENT[::-1]
    with pytest.raises(
        UserError, match=r"not the published ones.*by an earlier download in .*mine.pt.sha256"
    ):
        fetch_weights(card)


def test_a_tensorflow_checkpoint_comes_with_its_values(site, vip_cache, naps):
    site.files |= {"/m/model.ckpt-1.index": b"index", "/m/model.ckpt-1.data-00000-of-00001": CONTENT}
    site.cuts = [None, 1_000_000]
    card = _card(f"{site.address}/m/model.ckpt-1.index")
    path = fetch_weights(card, sleep=naps.append)
    assert path.name == "mine.index"
    assert path.with_name("mine.data-00000-of-00001").read_bytes() == CONTENT
    assert file_sha256(path) == hashlib.sha256(b"index" + CONTENT).hexdigest()
    assert locate_weights(card) == path


def test_weights_that_are_there_are_not_fetched(site, vip_cache):
    card = _card(f"{site.address}/good")
    fetch_weights(card)
    site.asked.clear()
    fetch_weights(card)
    assert not site.asked


def test_two_processes_do_not_fetch_the_same_file(site, tmp_path):
    with (tmp_path / ".file.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another process is fetching"):
            download(f"{site.address}/good", tmp_path / "file")


def test_a_file_larger_than_the_disk_is_refused_before_it_is_fetched(site, vip_cache, monkeypatch):
    monkeypatch.setattr(download_module, "_free_bytes", lambda folder: 1000)
    with pytest.raises(UserError, match="0.0 GB to fetch, 0.0 GB free.*VIP_CACHE"):
        fetch_weights(_card(f"{site.address}/good"))
    assert _leftovers(vip_cache / "weights") == []


def test_only_web_addresses_are_followed(vip_cache):
    with pytest.raises(UserError, match="not a web address"):
        fetch_weights(_card("file:///etc/passwd"))


def test_an_encoder_without_published_weights_says_so(vip_cache):
    with pytest.raises(UserError, match="--weights FILE"):
        fetch_weights(_card())
