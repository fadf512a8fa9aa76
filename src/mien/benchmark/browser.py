"""What the page's benchmark saved: times of 000's protocol in somebody's own browser, checked before they are believed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mien.card import open_shipped, shipped_bundles
from mien.errors import DataError

KIND = "mien browser benchmark"
VERSION = 1
NUM_PICTURES, NUM_REPEATS = 35, 10
ROW_KEYS = ("bundle", "file", "runs", "load_ms", "first_ms", "bytes", "sha256")
DEVICE_KEYS = ("browser", "platform", "threads", "memory_gb", "screen")
MAX_BYTES = 10_000_000


def read_browser_result(path: Path) -> dict[str, Any]:
    """Return a saved result, its figures computed anew from the single times.

    Returns:
        ``mien``, ``time``, ``protocol``, ``device`` and ``rows`` as the page wrote them. Each row has ``average_ms`` (mean and standard
        deviation over the repeats), ``p50_ms`` and ``p95_ms`` over all times, and ``shipped``: whether the file is one of this mien's own.

    Raises:
        DataError: not such a file, of a newer mien, or its numbers do not fit the protocol.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path}: has more than {MAX_BYTES:,} bytes. Expected the JSON that the page's benchmark saves.")
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read ({reason}). Expected the JSON that the page's benchmark saves.") from error
    if not isinstance(values, dict) or values.get("kind") != KIND:
        raise DataError(f"{path}: is no result of the page's benchmark. Save it there with 'Save JSON'.")
    if values.get("version") != VERSION:
        raise DataError(f"{path}: has version {values.get('version')!r}, this mien reads {VERSION}. Upgrade mien.")
    protocol, device, rows = values.get("protocol"), values.get("device"), values.get("rows")
    if not (isinstance(protocol, dict) and isinstance(device, dict) and isinstance(rows, list) and rows):
        raise DataError(f"{path}: lacks protocol, device or rows. Measure and save again.")
    return {
        "file_name": path.name,
        "mien": str(values.get("mien", "")),
        "measured": str(values.get("time", "")),
        "protocol": protocol,
        "device": {key: device.get(key) for key in DEVICE_KEYS},
        "rows": [_checked_row(path, row) for row in rows],
    }


def _checked_row(path: Path, row: Any) -> dict[str, Any]:
    if not isinstance(row, dict) or any(key not in row for key in ROW_KEYS):
        raise DataError(f"{path}: a row lacks one of {', '.join(ROW_KEYS)}. Measure and save again.")
    name = f"{row['bundle']}:{row['file']}"
    if any(not isinstance(row[key], (int, float)) for key in ("load_ms", "first_ms", "bytes")):
        raise DataError(f"{path}: {name}: load_ms, first_ms and bytes must be numbers. Measure and save again.")
    try:
        times_ms = np.array(row["runs"], np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: {name}: its times are no table of numbers.") from error
    if times_ms.shape != (NUM_REPEATS, NUM_PICTURES) or not np.isfinite(times_ms).all() or times_ms.min() < 0:
        raise DataError(f"{path}: {name}: expected {NUM_REPEATS} x {NUM_PICTURES} times of 0 ms or more, got {times_ms.shape}.")
    averages = times_ms.mean(axis=1)
    return {
        "candidate": name,
        "sha256": str(row["sha256"]),
        "shipped": str(row["sha256"]) in _shipped_hashes(),
        "bytes": row["bytes"],
        "load_ms": row["load_ms"],
        "first_ms": row["first_ms"],
        "average_ms": {"mean": float(averages.mean()), "sd": float(averages.std(ddof=1))},
        "p50_ms": float(np.percentile(times_ms, 50)),
        "p95_ms": float(np.percentile(times_ms, 95)),
        "wasm_mb": row.get("wasm_mb"),
        "runs": row["runs"],
    }


def _shipped_hashes() -> set[str]:
    return {entry.sha256 for name in shipped_bundles() for entry in open_shipped(name).card.files.values()}


def browser_name(device: Mapping[str, Any]) -> str:
    """Return browser and version in two words, from what it calls itself."""
    agent = str(device.get("browser", ""))
    # The order matters: Edge says Chrome, Chrome says Safari.
    for mark, name in (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Version/", "Safari")):
        if mark in agent:
            return f"{name} {agent.partition(mark)[2].partition('.')[0]}"
    return agent[:40] or "unknown"
