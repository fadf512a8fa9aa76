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
    init: Annotated[
        str,
        typer.Option(
            "--init",
            metavar="RUN_OR_BUNDLE",
            help="Start from the weights of this run folder or bundle; A+B from their mean (or see init_join).",
        ),
    ] = "",
    set_: console.Set = None,
    stage_epochs: Annotated[
        int, typer.Option("--stage-epochs", min=0, help="End this session after so many epochs; --resume goes on exactly.")
    ] = 0,
    repeats: Annotated[int, typer.Option(min=1, help="Train with so many seeds, a run folder each, and print mean and sd.")] = 1,
    features: Annotated[
        Path | None,
        typer.Option("--features", metavar="DIR", help="Keep features of frozen backbones, and found faces, here for further runs."),
    ] = None,
) -> None:
    """Train a network from a recipe into a run folder, or continue an interrupted run exactly where it stopped."""
    from mien.training.fit import Watch
    from mien.training.run import train as train_run
    from mien.training.run import train_repeats

    overrides = [*(set_ or []), *([f"init={json.dumps(init, ensure_ascii=False)}"] if init else [])]
    chosen, run_dir = _choose(recipe, run, resume, overrides)

    def on_epoch(history: list[dict[str, float]]) -> None:
        last = history[-1]
        console.say(
            f"epoch {last['epoch']:.0f}/{chosen.optimizer.epochs}: training loss {last['training_loss']:.4f}, "
            f"{chosen.validation_split} accuracy {last['validation_accuracy']:.4f}, loss {last['validation_loss']:.4f}"
        )

    if repeats > 1 and (resume or stage_epochs):
        raise ConfigError("--repeats trains whole runs; leave --resume and --stage-epochs away. Finished seeds are not trained again.")
    try:
        with console.progress(chosen.name) as show:
            watch = Watch(show, on_epoch)
            if repeats > 1:
                spread = train_repeats(chosen, repeats, data, run_dir, console.say, watch, features)
                console.say(f"{chosen.validation_split} accuracy {spread['mean']:.4f} ± {spread['sd']:.4f} over seeds {spread['seeds']}")
            elif not train_run(chosen, data, run_dir, console.say, watch, stage_epochs, features):
                console.say(f"This stage is done; continue with: mien train --resume {run_dir} --data {data}")
    except KeyboardInterrupt:
        way = "the same command goes on" if repeats > 1 else f"continue with: mien train --resume {run_dir} --data {data}"
        console.say(f"Stopped. Finished epochs are kept; {way}")
        raise
    console.out.print(f"{run_dir}", soft_wrap=True)


def _choose(recipe: str, run: Path | None, resume: Path | None, overrides: list[str]) -> "tuple[Recipe, Path]":
    """Return the recipe and the run folder that the options mean."""
    from mien.training.folder import load_recipe_of
    from mien.training.recipe import load_recipe

    if resume is not None:
        if recipe or overrides or run:
            raise ConfigError("--resume takes the recipe of its folder; leave RECIPE, --run, --init and --set away.")
        return load_recipe_of(resume), resume
    if not recipe:
        raise ConfigError("Name a recipe (`mien recipes` lists them) or a folder to --resume.")
    chosen = load_recipe(recipe, tuple(overrides))
    return chosen, run or Path("runs") / chosen.name
