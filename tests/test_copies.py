"""Test pictures that stand in training as well."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from conftest import Run
from mien.data.manifest import Manifest, Sample
from mien.errors import ConfigError
from mien.evaluation.copies import find_copies, measure_copies
from mien.evaluation.evaluate import Evaluation
from mien.types import UInt8


def faces(seed: int, count: int) -> list[UInt8]:
    """Smooth random pictures, no two alike."""
    rng = np.random.default_rng(seed)
    coarse = [rng.integers(0, 256, (6, 6), np.uint8) for _ in range(count)]
    return [cv2.resize(face, (48, 48), interpolation=cv2.INTER_CUBIC).astype(np.uint8) for face in coarse]


def recompressed(face: UInt8) -> UInt8:
    """The same picture a little larger, darker and with the marks of JPEG."""
    larger = cv2.resize(face, (50, 50), interpolation=cv2.INTER_LINEAR)[1:49, 1:49]
    coded = cv2.imencode(".jpg", (larger * 0.8).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    decoded = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    assert decoded is not None
    return decoded.astype(np.uint8)


def manifest() -> Manifest:
    """Four faces of training; a copy, a changed copy, a mirrored copy and a new face to test on."""
    known, new = faces(0, 4), faces(1, 1)
    training = [Sample(face, "sad", "training", row) for row, face in enumerate(known)]
    tests = [known[0], recompressed(known[1]), np.ascontiguousarray(known[2][:, ::-1]), new[0]]
    labels = ["happy", "sad", "sad", "happy"]
    rows = [Sample(face, label, "test", 4 + row) for row, (face, label) in enumerate(zip(tests, labels, strict=True))]
    return Manifest("some", ("happy", "sad"), (*training, *rows))


def test_copies_are_found_whether_they_are_changed_or_not() -> None:
    data = manifest()
    copies = find_copies(data.split("test"), data)
    assert copies.is_exact.tolist() == [True, False, False, False]
    assert copies.is_near.tolist() == [False, True, True, False]
    assert copies.training_labels[:3] == ("sad", "sad", "sad")


def test_accuracy_is_told_for_copies_and_for_the_rest() -> None:
    data = manifest()
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [np.nan, np.nan]])
    found = measure_copies(Evaluation(data.split("test"), scores, {}), find_copies(data.split("test"), data))
    assert [found[part]["n"] for part in ("exact", "near", "unseen")] == [1, 2, 1]
    assert [found[part]["accuracy"] for part in ("exact", "near", "unseen")] == [1.0, 0.5, 0.0]
    assert (found["exact"]["remembered"], found["near"]["remembered"]) == (0.0, 1.0)
    assert found["near"]["accuracy_interval"]["low"] <= 0.5 <= found["near"]["accuracy_interval"]["high"]
    with pytest.raises(ConfigError, match="choose a test split"):
        find_copies(data.split("training"), data)


def test_evaluate_tells_copies_apart(run: Run, fer2013_folder: Path, any_counts: None) -> None:
    options = ("--data", fer2013_folder, "--split", "test", "--copies")
    status, out, err = run("evaluate", *options, "--json")
    assert status == 0, err
    parts = json.loads(out)["copies"]
    assert sum(part["n"] for part in parts.values()) == 84
    status, out, err = run("evaluate", *options)
    assert status == 0, err
    assert "the same pixels in training: n 0, none" in out
    status, _, err = run("evaluate", "--data", fer2013_folder, "--split", "training", "--copies", "--record", "records.jsonl")
    assert status == 2
    assert "choose a test split" in err
    status, _, err = run("evaluate", *options, "--probe", "pose")
    assert status == 2
    assert "leave --probe away" in err
