"""Small trees in the layouts that the data sets really have, full of noise."""

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from conftest import write_fer2013
from mien.data.affectnet import HEADER

RNG = np.random.default_rng(0)
VOTE_COLUMNS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]


def write_picture(path: Path, side: int = 20) -> Path:
    """Write grey noise, so that no two pictures are the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (side, side), np.uint8)).save(path)
    return path


def write_csv(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def write_votes(path: Path, votes: Sequence[Sequence[int]], usage: str = "Training") -> None:
    """Write fer2013new.csv; pictures are named as the official file names them."""
    rows = [[usage, f"fer{row:07d}.png", *counts] for row, counts in enumerate(votes)]
    write_csv(path, [["Usage", "Image name", *VOTE_COLUMNS], *rows])


def write_ferplus(root: Path) -> None:
    """FER2013 of three rows a class and split, each of the eight FER+ expressions winning once or more."""
    write_fer2013(root, num_training=2, num_test=2)
    rows = []
    for usage in ["Training"] * 14 + ["PublicTest"] * 14 + ["PrivateTest"] * 14:
        winner = len(rows) % 14 % 8
        rows.append([usage, f"fer{len(rows):07d}.png", *(8 if column == winner else 0 for column in range(8)), 2, 0])
    write_csv(root / "fer2013new.csv", [["Usage", "Image name", *VOTE_COLUMNS], *rows])


def write_rafdb(root: Path) -> None:
    lines = []
    for part in ("train", "test"):
        for index in range(14):
            name = f"{part}_{index + 1:05d}"
            lines.append(f"{name}.jpg {index % 7 + 1}")
            write_picture(root / "basic" / "Image" / "aligned" / f"{name}_aligned.jpg")
    (root / "basic" / "EmoLabel").mkdir()
    (root / "basic" / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(lines) + "\n")


def write_rafdb_folders(root: Path) -> None:
    for part in ("train", "test"):
        rows = []
        for index in range(14):
            name = f"{part}_{index + 1:05d}_aligned.jpg"
            rows.append([name, index % 7 + 1])
            write_picture(root / "DATASET" / part / str(index % 7 + 1) / name)
        write_csv(root / f"{part}_labels.csv", [["image", "label"], *rows])


def affectnet_row(path: str, number: int) -> list[object]:
    return [path, 2, 3, 12, 14, "1;2;3;4", number, 0.1, -0.2]


def write_affectnet(root: Path) -> None:
    """The original release; its validation list has no header, as in some copies."""
    for file, copies in (("training", 2), ("validation", 1)):
        rows = []
        for index in range(11 * copies):
            name = f"{index % 3}/{file}{index}.jpg"
            write_picture(root / "Manually_Annotated_Images" / name)
            rows.append(affectnet_row(name, index % 11))
        header = [HEADER] if file == "training" else []
        write_csv(root / "Manually_Annotated_file_lists" / f"{file}.csv", [*header, *rows])


def write_affectnet_2021(root: Path) -> None:
    for folder, copies in (("train_set", 2), ("val_set", 1)):
        (root / folder / "annotations").mkdir(parents=True)
        for number in range(8 * copies):
            write_picture(root / folder / "images" / f"{number}.jpg")
            np.save(root / folder / "annotations" / f"{number}_exp.npy", np.array(str(number % 8)))
            np.save(root / folder / "annotations" / f"{number}_val.npy", np.array("0.5"))


def write_ckplus(root: Path) -> None:
    """Three people with three sequences each, one of them without a label."""
    for person in range(3):
        for sequence in range(3):
            place = f"S{person + 5:03d}/{sequence + 1:03d}"
            stem = place.replace("/", "_")
            for frame in range(1, 5):
                write_picture(root / "cohn-kanade-images" / place / f"{stem}_{frame:08d}.png")
            (root / "cohn-kanade-images" / place / ".DS_Store").write_text("x")
            (root / "Emotion" / place).mkdir(parents=True)
            number = person * 3 + sequence  # 0 is none of CK+'s seven, and that sequence stays without a label
            if 1 <= number <= 7:
                (root / "Emotion" / place / f"{stem}_00000004_emotion.txt").write_text(f"   {number}.0000000e+00\n")


def write_ckplus_48(root: Path) -> None:
    for number, name in enumerate(("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")):
        for frame in (15, 16, 17):
            write_picture(root / "CK+48" / name / f"S{number + 10:03d}_004_{frame:08d}.png", 48)


def write_jaffe(root: Path) -> None:
    for person in ("KA", "KL"):
        for number, code in enumerate(("AN", "DI", "FE", "HA", "NE", "SA", "SU")):
            write_picture(root / "jaffe" / f"{person}.{code}1.{number + 39}.tiff")


def write_kdef(root: Path) -> None:
    for folder in ("AF01", "BM02"):
        for code in ("AF", "AN", "DI", "HA", "NE", "SA", "SU"):
            for pose in ("FL", "S"):
                write_picture(root / "KDEF" / folder / f"{folder}{code}{pose}.JPG")
    write_picture(root / "KDEF" / "AF31" / "AF31V.JPG")
    write_picture(root / "AKDEF" / "FAFFL.JPG")


def write_folder(root: Path) -> None:
    for split in ("train", "val", "test"):
        for name in ("Anger", "happiness", "neutral"):
            for number in range(2):
                write_picture(root / split / name / f"{number}.png")


def write_table(root: Path) -> None:
    rows = []
    for number in range(12):
        write_picture(root / "faces" / f"{number}.png")
        rows.append([f"faces/{number}.png", ("happy", "Sadness")[number % 2], ("train", "test")[number // 8], f"person {number % 4}"])
    write_csv(root / "mine.csv", [["path", "label", "split", "subject"], *rows])


TREES: dict[str, Callable[[Path], None]] = {
    "fer2013": lambda root: write_fer2013(root, num_training=2, num_test=1),
    "ferplus": write_ferplus,
    "ferplus_probability": write_ferplus,
    "ferplus_multitarget": write_ferplus,
    "rafdb": write_rafdb,
    "affectnet7": write_affectnet,
    "affectnet8": write_affectnet,
    "ckplus": write_ckplus,
    "ckplus8": write_ckplus,
    "jaffe": write_jaffe,
    "kdef": write_kdef,
    "folder": write_folder,
    "csv": write_table,
}
"""Writer of a tree per row of the catalog."""
