"""FER2013 in its layouts, the manifest, targets, augmentation and batches."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import SHARED, write_fer2013
from mien.data.catalog import DATASETS, load_dataset
from mien.data.fer2013 import COUNTS, load
from mien.data.manifest import Manifest, Sample, clean_training
from mien.data.targets import TargetSpec, soft_targets
from mien.errors import ConfigError, DataError, MienError
from mien.labels import FER7
from mien.preprocess import PreprocessSpec

NUM_ROWS = 35887
SPEC = PreprocessSpec("gray", (48, 48), mean=(0.507,), std=(0.255,))


def test_the_csv_is_read_with_its_votes(fer2013_folder: Path) -> None:
    manifest = load(fer2013_folder, check=False)
    assert manifest.counts() == {
        "training": dict.fromkeys(FER7, 40),
        "publictest": dict.fromkeys(FER7, 6),
        "privatetest": dict.fromkeys(FER7, 6),
    }
    sample = manifest.samples[3]
    assert (sample.label, sample.row, sample.pixels().shape) == ("happy", 3, (48, 48))
    assert sample.votes is not None
    assert sample.votes.tolist() == [0, 0, 0, 8, 0, 0, 0]
    assert len(manifest.split("test")) == 84


def test_folders_give_the_same_faces_as_the_csv(fer2013_folder: Path, tmp_path: Path) -> None:
    whole = load(fer2013_folder, check=False)
    usage_of = {"training": "Training", "publictest": "PublicTest", "privatetest": "PrivateTest"}
    for sample in whole.samples:
        folder = tmp_path / ("train" if sample.split == "training" else "test") / sample.label
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sample.pixels()).save(folder / f"{usage_of[sample.split]}_{sample.row}.png")
    (tmp_path / "fer2013new.csv").write_bytes((fer2013_folder / "fer2013new.csv").read_bytes())
    folders = load(tmp_path, check=False)
    assert folders.counts() == whole.counts()
    for sample in folders.samples[::17]:
        twin = whole.samples[sample.row]
        assert (sample.label, sample.split) == (twin.label, twin.split)
        assert (sample.pixels() == twin.pixels()).all()
        assert sample.votes is not None
        assert twin.votes is not None
        assert (sample.votes == twin.votes).all()


def test_numbers_in_names_that_cannot_be_rows_are_none(tmp_path: Path) -> None:
    """Some copies number their files anew in every folder, or by numbers of eight digits."""
    for label in ("happy", "sad"):
        for number in (3, 10118481):
            folder = tmp_path / "train" / label
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.zeros((48, 48), np.uint8)).save(folder / f"Training_{number}.png")
    assert [sample.row for sample in load(tmp_path, check=False).samples] == [0, 1, 2, 3]


def test_folders_without_usage_merge_the_test_splits(tmp_path: Path) -> None:
    for part in ("train", "test"):
        folder = tmp_path / part / "Happiness"
        folder.mkdir(parents=True)
        Image.fromarray(np.zeros((48, 48), np.uint8)).save(folder / "im0.png")
    manifest = load(tmp_path, check=False)
    assert [sample.split for sample in manifest.samples] == ["training", "test"]
    assert manifest.samples[0].label == "happy"
    with pytest.raises(ConfigError, match="has no split 'publictest'; it has test, training"):
        manifest.split("publictest")


PIXELS = " ".join(["7"] * 2304)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["emotion,pixels,Usage", f"7,{PIXELS},Training"], "line 2: expected an emotion from 0 to 6, got '7'"),
        (["emotion,pixels,Usage", f"0,{PIXELS},Training", "1,1 2 3,Training"], "line 3: expected 2304 pixels, got 3"),
        (["emotion,pixels,Usage", f"0,{PIXELS[:-1]}256,Training"], "line 2: expected pixels from 0 to 255, got '256'"),
        (["emotion,pixels,Usage", f"0,{PIXELS[:-1]}x,Training"], "got 'x'"),
        (["emotion,pixels,Usage", f"0,{PIXELS},Trainin"], "expected a Usage of Training, PublicTest, PrivateTest, got 'Trainin'"),
        (["emotion,pixels,Usage", f"0,{PIXELS}"], "line 2: expected a Usage of"),
        (["emotion,pixels", f"0,{PIXELS}"], "line 1: missing the columns Usage"),
        ([""], "line 1: missing the columns emotion"),
        (["emotion,pixels,Usage"], "holds no pictures"),
    ],
)
def test_a_wrong_row_says_file_line_and_what_was_expected(tmp_path: Path, rows: list[str], said: str) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text("\n".join(rows))
    with pytest.raises(DataError) as caught:
        load(tmp_path, check=False)
    assert said in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_votes_that_do_not_fit_are_refused(fer2013_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "fer2013.csv").write_bytes((fer2013_folder / "fer2013.csv").read_bytes())
    lines = (fer2013_folder / "fer2013new.csv").read_text().splitlines()
    (tmp_path / "fer2013new.csv").write_text("\n".join([lines[0], *lines[200:]]))
    with pytest.raises(DataError, match="votes cannot be joined by row"):
        load(tmp_path, check=False)
    (tmp_path / "fer2013new.csv").write_text("\n".join([lines[0], lines[1].replace("8", "many", 1)]))
    with pytest.raises(DataError, match="line 2: expected whole numbers"):
        load(tmp_path, check=False)


def test_other_counts_than_the_published_are_told(fer2013_folder: Path) -> None:
    with pytest.raises(DataError, match="3 problems in the data") as caught:
        load_dataset("fer2013", fer2013_folder)
    assert any("training has [40, 40" in problem and "expected [3995, 436" in problem for problem in caught.value.problems)


def test_missing_data_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        load_dataset("fer2013", tmp_path / "absent")
    with pytest.raises(DataError, match="no FER2013 found"):
        load_dataset("fer2013", tmp_path)
    with pytest.raises(MienError, match="Did you mean 'fer2013'"):
        load_dataset("fer2012", tmp_path)


def test_every_published_count_adds_up() -> None:
    assert sum(map(sum, (COUNTS["training"], COUNTS["publictest"], COUNTS["privatetest"]))) == NUM_ROWS
    assert [a + b for a, b in zip(COUNTS["publictest"], COUNTS["privatetest"], strict=True)] == list(COUNTS["test"])
    for row in DATASETS.values():
        assert set(row.labels) <= set(FER7) | {"contempt"}


def test_the_real_fer2013_has_the_published_counts(tmp_path: Path) -> None:
    """Rewrites the shared mosaics as the official CSV and reads that."""
    mosaics = SHARED / "data" / "fer2013"
    if not mosaics.is_dir():
        pytest.skip(f"needs FER2013, {mosaics} is missing")
    tiles = {}
    for usage in ("Training", "PublicTest", "PrivateTest"):
        picture = np.asarray(Image.open(mosaics / f"{usage.lower()}.png"))
        tiles[usage] = picture.reshape(-1, 48, picture.shape[1] // 48, 48).swapaxes(1, 2).reshape(-1, 48, 48)
    with (mosaics / "labels.csv").open() as labels, (tmp_path / "fer2013.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        for row in csv.DictReader(labels):
            face = tiles[row["usage"]][int(row["index_in_mosaic"])]
            writer.writerow([row["fer2013_label"], " ".join(map(str, face.ravel())), row["usage"]])
    (tmp_path / "fer2013new.csv").write_bytes((mosaics / "fer2013new.csv").read_bytes())
    manifest = load_dataset("fer2013", tmp_path)
    assert len(manifest) == NUM_ROWS
    _, cleaning = clean_training(manifest)
    assert cleaning.kept + cleaning.cross_split_duplicates + cleaning.constant_pictures == 28709
    assert cleaning.kept < 28100


def make_manifest(faces: list[tuple[int, str]]) -> Manifest:
    samples = tuple(
        Sample(np.full((48, 48), level, np.uint8) + np.eye(48, dtype=np.uint8) * (level > 0), "happy", split, row)
        for row, (level, split) in enumerate(faces)
    )
    return Manifest("made", FER7, samples)


def test_training_never_holds_a_test_picture_nor_a_constant_one() -> None:
    manifest = make_manifest(
        [(0, "training"), (10, "training"), (20, "training"), (10, "publictest"), (30, "privatetest"), (30, "training")]
    )
    training, cleaning = clean_training(manifest)
    assert [sample.row for sample in training.samples] == [2]
    assert (cleaning.kept, cleaning.cross_split_duplicates, cleaning.constant_pictures) == (1, 2, 1)
    assert "2 whose pixels also stand in another split" in str(cleaning)


def test_training_holds_no_test_picture_of_a_label_that_was_not_chosen() -> None:
    whole = make_manifest([(10, "training"), (20, "training"), (10, "privatetest"), (30, "publictest")])
    chosen = replace(whole, samples=tuple(sample for sample in whole.samples if sample.split != "privatetest"))
    assert [sample.row for sample in clean_training(chosen)[0].samples] == [0, 1]
    assert [sample.row for sample in clean_training(chosen, whole)[0].samples] == [1]
    unsplit = replace(whole, samples=tuple(replace(sample, split="test") for sample in whole.samples))
    assert len(clean_training(chosen, unsplit)[0]) == 2, "a data set without splits protects nothing before they are dealt"


def test_the_hash_names_the_data() -> None:
    one, other = make_manifest([(1, "training"), (2, "training")]), make_manifest([(2, "training"), (1, "training")])
    assert one.sha256 == make_manifest([(1, "training"), (2, "training")]).sha256
    assert one.sha256 != other.sha256
    assert one.sha256 != replace(one, samples=(replace(one.samples[0], label="sad"), one.samples[1])).sha256


def test_targets_mix_labels_and_votes(fer2013_folder: Path) -> None:
    manifest = load(fer2013_folder, check=False)
    samples = list(manifest.samples[:3])
    samples[0] = replace(samples[0], votes=np.array([2.0, 0, 0, 0, 0, 0, 6.0]))
    samples[1] = replace(samples[1], votes=None)
    targets = soft_targets(replace(manifest, samples=tuple(samples)), TargetSpec(vote_weight=0.2, label_smoothing=0.07))
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(targets[0], np.array([0.85, 0, 0, 0, 0, 0, 0.15]) * 0.93 + 0.01, atol=1e-6)
    np.testing.assert_allclose(targets[1], np.array([0, 1, 0, 0, 0, 0, 0]) * 0.93 + 0.01, atol=1e-6)
    without = replace(manifest, samples=tuple(replace(sample, votes=None) for sample in samples))
    with pytest.raises(ConfigError, match=r"vote_weight=0"):
        soft_targets(without, TargetSpec(vote_weight=0.2))


def test_write_fer2013_is_what_the_loader_reads(tmp_path: Path) -> None:
    write_fer2013(tmp_path, num_training=1, num_test=1)
    assert len(load(tmp_path / "fer2013.csv", check=False)) == 21
