"""How ``mien benchmark pipeline`` takes its frames and shows its rows."""

from typing import Any

from mien.errors import ConfigError

STAGES = ("detect", "align", "classify", "draw")
COLUMNS = ("candidate", "frame", *STAGES, "total", "fer")
LEGEND = "Median milliseconds; frame: faces found of those there; fer: how many times as long it takes."


def read_counts(text: str) -> list[int]:
    """Return numbers that stand between commas.

    Raises:
        ConfigError: one of them is no number, or below 0 or above 100.
    """
    counts = [int(part) if part.strip().isdecimal() else -1 for part in text.split(",")]
    if any(not 0 <= count <= 100 for count in counts):
        raise ConfigError(f"--faces {text}: expected numbers in 0..100, separated by commas, for instance 0,1,5,20.")
    return counts


def table_rows(result: dict[str, Any]) -> list[list[str]]:
    """Return the rows of a result: medians in milliseconds, and how many of the frame's faces were found."""
    rows = []
    for row in result["rows"]:
        medians = row["median_ms"]
        stages = [f"{medians[stage]:.3g}" if stage in medians else "" for stage in STAGES]
        is_compared = row["peer_over_this"] is not None and row["candidate"] != "fer"
        frame = f"{row['size']} {row['num_found']}/{row['num_faces']}"
        rows.append(
            [
                row["candidate"].replace(" + ", " "),
                frame,
                *stages,
                f"{medians['total']:.3g}",
                f"{row['peer_over_this']:.3g}x" if is_compared else "",
            ]
        )
    return rows
