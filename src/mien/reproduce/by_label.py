"""What the papers tell of single labels: recall in 001's confusion matrices, recall and precision in 002's figures."""

from collections.abc import Mapping, Sequence

_ORDER_001 = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
_ORDER_002 = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")

# Diagonals of 001's Tables 8 and 9, in percent: network and training set, own test set and CK+.
_TABLES_8_AND_9 = {
    ("mobilenet_v2_topped", "fer2013"): ((40, 0, 17, 84, 57, 60, 84), (9, 0, 8, 100, 93, 57, 88)),
    ("mobilenet_v2_topped", "rafdb"): ((67, 0, 0, 94, 86, 78, 14), (4, 0, 0, 100, 89, 64, 4)),
    ("mobilenet_v2_topped", "affectnet7"): ((57, 30, 42, 94, 78, 57, 40), (87, 92, 48, 100, 91, 93, 98)),
    ("clcm", "fer2013"): ((64, 44, 50, 82, 57, 46, 78), (42, 8, 48, 100, 88, 71, 90)),
    ("clcm", "rafdb"): ((74, 49, 56, 94, 87, 75, 85), (11, 78, 20, 100, 89, 75, 96)),
    ("clcm", "affectnet7"): ((55, 24, 35, 95, 79, 53, 36), (91, 88, 56, 100, 91, 89, 99)),
    ("shufflenet_v2_wide", "fer2013"): ((60, 52, 47, 86, 59, 56, 76), (27, 37, 20, 99, 89, 68, 94)),
    ("shufflenet_v2_wide", "rafdb"): ((68, 44, 54, 91, 76, 75, 77), (11, 47, 0, 100, 58, 64, 84)),
    ("shufflenet_v2_wide", "affectnet7"): ((57, 31, 42, 93, 80, 57, 41), (89, 90, 60, 100, 91, 96, 98)),
}

# Figures 10 (recall) and 11 (precision) of 002, in thousandths.
_FIGURES_10_AND_11 = {
    "densenet121": ((738, 930, 634, 492, 434, 362, 502, 30), (368, 480, 530, 567, 743, 790, 548, 789)),
    "densenet169": ((712, 946, 644, 376, 460, 382, 570, 100), (350, 472, 592, 614, 769, 749, 549, 877)),
    "densenet201": ((746, 932, 504, 478, 426, 414, 610, 74), (351, 489, 653, 584, 807, 716, 513, 881)),
    "resnet50": ((634, 940, 532, 420, 492, 276, 622, 54), (380, 454, 594, 575, 667, 701, 437, 711)),
    "resnet101": ((716, 904, 636, 452, 428, 232, 572, 44), (342, 497, 535, 582, 740, 784, 479, 786)),
    "resnet152": ((696, 922, 562, 356, 442, 294, 574, 70), (334, 474, 544, 603, 715, 778, 454, 795)),
    "resnet50_v2": ((734, 928, 574, 356, 444, 284, 600, 96), (335, 503, 563, 610, 692, 793, 479, 873)),
    "resnet101_v2": ((750, 934, 588, 396, 414, 228, 564, 56), (340, 476, 551, 582, 726, 776, 492, 800)),
    "resnet152_v2": ((722, 906, 622, 336, 404, 306, 578, 84), (342, 508, 538, 596, 714, 683, 459, 764)),
    "mobilenet": ((744, 924, 592, 344, 560, 210, 642, 48), (355, 502, 586, 677, 695, 814, 450, 857)),
    "mobilenet_v2": ((722, 946, 606, 424, 380, 314, 552, 34), (332, 448, 586, 576, 809, 766, 536, 1000)),
    "nasnet_mobile": ((686, 942, 540, 384, 596, 306, 562, 64), (358, 463, 595, 621, 645, 743, 504, 865)),
    "xception": ((758, 894, 534, 424, 400, 334, 600, 160), (345, 520, 593, 565, 755, 770, 480, 721)),
    "inception_v3": ((692, 936, 594, 450, 396, 318, 618, 112), (375, 488, 546, 587, 773, 750, 478, 718)),
}

ByLabel = Mapping[str, float]
"""A rate in 0..1 for each label."""


def clcm_recalls(model: str, trained_on: str) -> tuple[ByLabel, ByLabel]:
    """Return 001's recalls of a network on its own test set and on CK+."""
    own, ckplus = _TABLES_8_AND_9[model, trained_on]
    return _rates(_ORDER_001, own, 100), _rates(_ORDER_001, ckplus, 100)


def affect14_rates(model: str) -> tuple[ByLabel, ByLabel]:
    """Return 002's recalls and precisions of a network."""
    recalls, precisions = _FIGURES_10_AND_11[model]
    return _rates(_ORDER_002, recalls, 1000), _rates(_ORDER_002, precisions, 1000)


def _rates(labels: Sequence[str], values: Sequence[int], whole: int) -> ByLabel:
    return {label: value / whole for label, value in zip(labels, values, strict=True)}
