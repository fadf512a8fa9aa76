"""The score file: one CSV row per sample, so that anybody can compute every figure again."""

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien.atomic import atomic_path
from mien.data.manifest import Manifest
from mien.data.sampling import Indices
from mien.errors import DataError
from mien.types import Float

FILE_NAME = "scores.csv"
HEAD = ("row", "split", "label", "predicted")
PREFIX = "score_"


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """What a score file holds."""

    names: tuple[str, ...]
    """Labels, in the order of the scores' columns."""
    keys: tuple[tuple[str, str], ...]
    """(split, row) of each sample; no two are alike."""
    labels: Indices
    """(N,) true labels, as indices into ``names``."""
    predicted: Indices
    """(N,) -1 where no face was found."""
    scores: Float
    """(N, K); NaN where no face was found."""
    data_sha256: str = ""
    """Of the pictures and labels, as the ``evaluation.json`` beside the file tells; empty where there is none."""

    @property
    def is_right(self) -> npt.NDArray[np.bool_]:
        """(N,) where the prediction is the label."""
        right: npt.NDArray[np.bool_] = self.predicted == self.labels
        return right


def write_scores(manifest: Manifest, scores: Float, path: Path) -> None:
    """Write one CSV row per sample: source row, split, label, prediction, path where it has one, scores; blanks without a face.

    Args:
        scores: (N, K) in the order of the manifest's labels.

    Raises:
        OutputError: the file cannot be written.
    """
    head = [(sample.row, sample.split, sample.label) for sample in manifest.samples]
    paths = [str(sample.image) if isinstance(sample.image, Path) else "" for sample in manifest.samples]
    more_columns, more = (("path",), [(one,) for one in paths]) if any(paths) else ((), ())
    write_table(path, manifest.labels, head, scores, more_columns, more)


def write_table(
    path: Path,
    names: Sequence[str],
    head: Sequence[tuple[object, str, str]],
    scores: Float,
    more_columns: Sequence[str] = (),
    more: Sequence[Sequence[object]] = (),
) -> None:
    """Write a score file with further columns between prediction and scores.

    Args:
        head: Row, split and label of each sample.
        more: Values of ``more_columns`` of each sample.

    Raises:
        OutputError: the file cannot be written.
    """
    predicted = predicted_indices(scores)
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*HEAD, *more_columns, *(f"{PREFIX}{name}" for name in names)])
        for index, cells in enumerate(head):
            is_scored = predicted[index] >= 0
            given = names[predicted[index]] if is_scored else ""
            values = [f"{score:.6f}" if is_scored else "" for score in scores[index]]
            writer.writerow([*cells, given, *(more[index] if more else ()), *values])


def score_file(place: Path) -> Path:
    """Return the score file that a path, or the folder it stands in, means."""
    return place / FILE_NAME if place.is_dir() else place


def unreadable(path: Path, reason: object) -> DataError:
    """Return the error for what is no score file.

    The whole path is told: that in a recipe counts from where mien runs, and a run may be resumed from elsewhere.
    """
    return DataError(f"{path.absolute()}: cannot be read ({reason}). Expected a scores.csv that `mien evaluate --out DIR` wrote.")


def scores_sha256(place: Path) -> str:
    """Return the hash of a score file.

    Raises:
        DataError: it cannot be read.
    """
    path = score_file(place)
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise unreadable(path, error.strerror) from error


def teacher_leaks(place: Path) -> bool:
    """Say whether who wrote a score file learned from pictures of test splits, as the ``evaluation.json`` beside it tells.

    Raises:
        DataError: it is not there, or does not tell.
    """
    return bool(_told_beside(place, "leaks", "whether the teacher saw test pictures"))


def scored_by(place: Path) -> str:
    """Return the name of the model that wrote a score file, as the ``evaluation.json`` beside it tells.

    Raises:
        DataError: it is not there, or does not tell.
    """
    return str(_told_beside(place, "model", "who the teacher is"))


def _told_beside(place: Path, key: str, what: str) -> object:
    scores = score_file(place)
    if not scores.is_file():
        raise unreadable(scores, "no such file")
    path = scores.with_name("evaluation.json")
    try:
        return json.loads(path.read_text(encoding="utf-8"))[key]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: does not tell {what}. Keep the whole folder that `mien evaluate --out DIR` wrote.") from error


def read_scores(place: Path) -> ScoreTable:
    """Read a score file, or the one in a folder that ``mien evaluate --out`` wrote.

    Raises:
        DataError: there is none, or it is not one.
    """
    path = score_file(place)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(path, getattr(error, "strerror", None) or error) from error
    names = tuple(column.removeprefix(PREFIX) for column in columns if column.startswith(PREFIX))
    missing = [column for column in HEAD if column not in columns]
    if missing or not names or not rows:
        what = f"has no column {missing[0]}" if missing else "has no scores" if not names else "has no rows"
        raise DataError(f"{path}: {what}. Expected a scores.csv that `mien evaluate --out DIR` wrote.")
    keys = tuple((row["split"], row["row"]) for row in rows)
    if len(set(keys)) < len(keys):
        raise DataError(f"{path}: names some samples twice, so rows cannot be told apart. Write it again with `mien evaluate --out DIR`.")
    labels = _indices(path, [row["label"] for row in rows], names)
    predicted = _indices(path, [row["predicted"] for row in rows], ("", *names)) - 1
    return ScoreTable(names, keys, labels, predicted, _scores(path, rows, names), _data_sha256(path))


def _data_sha256(scores: Path) -> str:
    try:
        told = json.loads(scores.with_name("evaluation.json").read_text(encoding="utf-8"))
        return str(told.get("data_sha256", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def _scores(path: Path, rows: Sequence[dict[str, str]], names: Sequence[str]) -> Float:
    try:
        values: Float = np.array([[float(row[PREFIX + name] or "nan") for name in names] for row in rows])
    except ValueError as error:
        raise DataError(f"{path}: a score is no number ({error}). Write it again with `mien evaluate --out DIR`.") from error
    return values


def predicted_indices(scores: Float) -> Indices:
    """Return (N,) indices of the highest score, and -1 for rows without scores."""
    is_scored = ~np.isnan(scores).any(axis=1)
    predicted = np.full(len(scores), -1, np.int64)
    predicted[is_scored] = scores[is_scored].argmax(axis=1)
    return predicted


def _indices(path: Path, words: Sequence[str], known: Sequence[str]) -> Indices:
    position = {name: index for index, name in enumerate(known)}
    for line, word in enumerate(words, start=2):
        if word not in position:
            raise DataError(f"{path}, line {line}: {word!r} is none of the columns' labels ({', '.join(filter(None, known))}).")
    return np.array([position[word] for word in words], np.int64)
