"""JAFFE (Lyons et al. 1998): 213 posed pictures of ten Japanese women; the label stands in the file name.

``KA.AN1.39.tiff`` is the person KA, angry, her first such picture, number 39. The pictures show more than the face. The data
set has no splits: all samples stand in ``test``; deal training splits by subject.
"""

import re
from pathlib import Path

from mien.data.files import pictures_in
from mien.data.manifest import Manifest, Sample, check_counts
from mien.data.problems import Problems
from mien.errors import DataError
from mien.labels import FER7

LABEL_OF_CODE = {"AN": "angry", "DI": "disgust", "FE": "fear", "HA": "happy", "SA": "sad", "SU": "surprise", "NE": "neutral"}

# Class counts in the order of FER7, from the release.
COUNTS: dict[str, tuple[int, ...]] = {"test": (30, 29, 32, 31, 31, 30, 30)}

_NAME = re.compile(r"([A-Z]{2})\.([A-Z]{2})(\d)\.(\d+)")


def load(root: Path, check: bool = True) -> Manifest:
    """Read JAFFE from a folder that holds its pictures, directly or in folders.

    Args:
        check: Compare class counts with the published ones; tests of small trees turn it off.

    Raises:
        DataError: no pictures, or wrong names or class counts; it lists all of them.
    """
    problems = Problems()
    samples = []
    seen: dict[str, Path] = {}
    for row, path in enumerate(pictures_in(root, deep=True)):
        match = _NAME.fullmatch(path.stem.upper())
        if match is None or match[2] not in LABEL_OF_CODE:
            problems.add(f"{path}: expected a name such as KA.AN1.39.tiff with one of {', '.join(LABEL_OF_CODE)}.")
        elif match[0] in seen:
            problems.add(f"{path}: the same picture as {seen[match[0]]}. Remove one of them.")
        else:
            seen[match[0]] = path
            samples.append(Sample(path, LABEL_OF_CODE[match[2]], "test", row, subject=match[1]))
    if not samples and not problems.lines:
        raise DataError(f"{root}: no JAFFE found. Expected pictures such as KA.AN1.39.tiff.")
    manifest = Manifest("jaffe", FER7, tuple(samples), label_source="jaffe", crops="whole")
    if check:
        check_counts(manifest, COUNTS, problems)
    problems.raise_if_any("jaffe")
    return manifest
