"""``mien recipes``: the trainings that come with mien."""

from mien.apps.cli import console
from mien.training.recipe import load_recipe, shipped_recipes


def recipes(json: console.Json = False) -> None:
    """List the recipes that `mien train` knows by name."""
    rows = []
    for name in shipped_recipes():
        recipe = load_recipe(name)
        rows.append(
            {
                "name": name,
                "model": recipe.model,
                "dataset": recipe.dataset,
                "epochs": recipe.optimizer.epochs,
                "description": recipe.description,
            }
        )
    if json:
        console.print_json({"recipes": rows})
        return
    console.print_table(["recipe", "model", "data set", "epochs", "description"], [list(row.values()) for row in rows])
