"""The recogniser with fakes, and with the shipped bundle."""

import copy
import json
import pickle
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mien
from mien.alignment import AlignmentSpec
from mien.pipeline import Pipeline
from mien.preprocess import PreprocessSpec
from mien.serialize import column_names
from mien.types import Face, Float, UInt8

LABELS = ("happy", "sad")
LANDMARKS = np.array([[40.0, 40.0], [60.0, 40.0], [50.0, 52.0], [50.0, 62.0]])


def make_pipeline(faces: list[Face], scores: list[list[float]], threshold: float = 0.0) -> tuple[Pipeline, list[UInt8]]:
    seen: list[UInt8] = []

    def classify(crops: Sequence[UInt8]) -> Float:
        seen.extend(crops)
        return np.array(scores[: len(crops)]).reshape(-1, 2)

    spec = PreprocessSpec("gray", (48, 48), mean=(0.5,), std=(0.25,))
    return Pipeline(lambda image: faces, classify, LABELS, AlignmentSpec(), spec, threshold), seen


def test_every_face_gets_its_own_scores() -> None:
    faces = [Face(np.array([0.0, 0, 100, 100]), LANDMARKS + shift, 0.9 - shift / 100) for shift in (0, 10)]
    pipeline, crops = make_pipeline(faces, [[0.7, 0.3], [0.45, 0.55]], threshold=0.6)
    first, second = pipeline(np.zeros((120, 120, 3), np.uint8))
    assert [crop.shape for crop in crops] == [(48, 48), (48, 48)]
    assert (first.expression, first.probability, first.uncertain, first.track_id) == ("happy", 0.7, False, -1)
    assert (second.expression, second.probability, second.uncertain) == ("sad", 0.55, True)
    assert second.landmarks_xy.tolist() == (LANDMARKS + 10).tolist()


def test_no_face_is_an_empty_list() -> None:
    pipeline, _ = make_pipeline([], [])
    assert pipeline(np.zeros((120, 120, 3), np.uint8)) == []


@pytest.fixture(scope="module")
def recognizer() -> mien.Recognizer:
    return mien.Recognizer(detector="haar")


def test_the_portraits_are_read(recognizer: mien.Recognizer, astronaut: UInt8) -> None:
    (face,) = recognizer(astronaut)
    assert face.expression == "happy"
    assert face.scores.shape == (7,)
    assert face.scores.sum() == pytest.approx(1)
    assert face.probability == face.scores.max()
    assert recognizer(Image.fromarray(astronaut))[0].scores == pytest.approx(face.scores)


def test_threads_may_share_a_recognizer(recognizer: mien.Recognizer, astronaut: UInt8) -> None:
    pictures = [astronaut, np.ascontiguousarray(astronaut[:, ::-1])]
    expected = [recognizer(picture)[0].scores for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda index: recognizer(pictures[index % 2]), range(24)))
    for index, faces in enumerate(found):
        assert len(faces) == 1
        np.testing.assert_array_equal(faces[0].scores, expected[index % 2])


def test_own_detectors_and_boxes_are_read(recognizer: mien.Recognizer, astronaut: UInt8) -> None:
    (face,) = recognizer(astronaut)
    found = mien.Face(face.box_xyxy, face.landmarks_xy, 0.5)
    own = mien.Recognizer(detector=lambda image: [found])
    assert (own.detector, recognizer.detector) == ("own", "haar")
    for readings in (own(astronaut), recognizer.read(astronaut, [found])):
        assert readings[0].scores == pytest.approx(face.scores)
        assert readings[0].detection_confidence == 0.5
    assert recognizer.read(astronaut, [mien.Face.of_box(178, 63, 268, 176)])[0].expression == "happy"
    assert recognizer.read(astronaut, []) == []
    with pytest.raises(mien.ConfigError, match="brings its model itself"):
        mien.Recognizer(detector=lambda image: [], detector_model="x.onnx")
    with pytest.raises(mien.UnknownNameError, match="'None' is unknown"):
        mien.Recognizer(detector=None)  # type: ignore[arg-type]


def test_boxes_of_any_detector_are_cut_alike(recognizer: mien.Recognizer, astronaut: UInt8) -> None:
    square, high = (178.0, 66.0, 90.0, 90.0), (181.0, 63.0, 84.0, 112.0)
    for x, y, width, height in (square, high):
        face = mien.Face.of_xywh(x, y, width, height)
        corners = mien.Face.of_box(*(np.uint16(value) for value in (x, y, x + width, y + height)))
        assert corners.box_xyxy.tolist() == face.box_xyxy.tolist() == [x, y, x + width, y + height]
        eyes = face.landmarks_xy[:2]
        assert eyes[1, 0] - eyes[0, 0] == pytest.approx(38, abs=8)
        assert recognizer.read(astronaut, [face])[0].expression == "happy"


def test_what_is_no_face_is_told(recognizer: mien.Recognizer, astronaut: UInt8) -> None:
    for corners in ((268, 176, 178, 63), (0, 0, 0, 5), (np.nan, 0, 5, 5)):
        with pytest.raises(mien.ConfigError, match="is no box"):
            mien.Face.of_box(*corners)
    for box, points in (([0, 0, 5], np.zeros((4, 2))), ([0, 0, np.inf, 5], np.zeros((4, 2))), ([0, 0, 5, 5], np.zeros((5, 2)))):
        with pytest.raises(mien.ConfigError, match="must hold finite numbers of shape"):
            mien.Face(box, points)  # type: ignore[arg-type]
    with pytest.raises(mien.ConfigError, match="lies outside the picture of 512x512"):
        recognizer.read(astronaut, [mien.Face.of_xywh(600, 0, 90, 90)])
    with pytest.raises(mien.ConfigError, match=r"expected a sequence of mien\.Face"):
        recognizer.read(astronaut, [(0, 0, 5, 5)])  # type: ignore[list-item]
    with pytest.raises(mien.ConfigError, match=r"The detector's answer: .* got None"):
        mien.Recognizer(detector=lambda image: None)(astronaut)  # type: ignore[arg-type,return-value]


def test_a_recognizer_goes_to_other_processes(recognizer: mien.Recognizer, astronaut: UInt8) -> None:
    for copied in (pickle.loads(pickle.dumps(recognizer)), copy.deepcopy(recognizer)):
        assert (copied.file, copied.detector) == (recognizer.file, recognizer.detector)
        np.testing.assert_array_equal(copied(astronaut)[0].scores, recognizer(astronaut)[0].scores)


def test_a_face_and_its_mirror_image_are_averaged(recognizer: mien.Recognizer, grace_hopper: UInt8) -> None:
    crop = grace_hopper[85:315, 143:373]
    both = mien.Recognizer(detector="haar", mirrored=True)
    expected = recognizer.classify([crop, crop[:, ::-1]])
    np.testing.assert_allclose(both.classify([crop, crop[:, ::-1]]), [expected.mean(axis=0)] * 2)
    assert not np.allclose(*expected)
    assert both.classify([]).shape == (0, 7)


def test_own_frames_are_watched(recognizer: mien.Recognizer, astronaut: UInt8) -> None:
    watcher = mien.Watcher(recognizer)
    results = [watcher(mien.Frame(astronaut, index, index / 10)) for index in range(3)]
    assert [result.faces[0].track_id for result in results] == [0, 0, 0]
    assert [event.kind for event in watcher.finish()] == ["leaves"]
    for frame, said in (
        (mien.Frame(astronaut[..., 0], 0, 0.0), "Grey becomes it by"),
        (mien.Frame(astronaut / 255, 0, 0.0), r"Floats in 0\.\.1: "),  # type: ignore[arg-type]
        (mien.Frame(None, 0, 0.0), "which OpenCV returns"),  # type: ignore[arg-type]
        (mien.Frame(astronaut, 0, float("nan")), "its time is nan"),
    ):
        with pytest.raises(mien.SourceError, match=said):
            watcher(frame)


def test_a_reading_tells_its_labels_and_becomes_json(recognizer: mien.Recognizer, astronaut: UInt8) -> None:
    (face,) = recognizer(astronaut)
    assert face.labels == recognizer.labels
    values = json.loads(json.dumps(face.as_dict()))
    assert values["scores"][face.expression] == pytest.approx(face.probability, abs=1e-6)
    assert list(values["scores"]) == list(recognizer.labels)
    row = face.as_row()
    assert row[f"score_{face.expression}"] == row["probability"]
    assert column_names(recognizer.labels)[-len(row) :] == list(row)


def test_classify_takes_any_size_and_colour(recognizer: mien.Recognizer, astronaut: UInt8) -> None:
    crop = astronaut[60:180, 165:285]
    grey = np.repeat(crop.mean(axis=2).astype(np.uint8)[..., np.newaxis], 3, axis=2)
    scores = recognizer.classify([crop, crop[::2, ::2], grey, grey[..., 0]])
    assert scores.shape == (4, 7)
    np.testing.assert_allclose(scores.sum(axis=1), 1)
    assert {recognizer.labels[index] for index in scores.argmax(axis=1)} == {"happy"}
    np.testing.assert_allclose(scores[2], scores[3], atol=1e-6)
    assert recognizer.classify([]).shape == (0, 7)
    with pytest.raises(mien.MienError, match="uint8"):
        recognizer.classify([crop / 255])


@pytest.mark.parametrize(
    ("options", "said"),
    [({"policy": "video"}, "Policy 'video' is unknown"), ({"threads": 0}, "from 1, got 0"), ({"threads": 1.5}, "from 1, got 1.5")],
)
def test_wrong_options_are_told(options: dict[str, Any], said: str) -> None:
    with pytest.raises(mien.MienError, match=said):
        mien.Recognizer(detector="haar", **options)
    assert mien.Recognizer(detector="haar", threads=np.int64(2)).labels  # type: ignore[arg-type]


def test_one_face_at_a_time_equals_many(recognizer: mien.Recognizer) -> None:
    faces = list(np.random.default_rng(0).integers(0, 256, (5, 48, 48), np.uint8))
    together = recognizer.classify(faces)
    apart = np.concatenate([recognizer.classify([face]) for face in faces])
    np.testing.assert_array_equal(together, apart)


def test_the_card_is_what_counts(recognizer: mien.Recognizer, astronaut: UInt8, tmp_path: Path) -> None:
    """Temperature, threshold and framing come from the card of the bundle that runs."""
    folder = shutil.copytree(recognizer.bundle.folder, tmp_path / "changed")
    card = json.loads((folder / "card.json").read_text())
    card["calibration"] |= {"temperature": 5.0, "abstain_below": 0.99}
    card["alignment"]["eye_distances"] = 4.0
    (folder / "card.json").write_text(json.dumps(card))
    (before,), (after,) = recognizer(astronaut), mien.Recognizer(model=folder, detector="haar")(astronaut)
    assert (before.uncertain, after.uncertain) == (False, True)
    crop = astronaut[60:180, 165:285]
    sharp, soft = recognizer.classify([crop])[0], mien.Recognizer(model=folder, detector="haar").classify([crop])[0]
    ratio = recognizer.bundle.card.calibration.temperature / 5.0
    np.testing.assert_allclose(soft, sharp**ratio / (sharp**ratio).sum(), rtol=1e-4)
    same_square = before.scores**ratio / (before.scores**ratio).sum()
    assert np.abs(after.scores - same_square).max() > 0.01, "a wider square shows another crop"


def test_int8_agrees_with_float32(recognizer: mien.Recognizer, astronaut: UInt8, grace_hopper: UInt8) -> None:
    quantised = mien.Recognizer(file="int8", detector="haar")
    for picture in (astronaut, grace_hopper):
        (exact,), (coarse,) = recognizer(picture), quantised(picture)
        assert exact.expression == coarse.expression
        assert np.abs(exact.scores - coarse.scores).max() < 0.2
