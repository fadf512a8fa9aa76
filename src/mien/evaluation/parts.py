"""How often a part of the face alone is read rightly."""

from mien.covering import keep, part_box
from mien.data.manifest import Manifest
from mien.labels import columns_of
from mien.parts import PART_NAMES, average_over_fills
from mien.types import Classifier


def part_accuracies(classify: Classifier, labels: tuple[str, ...], manifest: Manifest) -> dict[str, float]:
    """Return the accuracy of each part alone, in 0..1, everything else covered by grey.

    The parts are placed where FER2013's framing puts them, since its pictures are the crops.

    Args:
        labels: Of the classifier, in the order of its columns.
        manifest: Faces that are cut as FER2013 cuts them.

    Raises:
        UnknownNameError: the classifier does not know a label of the data set.
    """
    columns = columns_of(manifest.labels, labels)
    right = dict.fromkeys(PART_NAMES, 0)
    for sample in manifest.samples:
        crop = sample.pixels()
        for name in PART_NAMES:
            scores = average_over_fills(classify, crop, part_box(name), keep)[columns]
            right[name] += int(manifest.labels[int(scores.argmax())] == sample.label)
    return {name: count / len(manifest) for name, count in right.items()}
