"""``mien models``: the bundles that run and the networks that can be trained."""

from dataclasses import replace
from typing import Any

from mien.apps.cli import console
from mien.card import Card, open_shipped, shipped_bundles
from mien.models.catalog import MODELS, ModelRow


def models(json: console.Json = False) -> None:
    """List the shipped bundles, and the networks that mien can build."""
    bundles = {name: open_shipped(name).card for name in shipped_bundles()}
    rows = [_values(row, bundles.pop(row.name, None)) for row in MODELS.values()]
    rows += [_values(replace(MODELS[card.network.architecture], name=name), card) for name, card in bundles.items()]
    if json:
        console.print_json({"models": rows})
        return
    table = []
    for values in rows:
        shipped = ", ".join(values["files"]) or "no (train it)"
        table.append(
            [
                values["name"],
                values["family"],
                f"{values['parameters']:,}",
                "x".join(map(str, values["input_hw"])),
                shipped,
                values["paper"],
            ]
        )
    console.print_table(["model", "family", "parameters", "input", "shipped files", "paper"], table)


def _values(row: ModelRow, card: Card | None) -> dict[str, Any]:
    """Return a network of the catalog as JSON values, with the files of its bundle where one is shipped."""
    files = card.files if card else {}
    return {
        "name": row.name,
        "family": row.family,
        "paper": row.paper,
        "parameters": row.parameters,
        "input_hw": list(row.input_hw),
        "shipped": card is not None,
        "files": {name: {"bytes": entry.bytes, "accuracy": entry.accuracy} for name, entry in files.items()},
    }
