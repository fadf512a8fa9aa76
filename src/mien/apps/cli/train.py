"""``mien train``: a network from a recipe."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli import console
from mien.errors import ConfigError

if TYPE_CHECKING:
    from mien.training.recipe import Recipe


def train(
    recipe: Annotated[str, typer.Argument(help="Shipped recipe, or a .toml file.", show_default=False)] = "",
    data: console.Data = Path("data"),
    run: Annotated[Path | None, typer.Option("--run", metavar="DIR", help="Run folder to write; runs/RECIPE by default.")] = None,
    resume: Annotated[Path | None, typer.Option("--resume", metavar="DIR", help="Continue the run in this folder.")] = None,
    init: Annotated[Path | None, typer.Option("--init", metavar="RUN", help="Start from the weights of this run folder.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one value of the recipe, such as optimizer.epochs=3.")
    ] = None,
) -> None:
    """Train a network from a recipe into a run folder, or continue an interrupted run exactly where it stopped."""
    from mien.training.run import train as train_run

    overrides = [*(set_ or []), *([f"init={json.dumps(str(init))}"] if init else [])]
    chosen, run_dir = _choose(recipe, run, resume, overrides)

    def on_epoch(history: list[dict[str, float]]) -> None:
        last = history[-1]
        console.say(
            f"epoch {last['epoch']:.0f}/{chosen.optimizer.epochs}: training loss {last['training_loss']:.4f}, "
            f"{chosen.validation_split} accuracy {last['validation_accuracy']:.4f}, loss {last['validation_loss']:.4f}"
        )

    try:
        with console.progress(chosen.name) as show:
            train_run(chosen, data, run_dir, console.say, lambda step, total, loss: show(step, total), on_epoch)
    except KeyboardInterrupt:
        console.say(f"Stopped. Finished epochs are kept; continue with: mien train --resume {run_dir} --data {data}")
        raise
    console.out.print(f"{run_dir}", markup=False, soft_wrap=True)


def _choose(recipe: str, run: Path | None, resume: Path | None, overrides: list[str]) -> "tuple[Recipe, Path]":
    """Return the recipe and the run folder that the options mean."""
    from mien.training.recipe import load_recipe
    from mien.training.run import load_recipe_of

    if resume is not None:
        if recipe or overrides or run:
            raise ConfigError("--resume takes the recipe of its folder; leave RECIPE, --run, --init and --set away.")
        return load_recipe_of(resume), resume
    if not recipe:
        raise ConfigError("Name a recipe (`mien recipes` lists them) or a folder to --resume.")
    chosen = load_recipe(recipe, tuple(overrides))
    return chosen, run or Path("runs") / chosen.name
