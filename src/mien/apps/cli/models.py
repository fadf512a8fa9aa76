"""``mien models``: the bundles that run and the networks that can be trained."""

from typing import Any

from mien.apps.cli import console
from mien.card import Card, open_bundle, shipped_bundles
from mien.models.catalog import MODELS


def models(json: console.Json = False) -> None:
    """List the shipped bundles, and the networks that mien can build."""
    bundles = {name: open_bundle(name).card for name in shipped_bundles()}
    rows: list[dict[str, Any]] = []
    for row in MODELS.values():
        card = bundles.get(row.name)
        files = {} if card is None else _files(card)
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
    known = {values["name"] for values in rows}
    rows += [_shipped(card) for name, card in bundles.items() if name not in known]  # another network of the same architecture
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


def _files(card: Card) -> dict[str, Any]:
    return {name: {"bytes": entry.bytes, "accuracy": entry.accuracy} for name, entry in card.files.items()}


def _shipped(card: Card) -> dict[str, Any]:
    row = MODELS[card.network.architecture]
    about = {"family": row.family, "paper": row.paper, "parameters": card.network.parameters, "input_hw": list(card.preprocess.size_hw)}
    return {"name": card.name, **about, "shipped": True, "files": _files(card)}
