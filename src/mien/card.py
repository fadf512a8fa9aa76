"""The card of a bundle: everything a program or a person must know to use its files."""

import hashlib
import json
import logging
import math
import os
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from mien.alignment import AlignmentSpec
from mien.config import from_mapping
from mien.errors import ConfigError, ModelFileError, UnknownNameError
from mien.preprocess import PreprocessSpec

log = logging.getLogger("mien")

CARD_VERSION = 1
RUNTIMES = ("litert", "onnx")
CARD_NAME = "card.json"
DEFAULT_BUNDLE = "mien_s"


@dataclass(frozen=True)
class Trust:
    """How far calibrated probabilities can be trusted on one split; of the float32 file, direct crops, the data set's labels."""

    ece: float
    """Expected calibration error, 15 bins of equal width: mean distance of probability and accuracy, 0..1."""
    brier: float
    """Mean squared distance from the truth, 0..2."""
    log_loss: float
    accuracy_at: dict[str, float]
    """Accuracy of the surest faces alone, by their share: ``0.8`` leaves the least sure fifth without a reading."""


@dataclass(frozen=True)
class Calibration:
    """How scores become probabilities, and when a reading is called uncertain."""

    temperature: float = 1.0
    """Scores are softmax(log(scores) / temperature)."""
    abstain_below: float = 0.0
    """A reading whose probability is lower is marked uncertain."""
    fitted_on: str = ""
    """Data set and split that both were chosen on."""
    trust: dict[str, Trust] = field(default_factory=dict)
    """``dataset/split`` to what the probabilities are worth there."""

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:  # NaN fails too
            raise ValueError(f"temperature must be above 0 and finite, got {self.temperature}")
        if not 0 <= self.abstain_below <= 1:
            raise ValueError(f"abstain_below must lie in 0..1, got {self.abstain_below}")


@dataclass(frozen=True)
class FileEntry:
    """One model file of a bundle, with what was measured on it."""

    path: str
    sha256: str
    bytes: int
    parity_max_abs: float
    """Largest difference of a score from the trained float network's, on the parity set."""
    parity_mean_abs: float
    top1_agreement: float
    """Share of the parity set where the highest label is the trained network's."""
    parity_on: str
    """Data set and split of the parity set, with its size."""
    accuracy: dict[str, float] = field(default_factory=dict)
    """``dataset/split`` to accuracy in 0..1; direct crops, the data set's labels, one pass."""
    runtime: str = "litert"
    """What runs it: ``litert`` or ``onnx``."""
    calibrated_on: str = ""
    """Pictures that set the ranges of integers: data set and split, how many per label, seed; empty without ranges."""
    float_layers: tuple[str, ...] = ()
    """Layers of a quantised file that stay float, because they lost too much accuracy."""
    latency_ms: float = 0.0
    """Median time of one face, prepared input to scores, one thread; a guide, since it is one machine's."""
    latency_on: str = ""
    """Processor of ``latency_ms``."""

    def __post_init__(self) -> None:
        if self.runtime not in RUNTIMES:
            raise ValueError(f"runtime must be one of {', '.join(RUNTIMES)}, got {self.runtime!r}")
        if not self.path.strip(".") or {"/", "\\", ":"} & set(self.path):  # a card may come from anywhere
            raise ValueError(f"path must be the name of a file in the bundle's folder, got {self.path!r}")


@dataclass(frozen=True)
class NetworkFacts:
    """Size and work of the network."""

    architecture: str
    parameters: int
    macs: int
    """Multiply-accumulates for one face."""


@dataclass(frozen=True)
class Training:
    """Where the weights come from."""

    recipe: str
    data: str
    data_sha256: str
    num_images: int
    commit: str
    seed: int
    epochs: int
    init: str = ""
    """Recipe of the run that training started from; empty when it started from random weights."""
    init_data: str = ""
    """Data sets that this run, and those before it, learned, joined with ``+``; their rights hold here, too."""
    teacher: str = ""
    """Who taught: runs, or the model whose scores were learned; empty where the labels did alone."""


@dataclass(frozen=True)
class Card:
    """The contract of a bundle, stored as ``card.json``."""

    card_version: int
    name: str
    labels: tuple[str, ...]
    preprocess: PreprocessSpec
    alignment: AlignmentSpec
    calibration: Calibration
    files: dict[str, FileEntry]
    network: NetworkFacts
    training: Training
    license: str
    intended_use: str
    limits: str

    @property
    def quick_file(self) -> str:
        """The file for live video: int8 where there is one."""
        return "int8" if "int8" in self.files else next(iter(self.files))

    def file_name(self, name: str) -> str:
        """Return the name of a file: ``quick`` stands for ``quick_file``."""
        return self.quick_file if name == "quick" else name

    @property
    def is_trained(self) -> bool:
        """False for random weights, which serve for measuring load alone."""
        return self.training.epochs > 0

    def __post_init__(self) -> None:
        if len(set(self.labels)) != len(self.labels) or len(self.labels) < 2:
            raise ValueError(f"labels must be at least two different names, got {self.labels}")
        if not self.files:
            raise ValueError("files must name at least one model file")


@dataclass(frozen=True)
class Bundle:
    """A folder with a card and model files."""

    folder: Path
    card: Card

    def file(self, name: str) -> Path:
        """Return the verified path of a model file; see ``Card.file_name``.

        Raises:
            UnknownNameError: the card names no such file.
            ModelFileError: the file is missing or not the one the card describes.
        """
        name = self.card.file_name(name)
        if name not in self.card.files:
            raise UnknownNameError(f"{self.folder.name}: file", name, self.card.files)
        entry = self.card.files[name]
        path = self.folder / entry.path
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise ModelFileError(f"{path}: cannot be read ({error.strerror}). The bundle is incomplete; copy it again.") from error
        if found != entry.sha256:
            raise ModelFileError(
                f"{path}: SHA-256 is {found[:16]}..., the card says {entry.sha256[:16]}.... The file is damaged or from another bundle."
            )
        return path


def open_trained(name_or_path: str | Path = DEFAULT_BUNDLE) -> Bundle:
    """Open a bundle that may read faces; see ``open_bundle``.

    Raises:
        ConfigError: its weights are random.
    """
    bundle = open_bundle(name_or_path)
    if not bundle.card.is_trained:
        raise ConfigError(f"{bundle.folder}: holds random weights, for measuring load alone. Name a bundle that was trained.")
    return bundle


def shipped_bundles() -> dict[str, Path]:
    """Return the bundles that come with mien, by name."""
    folder = Path(str(files("mien") / "bundles"))
    return {path.parent.name: path.parent for path in sorted(folder.glob(f"*/{CARD_NAME}"))}


def open_shipped(name: str) -> Bundle:
    """Open a bundle that comes with mien, whatever stands in the working directory."""
    folder = shipped_bundles()[name]
    return Bundle(folder, read_card(folder / CARD_NAME))


def open_bundle(name_or_path: str | Path = DEFAULT_BUNDLE) -> Bundle:
    """Open a shipped bundle by name, or any bundle by its folder; a bare name that means both is the shipped one, which a line says.

    Raises:
        UnknownNameError: neither a shipped bundle nor a folder.
        ModelFileError: the folder holds no card.
        ConfigError: the card is not valid.
    """
    shipped = shipped_bundles()
    folder = Path(name_or_path)
    name = str(name_or_path)
    if name in shipped and (isinstance(name_or_path, str) or not folder.exists()):
        if (folder / CARD_NAME).is_file():
            log.warning("%s is the bundle that comes with mien; for the folder here, write ./%s.", name, name)
        return open_shipped(name)
    if not folder.exists() and folder.name != name:  # a path, and no name
        raise ModelFileError(f"{name}: no such folder. Expected a bundle folder that `mien export` wrote, or the name of a shipped one.")
    if not folder.exists():
        raise UnknownNameError("Bundle", name, shipped, "mien models")
    path = folder / CARD_NAME
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises where it may not look
        raise ModelFileError(f"{folder}: holds no {CARD_NAME}. Expected a bundle folder that `mien export` wrote.")
    return Bundle(folder, read_card(path))


def read_card(path: Path) -> Card:
    """Read and validate a card; unknown fields are errors.

    Raises:
        ConfigError: not JSON, a newer version, or a field is wrong, missing or unknown.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(f"{path}: not a readable card ({error}).") from error
    version = values.get("card_version") if isinstance(values, dict) else None
    if not isinstance(version, int):
        raise ConfigError(f"{path}: not a card; expected a JSON object with card_version.")
    if version > CARD_VERSION:
        raise ConfigError(f"{path}: card_version {version} is newer than this mien reads ({CARD_VERSION}). Upgrade mien.")
    try:
        return from_mapping(Card, values, str(path))
    except UnknownNameError as error:
        raise ConfigError(str(error)) from error
