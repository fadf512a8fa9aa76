"""A recipe: everything needed to train one network again, as typed values in a TOML file."""

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from mien.config import load_toml
from mien.data.augment import AugmentSpec
from mien.data.targets import TargetSpec
from mien.errors import UnknownNameError
from mien.preprocess import PreprocessSpec


@dataclass(frozen=True)
class OptimizerSpec:
    """SGD with Nesterov momentum, linear warm-up, cosine decay, and an average of the weights."""

    epochs: int = 45
    batch_size: int = 128
    learning_rate: float = 0.1
    warmup_epochs: float = 2.0
    momentum: float = 0.9
    weight_decay: float = 0.005
    """Decoupled and multiplied by the rate; with momentum 0.9 this equals an L2 penalty gradient of 5e-4."""
    ema_momentum: float = 0.998
    """Decay of the weights' moving average, per step; the average is what is evaluated and exported."""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.learning_rate <= 0:
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate}")
        if not 0 <= self.ema_momentum < 1:
            raise ValueError(f"ema_momentum must lie in 0..1, got {self.ema_momentum}")


@dataclass(frozen=True)
class Recipe:
    """One training run, fully described."""

    name: str
    model: str
    dataset: str
    preprocess: PreprocessSpec
    description: str = ""
    init: str = ""
    """Run folder whose averaged weights training starts from; empty starts from random ones."""
    seed: int = 0
    precision: str = "mixed_bfloat16"
    """Keras dtype policy of the training step; weights and logits are always float32."""
    validation_split: str = "publictest"
    """Split that every choice is made on; never trained on, and never a test split that is reported."""
    max_images: int = 0
    """Train on the first images only; 0 is all of them. For trying things out."""
    targets: TargetSpec = field(default_factory=TargetSpec)
    augment: AugmentSpec = field(default_factory=AugmentSpec)
    optimizer: OptimizerSpec = field(default_factory=OptimizerSpec)

    def __post_init__(self) -> None:
        if self.validation_split in ("training", "test", "privatetest"):
            raise ValueError(f"validation_split must be a split for choosing, such as 'publictest', got {self.validation_split!r}")
        if self.precision not in ("float32", "mixed_bfloat16"):
            raise ValueError(f"precision must be 'float32' or 'mixed_bfloat16', got {self.precision!r}")


def shipped_recipes() -> dict[str, Path]:
    """Return the recipes that come with mien, by name."""
    folder = Path(str(files("mien") / "recipes"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_recipe(name_or_path: str, overrides: tuple[str, ...] = ()) -> Recipe:
    """Read a shipped recipe by name, or any TOML file by path, and apply ``key=value`` overrides.

    Raises:
        UnknownNameError: no such shipped recipe and no such file.
        ConfigError: a value is wrong.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        recipes = shipped_recipes()
        if name_or_path not in recipes:
            raise UnknownNameError("Recipe", name_or_path, recipes, "mien recipes")
        path = recipes[name_or_path]
    return load_toml(Recipe, path, overrides)
