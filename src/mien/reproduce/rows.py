"""The rows of the papers' tables: one per figure, and how its network is trained and tested.

Paper figures are typed from ``seed-systems.md``'s tables, the papers themselves; ours never are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mien.models.backbones import BACKBONES
from mien.reproduce.by_label import ByLabel, affect14_rates, clcm_recalls


@dataclass(frozen=True)
class Row:
    """One figure of a paper."""

    table: str
    label: str
    recipe: str
    paper: float | None
    """Accuracy in 0..1; None where the paper has none and the row is our control."""
    overrides: tuple[str, ...] = ()
    dataset: str = "fer2013"
    """The network is trained on this,"""
    test: str = "fer2013:test"
    """and measured on this DATASET:SPLIT."""
    notes: tuple[str, ...] = ()
    stages: tuple[float, ...] = ()
    """Shares of the epochs: the row also trains in so many sessions, and compares with training at once (paper 002)."""
    starts_from: str = ""
    """Label of the row whose network is trained on; it is trained first, within the same budget."""
    budgets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Where this row needs others than its paper."""
    recalls: ByLabel = field(default_factory=dict)
    """What the paper tells of single labels;"""
    precisions: ByLabel = field(default_factory=dict)
    """empty where it tells nothing."""


# Table V of 000: accuracy on the merged test set of FER2013.
_TABLE_V = {
    "efficientnet_v2_b3": 0.619,
    "efficientnet_v2_s": 0.612,
    "resnet101_v2": 0.603,
    "efficientnet_v2_b0": 0.601,
    "resnet152": 0.601,
    "efficientnet_v2_b2": 0.598,
    "resnet50_v2": 0.596,
    "efficientnet_v2_b1": 0.594,
    "resnet50": 0.591,
    "mobilenet": 0.588,
    "efficientnet_v2_l": 0.584,
    "mobilenet_v3_large": 0.579,
    "efficientnet_v2_m": 0.577,
    "resnet101": 0.564,
    "resnet152_v2": 0.559,
    "densenet169": 0.557,
    "densenet201": 0.548,
    "mobilenet_v2": 0.546,
    "xception": 0.538,
    "densenet121": 0.531,
    "mobilenet_v3_small": 0.521,
    "inception_v3": 0.511,
    "nasnet_mobile": 0.464,
}

# Tables 4 and 5 of 001, per training set: network, its own test set, CK+.
_CLCM_TABLES = {
    "fer2013": {"mobilenet_v2_topped": (0.58, 0.65), "clcm": (0.63, 0.71), "shufflenet_v2_wide": (0.65, 0.71)},
    "rafdb": {"mobilenet_v2_topped": (0.73, 0.47), "clcm": (0.84, 0.78), "shufflenet_v2_wide": (0.80, 0.60)},
    "affectnet7": {"mobilenet_v2_topped": (0.57, 0.91), "clcm": (0.54, 0.91), "shufflenet_v2_wide": (0.57, 0.92)},
}

# Table 3 of 002, in percent.
_TABLE_3 = {
    "resnet50": 49.63,
    "resnet101": 49.8,
    "resnet152": 48.95,
    "resnet50_v2": 50.2,
    "resnet101_v2": 49.13,
    "resnet152_v2": 49.48,
    "densenet121": 51.53,
    "densenet169": 52.38,
    "densenet201": 52.3,
    "mobilenet": 50.8,
    "mobilenet_v2": 49.73,
    "nasnet_mobile": 51.0,
    "inception_v3": 51.45,
    "xception": 51.3,
}


def mobile23_rows() -> tuple[Row, ...]:
    """Return 000's Table V: 23 frozen backbones on FER2013."""
    return tuple(
        Row("V", BACKBONES[name].keras_name, "mobile23-fer2013", accuracy, (f"model={name}_mlp",)) for name, accuracy in _TABLE_V.items()
    )


def clcm_rows() -> tuple[Row, ...]:
    """Return 001's Tables 4 and 5: three networks, three training sets, each on its own test and on CK+."""
    rows = []
    for dataset, networks in _CLCM_TABLES.items():
        for model, (own, ckplus) in networks.items():
            cut = "10" if model == "clcm" else ""
            weights = "" if model == "shufflenet_v2_wide" else "imagenet"
            overrides = (f"model={model}", f"dataset={dataset}", f"transfer.freeze='{cut}'", f"transfer.weights='{weights}'")
            own_recalls, ckplus_recalls = clcm_recalls(model, dataset)
            own_row = Row("5", f"{model}, {dataset}", "clcm-fer2013", own, overrides, dataset, f"{dataset}:test", recalls=own_recalls)
            label, test = f"{model}, {dataset} to CK+", "ckplus:test"
            rows += [own_row, replace(own_row, table="4", label=label, paper=ckplus, test=test, recalls=ckplus_recalls)]
    return tuple(rows)


def affect14_rows() -> tuple[Row, ...]:
    """Return 002's Table 3: 14 networks on AffectNet with eight labels."""
    rows = []
    for name, percent in _TABLE_3.items():
        recalls, precisions = affect14_rates(name)
        label, overrides = BACKBONES[name].keras_name, (f"model={name}",)
        row = Row("3", label, "affect14-affectnet8", percent / 100, overrides, "affectnet8", "affectnet8:test")
        rows.append(replace(row, recalls=recalls, precisions=precisions))
    return tuple(rows)


def multistage_rows() -> tuple[Row, ...]:
    """Return 002's equivalence test of 45 + 30 + 25 epochs, on its own data and on FER2013."""
    stages = (0.45, 0.30, 0.25)
    small = {"smoke": ("max_images=320", "optimizer.epochs=4"), "cpu": ("max_images=2000", "optimizer.epochs=8")}
    on_fer2013 = ("dataset=fer2013", "validation_split=publictest", "chooses_on_test=false")
    note = (
        "both trainings validate alike after every epoch; the paper prints, in stages and at once: training accuracy .815 and .812, "
        "validation accuracy .497 and .513, training loss .505 and .519, validation loss 1.46 and 1.5"
    )
    return (
        Row(
            "multistage",
            "MobileNetV2 in stages",
            "affect14-affectnet8",
            0.497,
            ("model=mobilenet_v2",),
            "affectnet8",
            "affectnet8:test",
            (note,),
            stages,
            budgets=small,
        ),
        Row(
            "multistage",
            "MobileNetV2 in stages, FER2013 at 96 pixels",
            "affect14-affectnet8",
            None,
            ("model=mobilenet_v2", "preprocess.size_hw=[96, 96]", *on_fer2013),
            test="fer2013:publictest",
            stages=stages,
            budgets=small,
        ),
        Row(
            "multistage",
            "mien_s in stages, FER2013",
            "mien_s-fer2013",
            None,
            ("optimizer.batch_size=32",),
            test="fer2013:publictest",
            stages=stages,
            budgets=small,
        ),
    )


_FIVE_CLASS_SETS = {"affectnet7": ("AffectNet-5", 8_550), "rafdb": ("RAF-5", 6_980), "fer2013": ("FER2013", 10_935)}
"""Of 004: what they are called, and how many pictures the paper kept."""
_FIVE_CLASS_FIGURES = (
    ("cnn5", "affectnet7", 0.972),
    ("mobilenet_v2", "affectnet7", 0.942),
    ("mobilenet_v2", "rafdb", 0.954),
    ("mobilenet_v2", "fer2013", 0.792),
)


OFFICIAL = ("split.pool=official", "split.test=0.0", "split.max_samples=8748", "validation_split=publictest", "chooses_on_test=false")
"""Changes of 004's recipe: the official split, and as many training pictures as its random one has."""


def five_class_rows() -> tuple[Row, ...]:
    """Return 004's other figures: its second network, and what survives of both on the other data sets."""
    transfer = ("model=mobilenet_v2", "transfer.weights=imagenet", "transfer.freeze=backbone", "preprocess.size_hw=[180, 180]")
    controls = ("our control: the same network on as many training pictures, those that no test split holds",)
    rows = [Row("FER2013", "mobilenet_v2, official split", "cnn5-fer2013", None, (*transfer, *OFFICIAL), notes=controls)]
    for model, dataset, accuracy in _FIVE_CLASS_FIGURES:
        table, size = _FIVE_CLASS_SETS[dataset]
        overrides = (*(transfer if model == "mobilenet_v2" else ()), f"dataset={dataset}", f"split.max_samples={size}")
        notes = () if dataset == "affectnet7" else ("the text gives this figure to 'the proposed system'",)
        rows.append(Row(table, f"{model}, {table}, random 80/20", "cnn5-fer2013", accuracy, overrides, dataset, f"{dataset}:test", notes))
    return tuple(rows)


VGG_VARIANT = "VGG variant, PrivateTest"
"""Label of the row that 003's fine-tuning starts from."""
VGG_BUDGETS = {
    "smoke": ("max_images=256", "optimizer.epochs=1", "crops.training=random"),
    "cpu": ("crops.training=random", "optimizer.epochs=10"),
}
_OPTIMIZERS = ("sgd", "nesterov", "asgd", "adam", "amsgrad", "adadelta", "adagrad")
_SCHEDULES = ("constant", "plateau", "cosine", "restarts", "one_cycle", "step")
_STUDIED = {"nesterov, rate 0.001": 0.732, "nesterov, falling rate": 0.735, "schedule plateau": 0.7359}
"""Validation accuracies of 003's studies; the report says no more than that all optimisers but Adadelta end above 70 %."""
_FINE_TUNING = {
    ("Training", "restarts"): 0.7264,
    ("Training", "cosine"): 0.7311,
    ("Training and PublicTest", "restarts"): 0.7314,
    ("Training and PublicTest", "cosine"): 0.7328,
}


def vgg_variant_rows() -> tuple[Row, ...]:
    """Return 003's studies of the surveyed VGG variant: optimisers and schedules, and 50 epochs more at a small rate.

    What the recipe says already is no change of it, so that rows of one training share its run.
    """

    def study(table: str, label: str, *overrides: str) -> Row:
        paper = _STUDIED.get(label)
        return Row(table, label, "vgg_variant-fer2013", paper, overrides, test="fer2013:publictest", budgets=VGG_BUDGETS)

    rows = []
    for name in _OPTIMIZERS:
        chosen = () if name == "nesterov" else (f"optimizer.name={name}",)
        rows.append(study("optimizers", f"{name}, rate 0.001", *chosen, "optimizer.learning_rate=0.001", "schedule.name=constant"))
        rows.append(study("optimizers", f"{name}, falling rate", *chosen))
    rows += [study("schedules", f"schedule {name}", *(() if name == "plateau" else (f"schedule.name={name}",))) for name in _SCHEDULES]
    return (*rows, *(_fine_tuning_row(learned, schedule, paper) for (learned, schedule), paper in _FINE_TUNING.items()))


def _fine_tuning_row(learned: str, schedule: str, paper: float) -> Row:
    overrides: tuple[str, ...] = ("optimizer.epochs=50", "optimizer.learning_rate=0.0001", f"schedule.name={schedule}")
    notes: tuple[str, ...] = ()
    if "PublicTest" in learned:
        overrides += ("split.pool=development", "validation_split=privatetest", "chooses_on_test=true", "stopping.keep=last")
        notes = ("nothing is chosen, the last epoch is kept; it counts as leaking, since it learns from PublicTest",)
    label, test = f"{learned}, {schedule}", "fer2013:privatetest"
    return Row(
        "fine-tuning",
        label,
        "vgg_variant-fer2013",
        paper,
        overrides,
        test=test,
        notes=notes,
        starts_from=VGG_VARIANT,
        budgets=VGG_BUDGETS,
    )
