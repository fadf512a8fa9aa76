"""What the tests share: the shipped portraits, generated data, and a world without network."""

import csv
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

# As the command line does, before anything loads OpenCV.
os.environ.update(OPENCV_LOG_LEVEL="SILENT", OPENCV_FFMPEG_LOGLEVEL="-8")

import numpy as np
import pytest

from mien.data.augment import AugmentSpec
from mien.data.batches import FaceFeed
from mien.data.crops import CropSpec
from mien.data.faces import Faces
from mien.data.fer2013 import COUNTS
from mien.data.manifest import Manifest, Sample
from mien.data.sampling import SamplingSpec, group_indices
from mien.labels import FER7
from mien.pictures import read_picture
from mien.preprocess import PreprocessSpec
from mien.types import UInt8

GRAY48 = PreprocessSpec("gray", (48, 48), mean=(0.507,), std=(0.255,))
REPOSITORY = Path(__file__).parent.parent
SHARED = REPOSITORY.parent / "shared"
MEDIA = REPOSITORY / "src" / "mien" / "media"
DETECTOR_FILES = {
    "yunet": SHARED / "detectors/yunet/face_detection_yunet_2023mar.onnx",
    "blazeface": SHARED / "detectors/blazeface/face_detection_short_range.tflite",
    "blazeface_full": SHARED / "detectors/blazeface/face_detection_full_range_sparse.tflite",
}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests never fetch, and never see or touch the user's cache."""
    monkeypatch.setenv("MIEN_OFFLINE", "1")
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def detector_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache that holds all detectors' files, taken from the workplace's shared folder."""
    missing = [path for path in DETECTOR_FILES.values() if not path.is_file()]
    if missing:
        pytest.skip(f"needs the detectors' model files, {missing[0]} is missing")
    folder = tmp_path / "cache"
    folder.mkdir()
    for path in DETECTOR_FILES.values():
        shutil.copyfile(path, folder / path.name)
    monkeypatch.setenv("MIEN_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def astronaut() -> UInt8:
    return read_picture(MEDIA / "astronaut.jpg")


@pytest.fixture(scope="session")
def grace_hopper() -> UInt8:
    return read_picture(MEDIA / "grace_hopper.jpg")


@pytest.fixture(scope="session")
def fer2013_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small ``fer2013.csv`` of noise with the official columns and a votes file; 40 rows a class in training, 6 in each test."""
    folder = tmp_path_factory.mktemp("fer2013")
    write_fer2013(folder, num_training=40, num_test=6)
    return folder


def write_fer2013(folder: Path, num_training: int, num_test: int) -> None:
    """Write a small FER2013 whose classes differ in brightness and pattern, so that a network can learn them."""
    rng = np.random.default_rng(0)
    usages = ["Training"] * num_training + ["PublicTest"] * num_test + ["PrivateTest"] * num_test
    votes_of = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    columns = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]
    with (folder / "fer2013.csv").open("w", newline="") as pictures, (folder / "fer2013new.csv").open("w", newline="") as votes:
        picture_rows, vote_rows = csv.writer(pictures), csv.writer(votes)
        picture_rows.writerow(["emotion", "pixels", "Usage"])
        vote_rows.writerow(["Usage", "Image name", *columns])
        for usage in usages:
            for label in range(7):
                stripes = np.sin(np.arange(48) * (label + 1) / 5)[:, np.newaxis] * 60
                face = np.clip(128 + stripes + rng.normal(0, 20, (48, 48)), 0, 255).astype(int)
                picture_rows.writerow([label, " ".join(map(str, face.ravel())), usage])
                counts = dict.fromkeys(columns, 0) | {votes_of[label]: 8, "contempt": 1, "unknown": 1}
                vote_rows.writerow([usage, "face.png", *counts.values()])


@pytest.fixture
def any_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small trees pass for FER2013: its published counts are not checked."""
    for split in list(COUNTS):
        monkeypatch.delitem(COUNTS, split)


Run = Callable[..., tuple[int, str, str]]
"""Arguments of ``mien`` to exit status, standard output and standard error."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Call ``mien`` in this process, in an empty folder: exit status, standard output, standard error."""
    from mien.apps.cli.main import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mien", *map(str, arguments)])
        try:
            main()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        captured = capfd.readouterr()  # also what C++ libraries write
        return status, captured.out, captured.err

    return call


def make_feed(num_faces: int, batch_size: int, **settings: object) -> FaceFeed:
    """Training batches of noise, with the specs' defaults where ``settings`` names no others."""
    rng = np.random.default_rng(0)
    samples = tuple(Sample(rng.integers(0, 256, (48, 48), np.uint8), FER7[index % 7], "training", index) for index in range(num_faces))
    manifest = Manifest("noise", FER7, samples)
    specs = {"augment": AugmentSpec(), "crops": CropSpec(), "sampling": SamplingSpec(), "preprocess": GRAY48, **settings}
    return FaceFeed(
        faces=Faces(manifest, specs["preprocess"], specs["crops"]),
        targets=np.eye(7, dtype=np.float32)[manifest.label_indices],
        augment=specs["augment"],
        crops=specs["crops"],
        groups=group_indices(manifest, specs["sampling"]),
        sampling=specs["sampling"],
        batch_size=batch_size,
        seed=0,
    )
