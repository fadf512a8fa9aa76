"""The weights that training starts from: another run's, a bundle's, or several as one."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mien.card import open_trained
from mien.data.manifest import Manifest
from mien.data.sampling import spread
from mien.errors import ConfigError, ModelFileError
from mien.preprocess import prepare
from mien.training import folder
from mien.training.checkpoint import average_weights, join_weights, save_weights
from mien.training.recipe import Recipe
from mien.training.unfold import network_of_bundle

if TYPE_CHECKING:
    from keras import Model

NUM_FACES = 512
"""Training faces that give a bundle's network its statistics back."""


@dataclass(frozen=True)
class InitialWeights:
    """A file of weights and where it comes from."""

    path: Path
    recipe: str
    labels: list[str]
    data: str
    """Data sets that they learned, joined with ``+``."""


def references(joined: str) -> list[str]:
    """Return the runs and bundles that a recipe's ``init`` or teacher names: none, one, or several joined with ``+``.

    Raises:
        ConfigError: there is nothing on one side of a ``+``.
    """
    if "+" not in joined or Path(joined).exists():
        return [joined] if joined else []
    names = [name.strip() for name in joined.split("+")]
    if not all(names):
        raise ConfigError(f"{joined!r}: expected runs or bundles joined with +, such as runs/a+runs/b.")
    return names


def initial_weights(recipe: Recipe, training: Manifest, model: "Model", scratch: Path) -> InitialWeights:
    """Write the weights that ``recipe.init`` names, runs or bundles, into ``scratch``; several are joined as ``recipe.init_join`` says.

    The mean of runs that started from the same weights is often better than each of them (Wortsman et al. 2022, *Model soups*).
    A wide network that starts as narrower ones side by side need not learn again what they know (as in Chen et al. 2016, *Net2Net*, where
    it starts as one of them with its channels repeated).

    Args:
        model: The recipe's network.

    Raises:
        ConfigError: an unfinished run, a bundle of another network than the recipe's, or different labels.
        UnknownNameError: neither a run folder nor a bundle.
        ModelFileError: the bundle's network cannot be taken back from its file, a file of weights is damaged, or different networks.
    """
    found = [
        _weights_of(reference, recipe, training, scratch / f"{number}-{folder.INIT}")
        for number, reference in enumerate(references(recipe.init))
    ]
    if len(found) == 1:
        return found[0]
    if any(one.labels != found[0].labels for one in found):
        raise ConfigError(f"{recipe.init}: know different labels, so they do not make one network.")
    path = scratch / folder.INIT
    paths = [one.path for one in found]
    if recipe.init_join != "mean" and model.output_shape[-1] != len(found[0].labels):
        raise ConfigError(
            f"{recipe.init}: know {len(found[0].labels)} labels, the recipe {model.output_shape[-1]}. Side by side they must be the same; "
            "train on theirs first, then start from that run."
        )
    try:
        if recipe.init_join == "mean":
            average_weights(paths, path)
        else:
            join_weights(paths, model, path)
    except ModelFileError as error:
        raise ModelFileError(f"{recipe.init}: do not make one network. {error}") from error
    return InitialWeights(path, " + ".join(one.recipe for one in found), found[0].labels, joined_data(*(one.data for one in found)))


def joined_data(*names: str) -> str:
    """Return the data sets that several names joined with ``+`` hold, each once, in order."""
    return "+".join(dict.fromkeys(part for name in names for part in name.split("+") if part))


def _weights_of(reference: str, recipe: Recipe, training: Manifest, path: Path) -> InitialWeights:
    """Write the weights of one run or bundle to ``path``."""
    place = Path(reference)
    if folder.is_run(place) or (place.is_dir() and not (place / "card.json").is_file()):
        shutil.copyfile(folder.final_weights(place), path)
        facts = folder.read_facts(place)
        data = joined_data(facts["dataset"], facts.get("init", {}).get("data", ""))
        return InitialWeights(path, folder.load_recipe_of(place).name, facts["labels"], data)
    bundle = open_trained(reference)
    card = bundle.card
    if card.network.architecture != recipe.model and recipe.init_join == "mean":
        raise ConfigError(f"{reference}: holds the network {card.network.architecture}, the recipe trains {recipe.model}.")
    faces = [training.samples[index].pixels() for index in spread(len(training), NUM_FACES)]
    save_weights(path, network_of_bundle(bundle, prepare(faces, card.preprocess)))
    data = joined_data(card.training.data, card.training.init_data)
    return InitialWeights(path, f"{card.name} (bundle), {card.training.recipe}", list(card.labels), data)
