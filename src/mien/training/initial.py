"""The weights that training starts from: another run's, or a bundle's."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from mien.card import open_trained
from mien.data.manifest import Manifest
from mien.errors import ConfigError
from mien.preprocess import prepare
from mien.training import folder
from mien.training.checkpoint import save_weights
from mien.training.recipe import Recipe
from mien.training.unfold import network_of_bundle

NUM_FACES = 512
"""Training faces that give a bundle's network its statistics back."""


@dataclass(frozen=True)
class InitialWeights:
    """A file of weights and where it comes from."""

    path: Path
    recipe: str
    labels: list[str]


def initial_weights(recipe: Recipe, training: Manifest, scratch: Path) -> InitialWeights:
    """Write the weights that ``recipe.init`` names, a run folder or a bundle, into ``scratch``.

    Raises:
        ConfigError: an unfinished run, or a bundle of another network than the recipe's.
        UnknownNameError: neither a run folder nor a bundle.
        ModelFileError: the bundle's network cannot be taken back from its file.
    """
    path = scratch / folder.INIT
    reference = Path(recipe.init)
    if folder.is_run(reference) or (reference.is_dir() and not (reference / "card.json").is_file()):
        shutil.copyfile(folder.final_weights(reference), path)
        return InitialWeights(path, folder.load_recipe_of(reference).name, folder.read_facts(reference)["labels"])
    bundle = open_trained(recipe.init)
    card = bundle.card
    if card.network.architecture != recipe.model:
        raise ConfigError(f"{recipe.init}: holds the network {card.network.architecture}, the recipe trains {recipe.model}.")
    faces = [sample.pixels() for sample in training.samples[:NUM_FACES]]
    save_weights(path, network_of_bundle(bundle, prepare(faces, card.preprocess)))
    return InitialWeights(path, f"{card.name} (bundle), {card.training.recipe}", list(card.labels))
