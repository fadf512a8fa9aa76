"""Augmentation, crops, sampling and the batches made of them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from conftest import GRAY48, make_feed
from mien.covering import PART_BOXES
from mien.data.augment import REFRAME, AugmentSpec, augment, cover, keep_part, mask_part, reframe, warp
from mien.data.batches import evaluation_batches, mix
from mien.data.capture import add_noise, compress, darken
from mien.data.crops import CropSpec, center_crop, ten_crops
from mien.data.manifest import Manifest, Sample
from mien.data.sampling import SamplingSpec, epoch_length, epoch_order, group_indices
from mien.labels import FER7
from mien.preprocess import PreprocessSpec, equalize, normalize, prepare

FACE = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)

NOTHING = AugmentSpec(
    mirror_probability=0, rotate_deg=0, scale_range=(1, 1), shift=0, brightness=0, contrast=0,
    blur_probability=0, erase_probability=0, mask_part_probability=0,
)  # fmt: skip


def test_augmentation_of_zero_changes_nothing_and_a_mirror_mirrors() -> None:
    face = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    assert (augment(face, NOTHING, np.random.default_rng(0)) == face).all()
    assert (augment(face, replace(NOTHING, mirror_probability=1), np.random.default_rng(0)) == face[:, ::-1]).all()


@pytest.mark.parametrize("shape", [(48, 48), (64, 64, 3)])
def test_augmentation_keeps_shape_and_type_and_follows_its_seed(shape: tuple[int, ...]) -> None:
    face = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    changed = augment(face, AugmentSpec(), np.random.default_rng(5))
    assert changed.shape == shape
    assert changed.dtype == np.uint8
    assert (changed == augment(face, AugmentSpec(), np.random.default_rng(5))).all()
    assert (changed != augment(face, AugmentSpec(), np.random.default_rng(6))).any()


@pytest.mark.parametrize("shape", [(48, 48), (64, 64, 3)])
@pytest.mark.parametrize("harm", [add_noise, darken, compress])
def test_a_poor_camera_spoils_a_face_and_leaves_it_a_face(harm: Callable[..., np.ndarray], shape: tuple[int, ...]) -> None:
    rows = np.linspace(40, 220, shape[0]).astype(np.uint8)
    face = np.broadcast_to(rows.reshape(-1, *[1] * (len(shape) - 1)), shape).copy()
    spoilt = [harm(face, np.random.default_rng(seed)) for seed in range(20)]
    assert {one.shape for one in spoilt} == {shape}
    assert {one.dtype for one in spoilt} == {np.dtype(np.uint8)}
    assert all((one != face).any() for one in spoilt)
    likeness = [np.corrcoef(one.ravel(), face.ravel())[0, 1] for one in spoilt]
    assert min(likeness) > 0.6
    brightness = [one.mean() / face.mean() for one in spoilt]
    assert (min(brightness) < 0.5) == (harm is darken)


def test_capture_is_drawn_as_often_as_asked() -> None:
    rng = np.random.default_rng(0)
    spec = replace(NOTHING, capture_probability=0.3)
    share = np.mean([(augment(FACE, spec, rng) != FACE).any() for _ in range(500)])
    assert share == pytest.approx(0.3, abs=0.07)
    assert not spec.only_mirrors


@pytest.mark.parametrize("part", PART_BOXES)
def test_all_but_one_part_is_covered(part: str) -> None:
    face = np.random.default_rng(1).integers(0, 256, (48, 48), dtype=np.uint8)
    kept = keep_part(face, part, np.random.default_rng(0))
    is_kept = kept == face
    center_x, center_y, half_width, half_height = PART_BOXES[part]
    assert is_kept[round(center_y * 48), round(center_x * 48)]
    assert is_kept.mean() < 1.5 * (2 * half_width) * (2 * half_height) + 0.02  # grey meets the face by chance
    assert len(np.unique(kept[~is_kept])) == 1


@pytest.mark.parametrize("part", PART_BOXES)
def test_a_masked_part_is_one_grey_and_the_rest_is_kept(part: str) -> None:
    face = np.random.default_rng(0).integers(1, 255, (48, 48), np.uint8)
    masked = mask_part(face, part, np.random.default_rng(0))
    is_changed = masked != face
    assert 0.02 < is_changed.mean() < 0.3
    assert len(np.unique(masked[is_changed])) == 1
    center_x, center_y = PART_BOXES[part][:2]
    assert is_changed[round(center_y * 48), round(center_x * 48)]


@pytest.mark.parametrize(
    ("change", "picture"),
    [
        ({"flip_probability": 1.0}, FACE[::-1]),
        ({"rotate_deg": 90.0, "geometry_probability": 0.0}, FACE),
        ({"shift": 0.5, "geometry_probability": 0.0, "scale_range": (0.5, 0.5)}, FACE),
    ],
)
def test_changes_are_the_ones_asked_for(change: dict[str, object], picture: np.ndarray) -> None:
    assert (warp(FACE, replace(NOTHING, **change), np.random.default_rng(0)) == picture).all()


def test_faces_are_reframed_as_often_and_as_far_as_asked() -> None:
    spec = replace(NOTHING, reframe_probability=0.4)
    rng = np.random.default_rng(0)
    share = np.mean([(augment(FACE, spec, rng) != FACE).any() for _ in range(500)])
    assert share == pytest.approx(0.4, abs=0.07)
    assert not spec.only_mirrors
    draws = [reframe(48, rng) for _ in range(4000)]
    angles_deg, scales, shifts_px = (
        np.rad2deg([draw[0] for draw in draws]),
        [draw[1] for draw in draws],
        np.array([draw[2] for draw in draws]),
    )
    for values, deviation in ((angles_deg, REFRAME.turn_deg), (np.log(scales), REFRAME.log_scale), (shifts_px / 48, REFRAME.shift)):
        assert np.abs(values).mean() == pytest.approx(deviation, rel=0.1)
        assert 3 * deviation < np.abs(values).max() <= 4 * deviation + 1e-9


def test_shear_moves_rows_and_stretch_moves_edges() -> None:
    line = np.zeros((49, 49), np.uint8)
    line[:, 24] = 255
    sheared = warp(line, replace(NOTHING, shear_deg=20.0), np.random.default_rng(1))
    columns = sheared.argmax(axis=1)
    assert columns[24] == 24
    assert abs(columns[4] - 24) >= 2
    assert np.sign(columns[4] - 24) == -np.sign(columns[44] - 24)
    black = warp(np.full((48, 48), 200, np.uint8), replace(NOTHING, stretch=0.3, edges="black"), np.random.default_rng(3))
    assert black.min() == 0
    noisy = augment(np.full((48, 48), 128, np.uint8), replace(NOTHING, noise=0.1), np.random.default_rng(0))
    assert noisy.std() == pytest.approx(25.5, rel=0.1)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"flip_probability": 2.0}, "flip_probability"),
        ({"edges": "wrap"}, "edges must be"),
        ({"stretch": 1.0}, "stretch must lie"),
        ({"noise": -1.0}, "noise must be 0"),
        ({"scale_range": (1.1, 0.9)}, "ordered"),
        ({"scale_range": (1.0, float("inf"))}, "ordered"),
        ({"rotate_deg": -5.0}, "rotate_deg must be 0"),
        ({"shear_deg": float("nan")}, "shear_deg must lie"),
    ],
)
def test_wrong_magnitudes_are_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        AugmentSpec(**values)  # type: ignore[arg-type]


def test_ten_crops_are_corners_middle_and_their_mirrors() -> None:
    crops = ten_crops(FACE, 40)
    assert len(crops) == 10
    assert (crops[0] == FACE[:40, :40]).all()
    assert (crops[3] == FACE[8:, 8:]).all()
    assert (crops[4] == FACE[4:44, 4:44]).all()
    assert all((crops[index + 5] == crops[index][:, ::-1]).all() for index in range(5))


def test_a_center_share_cuts_what_a_center_crop_cuts() -> None:
    spec = PreprocessSpec("gray", (40, 40), mean=(0.0,), std=(1.0,), center_share=40 / 48)
    expected = normalize(center_crop(FACE, 40)[np.newaxis], spec)
    assert (prepare([FACE], spec) == expected).all()


def test_equalising_spreads_levels_and_follows_the_network() -> None:
    dull = (FACE // 8 + 100).astype(np.uint8)
    levels = np.unique(equalize(dull))
    assert (levels[0], levels[-1]) == (0, 255)
    assert (np.diff(np.argsort(equalize(dull), axis=None, kind="stable")) == np.diff(np.argsort(dull, axis=None, kind="stable"))).all()
    flat = np.full((4, 4), 9, np.uint8)
    assert (equalize(flat) == flat).all()
    spec = replace(GRAY48, histogram="equalize")
    assert (prepare([dull], spec) == normalize(equalize(dull)[np.newaxis], GRAY48)).all()
    with pytest.raises(ValueError, match="needs color = 'gray'"):
        PreprocessSpec("rgb", (48, 48), mean=(0.0,) * 3, std=(1.0,) * 3, histogram="equalize")


def test_batches_depend_on_seed_and_epoch_alone() -> None:
    feed = make_feed(num_faces=280, batch_size=32)
    first = [inputs for inputs, _ in feed.batches(0)]
    assert [batch.shape for batch in first] == [(32, 48, 48, 1)] * (280 // 32) == [(32, 48, 48, 1)] * feed.num_steps
    assert all((a == b).all() for (a, _), b in zip(feed.batches(0), first, strict=True))
    assert any((a != b).any() for (a, _), b in zip(feed.batches(1), first, strict=True))


def test_two_views_of_a_face_stand_together_and_differ() -> None:
    feed = replace(make_feed(num_faces=28, batch_size=8), views=2)
    batches = list(feed.batches(0))
    assert [inputs.shape for inputs, _ in batches] == [(8, 48, 48, 1)] * 7 == [(8, 48, 48, 1)] * feed.num_steps
    for inputs, targets in batches:
        assert (targets[::2] == targets[1::2]).all()
        assert (inputs[::2] != inputs[1::2]).any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize(("training", "inputs_per_face"), [("random", 1), ("ten", 10)])
def test_crops_have_the_size_of_the_network_and_repeat_the_target(training: str, inputs_per_face: int) -> None:
    spec = PreprocessSpec("gray", (40, 40), mean=(0.0,), std=(1.0,))
    feed = make_feed(14, 7, crops=CropSpec(48, training, "ten"), preprocess=spec)
    inputs, targets = next(iter(feed.batches(0)))
    assert inputs.shape == (7 * inputs_per_face, 40, 40, 1)
    assert targets.shape == (7 * inputs_per_face, 7)
    assert (targets[:inputs_per_face] == targets[0]).all()
    tested = np.concatenate(list(evaluation_batches(feed.faces, feed.crops)))
    assert tested.shape == (140, 40, 40, 1)
    assert (tested[:10] == normalize(np.stack(ten_crops(feed.faces[0], 40)), spec)).all()


def test_colour_networks_get_grey_three_times_in_their_own_size() -> None:
    spec = PreprocessSpec("rgb", (96, 96), mean=(0.5,) * 3, std=(0.5,) * 3)
    feed = make_feed(14, 7, preprocess=spec, augment=NOTHING)
    inputs, _ = next(iter(feed.batches(0)))
    assert inputs.shape == (7, 96, 96, 3)
    assert (inputs[..., 0] == inputs[..., 2]).all()
    pictures = [feed.faces[index] for index in range(14)]
    assert (np.concatenate(list(evaluation_batches(feed.faces, feed.crops))) == prepare(pictures, spec)).all()


def test_mixup_blends_inputs_and_targets_alike() -> None:
    inputs = np.arange(4, dtype=np.float32).reshape(4, 1, 1, 1)
    mixed, targets = mix(inputs, np.eye(4, dtype=np.float32), 1.0, np.random.default_rng(0))
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(mixed.ravel(), targets @ np.arange(4), atol=1e-5)


def test_sampling_evens_out_labels() -> None:
    groups = np.array([0] * 10 + [1] * 4 + [2] * 1)
    rng = np.random.default_rng(0)
    more, is_repeat = epoch_order(groups, SamplingSpec("oversample"), rng)
    assert np.bincount(groups[more]).tolist() == [10, 10, 10]
    assert len(more) == epoch_length(groups, SamplingSpec("oversample"))
    assert set(more) == set(range(15))
    assert is_repeat.sum() == 15
    fewer, _ = epoch_order(groups, SamplingSpec("undersample"), rng)
    assert np.bincount(groups[fewer]).tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="needs balance"):
        SamplingSpec(augment_only_repeats=True)


def test_sampling_evens_out_sources() -> None:
    samples = [Sample(FACE, "happy", "training", row, source="one" if row < 9 else "other") for row in range(12)]
    groups = group_indices(Manifest("one+other", FER7, tuple(samples)), SamplingSpec("oversample", by="source"))
    order, _ = epoch_order(groups, SamplingSpec("oversample", by="source"), np.random.default_rng(0))
    assert np.bincount(groups[order]).tolist() == [9, 9]


def test_oversampling_by_augmentation_leaves_first_showings_alone() -> None:
    changes = replace(NOTHING, flip_probability=1.0)
    feed = make_feed(8, 14, augment=changes, sampling=SamplingSpec("oversample", augment_only_repeats=True))
    (inputs, _) = next(iter(feed.batches(0)))
    originals = {feed.faces[index].tobytes() for index in range(8)}
    flipped = {np.ascontiguousarray(feed.faces[index][::-1]).tobytes() for index in range(8)}
    shown = [np.rint((picture[..., 0] * 0.255 + 0.507) * 255).astype(np.uint8).tobytes() for picture in inputs]
    assert sum(picture in originals for picture in shown) == 8
    assert sum(picture in flipped for picture in shown) == 6


def test_pictures_are_mixed_where_the_recipe_says() -> None:
    whole, mixed = (make_feed(14, 14, augment=replace(NOTHING, mixup_alpha=alpha)) for alpha in (0.0, 0.4))
    ((_, targets),) = whole.batches(0)
    assert (targets.max(axis=1) == 1).all()
    ((inputs, targets),) = mixed.batches(0)
    assert (targets.max(axis=1) < 1).any()
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    assert inputs.shape == (14, 48, 48, 1)


def test_an_error_in_the_batch_thread_reaches_the_caller() -> None:
    feed = replace(make_feed(64, 32), targets=np.zeros((3, 7), np.float32))
    with pytest.raises(IndexError):
        list(feed.batches(0))


def test_covering_comes_after_cropping() -> None:
    covered = cover(FACE, replace(NOTHING, erase_probability=1.0), np.random.default_rng(0))
    assert 0.01 < (covered != FACE).mean() < 0.3
