"""Videos of every kind are found, decoded once, drawn alike by any process, and named when unfit."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from vip_ros.errors import UserError

torch = pytest.importorskip("torch")

from pretraining_rig import CARD, CONFIG, moving_square  # noqa: E402

from vip_models.pretraining.augmentation import (  # noqa: E402
    CROP_UNIFORMS,
    central_part,
    random_box,
    resample,
)
from vip_models.pretraining.cache import FrameCache, read_shape  # noqa: E402
from vip_models.pretraining.dataset import CachedClips, Dataset, arrays, prepare  # noqa: E402
from vip_models.pretraining.loader import Loader  # noqa: E402
from vip_models.pretraining.objectives import OBJECTIVES  # noqa: E402
from vip_models.pretraining.sampling import draw_step  # noqa: E402
from vip_models.pretraining.sources import SOURCES, discover  # noqa: E402

VIP = OBJECTIVES.get("vip")


def _film(path, frames=9, codec="mpeg4"):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        for index in range(frames):
            picture = np.full((32, 48, 3), min(20 * index, 255), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def _stills(folder, frames=5, first=0):
    folder.mkdir(parents=True)
    for index in range(frames):
        cv2.imwrite(str(folder / f"{first + index}.jpg"), np.full((32, 40, 3), 20 * index, np.uint8))


def _prepared(root, tmp_path, everything=True, side=24):
    return prepare(discover(root), FrameCache(tmp_path / "cache", side), everything, 2)


@pytest.fixture
def library(tmp_path):
    """Return a folder with a video of every kind."""
    root = tmp_path / "library"
    _stills(root / "folders" / "2", 4)
    _stills(root / "folders" / "10", 5)
    _film(root / "film.mp4", 9)
    _film(root / "film.mkv", 8)
    np.save(root / "rendered.npy", moving_square(1)[0])
    return root


def test_folders_files_and_arrays_are_found_in_the_order_of_their_names(library):
    names = [video.name.removeprefix(f"{library}/") for video in discover(library)]
    assert names == ["film.mkv", "film.mp4", "folders/2", "folders/10", "rendered.npy"]


def test_every_kind_is_decoded_with_all_its_frames(library, tmp_path):
    dataset = _prepared(library, tmp_path)
    assert dataset.lengths.tolist() == [8, 9, 4, 5, 9]
    assert not dataset.rejected and not dataset.damaged


def test_a_film_decodes_to_its_pictures(library, tmp_path):
    film = _prepared(library / "film.mp4", tmp_path, side=32).clips[0]
    frames = film.read(list(range(9)), lambda height, width: (0, 0, height, width))
    assert frames.shape == (9, 32, 48, 3)
    assert np.abs(frames.mean(axis=(1, 2, 3)) - 20 * np.arange(9)).max() < 4


def test_the_processed_form_of_ego4d_is_read_by_its_manifest(tmp_path):
    for clip, count in (("a", 6), ("b", 12)):
        (tmp_path / clip).mkdir()
        for index in range(count):
            cv2.imwrite(str(tmp_path / clip / f"{index:06d}.jpg"), np.full((8, 8, 3), 9 * index, np.uint8))
    (tmp_path / "manifest.csv").write_text(f"path,len,txt\n{tmp_path}/a/,6,C cuts\nb/,12,C cooks\n")
    videos = discover(tmp_path)
    assert [len(video) for video in videos] == [6, 12]
    assert [int(np.median(frame)) for frame in videos[1].frames()] == pytest.approx(range(0, 108, 9), abs=2)


def test_a_manifest_without_its_columns_is_named(tmp_path):
    (tmp_path / "manifest.csv").write_text("file,frames\na,6\n")
    with pytest.raises(UserError, match="no columns path and len"):
        discover(tmp_path)
    (tmp_path / "manifest.csv").write_text("path,len\na/,many\n")
    with pytest.raises(UserError, match="line 2: the length is 'many'"):
        discover(tmp_path)


def test_recorded_episodes_are_videos_too(tmp_path, monkeypatch):
    import vip_bringup.episode_videos as episodes

    folder = tmp_path / "close_drawer_0000"
    folder.mkdir()
    for name in ("episode.yaml", "metadata.yaml", "episode.mcap"):
        (folder / name).write_text("task: close_drawer\n")

    class Reader:
        def __init__(self, path):
            assert path == folder

        def images(self):
            return ((stamp, frame) for stamp, frame in enumerate(moving_square(1)[0]))

    monkeypatch.setattr(episodes, "EpisodeReader", Reader)
    assert "episodes" in SOURCES.names()
    assert _prepared(tmp_path, tmp_path).lengths.tolist() == [9]


def test_frames_are_reduced_and_never_enlarged(library, tmp_path):
    def shapes(side):
        return {clips._shape[1:] for clips in _prepared(library, tmp_path, side=side).clips}

    assert shapes(24) == {(24, 36), (24, 30), (24, 24)}
    assert shapes(500) == {(32, 48), (32, 40), (24, 24)}


def test_what_was_decoded_is_not_decoded_again_until_the_file_changes(library, tmp_path, monkeypatch):
    first = _prepared(library, tmp_path)
    decoded = []
    decode = FrameCache._decode
    monkeypatch.setattr(FrameCache, "_decode", lambda cache, v: decoded.append(v.name) or decode(cache, v))
    assert _prepared(library, tmp_path).lengths.tolist() == first.lengths.tolist()
    assert decoded == []
    _film(library / "film.mp4", 6)
    assert _prepared(library, tmp_path).lengths.tolist() == [8, 6, 4, 5, 9]
    assert decoded == [str(library / "film.mp4")]


def test_copies_of_a_video_share_one_file(library, tmp_path):
    (library / "copy.mp4").write_bytes((library / "film.mp4").read_bytes())
    assert len(_prepared(library, tmp_path).clips) == 6
    assert len(list((tmp_path / "cache").glob("*.npy"))) == 5


def test_a_cached_file_that_was_cut_short_is_made_again(library, tmp_path):
    _prepared(library / "film.mp4", tmp_path)
    (path,) = (tmp_path / "cache").glob("*.npy")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="cut short"):
        read_shape(path)
    assert _prepared(library / "film.mp4", tmp_path).lengths.tolist() == [9]


def test_damaged_images_and_videos_are_skipped_and_counted(library, tmp_path):
    (library / "folders" / "10" / "2.jpg").write_bytes(b"\xff\xd8 not an image")
    (library / "film.mkv").write_bytes(b"not a film")
    np.save(library / "floats.npy", np.zeros((4, 8, 8, 3), np.float32))
    dataset = _prepared(library, tmp_path)
    assert dataset.lengths.tolist() == [9, 4, 4, 9]
    assert dataset.damaged == 1
    assert "film.mkv cannot be decoded" in dataset.rejected[str(library / "film.mkv")]
    assert "float32" in dataset.rejected[str(library / "floats.npy")]


def test_a_film_that_ends_in_the_middle_gives_the_frames_before(tmp_path):
    _film(tmp_path / "film.mkv", 60)
    content = (tmp_path / "film.mkv").read_bytes()
    (tmp_path / "film.mkv").write_bytes(content[: len(content) // 2])
    (length,) = _prepared(tmp_path / "film.mkv", tmp_path).lengths
    assert 3 <= length < 60


@pytest.mark.parametrize("everything", [True, False])
def test_empty_and_too_short_videos_are_named(library, tmp_path, everything):
    (library / "nothing").mkdir()
    _stills(library / "short", 2)
    dataset = _prepared(library, tmp_path, everything)
    assert len(dataset.clips) == 5
    assert "is empty" in dataset.rejected[str(library / "nothing")]
    assert "has 2 frame(s)" in dataset.rejected[str(library / "short")]


def test_nothing_usable_is_one_line_with_the_reasons(tmp_path):
    _stills(tmp_path / "videos" / "short", 2)
    with pytest.raises(UserError, match=r"no videos to train on.*short has 2 frame"):
        _prepared(tmp_path / "videos", tmp_path).check()
    with pytest.raises(UserError, match="no such file or folder"):
        discover(tmp_path / "missing")


def test_a_damaged_image_met_in_training_is_replaced_by_the_same_clip_every_time(tmp_path):
    _stills(tmp_path / "0", 12)
    _stills(tmp_path / "1", 12)
    (tmp_path / "0" / "5.jpg").write_bytes(b"")
    loaders = [Loader(_prepared(tmp_path, tmp_path, False), VIP, CARD, CONFIG) for _ in range(2)]
    for step in range(8):
        np.testing.assert_array_equal(*(loader.batch(step).frames for loader in loaders))
    assert sum(loaders[0].skipped.values()) > 0
    assert all("5.jpg" in reason for reason in loaders[0].skipped)


def test_a_cached_frame_equals_the_decoded_one(library, tmp_path):
    cached = _prepared(library / "folders", tmp_path, True, side=500).clips[1]
    still = _prepared(library / "folders", tmp_path, False).clips[1]
    for choose in (lambda h, w: (0, 0, h, w), lambda h, w: (3, 5, 11, 17)):
        np.testing.assert_array_equal(cached.read([0, 4, 2, 3], choose), still.read([0, 4, 2, 3], choose))


def test_a_step_is_the_same_whoever_draws_it_and_another_step_is_not():
    draws = [draw_step(VIP, np.array([9, 12, 3]), 64, 3, (1,), step) for step in (5, 5, 6)]
    for name in ("videos", "frames", "crops", "permutations"):
        np.testing.assert_array_equal(getattr(draws[0], name), getattr(draws[1], name))
    assert not np.array_equal(draws[0].frames, draws[2].frames)
    assert set(draws[0].videos) == {0, 1, 2}
    assert (np.sort(draws[0].permutations, axis=1) == np.arange(64)).all()


def test_processes_read_together_what_one_reads_alone():
    dataset = arrays(moving_square())
    alone = Loader(dataset, VIP, CARD, CONFIG).batch(3)
    shares = [Loader(dataset, VIP, CARD, CONFIG, rank, 2).batch(3) for rank in range(2)]
    np.testing.assert_array_equal(np.concatenate([s.frames for s in shares], axis=1), alone.frames)
    np.testing.assert_array_equal(shares[1].permutations, alone.permutations)


def test_batches_come_in_order_whatever_the_number_of_workers():
    dataset = arrays(moving_square())
    one, three = (
        list(Loader(dataset, VIP, CARD, dataclasses.replace(CONFIG, workers=workers)).batches(2, 9))
        for workers in (1, 3)
    )
    assert len(one) == 7
    for a, b in zip(one, three, strict=True):
        np.testing.assert_array_equal(a.frames, b.frames)


def test_a_random_crop_stays_inside_and_keeps_its_share():
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(500):
        top, left, height, width = random_box(60, 80, 0.4, rng.random(CROP_UNIFORMS))
        assert 0 <= top <= 60 - height and 0 <= left <= 80 - width
        assert 0.7 < width / height < 1.4
        shares.append(height * width / 4800)
    assert min(shares) > 0.38 and max(shares) > 0.9


def test_where_no_crop_fits_the_largest_central_one_is_taken():
    assert random_box(10, 1000, 1.0, np.full(CROP_UNIFORMS, 0.5)) == (0, 493, 10, 13)


def test_the_published_second_crop_is_the_middle_of_the_first():
    assert central_part((10, 20, 64, 32), 224 / 256) == (14, 22, 56, 28)


def test_all_frames_of_a_clip_get_the_same_crop():
    noise = np.random.default_rng(0).integers(0, 255, (1, 40, 40, 3), dtype=np.uint8)
    frames = Loader(arrays([np.repeat(noise, 5, axis=0)]), VIP, CARD, CONFIG).batch(0).frames
    for frame in frames[1:]:
        np.testing.assert_array_equal(frame, frames[0])
    assert not np.array_equal(frames[0, 0], frames[0, 1])


def test_resampling_is_that_of_the_encoders():
    from PIL import Image

    frames = np.random.default_rng(0).integers(0, 255, (3, 37, 51, 3), dtype=np.uint8)
    ours = resample(frames[:, 3:30, 5:40], 24).astype(int)
    for frame, mine in zip(frames, ours, strict=True):
        pil = Image.fromarray(frame[3:30, 5:40]).resize((24, 24), Image.Resampling.BILINEAR)
        assert np.abs(mine - np.asarray(pil, int)).max() <= 1


def test_every_twentieth_video_is_held_out_and_a_single_one_is_not():
    clips = arrays(moving_square(40)).clips
    training, held_out = Dataset(clips).split(0.05)
    assert (len(training.clips), len(held_out.clips)) == (38, 2)
    assert not set(map(id, training.clips)) & set(map(id, held_out.clips))
    alone, nothing = Dataset(clips[:1]).split(0.05)
    assert len(alone.clips) == 1 and not nothing.clips
    training, held_out = Dataset(clips[:3]).split(0.05)
    assert (len(training.clips), len(held_out.clips)) == (2, 1)


def test_a_rendered_file_is_read_in_place(tmp_path):
    np.save(tmp_path / "video.npy", moving_square(1)[0])
    clips = CachedClips("video", tmp_path / "video.npy")
    np.testing.assert_array_equal(
        clips.read([2, 0], lambda h, w: (1, 2, 8, 9)), moving_square(1)[0][[2, 0], 1:9, 2:11]
    )


@pytest.mark.parametrize("video", [np.zeros((2, 8, 8, 3), np.uint8), np.zeros((5, 8, 8, 3), np.float32)])
def test_unusable_arrays_are_refused(video):
    with pytest.raises(UserError, match="video 0"):
        arrays([video])
