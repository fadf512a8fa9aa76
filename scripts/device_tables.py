"""The tables of what runs where and how fast: whole frames, and another processor."""

from collections.abc import Callable
from typing import Any

from record_tables import machine, markdown, newest

STAGES = ("detect", "align", "classify", "draw")


def speed() -> str:
    """One face in a frame of 640x480, from the newest record of `mien benchmark pipeline`."""
    record = newest("pipeline.jsonl")
    rows = [frame_row(row) for row in record["rows"] if (row["size"], row["num_faces"]) == ("480p", 1)]
    return (
        markdown(["640x480, one face", *STAGES, "median ms", "p95 ms", "fer takes"], rows)
        + f"\n{conditions(record)} The int8 file alone is {record['float32_over_int8']:.1f} times as fast as float32.\n"
    )


def pipeline() -> str:
    """All frames of the newest record of `mien benchmark pipeline`."""
    record = newest("pipeline.jsonl")
    text = ""
    for size in dict.fromkeys(row["size"] for row in record["rows"]):
        rows = [[str(row["num_faces"]), str(row["num_found"]), *frame_row(row)] for row in record["rows"] if row["size"] == size]
        columns = ["faces", "found", "candidate", *STAGES, "median ms", "p95 ms", "fer takes"]
        text += f"### {size}\n\n{markdown(columns, rows)}\n"
    return text + f"{conditions(record)} Commit {record['environment']['commit'][:12]}.\n"


def frame_row(row: dict[str, Any]) -> list[str]:
    """Candidate, medians of its stages and of the whole, p95 of the whole, and how many times as long the peer takes."""
    medians = row["median_ms"]
    stages = [f"{medians[stage]:.2f}" if stage in medians else "-" for stage in STAGES]
    ratio = "-" if row["peer_over_this"] is None or row["candidate"] == "fer" else f"{row['peer_over_this']:.1f}x"
    return [row["candidate"], *stages, f"{medians['total']:.2f}", f"{row['p95_ms']['total']:.2f}", ratio]


def conditions(record: dict[str, Any]) -> str:
    """The machine and how the times were taken, in a sentence or two."""
    peer = record["peer"]
    packages = "" if peer is None else ", ".join(f"{name} {version}" for name, version in peer["packages"].items() if name != "numpy")
    beside = "Measured without fer." if peer is None else f"Beside it in its own process: {packages}."
    return f"{machine(record)}; {record['threads']} thread, medians of {record['runs']} passes in turns. {beside}"


def arm64() -> str:
    """The newest record of `scripts/arm64`."""
    record = newest("arm64.jsonl")
    rows, pictures = [], []
    for result in record["processors"]:
        for file, values in result["files"].items():
            same = f"{values['same_labels']} of {record['num_crops']}"
            rows.append([result["processor"], result["stands_for"], file, same, f"{values['largest_difference']:.1e}"])
        for row in result["pictures"]:
            agrees = "yes" if row["same_label"] else "both uncertain" if row["both_uncertain"] else "NO"
            steps = [f"{row['landmarks_px']:.1e}", str(row["crop_levels"]), f"{row['largest_difference']:.1e}"]
            pictures.append([result["processor"], row["picture"], row["detector"], row["file"], row["label"], agrees, *steps])
    environment = record["processors"][0]["environment"]
    versions = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    return (
        markdown(["processor", "stands for", "file", "same label", "largest difference of a score"], rows)
        + f"\nAllowed: {record['float_tolerance']:g} for float32, no other label for any file, except where mien abstains here and there. "
        + f"{record['emulator']}, against {machine(record)}; there {versions}; commit {record['environment']['commit'][:12]}.\n\n"
        + "End to end, from the portraits' JPEG files:\n\n"
        + markdown(
            ["processor", "picture", "detector", "file", "label", "same", "landmarks differ, px", "crop differs, levels", "scores differ"],
            pictures,
        )
    )


TABLES: dict[str, Callable[[], str]] = {"speed": speed, "pipeline": pipeline, "arm64": arm64}
