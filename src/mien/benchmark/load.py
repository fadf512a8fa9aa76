"""What a network costs: files, work, time, processor and memory in one go, network after network, resumable."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mien.benchmark.candidates import Candidate, export_random, of_bundle
from mien.benchmark.complexity import count_file
from mien.benchmark.device import measure_device
from mien.benchmark.latency import measure_latency
from mien.card import DEFAULT_BUNDLE, Bundle, open_shipped, shipped_bundles
from mien.models.catalog import MODELS
from mien.records import read_records
from mien.types import OnProgress, UInt8

FILES = ("float32", "int8")
REFERENCE = DEFAULT_BUNDLE
KIND = "benchmark load"


def default_networks() -> list[str]:
    """Return all networks of the catalog; a backbone under 000's head, where it has that, instead of its plain one."""
    return [name for name in MODELS if f"{name}_mlp" not in MODELS]


def finished(record_path: Path, protocol: dict[str, Any]) -> set[str]:
    """Return the networks that a file of records holds under the same protocol, and as they are now in size and shipped files."""
    if not record_path.is_file():
        return set()
    records = [record for record in read_records(record_path) if record.get("kind") == KIND and "network" in record]
    return {record["network"] for record in records if record.get("protocol") == protocol and _is_as_now(record)}


def _is_as_now(record: dict[str, Any]) -> bool:
    name = record["network"]
    if name not in MODELS or (record["parameters"], record["trainable"]) != (MODELS[name].parameters, MODELS[name].trainable):
        return False
    files = open_shipped(name).card.files if name in shipped_bundles() else {}
    return all(files[row["file"]].sha256 == row["sha256"] for row in record["rows"] if row["file"] in files)


def measure_load(
    name: str,
    pictures: Sequence[UInt8],
    protocol: dict[str, Any],
    say: Callable[[str], None],
    on_progress: OnProgress = lambda done, total: None,
) -> dict[str, Any]:
    """Export a network of the catalog and measure its float32 and int8 file, next to the shipped bundle's float32 file.

    A network that mien ships is measured as shipped; any other has random weights, and its parity is that of noise.

    Args:
        pictures: For the device protocol, decoded.
        protocol: ``threads``, ``runs`` and ``repeats``, and where the pictures come from; it goes into the record.

    Raises:
        UnknownNameError: no such network.
        ModelFileError: a file differs from its network by more than its tolerance.
        MissingExtraError: the training framework, psutil or another package is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        bundle = open_shipped(name) if name in shipped_bundles() else export_random(name, Path(folder), FILES, say)
        candidates = [of_bundle(bundle, file) for file in FILES]
        rows = _measure_files(bundle, candidates, pictures, protocol, on_progress)
    row = MODELS[name]
    return {
        "network": name,
        "paper": row.paper,
        "parameters": row.parameters,
        "trainable": row.trainable,
        "macs": bundle.card.network.macs,
        "weights": candidates[0].weights,
        "protocol": protocol,
        "rows": rows,
    }


def _measure_files(
    bundle: Bundle,
    candidates: list[Candidate],
    pictures: Sequence[UInt8],
    protocol: dict[str, Any],
    on_progress: OnProgress,
) -> list[dict[str, Any]]:
    """Return one row per file: counts, parity, latency and load."""
    reference = of_bundle(open_shipped(REFERENCE), "float32")
    timed = [reference, *(one for one in candidates if one.sha256 != reference.sha256)]
    threads, steps = protocol["threads"], len(candidates) + 1
    latency = measure_latency(timed, protocol["runs"], threads)
    on_progress(1, steps)
    by_hash = {row["sha256"]: row for row in latency["rows"]}
    rows = []
    for number, candidate in enumerate(candidates):
        file = candidate.name.partition(":")[2]
        entry = bundle.card.files[file]
        rows.append(
            {
                "file": file,
                **{key: value for key, value in count_file(candidate).items() if key not in ("candidate", "file")},
                "parity_max_abs": entry.parity_max_abs,
                "parity_mean_abs": entry.parity_mean_abs,
                "parity_on": entry.parity_on,
                "latency": {key: value for key, value in by_hash[candidate.sha256].items() if key not in candidate.facts()},
                "device": {
                    key: value
                    for key, value in measure_device(candidate, pictures, threads, protocol["repeats"]).items()
                    if key not in candidate.facts()
                },
            }
        )
        on_progress(number + 2, steps)
    return rows
