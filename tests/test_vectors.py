"""The test vectors of docs/mobile.md: mien repeats them, and so does a port that knows only that page."""

import json
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import REPOSITORY
from mien.alignment import cut_face, face_square
from mien.card import open_bundle
from mien.pipeline import Recognizer
from mien.preprocess import prepare
from mien.types import Face

FOLDER = REPOSITORY / "docs" / "vectors"
VECTORS = json.loads((FOLDER / "vectors.json").read_text(encoding="utf-8"))
TOLERANCES = VECTORS["tolerances"]
CARD = open_bundle().card
pictures = pytest.mark.parametrize("vector", VECTORS["pictures"], ids=lambda vector: vector["name"])
squares = pytest.mark.parametrize("vector", VECTORS["squares"] + VECTORS["pictures"], ids=lambda vector: vector["name"])


def face_of(vector: dict[str, Any]) -> Face:
    return Face(np.array(vector["box_xyxy"], np.float64), np.array(vector["landmarks_xy"], np.float64), 1.0)


def read_pixels(name: str) -> np.ndarray:
    with Image.open(FOLDER / name) as picture:
        return np.asarray(picture)


def read_input(vector: dict[str, Any]) -> np.ndarray:
    return np.frombuffer((FOLDER / vector["input"]).read_bytes(), "<f4").reshape(vector["input_shape"])


def check_square(center_xy: tuple[float, float], side: float, angle_rad: float, expected: dict[str, Any]) -> None:
    assert (*center_xy, side) == pytest.approx((*expected["center_xy"], expected["side"]), abs=TOLERANCES["square_px"])
    assert angle_rad == pytest.approx(expected["angle_rad"], abs=TOLERANCES["angle_rad"])


def test_vectors_are_of_the_shipped_files() -> None:
    assert VECTORS["files_sha256"] == {name: entry.sha256 for name, entry in CARD.files.items()}, "run scripts/vectors"
    assert VECTORS["labels"] == list(CARD.labels)


@squares
def test_mien_repeats_squares(vector: dict[str, Any]) -> None:
    square = face_square(face_of(vector), CARD.alignment)
    check_square(square.center_xy, square.side, square.angle_rad, vector["square"])


@pictures
def test_mien_repeats_crops_and_inputs(vector: dict[str, Any]) -> None:
    crop = cut_face(read_pixels(vector["picture"]), face_of(vector), CARD.alignment, CARD.preprocess)
    expected = read_pixels(vector["crop"])
    assert np.abs(crop.astype(int) - expected).max() <= TOLERANCES["crop_levels"]
    assert np.abs(prepare([expected], CARD.preprocess) - read_input(vector)).max() <= TOLERANCES["input"]


@pytest.mark.parametrize("file", CARD.files)
@pictures
def test_mien_repeats_scores(vector: dict[str, Any], file: str) -> None:
    expected = vector["files"][file]
    scores = Recognizer(file=file, detector="haar").classify([read_pixels(vector["crop"])])[0]
    tolerance = TOLERANCES["int8_scores" if file.startswith("int8") else "float_scores"]
    assert np.abs(scores - expected["scores"]).max() <= tolerance
    assert CARD.labels[int(np.argmax(scores))] == expected["label"]
    assert (scores.max() < CARD.calibration.abstain_below) == expected["uncertain"]


@squares
def test_port_repeats_squares(vector: dict[str, Any]) -> None:
    check_square(*port_square(vector), vector["square"])


@pictures
def test_port_repeats_crops_and_inputs(vector: dict[str, Any]) -> None:
    crop = port_crop(read_pixels(vector["picture"]), *port_square(vector))
    assert np.abs(crop - read_pixels(vector["crop"])).max() <= TOLERANCES["crop_levels"]
    values = port_input(read_pixels(vector["crop"]).astype(np.float32))
    assert np.abs(values - read_input(vector)[0, :, :, 0]).max() <= TOLERANCES["input"]


@pytest.mark.parametrize("file", CARD.files)
@pictures
def test_port_repeats_scores(vector: dict[str, Any], file: str) -> None:
    expected = vector["files"][file]
    raw = run_file(file, read_input(vector))
    assert np.abs(raw - expected["file_scores"]).max() <= TOLERANCES["int8_scores" if file.startswith("int8") else "float_scores"]
    powers = np.exp(np.log(np.maximum(expected["file_scores"], 1e-30)) / CARD.calibration.temperature)
    assert np.abs(powers / powers.sum() - expected["scores"]).max() <= 1e-5
    levels = port_crop(read_pixels(vector["picture"]), *port_square(vector)).astype(np.float32)
    assert (
        np.abs(run_file(file, port_input(levels)[np.newaxis, :, :, np.newaxis]) - expected["file_scores"]).max()
        <= TOLERANCES["picture_scores"]
    )


def run_file(file: str, values: np.ndarray) -> np.ndarray:
    """Run a file with the runtime alone, as a phone does."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(open_bundle().file(file)), num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    scores: np.ndarray = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
    return scores


def port_input(levels: np.ndarray) -> np.ndarray:
    """The first half of step 3 of docs/mobile.md."""
    spec = CARD.preprocess
    return (levels * np.float32(spec.scale) - np.float32(spec.mean[0])) / np.float32(spec.std[0])


def port_square(vector: dict[str, Any]) -> tuple[tuple[float, float], float, float]:
    """Step 1 of docs/mobile.md."""
    right, left, _, mouth = (np.array(point) for point in vector["landmarks_xy"])
    x1, y1, x2, y2 = vector["box_xyxy"]
    box_side, across = max(x2 - x1, y2 - y1), left - right
    eye_distance = math.hypot(*across)
    if eye_distance < max(3, 0.12 * box_side):
        return ((x1 + x2) / 2, (y1 + y2) / 2), max(box_side, 1), 0.0
    middle, down = (right + left) / 2, np.array([-across[1], across[0]]) / eye_distance
    unit = max(eye_distance, CARD.alignment.eye_to_mouth_share * float((mouth - middle) @ down))
    center = middle + down * CARD.alignment.center_below_eyes * unit
    return (float(center[0]), float(center[1])), CARD.alignment.eye_distances * unit, math.atan2(across[1], across[0])


def port_crop(frame: np.ndarray, center_xy: tuple[float, float], side: float, angle_rad: float) -> np.ndarray:
    """Step 2 of docs/mobile.md, pixel by pixel."""
    size, reach = CARD.preprocess.side, 0.75 * side + 2
    starts, ends = [], []
    for middle, length in zip(center_xy, (frame.shape[1], frame.shape[0]), strict=True):
        start = min(max(math.floor(middle - reach), 0), length - 1)
        starts.append(start)
        ends.append(max(min(math.ceil(middle + reach), length), start + 1))
    part = frame[starts[1] : ends[1], starts[0] : ends[0]].astype(int)
    grey = (part @ np.array([9798, 19235, 3735]) + 16384) >> 15
    factor = math.floor(side / size) if side > 2 * size else 1
    grey = np.pad(grey, [(0, -length % factor) for length in grey.shape], mode="edge")
    height, width = (length // factor for length in grey.shape)
    reduced = np.floor(grey.reshape(height, factor, width, factor).mean(axis=(1, 3)) + 0.5)
    crop = np.empty((size, size))
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    for j in range(size):
        for i in range(size):
            u, v = (((index + 0.5) / size - 0.5) * side / factor for index in (i, j))
            x = min(max((center_xy[0] - starts[0]) / factor + cos * u - sin * v - 0.5, 0), width - 1)
            y = min(max((center_xy[1] - starts[1]) / factor + sin * u + cos * v - 0.5, 0), height - 1)
            x0, y0 = math.floor(x), math.floor(y)
            x1, y1, fx, fy = min(x0 + 1, width - 1), min(y0 + 1, height - 1), x - x0, y - y0
            above = reduced[y0, x0] * (1 - fx) + reduced[y0, x1] * fx
            below = reduced[y1, x0] * (1 - fx) + reduced[y1, x1] * fx
            crop[j, i] = math.floor(above * (1 - fy) + below * fy + 0.5)
    return crop
