"""A recipe: everything needed to train one network again, as typed values in a TOML file."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from mien.config import from_mapping, read_toml
from mien.data.augment import AugmentSpec
from mien.data.crops import CropSpec
from mien.data.found import FoundSpec
from mien.data.sampling import SamplingSpec
from mien.data.select import LabelSpec
from mien.data.splits import SplitSpec
from mien.data.targets import TargetSpec
from mien.errors import UnknownNameError
from mien.models.catalog import find_model
from mien.preprocess import PreprocessSpec
from mien.training.distill import DistillSpec
from mien.training.history import StoppingSpec
from mien.training.losses import LossSpec
from mien.training.optimizers import OptimizerSpec
from mien.training.schedules import ScheduleSpec
from mien.training.transfer import TransferSpec


@dataclass(frozen=True)
class Recipe:
    """One training run, fully described."""

    name: str
    model: str
    dataset: str
    """Name in ``mien datasets``; several joined with ``+`` are mixed."""
    preprocess: PreprocessSpec
    """What a recipe does not say of it is the network's own."""
    description: str = ""
    limits: str = ""
    """What the card of an exported bundle says of its limits; empty says what holds for networks of FER2013's labels."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of the network, for those that take some; see their builders."""
    init: str = ""
    """Run folder or bundle whose final weights training starts from; several are joined with ``+``. Empty starts from
    those of ``transfer``."""
    init_join: str = "mean"
    """What becomes of several: their ``mean``, or a network as wide as all together that holds them ``side_by_side``."""
    seed: int = 0
    precision: str = "mixed_bfloat16"
    """Keras dtype policy of the training step; weights and logits are always float32."""
    validation_split: str = "publictest"
    """Split that every choice is made on; never trained on."""
    chooses_on_test: bool = False
    """The validation split is a test split, as in some papers. Such a run is marked and cannot be exported."""
    max_images: int = 0
    """Train on so many images, evenly over all; 0 is all of them. For trying things out."""
    labels: LabelSpec = field(default_factory=LabelSpec)
    split: SplitSpec = field(default_factory=SplitSpec)
    sampling: SamplingSpec = field(default_factory=SamplingSpec)
    targets: TargetSpec = field(default_factory=TargetSpec)
    augment: AugmentSpec = field(default_factory=AugmentSpec)
    crops: CropSpec = field(default_factory=CropSpec)
    found: FoundSpec = field(default_factory=FoundSpec)
    transfer: TransferSpec = field(default_factory=TransferSpec)
    loss: LossSpec = field(default_factory=LossSpec)
    optimizer: OptimizerSpec = field(default_factory=OptimizerSpec)
    schedule: ScheduleSpec = field(default_factory=ScheduleSpec)
    stopping: StoppingSpec = field(default_factory=StoppingSpec)
    distill: DistillSpec = field(default_factory=DistillSpec)

    def __post_init__(self) -> None:
        if self.validation_split == "training":
            raise ValueError("validation_split must not be 'training': nothing can be chosen on what is learned by heart")
        if self.validation_split in ("test", "privatetest") and not self.chooses_on_test:
            raise ValueError(
                f"validation_split {self.validation_split!r} is a test split; "
                "take 'publictest' or 'validation', or say chooses_on_test = true"
            )
        if not 0 <= self.seed < 2**32:  # what Keras takes
            raise ValueError(f"seed must lie in 0..{2**32 - 1}, got {self.seed}")
        if self.max_images < 0:
            raise ValueError(f"max_images must be 0 or above, got {self.max_images}")
        self._check_init()
        if self.precision not in ("float32", "mixed_bfloat16"):
            raise ValueError(f"precision must be 'float32' or 'mixed_bfloat16', got {self.precision!r}")
        if self.crops.canvas_side and self.crops.canvas_side < self.preprocess.side:
            raise ValueError(f"crops.canvas_side is {self.crops.canvas_side}, smaller than the network's {self.preprocess.side} pixels")
        if self.preprocess.center_share != 1:
            raise ValueError("preprocess.center_share is a bundle's; a recipe that trains on crops says crops.canvas_side")
        self._check_views()
        if self.transfer.cached_features and self.sampling.augment_only_repeats:
            raise ValueError("cached features are not augmented; leave sampling.augment_only_repeats away")
        if self.transfer.cached_features and not (
            self.augment.only_mirrors and not self.crops.canvas_side and not self.distill.teacher and not self.distill.scores
        ):
            raise ValueError(
                "cached features know a picture and its mirror image only; switch all other augmentation, crops and distill off"
            )

    def _check_init(self) -> None:
        if self.init_join not in ("mean", "side_by_side"):
            raise ValueError(f"init_join must be 'mean' or 'side_by_side', got {self.init_join!r}")
        if self.init_join == "side_by_side" and self.init and "+" not in self.init:
            raise ValueError(f"init_join = 'side_by_side' needs at least two runs or bundles in init, joined with +, got {self.init!r}")

    def _check_views(self) -> None:
        if self.found.probability and (self.transfer.cached_features or self.crops.canvas_side):
            raise ValueError("found.probability shows whole faces as detectors cut them; switch cached features and crops off")
        if self.views == 1:
            return
        if self.transfer.cached_features or self.crops.per_training_face > 1 or self.augment.mixup_alpha:
            raise ValueError(
                "loss.agreement needs two views of each face side by side; switch cached features, ten training crops and mixup off"
            )
        if self.optimizer.batch_size % self.views:
            raise ValueError(f"loss.agreement needs an even optimizer.batch_size, got {self.optimizer.batch_size}")

    @property
    def views(self) -> int:
        """Differently changed pictures of one face that stand together in a batch."""
        return 2 if self.loss.agreement else 1

    @property
    def whole_face_preprocess(self) -> PreprocessSpec:
        """How one input is made of a whole face: for a network trained on crops, of its middle."""
        if not self.crops.canvas_side:
            return self.preprocess
        return replace(self.preprocess, center_share=self.preprocess.side / self.crops.canvas_side)

    @property
    def leaks(self) -> bool:
        """Whether the recipe itself learns from or chooses on pictures of test splits; a run also inherits it from its init."""
        return self.chooses_on_test or self.split.leaks


def shipped_recipes() -> dict[str, Path]:
    """Return the recipes that come with mien, by name."""
    folder = Path(str(files("mien") / "recipes"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_recipe(name_or_path: str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a shipped recipe by name, or any TOML file by path, and apply ``key=value`` overrides.

    Raises:
        UnknownNameError: no such shipped recipe and no such file, or an unknown network.
        ConfigError: a value is wrong.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        recipes = shipped_recipes()
        if name_or_path not in recipes:
            raise UnknownNameError("Recipe", name_or_path, recipes, "mien recipes")
        path = recipes[name_or_path]
    values = read_toml(path, overrides)
    model = values.get("model")
    if isinstance(model, str):
        published = asdict(find_model(model).preprocess)
        if isinstance(given := values.get("preprocess", {}), dict):
            values["preprocess"] = published | given
    return from_mapping(Recipe, values, str(path))
