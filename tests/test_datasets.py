"""Every data set in its real layouts, damaged data, label selection, mixes, and `mien datasets`."""

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dataset_trees as trees
from conftest import Run
from mien.data import affectnet, ckplus, fer2013, ferplus, folder, jaffe, kdef, rafdb, table
from mien.data import manifest as manifest_module
from mien.data.catalog import DATASETS, load_dataset
from mien.data.manifest import Manifest, Sample, clean_training
from mien.data.mix import mix
from mien.data.photographs import describe_photographs
from mien.data.problems import Problems
from mien.data.select import LabelSpec, select_labels
from mien.data.splits import SplitSpec, apply_split
from mien.errors import ConfigError, DataError, UnknownNameError
from mien.labels import FER5, FER7, FER8, label_name
from mien.pictures import read_picture
from mien.preprocess import luma
from mien.types import UInt8


def load_small(name: str, root: Path) -> Manifest:
    """Load a small tree without comparing published counts."""
    module, function = DATASETS[name].loader.split(":")
    manifest: Manifest = getattr(import_module(module), function)(root, check=False)
    return manifest


@pytest.mark.parametrize("name", DATASETS)
def test_every_row_of_the_catalog_reads_its_tree(name: str, tmp_path: Path) -> None:
    assert name in trees.TREES, f"{name}: add a writer of a small tree to tests/dataset_trees.py"
    row = DATASETS[name]
    trees.TREES[name](tmp_path)
    manifest = load_small(name, tmp_path)
    assert manifest.dataset == name
    assert manifest.labels == row.labels or not row.labels
    assert manifest.crops == row.crops
    assert {sample.split for sample in manifest.samples} <= set(row.splits)
    assert all(count for counts in manifest.counts().values() for count in counts.values())
    assert len({sample.row for sample in manifest.samples}) == len(manifest)
    assert all(bool(sample.subject) == row.has_subjects for sample in manifest.samples)
    for sample in manifest.samples:
        assert sample.pixels().dtype == np.uint8
        assert sample.votes is None or sample.votes.shape == (len(manifest.labels),)
    assert manifest.sha256 == load_small(name, tmp_path).sha256


@pytest.mark.parametrize("name", [name for name, row in DATASETS.items() if row.labels])
def test_a_copy_with_other_counts_than_the_published_is_refused(name: str, tmp_path: Path) -> None:
    trees.TREES[name](tmp_path)
    with pytest.raises(DataError, match="differ from the published ones"):
        load_dataset(name, tmp_path)


@pytest.mark.parametrize("name", DATASETS)
def test_an_empty_folder_is_told_what_was_expected(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_dataset(name, tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_published_counts_add_up_to_the_published_totals() -> None:
    assert [sum(rafdb.COUNTS[split]) for split in ("training", "test")] == [12271, 3068]
    training, test = affectnet.COUNTS["training"], affectnet.COUNTS["test"]
    assert (sum(training), sum(training[:7]), sum(test), sum(test[:7])) == (287651, 283901, 4000, 3500)
    original = dict(zip(FER8, ckplus.COUNTS["original"], strict=True))
    assert sum(original.values()) - original["neutral"] == 327
    assert sum(original.values()) - original["contempt"] == 432
    assert sum(ckplus.COUNTS["48 pixels"]) == 981
    assert (sum(jaffe.COUNTS["test"]), sum(kdef.COUNTS["test"])) == (213, 4900)
    assert [sum(counts) for counts in ferplus.COUNTS["majority"].values()] == [25060, 3199, 3153]


# FER+


@pytest.mark.parametrize(
    ("votes", "majority", "probability", "multitarget"),
    [
        # neutral, happy, surprise, sad, angry, disgust, fear, contempt, unknown, no face
        ([8, 0, 0, 1, 1, 0, 0, 0, 0, 0], "neutral", {"neutral": 8}, {"neutral": 1}),
        ([5, 0, 0, 4, 1, 0, 0, 0, 0, 0], "neutral", {"neutral": 5, "sad": 4}, {"neutral": 1, "sad": 1}),
        ([4, 0, 0, 4, 2, 0, 0, 0, 0, 0], None, {"neutral": 4, "sad": 4}, {"neutral": 1, "sad": 1}),
        ([0, 2, 2, 2, 2, 2, 0, 0, 0, 0], None, None, None),
        ([3, 0, 0, 0, 0, 0, 0, 0, 7, 0], None, None, None),
        ([4, 3, 0, 0, 0, 0, 0, 0, 3, 0], None, {"neutral": 4, "happy": 3}, {"neutral": 1, "happy": 1}),
        ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], None, None, None),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 10], None, None, None),
    ],
)
def test_ferplus_follows_the_rules_of_its_paper(
    tmp_path: Path, votes: list[int], majority: str | None, probability: dict[str, int] | None, multitarget: dict[str, int] | None
) -> None:
    trees.write_picture(tmp_path / "FER2013Train" / "fer0000000.png")
    trees.write_votes(tmp_path / "fer2013new.csv", [votes])
    assert [sample.label for sample in ferplus.load_majority(tmp_path, check=False).samples] == ([majority] if majority else [])
    for load, expected in ((ferplus.load_probability, probability), (ferplus.load_multitarget, multitarget)):
        samples = load(tmp_path, check=False).samples
        assert len(samples) == (expected is not None)
        for sample in samples:
            assert expected is not None
            assert sample.votes is not None
            assert {label: vote for label, vote in zip(FER8, sample.votes, strict=True) if vote} == expected


def test_ferplus_wants_its_votes(tmp_path: Path) -> None:
    trees.write_fer2013(tmp_path, 1, 1)
    (tmp_path / "fer2013new.csv").unlink()
    with pytest.raises(DataError, match="Put the votes of FER"):
        load_dataset("ferplus", tmp_path)


# Other layouts and peculiarities


def test_rafdb_reads_folders_and_their_lists(tmp_path: Path) -> None:
    trees.write_rafdb_folders(tmp_path)
    manifest = rafdb.load(tmp_path, check=False)
    assert manifest.counts() == {"training": dict.fromkeys(FER7, 2), "test": dict.fromkeys(FER7, 2)}
    for part in ("train", "test"):
        (tmp_path / f"{part}_labels.csv").unlink()
    assert rafdb.load(tmp_path, check=False).sha256 == manifest.sha256
    assert rafdb.load(tmp_path / "DATASET", check=False).sha256 == manifest.sha256


def test_pictures_in_files_are_read_upright_and_in_8_bits(tmp_path: Path, astronaut: UInt8) -> None:
    """As predictions read them: a phone stores its pictures turned, and says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(astronaut)).save(tmp_path / "turned.png", exif=exif)
    Image.fromarray(np.rot90(astronaut[..., 0])).save(tmp_path / "grey.png", exif=exif)
    Image.fromarray(astronaut[..., 0].astype(np.uint16) * 257).save(tmp_path / "deep.png")
    for name, expected in (("turned", astronaut), ("grey", astronaut[..., 0]), ("deep", astronaut[..., 0])):
        path = tmp_path / f"{name}.png"
        pixels = Sample(path, "happy", "training", 0).pixels()
        assert (pixels == expected).all(), name
        assert (luma(pixels) if pixels.ndim == 3 else pixels).tolist() == luma(read_picture(path)).tolist(), name


def test_rows_of_affectnet_2021_are_unique_where_pictures_are_left_out(tmp_path: Path) -> None:
    trees.write_affectnet_2021(tmp_path)
    np.save(tmp_path / "train_set" / "annotations" / "0_exp.npy", np.array("8"))  # none of the expressions
    manifest = affectnet.load8(tmp_path, check=False)
    assert len({sample.row for sample in manifest.samples}) == len(manifest) == 23


def test_affectnet_of_2021_is_read_without_unpickling(tmp_path: Path) -> None:
    trees.write_affectnet_2021(tmp_path)
    manifest = affectnet.load8(tmp_path, check=False)
    assert manifest.counts() == {"training": dict.fromkeys(FER8, 2), "test": dict.fromkeys(FER8, 1)}
    assert manifest.crops == "direct"
    assert "contempt" not in affectnet.load7(tmp_path, check=False).labels
    np.save(tmp_path / "train_set" / "annotations" / "0_exp.npy", np.array([{"a": 1}]), allow_pickle=True)
    np.save(tmp_path / "train_set" / "annotations" / "1_exp.npy", np.array("12"))
    (tmp_path / "train_set" / "images" / "2.jpg").unlink()
    (tmp_path / "val_set" / "annotations" / "3_exp.npy").unlink()
    with pytest.raises(DataError) as caught:
        affectnet.load8(tmp_path, check=False)
    told = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 4
    assert "0_exp.npy: cannot be read" in told
    assert "1_exp.npy: expected an expression from 0 to 10, got '12'" in told
    assert "2_exp.npy: its picture is missing" in told


def test_affectnet_cuts_faces_by_their_boxes(tmp_path: Path) -> None:
    trees.write_affectnet(tmp_path)
    sample = affectnet.load7(tmp_path, check=False).samples[0]
    assert (sample.crop_xyxy, sample.pixels().shape) == ((2, 3, 14, 17), (14, 12))
    assert isinstance(sample.image, Path)
    whole = np.asarray(Image.open(sample.image))
    assert (sample.pixels() == whole[3:17, 2:14]).all()
    assert replace(sample, crop_xyxy=(-5, 10, 8, 40)).pixels().shape == (10, 8)
    with pytest.raises(DataError, match=r"nothing is left of the face's box .* 20x20 pixels"):
        replace(sample, crop_xyxy=(20, 0, 30, 10)).pixels()


def test_the_empty_picture_of_affectnet_is_left_out(tmp_path: Path) -> None:
    trees.write_affectnet(tmp_path)
    lists = tmp_path / "Manually_Annotated_file_lists"
    with (lists / "training.csv").open("a") as file:
        file.write(f"{affectnet.EMPTY_PICTURE},1,1,5,5,,1,0,0\n")
    before = len(affectnet.load7(tmp_path, check=False))
    empty = tmp_path / "Manually_Annotated_Images" / affectnet.EMPTY_PICTURE
    empty.parent.mkdir()
    empty.touch()
    assert len(affectnet.load7(tmp_path, check=False)) == before == 21


def test_ckplus_takes_peaks_and_one_neutral_face_for_each_person(tmp_path: Path) -> None:
    trees.write_ckplus(tmp_path)
    manifest = ckplus.load7(tmp_path, check=False)
    assert manifest.counts() == {"test": dict.fromkeys(FER7, 1) | {"neutral": 3}}
    names = {sample.label: sample.image.name for sample in manifest.samples if isinstance(sample.image, Path)}
    assert names["disgust"] == "S006_001_00000004.png"
    assert names["neutral"] == "S007_001_00000001.png"
    assert {sample.subject for sample in manifest.samples} == {"S005", "S006", "S007"}


def test_ckplus_of_48_pixels_has_no_neutral_face(tmp_path: Path) -> None:
    trees.write_ckplus_48(tmp_path)
    manifest = ckplus.load8(tmp_path, check=False)
    assert manifest.labels == tuple(label for label in FER8 if label != "neutral")
    assert manifest.counts() == {"test": dict.fromkeys(manifest.labels, 3)}
    assert (manifest.crops, manifest.samples[0].subject) == ("direct", "S010")
    assert ckplus.load7(tmp_path / "CK+48", check=False).labels == FER7[:6]


def test_kdef_knows_the_pose_and_the_cut_names(tmp_path: Path) -> None:
    trees.write_kdef(tmp_path)
    samples = kdef.load(tmp_path, check=False).samples
    mended = next(sample for sample in samples if sample.image == tmp_path / "KDEF" / "AF31" / "AF31V.JPG")
    assert (mended.label, mended.pose, mended.subject) == ("sad", "HL", "F31")
    assert {sample.subject for sample in samples} == {"F01", "M02", "F31"}


def test_a_folder_without_splits_is_one_test_split(tmp_path: Path) -> None:
    for name in ("sad", "Happy"):
        trees.write_picture(tmp_path / name / "1.jpg")
    assert load_dataset("folder", tmp_path).counts() == {"test": {"happy": 1, "sad": 1}}


def test_a_csv_is_named_itself_or_found(tmp_path: Path) -> None:
    trees.write_table(tmp_path)
    manifest = load_dataset("csv", tmp_path / "mine.csv")
    assert manifest.counts() == {"training": {"happy": 4, "sad": 4}, "test": {"happy": 2, "sad": 2}}
    assert manifest.samples[5].subject == "person 1"
    (tmp_path / "other.csv").write_text("path,label\n")
    with pytest.raises(DataError, match="holds 2 CSV files"):
        load_dataset("csv", tmp_path)


# Damaged data: several defects, one error


def problems_of(caught: pytest.ExceptionInfo[DataError]) -> list[str]:
    assert "\n" not in str(caught.value)
    return list(caught.value.problems)


def test_damage_in_fer2013_is_told_at_once(tmp_path: Path) -> None:
    trees.write_fer2013(tmp_path, 1, 1)
    lines = (tmp_path / "fer2013.csv").read_text().splitlines()
    lines[2] = lines[2].replace("1,", "9,", 1)
    lines[4] = lines[4].replace("Training", "Trainings")
    (tmp_path / "fer2013.csv").write_text("\n".join(lines))
    votes = (tmp_path / "fer2013new.csv").read_text().splitlines()
    votes[3] = votes[3].replace(",8,", ",many,", 1)
    (tmp_path / "fer2013new.csv").write_text("\n".join(votes))
    with pytest.raises(DataError, match=r"fer2013: 3 problems in the data. The first: .*fer2013.csv, line 3") as caught:
        load_small("fer2013", tmp_path)
    assert [line.split(": ")[0].rpartition(", ")[2] for line in problems_of(caught)] == ["line 3", "line 5", "line 4"]


def test_damage_in_rafdb_is_told_at_once(tmp_path: Path) -> None:
    trees.write_rafdb(tmp_path)
    path = tmp_path / "basic" / "EmoLabel" / "list_patition_label.txt"
    lines = path.read_text().splitlines()
    lines[1] = "train_00002.jpg 8"
    lines[3] = lines[2]
    lines[5] = "nonsense"
    path.write_text("\n".join(lines))
    (tmp_path / "basic" / "Image" / "aligned" / "test_00003_aligned.jpg").unlink()
    with pytest.raises(DataError) as caught:
        rafdb.load(tmp_path, check=True)
    found = problems_of(caught)
    assert "line 2: expected a picture of train_ or test_ and a label from 1 to 7, got 'train_00002.jpg 8'" in found[0]
    assert "line 4: train_00003.jpg stands in line 3 already" in found[1]
    assert "line 6: expected" in found[2]
    assert "line 17: the picture" in found[3]
    assert sum("published" in line for line in found) == 2


def test_folders_and_lists_of_rafdb_must_agree(tmp_path: Path) -> None:
    trees.write_rafdb_folders(tmp_path)
    rows = (tmp_path / "train_labels.csv").read_text().splitlines()
    rows[1] = rows[1].replace(",1", ",2")
    rows.append("train_09999_aligned.jpg,3")
    rows.append("train_09998_aligned.jpg,0")
    (tmp_path / "train_labels.csv").write_text("\n".join(rows))
    (tmp_path / "DATASET" / "test" / "8").mkdir()
    with pytest.raises(DataError) as caught:
        rafdb.load(tmp_path, check=False)
    found = problems_of(caught)
    assert len(found) == 4
    assert any("stands in folder 1, and" in line and "says 2" in line for line in found)
    assert any("train_09999_aligned.jpg is missing" in line for line in found)
    assert any("expected a label from 1 to 7, got '0'" in line for line in found)
    assert any("expected folders named 1 to 7" in line for line in found)


def test_damage_in_affectnet_is_told_at_once(tmp_path: Path) -> None:
    trees.write_affectnet(tmp_path)
    path = tmp_path / "Manually_Annotated_file_lists" / "training.csv"
    rows = [trees.affectnet_row("0/none.jpg", 1), trees.affectnet_row("0/training0.jpg", 0), trees.affectnet_row("0/a.jpg", 12)]
    rows.append(["0/training3.jpg", 1, 1, 0, "NULL", "", 3, 0, 0])
    with path.open("a") as file:
        file.writelines(",".join(map(str, row)) + "\n" for row in rows)
    with pytest.raises(DataError) as caught:
        affectnet.load7(tmp_path, check=False)
    found = problems_of(caught)
    for line, said in zip(
        found, ("none.jpg is missing", "the same face as in", "from 0 to 10, got '12'", "expected a face's box"), strict=True
    ):
        assert said in line
        assert "training.csv, line 2" in line


def test_damage_in_ckplus_is_told_at_once(tmp_path: Path) -> None:
    trees.write_ckplus(tmp_path)
    (tmp_path / "Emotion" / "S005" / "002" / "S005_002_00000004_emotion.txt").write_text("  9.0e+00")
    (tmp_path / "Emotion" / "S006" / "001" / "S006_001_00000003_emotion.txt").write_text("  3.0e+00")
    (tmp_path / "cohn-kanade-images" / "S007" / "002" / "S007_002_00000004.png").unlink()
    with pytest.raises(DataError) as caught:
        ckplus.load7(tmp_path, check=False)
    found = problems_of(caught)
    assert len(found) == 3
    assert "S005_002_00000004_emotion.txt: expected one number from 0 to 7" in found[0]
    assert "its sequence is labelled in" in found[1]
    assert "S007_002_00000004.png is missing" in found[2]


@pytest.mark.parametrize(
    ("name", "good", "bad", "twin"),
    [("jaffe", "KA.AN1.39.tiff", "KA.XX1.40.tiff", "copy/KA.AN1.39.tiff"), ("kdef", "AF01ANS.JPG", "AF01ANX.JPG", "copy/AF01ANS.JPG")],
)
def test_names_that_say_nothing_are_told_at_once(tmp_path: Path, name: str, good: str, bad: str, twin: str) -> None:
    for file in (good, bad, twin):
        trees.write_picture(tmp_path / file)
    with pytest.raises(DataError) as caught:
        load_small(name, tmp_path)
    found = problems_of(caught)
    assert len(found) == 2
    assert any(bad in line and "expected a name such as" in line for line in found)
    assert any("the same picture as" in line for line in found)


def test_damage_in_a_folder_is_told_at_once(tmp_path: Path) -> None:
    trees.write_folder(tmp_path)
    trees.write_picture(tmp_path / "train" / "agry" / "1.png")
    (tmp_path / "extra").mkdir()
    for path in (tmp_path / "val" / "Anger").iterdir():
        path.unlink()
    with pytest.raises(DataError) as caught:
        folder.load(tmp_path)
    found = problems_of(caught)
    assert len(found) == 3
    assert any("Expression 'agry' is unknown. Did you mean 'angry'?" in line for line in found)
    assert any("stands beside folders of splits" in line for line in found)
    assert "folder: split 'validation' has no picture of 'angry'. Add some, or leave the label out everywhere." in found


def test_copies_of_fer2013_and_ckplus_from_elsewhere_are_read(tmp_path: Path) -> None:
    (tmp_path / "official").mkdir()
    trees.write_fer2013(tmp_path / "official", num_training=1, num_test=1)
    (tmp_path / "official" / "fer2013new.csv").unlink()  # the votes
    rows = [line.split(",") for line in (tmp_path / "official" / "fer2013.csv").read_text().splitlines()]
    (tmp_path / "challenge").mkdir()
    lines = [", ".join((emotion, usage, pixels)) for emotion, pixels, usage in rows]
    (tmp_path / "challenge" / "icml_face_data.csv").write_text("\r\n".join([*lines, "", ""]))
    challenge, official = (fer2013.load(tmp_path / name, check=False) for name in ("challenge", "official"))
    assert challenge.sha256 == official.sha256
    extended = [(str(number), rows[1][1], "Training") for number in range(8)]
    trees.write_csv(tmp_path / "ckextended.csv", [["emotion", "pixels", "Usage"], *extended])
    assert {sample.label for sample in ckplus.load8(tmp_path, check=False).samples} == set(FER8)
    assert "contempt" not in {sample.label for sample in ckplus.load7(tmp_path, check=False).samples}
    trees.write_picture(tmp_path / "capitals" / "CK+48" / "Anger" / "S010_004_00000017.png", 48)
    trees.write_picture(tmp_path / "capitals" / "Train" / "Angry" / "1.png", 48)
    assert len(ckplus.load7(tmp_path / "capitals", check=False)) == len(fer2013.load(tmp_path / "capitals", check=False)) == 1


def test_what_a_folder_holds_beside_its_pictures_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("happy/a.png", "happy/deeper/b.png", "sad/c.jfif"):
        trees.write_picture(tmp_path / name)
    (tmp_path / "sad" / "d.gif").write_bytes(b"GIF89a")
    (tmp_path / "sad" / ".DS_Store").write_bytes(b"x")
    assert len(folder.load(tmp_path)) == 2
    (line,) = caplog.messages
    assert "2 files are not read, such as" in line


def test_anybodys_labels_are_kept(tmp_path: Path) -> None:
    for label in ("Bored", "Engaged", "happiness"):
        trees.write_picture(tmp_path / "faces" / label / "1.png")
    assert folder.load(tmp_path / "faces").labels == ("happy", "bored", "engaged")
    assert [label_name(word) for word in ("unhappy", "In Pain", "Anger")] == ["unhappy", "in pain", "angry"]
    assert [label_name(word) for word in ("abnormal", "danger", "unsurprised")] == ["abnormal", "danger", "unsurprised"]
    for slip in ("hapy", "suprise", ""):
        with pytest.raises(UnknownNameError):
            label_name(slip)
    trees.write_csv(tmp_path / "own.csv", [["path", "label"], ["faces/Bored/1.png", "bored "], ["faces/Engaged/1.png", "ENGAGED"]])
    assert table.load(tmp_path / "own.csv").labels == ("bored", "engaged")


def test_whole_photographs_are_told(tmp_path: Path) -> None:
    for label, shape in (("happy", (480, 640)), ("sad", (600, 600)), ("fear", (500, 400))):
        (tmp_path / label).mkdir()
        Image.fromarray(np.zeros(shape, np.uint8)).save(tmp_path / label / "1.png")
    assert "of 600x500 pixels" in describe_photographs(folder.load(tmp_path))
    for label in ("happy", "sad"):
        Image.fromarray(np.zeros((112, 112), np.uint8)).save(tmp_path / label / "1.png")
    assert describe_photographs(folder.load(tmp_path)) == ""


def test_csvs_of_other_programs_are_read(tmp_path: Path) -> None:
    for name in ("a", "b"):
        trees.write_picture(tmp_path / "faces" / f"{name}.png")
    (tmp_path / "own.csv").write_text("\ufeffPath;Label;Pose\r\nfaces\\a.png;happy;left\r\n;;\r\n./faces/b.png;sad;\r\n", encoding="utf-8")
    samples = table.load(tmp_path / "own.csv").samples
    assert [(sample.label, sample.pose) for sample in samples] == [("happy", "left"), ("sad", "")]
    assert [sample.image for sample in samples] == [tmp_path / "faces" / "a.png", tmp_path / "faces" / "b.png"]
    (tmp_path / "own.csv").write_text("path,label,split\nfaces/a.png,happy,train\n./faces/a.png,sad,train\nfaces/b.png,sad,\n")
    with pytest.raises(DataError) as caught:
        table.load(tmp_path / "own.csv", check=False)
    found = problems_of(caught)
    assert "line 3: './faces/a.png' stands in" in found[0]
    assert "line 4: names no split, and other rows do" in found[1]


def test_damage_in_a_csv_is_told_at_once(tmp_path: Path) -> None:
    trees.write_table(tmp_path)
    with (tmp_path / "mine.csv").open("a") as file:
        file.write("faces/0.png,happy,train,x\nfaces/1.png,hapy,train,x\nfaces/2.png,sad,dev,x\nfaces/99.png,sad,test,x\nfaces/98.png\n")
    with pytest.raises(DataError) as caught:
        table.load(tmp_path)
    found = problems_of(caught)
    assert [line.split(": ")[0].rpartition(", ")[2] for line in found] == [f"line {number}" for number in range(14, 19)]
    assert "stands in" in found[0]
    assert "Did you mean 'happy'?" in found[1]
    assert "Split 'dev' is unknown" in found[2]
    assert "99.png is missing" in found[3]
    (tmp_path / "mine.csv").write_text("file,label\n")
    with pytest.raises(DataError, match="line 1: missing the columns path"):
        table.load(tmp_path)


def test_all_unreadable_pictures_are_told_at_once(tmp_path: Path) -> None:
    trees.write_folder(tmp_path)
    (tmp_path / "train" / "Anger" / "0.png").write_text("no picture")
    (tmp_path / "test" / "neutral" / "1.png").write_bytes(b"")
    manifest = load_dataset("folder", tmp_path)
    with pytest.raises(DataError, match="folder: 2 problems in the data") as caught:
        _ = manifest.sha256
    assert all("not a readable picture" in line for line in problems_of(caught))


def test_one_problem_is_the_whole_message() -> None:
    problems = Problems()
    problems.raise_if_any("made")
    problems.add("a.csv, line 2: wrong.")
    with pytest.raises(DataError, match=r"^a\.csv, line 2: wrong\.$") as caught:
        problems.raise_if_any("made")
    assert caught.value.problems == ("a.csv, line 2: wrong.",)


# Labels


def made(labels: tuple[str, ...], per_label: int = 3, dataset: str = "made", split: str = "training") -> Manifest:
    """Every picture differs; votes are 5 for the label and 1 for each other one."""
    samples = []
    for row in range(per_label * len(labels)):
        votes = np.ones(len(labels))
        votes[row % len(labels)] = 5
        samples.append(Sample(np.full((4, 4), len(dataset) * 30 + row, np.uint8), labels[row % len(labels)], split, row, votes))
    return Manifest(dataset, labels, tuple(samples))


def test_nothing_selected_is_the_same_manifest() -> None:
    manifest = made(FER7)
    assert select_labels(manifest, LabelSpec()) == (manifest, "")
    assert select_labels(manifest, LabelSpec("FER7"))[0] is manifest


def test_five_classes_drop_labels_and_their_votes() -> None:
    manifest, said = select_labels(made(FER7), LabelSpec("FER5"))
    assert manifest.labels == FER5
    assert manifest.counts() == {"training": dict.fromkeys(FER5, 3)}
    assert said == "15 of 21 samples kept; dropped: fear 3, sad 3"
    votes = manifest.samples[0].votes
    assert votes is not None
    assert votes.tolist() == [5, 1, 1, 1, 1]


def test_labels_are_joined_with_their_votes() -> None:
    manifest, said = select_labels(made(FER8), LabelSpec("FER7", {"contempt": "disgust"}))
    assert manifest.counts()["training"] == dict.fromkeys(FER7, 3) | {"disgust": 6}
    assert said == "24 of 24 samples kept; renamed: contempt as disgust 3"
    votes = manifest.samples[0].votes
    assert votes is not None
    assert votes.tolist() == [5, 2, 1, 1, 1, 1, 1]


def test_labels_are_regrouped_under_new_names() -> None:
    spec = LabelSpec("fear_sad, happy", {"fear": "fear_sad", "sad": "fear_sad"})
    manifest, said = select_labels(made(FER7), spec)
    assert manifest.counts() == {"training": {"fear_sad": 6, "happy": 3}}
    assert said == (
        "9 of 21 samples kept; renamed: fear as fear_sad 3, sad as fear_sad 3; dropped: angry 3, disgust 3, surprise 3, neutral 3"
    )
    everything, _ = select_labels(made(FER7), LabelSpec(rename={"fear": "fear_sad", "sad": "fear_sad"}))
    assert everything.labels == ("angry", "disgust", "fear_sad", "happy", "surprise", "neutral")


def test_votes_for_dropped_labels_alone_become_none() -> None:
    manifest = made(FER7)
    lost = replace(manifest.samples[0], votes=np.array([0, 0, 3.0, 0, 2, 0, 0]))
    kept, _ = select_labels(replace(manifest, samples=(lost, *manifest.samples[1:])), LabelSpec("FER5"))
    assert kept.samples[0].votes is None


def test_labels_that_are_not_there_are_told() -> None:
    with pytest.raises(UnknownNameError, match="Label 'contempt' is unknown"):
        select_labels(made(FER7), LabelSpec("FER8"))
    with pytest.raises(UnknownNameError, match=r"Label to rename 'hapy' is unknown\. Did you mean 'happy'"):
        select_labels(made(FER7), LabelSpec(rename={"hapy": "sad"}))
    with pytest.raises(ConfigError, match="only sad is left"):
        select_labels(made(("happy", "sad")), LabelSpec(rename={"happy": "sad"}))
    with pytest.raises(ValueError, match="at least two names"):
        LabelSpec("happy")
    with pytest.raises(ValueError, match="something twice"):
        LabelSpec("happy, sad, happy")


# Mixes


def test_a_mix_keeps_common_labels_and_sources() -> None:
    one, other = made(("happy", "sad", "fear"), 2, "one"), made(("contempt", "sad", "happy"), 3, "other", "test")
    mixed = mix([one, other])
    assert (mixed.dataset, mixed.labels) == ("one+other", ("happy", "sad"))
    assert mixed.counts() == {"training": {"happy": 2, "sad": 2}, "test": {"happy": 3, "sad": 3}}
    assert {sample.source for sample in mixed.samples} == {"one", "other"}
    assert len({sample.row for sample in mixed.samples}) == len(mixed)
    votes = mixed.samples[-1].votes
    assert votes is not None
    assert votes.tolist() == [5, 1]
    with pytest.raises(ConfigError, match="fewer than two labels"):
        mix([one, made(("angry", "happy"), 2, "third")])
    with pytest.raises(ConfigError, match="names a data set twice"):
        mix([one, one])
    with pytest.raises(ConfigError, match="whole in one\\+whole shows more than faces"):
        mix([one, replace(made(("happy", "sad"), 2, "whole"), crops="whole")])


def test_a_mix_is_loaded_by_name_and_tells_the_problems_of_all_parts(tmp_path: Path) -> None:
    trees.write_folder(tmp_path / "folder")
    trees.write_picture(tmp_path / "csv" / "a.png")
    trees.write_csv(tmp_path / "csv" / "mine.csv", [["path", "label"], ["a.png", "happy"], ["b.png", "neutral"]])
    trees.write_picture(tmp_path / "csv" / "b.png")
    mixed = load_dataset("folder+csv", tmp_path)
    assert mixed.labels == ("happy", "neutral")
    assert mixed.counts() == {
        "test": {"happy": 3, "neutral": 3},
        "training": {"happy": 2, "neutral": 2},
        "validation": {"happy": 2, "neutral": 2},
    }
    (tmp_path / "csv" / "b.png").unlink()
    (tmp_path / "folder" / "other").mkdir()
    with pytest.raises(DataError, match=r"folder\+csv: 2 problems") as caught:
        load_dataset("folder+csv", tmp_path)
    assert "b.png is missing" in problems_of(caught)[1]
    with pytest.raises(UnknownNameError, match=r"Data set 'rafbd' is unknown\. Did you mean 'rafdb'"):
        load_dataset("fer2013+rafbd", tmp_path)


# The command


def test_datasets_lists_and_describes(run: Run) -> None:
    status, shown, _ = run("datasets")
    assert status == 0
    assert all(name in shown for name in DATASETS)
    rows = json.loads(run("datasets", "--json")[1])["datasets"]
    assert {row["name"]: row["num_labels"] for row in rows} == {name: len(row.labels) for name, row in DATASETS.items()}
    assert "list_patition_label.txt" in run("datasets", "rafdb")[1]
    assert json.loads(run("datasets", "csv", "--json")[1])["labels"] == []
    status, _, said = run("datasets", "rafbd")
    assert (status, "Did you mean 'rafdb'" in said) == (2, True)
    status, _, said = run("datasets", "--data", ".")
    assert (status, "name the data set" in said) == (2, True)


def test_datasets_checks_a_copy(tmp_path: Path, run: Run) -> None:
    trees.write_table(tmp_path)
    status, out, _ = run("datasets", "csv", "--data", tmp_path)
    assert status == 0
    shown = [line.split() for line in out.splitlines()]
    assert shown == [["csv", "happy", "sad", "all"], ["training", "4", "4", "8"], ["test", "2", "2", "4"]]
    facts = json.loads(run("datasets", "csv", "--data", tmp_path, "--json")[1])
    assert facts["counts"] == {"training": {"happy": 4, "sad": 4}, "test": {"happy": 2, "sad": 2}}
    assert (facts["num_samples"], facts["num_subjects"], len(facts["sha256"])) == (12, 4, 64)


def test_datasets_tells_all_problems(tmp_path: Path, run: Run) -> None:
    trees.write_table(tmp_path)
    for number in (1, 2):
        (tmp_path / "faces" / f"{number}.png").write_text("no picture")
    status, _, said = run("datasets", "csv", "--data", tmp_path)
    lines = said.strip().splitlines()
    assert status == 2
    assert lines[0].startswith("mien: csv: 2 problems in the data. The first: ")
    assert [line[:2] for line in lines[1:]] == ["  ", "  "]
    with (tmp_path / "mine.csv").open("a") as file:
        file.writelines(f"{number}.png,happy,train,x\n" for number in range(60))
    status, _, said = run("datasets", "csv", "--data", tmp_path, "--json")
    lines = said.strip().splitlines()
    assert status == 2
    assert len(lines) == 52
    assert lines[-1] == "  ... and 10 more"


def test_a_picture_is_decoded_once_whatever_is_made_of_its_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trees.write_rafdb(tmp_path)
    decoded: list[Path] = []
    read = manifest_module._read
    monkeypatch.setattr(manifest_module, "_read", lambda path: decoded.append(path) or read(path))
    raw = load_small("rafdb", tmp_path)
    dealt = apply_split(raw, SplitSpec(validation=0.2))
    training, _ = clean_training(dealt, raw)
    assert len({raw.sha256, dealt.sha256, training.sha256, dealt.split("validation").sha256}) == 4
    assert sorted(decoded) == sorted(sample.image for sample in raw.samples)
