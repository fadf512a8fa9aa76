"""What every generated table needs: the newest record, its machine, and Markdown."""

from pathlib import Path
from typing import Any

from mien.card import open_bundle
from mien.records import read_records

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "results"


def newest(file_name: str) -> dict[str, Any]:
    """Return the newest record, which must be of the shipped bundle's files and not of earlier ones."""
    record = read_records(RESULTS / file_name)[-1]
    card = open_bundle(record["model"]).card
    if any(card.files[name].sha256 != sha256 for name, sha256 in record["files_sha256"].items()):
        raise SystemExit(f"results/{file_name}: the newest record is of other files than the shipped {card.name}. Measure again.")
    return record


def machine(record: dict[str, Any]) -> str:
    environment = record["environment"]
    return f"{environment['processor']}, {environment['num_cores']} cores"


def markdown(columns: list[str], rows: list[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
