"""``mien datasets``: the data sets mien reads."""

from mien.apps.cli import console
from mien.data.catalog import DATASETS


def datasets(json: console.Json = False) -> None:
    """List the data sets that mien reads, with their layouts and rights."""
    rows = [
        {
            "name": row.name,
            "labels": list(row.labels),
            "splits": list(row.splits),
            "layouts": row.layouts,
            "license": row.license,
            "paper": row.paper,
        }
        for row in DATASETS.values()
    ]
    if json:
        console.print_json({"datasets": rows})
        return
    console.print_table(
        ["data set", "splits", "layouts", "rights"], [[r["name"], ", ".join(r["splits"]), r["layouts"], r["license"]] for r in rows]
    )
