"""What every generated table needs: the newest record, its machine, and Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mien.card import open_bundle, shipped_bundles
from mien.records import read_records

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "results"


def newest(file_name: str) -> dict[str, Any]:
    """Return the newest record, which must be of the shipped bundle's files and not of earlier ones."""
    record = read_records(RESULTS / file_name)[-1]
    check_shipped(file_name, record["model"], record["files_sha256"])
    return record


def check_shipped(file_name: str, model: str, files_sha256: Mapping[str, str]) -> None:
    """End with an error where a record that names a shipped bundle is of other files than that has now; others pass."""
    if model not in shipped_bundles():
        return
    files = open_bundle(model).card.files
    if any(name in files and files[name].sha256 != sha256 for name, sha256 in files_sha256.items()):
        raise SystemExit(f"results/{file_name}: the newest record is of other files than the shipped {model}. Measure again.")


def check_candidates(file_name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Likewise, of rows whose candidates are named BUNDLE:FILE."""
    for row in rows:
        model, _, file = row["candidate"].rpartition(":")
        check_shipped(file_name, model, {file: row["sha256"]})


def are_shipped(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether rows of candidates are of the files that shipped bundles have now."""
    try:
        check_candidates("", rows)
    except SystemExit:
        return False
    return True


def machine(record: dict[str, Any]) -> str:
    """The processor a record was made on; records before 2026-11-26 do not tell what it can do."""
    environment = record["environment"]
    lacks = " without AVX-512 and VNNI" if lacks_vnni(record) else ""
    return f"{environment['processor']}{lacks}, {environment['num_cores']} cores"


def lacks_vnni(record: dict[str, Any]) -> bool:
    """Whether a record tells that its processor has none of the instructions that make int8 fast."""
    flags = record["environment"].get("processor_flags", ())
    return bool(flags) and "avx512_vnni" not in flags


def markdown(columns: list[str], rows: list[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
