"""KDEF (Lundqvist, Flykt and Öhman 1998): 70 people, seven posed expressions, five angles, taken twice.

``AF01ANS.JPG`` is session A, female, person 01, angry, straight. ``Sample.pose`` holds the angle: FL and FR full left and
right profile, HL and HR half, S straight. The pictures show more than the face. The data set has no splits: all samples
stand in ``test``; deal training splits by subject.
"""

import re
from pathlib import Path

from mien.data.files import first_existing, pictures_in
from mien.data.manifest import Manifest, Sample, check_counts
from mien.data.problems import Problems
from mien.errors import DataError
from mien.labels import FER7

LABEL_OF_CODE = {"AF": "fear", "AN": "angry", "DI": "disgust", "HA": "happy", "NE": "neutral", "SA": "sad", "SU": "surprise"}
POSES = ("FL", "HL", "S", "HR", "FR")

# Class counts in the order of FER7: 70 people, five angles, two sessions.
COUNTS: dict[str, tuple[int, ...]] = {"test": (700,) * 7}

# Two files of the release have cut names; these are the ones that their series lack.
RENAMED = {"AF31V": "AF31SAHL", "AM31H": "AM31SUHR"}

_NAME = re.compile(rf"([AB])([FM]\d\d)({'|'.join(LABEL_OF_CODE)})({'|'.join(POSES)})")


def load(root: Path, check: bool = True) -> Manifest:
    """Read KDEF from a folder that holds its pictures, directly, in folders by person or in ``KDEF/``.

    Args:
        check: Compare class counts with the published ones; tests of small trees turn it off.

    Raises:
        DataError: no pictures, or wrong names or class counts; it lists all of them.
    """
    problems = Problems()
    samples = []
    seen: dict[str, Path] = {}
    # Beside KDEF/ the release has AKDEF/, averages of many faces.
    for row, path in enumerate(pictures_in(first_existing(root / "KDEF") or root, deep=True)):
        stem = path.stem.upper()
        match = _NAME.fullmatch(RENAMED.get(stem, stem))
        if match is None:
            problems.add(f"{path}: expected a name such as AF01ANS.JPG: session, sex, number, expression, angle.")
        elif match[0] in seen:
            problems.add(f"{path}: the same picture as {seen[match[0]]}. Remove one of them.")
        else:
            seen[match[0]] = path
            samples.append(Sample(path, LABEL_OF_CODE[match[3]], "test", row, subject=match[2], pose=match[4]))
    if not samples and not problems.lines:
        raise DataError(f"{root}: no KDEF found. Expected pictures such as AF01/AF01ANS.JPG.")
    manifest = Manifest("kdef", FER7, tuple(samples), label_source="kdef", crops="whole")
    if check:
        check_counts(manifest, COUNTS, problems)
    problems.raise_if_any("kdef")
    return manifest
