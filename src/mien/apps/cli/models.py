"""``mien models``: the bundles that run and the networks that can be trained."""

from typing import Any

from mien.apps.cli import console
from mien.card import open_bundle, shipped_bundles
from mien.models.catalog import MODELS


def models(json: console.Json = False) -> None:
    """List the shipped bundles, and the networks that mien can build."""
    bundles = {name: open_bundle(name).card for name in shipped_bundles()}
    rows: list[dict[str, Any]] = []
    for row in MODELS.values():
        card = bundles.get(row.name)
        files = {} if card is None else {name: {"bytes": entry.bytes, "accuracy": entry.accuracy} for name, entry in card.files.items()}
        rows.append(
            {
                "name": row.name,
                "family": row.family,
                "paper": row.paper,
                "parameters": row.parameters,
                "input_hw": list(row.input_hw),
                "shipped": card is not None,
                "files": files,
            }
        )
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
