"""``mien detectors``: the face detectors, and whether their model files are here."""

import os

from mien import hub
from mien.apps.cli import console
from mien.detection.catalog import AUTO, DETECTORS


def detectors(json: console.Json = False) -> None:
    """List the face detectors, what each finds, and whether it is ready or is fetched on first use."""
    rows = [
        {
            "name": row.name,
            "finds": row.finds,
            "ready": not row.model or _is_cached(row.model),
            "license": row.license,
            "paper": row.paper,
        }
        for row in DETECTORS.values()
    ]
    rows.append({"name": AUTO, "finds": "the best of these that is here or can be fetched", "ready": True, "license": "", "paper": ""})
    if json:
        console.print_json({"detectors": rows})
        return
    console.print_table(
        ["detector", "finds", "ready", "licence"],
        [[row["name"], row["finds"], "yes" if row["ready"] else "fetched on first use", row["license"]] for row in rows],
    )


def _is_cached(name: str) -> bool:
    """Say whether a model file is there; whether it is sound is found out when it is used."""
    return os.path.isfile(hub.cache_dir() / hub.ROWS[name].file_name)  # noqa: PTH113 - Path.is_file raises where it may not look
