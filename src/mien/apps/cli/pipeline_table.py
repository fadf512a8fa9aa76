"""How ``mien benchmark pipeline`` takes its frames and shows its rows."""

from typing import Any

from mien.errors import ConfigError

COLUMNS = ("candidate", "frame", "faces", "found", "detect", "align", "classify", "draw", "total ms", "p95 ms", "fer takes")


def read_counts(text: str) -> list[int]:
    """Return numbers that stand between commas.

    Raises:
        ConfigError: one of them is no number, or below 0 or above 100.
    """
    counts = [int(part) if part.strip().isdecimal() else -1 for part in text.split(",")]
    if any(not 0 <= count <= 100 for count in counts):
        raise ConfigError(f"--faces {text}: expected numbers in 0..100, separated by commas, for instance 0,1,5,20.")
    return counts


def table_rows(result: dict[str, Any]) -> list[list[object]]:
    """Return the rows of a result, medians in milliseconds."""
    rows: list[list[object]] = []
    for row in result["rows"]:
        medians = row["median_ms"]
        stages = [f"{medians[stage]:.2f}" if stage in medians else "" for stage in ("detect", "align", "classify", "draw")]
        is_compared = row["peer_over_this"] is not None and row["candidate"] != "fer"
        ratio = "" if not is_compared else f"{row['peer_over_this']:.1f}x"
        place = [row["candidate"], row["size"], row["num_faces"], row["num_found"]]
        rows.append([*place, *stages, f"{medians['total']:.2f}", f"{row['p95_ms']['total']:.2f}", ratio])
    return rows
