"""Splits that a seed deals, split files, and `mien split`."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dataset_trees as trees
from conftest import MEDIA, Run
from mien.data.catalog import load_dataset
from mien.data.manifest import Manifest, Sample, clean_training
from mien.data.mix import mix
from mien.data.select import LabelSpec, select_labels
from mien.data.splits import SPLITS, SplitSpec, apply_split, load_split, save_split, split_name
from mien.detection.catalog import NamedDetector, create_detector
from mien.errors import ConfigError, DataError, UnknownNameError
from mien.evaluation.cut import JOURNAL, cut_faces
from mien.labels import FER7
from mien.pictures import read_picture
from mien.types import Face, OnProgress, UInt8

COUNTS = (40, 4, 41, 72, 48, 31, 51)
NUM_TRAINING = sum(COUNTS)


def make_manifest(splits: tuple[str, ...] = ("training", "publictest", "privatetest"), people: int = 0) -> Manifest:
    """Uneven classes in the first split, one picture a class in the others; every picture differs."""
    samples: list[Sample] = []
    for number, split in enumerate(splits):
        for label, count in zip(FER7, COUNTS, strict=True):
            for _ in range(count if number == 0 else 1):
                row = len(samples)
                picture = np.full((3, 3), row % 251, np.uint8)
                picture[0, 0] = row // 251
                samples.append(Sample(picture, label, split, row, subject=f"p{row % people}" if people else ""))
    return Manifest("made", FER7, tuple(samples))


def splits_of(manifest: Manifest) -> dict[int, str]:
    return {sample.row: sample.split for sample in manifest.samples}


def test_the_official_split_is_the_manifest_itself() -> None:
    manifest = make_manifest()
    assert apply_split(manifest, SplitSpec()) is manifest
    assert SplitSpec(seed=3).is_official
    assert not SplitSpec(max_samples=3).is_official


@pytest.mark.parametrize(("preset", "validation"), [("75/25", 0.25), ("80/20-validation", 0.2)])
def test_validation_is_taken_from_training_with_the_same_mixture(preset: str, validation: float) -> None:
    manifest = make_manifest()
    dealt = apply_split(manifest, SPLITS[preset])
    counts = dealt.counts()
    assert not SPLITS[preset].leaks
    assert [sample.row for sample in dealt.samples] == list(range(len(manifest)))
    assert sum(counts["validation"].values()) == int(validation * NUM_TRAINING + 0.5)
    assert counts["publictest"] == counts["privatetest"] == dict.fromkeys(FER7, 1)
    for label, count in zip(FER7, COUNTS, strict=True):
        assert counts["training"][label] + counts["validation"][label] == count
        assert abs(counts["validation"][label] - validation * count) < 1


@pytest.mark.parametrize("preset", ["80/20-random", "80/10/10"])
def test_everything_is_dealt_anew_with_the_same_mixture(preset: str) -> None:
    manifest, spec = make_manifest(), SPLITS[preset]
    counts = apply_split(manifest, spec).counts()
    assert spec.leaks
    assert "publictest" not in counts
    total = len(manifest)
    assert sum(counts["test"].values()) == int(spec.test * total + 0.5)
    assert sum(counts.get("validation", {}).values()) == int(spec.validation * total + 0.5)
    assert sum(sum(row.values()) for row in counts.values()) == total
    for label, count in zip(FER7, COUNTS, strict=True):
        for name, share in (("test", spec.test), ("validation", spec.validation)):
            if share:
                assert abs(counts[name][label] - share * (count + 2)) < 1


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("validation", "test"), [(0.5, 0.499), (0.01, 0.9), (0.333, 0.333), (0.0, 0.07)])
def test_counts_add_up_for_any_shares(seed: int, validation: float, test: float) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.choice(FER7, rng.integers(1, 60))
    samples = tuple(Sample(np.zeros((1, 1), np.uint8), str(label), "training", row) for row, label in enumerate(labels))
    dealt = apply_split(Manifest("made", FER7, samples), SplitSpec(validation=validation, test=test, seed=seed))
    names = [sample.split for sample in dealt.samples]
    assert len(names) == len(labels)
    assert names.count("test") == int(test * len(labels) + 0.5)
    assert names.count("validation") == int(validation * len(labels) + 0.5)


def test_the_seed_decides() -> None:
    manifest = make_manifest()
    one = splits_of(apply_split(manifest, SplitSpec(validation=0.2, seed=1)))
    assert one == splits_of(apply_split(manifest, SplitSpec(validation=0.2, seed=1)))
    assert one != splits_of(apply_split(manifest, SplitSpec(validation=0.2, seed=2)))


def test_a_part_keeps_the_mixture_and_leaves_the_tests() -> None:
    manifest = make_manifest()
    counts = apply_split(manifest, SplitSpec(max_samples=100)).counts()
    assert sum(counts["training"].values()) == 100
    assert counts["publictest"] == dict.fromkeys(FER7, 1)
    for label, count in zip(FER7, COUNTS, strict=True):
        assert abs(counts["training"][label] - 100 * count / NUM_TRAINING) < 1
    pooled = apply_split(manifest, SplitSpec(pool="all", test=0.2, max_samples=100)).counts()
    assert {split: sum(row.values()) for split, row in pooled.items()} == {"training": 80, "test": 20}
    assert len(apply_split(manifest, SplitSpec(max_samples=10_000))) == len(manifest)


def test_what_choices_were_made_on_is_learned_in_the_end() -> None:
    manifest = make_manifest()
    spec = SplitSpec(pool="development")
    counts = {split: sum(row.values()) for split, row in apply_split(manifest, spec).counts().items()}
    assert counts == {"training": NUM_TRAINING + 7, "privatetest": 7}
    assert spec.leaks
    dealt = apply_split(manifest, SplitSpec(pool="development", validation=0.1)).counts()
    assert sum(dealt["validation"].values()) == int(0.1 * (NUM_TRAINING + 7) + 0.5)
    assert dealt["privatetest"] == dict.fromkeys(FER7, 1)


@pytest.mark.parametrize("people", [3, 5, 20])
def test_people_stand_in_one_split(people: int) -> None:
    manifest = make_manifest(("test",), people)
    dealt = apply_split(manifest, SplitSpec(validation=0.1, test=0.2, by_subject=True))
    people_of = {name: {sample.subject for sample in dealt.samples if sample.split == name} for name in ("training", "validation", "test")}
    assert all(people_of.values())
    assert sum(map(len, people_of.values())) == people
    if people == 20:
        counts = dealt.counts()
        assert abs(sum(counts["test"].values()) / len(manifest) - 0.2) < 0.06
        assert abs(sum(counts["validation"].values()) / len(manifest) - 0.1) < 0.06
    assert splits_of(dealt) == splits_of(apply_split(manifest, SplitSpec(validation=0.1, test=0.2, by_subject=True)))


def test_people_on_both_sides_are_told(caplog: pytest.LogCaptureFixture) -> None:
    manifest = make_manifest(("test",), 40)
    apply_split(manifest, SplitSpec(test=0.25))
    assert "people that are held out are trained on, too" in caplog.text
    caplog.clear()
    apply_split(manifest, SplitSpec(test=0.25, by_subject=True))
    apply_split(make_manifest(("test",)), SplitSpec(test=0.25))
    assert not caplog.text


def test_people_of_two_sources_may_share_a_name() -> None:
    manifest = make_manifest(("test",), 2)
    samples = tuple(replace(sample, source="ab"[sample.row // 2 % 2]) for sample in manifest.samples)
    dealt = apply_split(replace(manifest, samples=samples), SplitSpec(test=0.25, by_subject=True))
    assert len({(sample.source, sample.subject) for sample in dealt.samples if sample.split == "test"}) == 1


@pytest.mark.parametrize("folds", [2, 3, 10])
def test_every_picture_of_the_pool_is_left_out_once(folds: int) -> None:
    manifest = make_manifest()
    dealt = [apply_split(manifest, SplitSpec(folds=folds, fold=fold)) for fold in range(folds)]
    left_out = [[sample for sample in one.samples if sample.split == "validation"] for one in dealt]
    assert sorted(sample.row for part in left_out for sample in part) == list(range(NUM_TRAINING))
    assert {len(part) for part in left_out} <= {NUM_TRAINING // folds, NUM_TRAINING // folds + 1}
    for label, count in zip(FER7, COUNTS, strict=True):
        found = [sum(sample.label == label for sample in part) for part in left_out]
        assert sum(found) == count
        assert max(found) - min(found) <= 1
    assert all(one.counts()["publictest"] == dict.fromkeys(FER7, 1) for one in dealt)
    other = apply_split(manifest, SplitSpec(folds=folds, fold=0, seed=1))
    assert splits_of(other) != splits_of(dealt[0])


def test_people_stand_in_one_fold() -> None:
    manifest = make_manifest(("test",), people=7)
    dealt = [apply_split(manifest, SplitSpec(folds=3, fold=fold, by_subject=True)) for fold in range(3)]
    people = [{sample.subject for sample in one.samples if sample.split == "validation"} for one in dealt]
    assert all(people)
    assert sorted(person for part in people for person in part) == [f"p{number}" for number in range(7)]


def test_a_data_set_without_splits_is_dealt_without_leaking() -> None:
    spec = SplitSpec(validation=0.1, test=0.1)
    counts = apply_split(make_manifest(("test",)), spec).counts()
    assert {name: sum(row.values()) for name, row in counts.items()} == {"training": 229, "validation": 29, "test": 29}
    assert not spec.leaks
    kept = apply_split(make_manifest(("test",)), SplitSpec(max_samples=50))
    assert {sample.split for sample in kept.samples} == {"test"}


def test_each_part_of_a_mix_is_dealt_by_its_own_splits(caplog: pytest.LogCaptureFixture) -> None:
    official, bare = make_manifest(), replace(make_manifest(("test",)), dataset="bare")
    joined = mix([official, bare])
    assert apply_split(joined, SplitSpec()) is joined
    assert "nothing is learned from bare" in caplog.text
    dealt = apply_split(joined, SplitSpec(validation=0.2))
    assert {sample.split for sample in dealt.samples if sample.source == "bare"} == {"training", "validation"}
    tests = [sample.row for sample in joined.samples if sample.source == "made" and sample.split != "training"]
    assert [splits_of(dealt)[row] for row in tests] == [splits_of(joined)[row] for row in tests]
    kept, cleaning = clean_training(dealt, joined)
    assert any(sample.source == "bare" for sample in kept.samples), cleaning


def test_a_spec_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"keeps its test split \(privatetest, publictest\)"):
        apply_split(make_manifest(), SplitSpec(test=0.1))
    with pytest.raises(ConfigError, match="a validation split of its own"):
        apply_split(make_manifest(("training", "validation")), SplitSpec(validation=0.1))
    with pytest.raises(ConfigError, match="a validation split of its own"):
        apply_split(make_manifest(("training", "validation")), SplitSpec(folds=2))
    with pytest.raises(ConfigError, match="3 samples cannot fill 4 folds"):
        apply_split(replace(make_manifest(), samples=make_manifest().samples[:3]), SplitSpec(folds=4))
    with pytest.raises(ConfigError, match="name no subject"):
        apply_split(make_manifest(), SplitSpec(validation=0.1, by_subject=True))
    with pytest.raises(ConfigError, match="1 subjects cannot fill 2 splits"):
        apply_split(make_manifest(people=1), SplitSpec(validation=0.1, by_subject=True))
    uneven = make_manifest()
    with pytest.raises(ConfigError, match="Split first, balance later"):
        apply_split(replace(uneven, samples=uneven.samples + uneven.samples[:1]), SplitSpec(validation=0.1))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"pool": "everything"}, "pool must be"),
        ({"validation": 0.5, "test": 0.5}, "leave some training"),
        ({"validation": -0.1}, "0 or above"),
        ({"seed": -1}, "0 or above"),
        ({"pool": "all"}, "needs a validation or test share"),
        ({"by_subject": True}, "by_subject deals people"),
        ({"file": "a.csv", "validation": 0.1}, "file says who goes where"),
        ({"file": "a.csv", "folds": 3}, "file says who goes where"),
        ({"folds": 1}, "folds must be at least 2"),
        ({"folds": 3, "fold": 3}, "got fold 3 of 3"),
        ({"fold": 1}, "got fold 1 of 0"),
        ({"folds": 3, "validation": 0.1}, "folds deal the pool to equal parts"),
    ],
)
def test_a_wrong_spec_says_what_is_wrong(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SplitSpec(**values)  # type: ignore[arg-type]


def test_split_names_are_understood() -> None:
    assert [split_name(word) for word in ("Train", "valid", "TEST", "PublicTest")] == ["training", "validation", "test", "publictest"]
    with pytest.raises(UnknownNameError, match="Split 'dev' is unknown"):
        split_name("dev")


# Files


def test_a_split_comes_back_from_its_file(tmp_path: Path) -> None:
    manifest = make_manifest(people=7)
    dealt = apply_split(manifest, SplitSpec(validation=0.2, max_samples=150, seed=5))
    path = tmp_path / "splits" / "made.csv"
    save_split(dealt, path)
    again = apply_split(manifest, SplitSpec(file=str(path)))
    assert splits_of(again) == splits_of(dealt)
    assert again.sha256 == dealt.sha256
    lines = path.read_text().splitlines()
    assert lines[0].startswith(f"# mien split of made, {len(dealt)} samples, sha256 ")
    assert lines[1] == "row,split,label,subject"


def test_a_split_of_other_pictures_is_refused(tmp_path: Path) -> None:
    manifest = make_manifest()
    save_split(apply_split(manifest, SplitSpec(validation=0.2)), tmp_path / "made.csv")
    first = replace(manifest.samples[0], image=np.ones((3, 3), np.uint8))
    with pytest.raises(DataError, match="made of other pictures than those of made here"):
        load_split(replace(manifest, samples=(first, *manifest.samples[1:])), tmp_path / "made.csv")
    relabelled = replace(manifest.samples[1], label="sad")
    lost = replace(manifest, samples=(relabelled, *manifest.samples[2:]))
    with pytest.raises(DataError, match="2 problems in the data") as caught:
        load_split(lost, tmp_path / "made.csv")
    assert "line 3: made here has no row '0'" in caught.value.problems[0]
    assert "line 4: row 1 is 'angry' there and 'sad' in the data" in caught.value.problems[1]


def test_damage_in_a_split_file_is_told_at_once(tmp_path: Path) -> None:
    manifest, path = make_manifest(), tmp_path / "made.csv"
    save_split(manifest, path)
    lines = path.read_text().splitlines()
    lines[3] = lines[3].replace("training", "trianing")
    lines[5] = lines[4]
    path.write_text("\n".join(lines))
    with pytest.raises(DataError) as caught:
        load_split(manifest, path)
    assert len(caught.value.problems) == 2
    assert "line 4: expected a split of" in caught.value.problems[0]
    assert "names some rows more than once" in caught.value.problems[1]
    path.write_text("row,split\n1,training\n")
    with pytest.raises(DataError, match="no split file"):
        load_split(manifest, path)
    with pytest.raises(DataError, match="cannot be read"):
        load_split(manifest, tmp_path / "absent.csv")


def test_a_file_that_trains_on_official_tests_must_say_so(tmp_path: Path) -> None:
    manifest, path = make_manifest(), tmp_path / "made.csv"
    save_split(apply_split(manifest, SPLITS["80/20-random"]), path)
    with pytest.raises(ConfigError, match=r"pictures of made's official test splits. If that is meant, say pool = 'all'"):
        apply_split(manifest, SplitSpec(file=str(path)))
    assert len(apply_split(manifest, SplitSpec(pool="all", file=str(path)))) == len(manifest)


def test_a_split_file_fits_the_selection_it_was_made_of(tmp_path: Path) -> None:
    manifest, path = make_manifest(), tmp_path / "made.csv"
    five, _ = select_labels(manifest, LabelSpec("FER5"))
    save_split(apply_split(five, SplitSpec(validation=0.2)), path)
    assert load_split(five, path).labels == five.labels
    # Rows that the file does not name are left out.
    assert {sample.label for sample in load_split(manifest, path).samples} == set(five.labels)


# The command


def test_split_writes_a_file(tmp_path: Path, run: Run) -> None:
    trees.write_table(tmp_path)
    out = tmp_path / "out" / "splits.csv"
    common = ("split", "csv", "--data", tmp_path / "mine.csv", "--out", out)
    status, printed, _ = run(*common, "--pool", "all", "--test", 0.25, "--by-subject", "--json")
    assert status == 0
    assert json.loads(printed)["counts"] == {"training": {"happy": 6, "sad": 3}, "test": {"happy": 0, "sad": 3}}
    dealt = load_split(load_dataset("csv", tmp_path / "mine.csv"), out)
    assert len({sample.subject for sample in dealt.samples if sample.split == "test"}) == 1
    status, printed, _ = run(*common, "--preset", "75/25", "--seed", 4)
    assert status == 0
    shown = [line.split() for line in printed.splitlines()]
    assert shown == [["csv", "happy", "sad", "all"], ["training", "3", "3", "6"], ["validation", "1", "1", "2"], ["test", "2", "2", "4"]]


def test_split_refuses_what_does_not_fit(tmp_path: Path, run: Run) -> None:
    trees.write_table(tmp_path)
    common = ("split", "csv", "--data", tmp_path / "mine.csv", "--out", tmp_path / "out.csv")
    for arguments, said in (
        (("--preset", "75/26"), "Did you mean '75/25'"),
        (("--preset", "75/25", "--test", 0.1), "--preset says what is dealt"),
        (("--pool", "all"), "needs a validation or test share"),
        (("--test", 0.1), "keeps its test split"),
        (("--labels", "happy"), "at least two names"),
    ):
        status, _, told = run(*common, *arguments)
        assert status == 2
        assert said in told
    assert not (tmp_path / "out.csv").exists()
    status, _, told = run("split", "csv", "--data", tmp_path / "mine.csv", "--out", tmp_path / "picture.png", "--preset", "75/25")
    assert (status, "ends in .csv" in told) == (2, True)


def test_interrupted_cropping_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trees.write_table(tmp_path)
    for picture in tmp_path.rglob("*.png"):
        shutil.copyfile(MEDIA / "astronaut.jpg", picture)
    manifest = load_dataset("csv", tmp_path / "mine.csv")
    asked: list[int] = []
    face = create_detector("haar")(read_picture(MEDIA / "astronaut.jpg"))

    def find(picture: UInt8) -> Sequence[Face]:
        asked.append(len(asked))
        return face if len(asked) != 2 else []

    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    def cut(name: str, side: int, on_progress: OnProgress) -> dict[str, Any]:
        return cut_faces(manifest, NamedDetector(name, find), tmp_path / "faces", side, on_progress)

    with pytest.raises(KeyboardInterrupt):
        cut("mine", 48, interrupt)
    journal = tmp_path / "faces" / JOURNAL
    with journal.open("a") as file:
        file.write('{"row": ["cut o')
    result = cut("mine", 48, lambda done, total: None)
    assert len(asked) == len(manifest)  # none of them twice
    assert (result["cut"], result["no_face"]) == (len(manifest) - 1, 1)
    assert not journal.exists()
    with pytest.raises(KeyboardInterrupt):
        cut("mine", 48, interrupt)
    asked.clear()
    cut("mine", 64, lambda done, total: None)
    assert len(asked) == len(manifest)  # another size begins anew


def test_crops_keep_the_pose_and_stay_in_their_folder(tmp_path: Path) -> None:
    trees.write_picture(tmp_path / "a.png")
    trees.write_csv(tmp_path / "own.csv", [["path", "label", "pose"], ["a.png", "../../happier", "left"]])
    faces = create_detector("haar")(read_picture(MEDIA / "astronaut.jpg"))
    shutil.copyfile(MEDIA / "astronaut.jpg", tmp_path / "a.png")
    out = tmp_path / "out" / "faces"
    cut_faces(load_dataset("csv", tmp_path), NamedDetector("mine", lambda _: faces), out, 48, lambda done, total: None)
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "own.csv", "out"}
    assert [sample.pose for sample in load_dataset("csv", out / "faces.csv").samples] == ["left"]


def test_crops_do_not_go_among_the_samples(tmp_path: Path, run: Run) -> None:
    trees.write_table(tmp_path)
    write = ("crop", "csv", "--data", tmp_path / "mine.csv", "--detector", "haar")
    read_whole = ("crop", "folder", "--data", tmp_path / "whole", "--detector", "haar")
    trees.write_picture(tmp_path / "whole" / "happy" / "a.png")
    trees.write_picture(tmp_path / "whole" / "sad" / "a.png")
    for arguments in ((*write, "--out", tmp_path), (*read_whole, "--out", tmp_path / "whole" / "faces")):
        status, _, told = run(*arguments)
        assert (status, "lies in the data" in told) == (2, True)
    status, _, told = run(*write, "--out", tmp_path / "cut")  # beside a table, which names what it reads
    assert "lies in the data" not in told
