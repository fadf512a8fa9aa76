"""Accuracy against what it costs: time, size and work of everything whose accuracy was measured, peers among it."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mien.benchmark.candidates import Candidate
from mien.benchmark.complexity import count_file
from mien.benchmark.latency import measure_latency
from mien.data.manifest import Manifest
from mien.errors import ConfigError, MissingExtraError
from mien.evaluation.evaluate import evaluate
from mien.preprocess import prepare
from mien.runtime.classifier import calibrate, run_each
from mien.types import Float, UInt8

COSTS = {"median_ms": "ms per face, one thread", "megabytes": "file, MB", "million_macs": "million multiply-accumulates"}
INNER_COLOR, PEER_COLOR, OTHER_COLOR = "#1f5fa8", "#b3541e", "#777777"


def measure_worth(
    candidates: Sequence[Candidate], manifest: Manifest, num_runs: int, on_progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Return accuracy, with its 95 % interval, time, size and work of every candidate on one split, direct crops, one pass.

    Raises:
        ConfigError: a candidate's labels are not known, or its weights are random.
        ModelFileError: a file is no model.
    """
    for candidate in candidates:
        if not candidate.labels or candidate.weights == "random":
            raise ConfigError(f"{candidate.name}: has no trained labels to be judged by. Name bundles, or the peers' files.")
    latency = measure_latency(candidates, num_runs)
    rows = []
    for number, (candidate, timed) in enumerate(zip(candidates, latency["rows"], strict=True)):
        metrics = evaluate(_classifier(candidate), candidate.labels, manifest).metrics
        counted = count_file(candidate)
        rows.append(
            timed
            | {key: metrics[key] for key in ("accuracy", "accuracy_interval", "macro_f1", "mean_recall", "ece")}
            | {key: counted[key] for key in ("values", "macs", "is_integer", "peak_activation_bytes", "energy_proxy_uj")}
        )
        on_progress(number + 1, len(candidates))
    return {
        "dataset": manifest.dataset,
        "split": manifest.samples[0].split,
        "n": len(manifest),
        "crops": "direct",
        "label_source": manifest.label_source,
        "data_sha256": manifest.sha256,
        **{key: latency[key] for key in ("threads", "runs", "warm_up", "reference")},
        "rows": rows,
    }


def _classifier(candidate: Candidate) -> Callable[[Sequence[UInt8]], Float]:
    network = candidate.load()
    return lambda crops: calibrate(run_each(network, prepare(crops, candidate.preprocess)), candidate.temperature)


def point(name: str, accuracy: float, split: str, median_ms: float, num_bytes: int, macs: int, weights: str = "trained") -> dict[str, Any]:
    """Return one point of the picture."""
    return {
        "name": name,
        "accuracy": accuracy,
        "split": split,
        "median_ms": median_ms,
        "megabytes": num_bytes / 1e6,
        "million_macs": macs / 1e6,
        "weights": weights,
    }


def points_of_records(worth: dict[str, Any], reproduced: Sequence[dict[str, Any]], loads: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join records: everything of `benchmark pareto`, and trained rows of `reproduce` whose network has a load record.

    Args:
        worth: The newest record of `mien benchmark pareto`.
        reproduced: Records of `mien reproduce`; smoke runs tell nothing and are left out.
        loads: Records of `mien benchmark load`; the time and size of a network do not depend on its weights.
    """
    split = f"{worth['dataset']}/{worth['split']}"
    points = [
        point(row["candidate"], row["accuracy"], split, row["median_ms"], row["bytes"], row["macs"], row["weights"])
        for row in worth["rows"]
    ]
    by_network = {record["network"]: record for record in loads}
    for record in reproduced:
        network = next((text.partition("=")[2] for text in record["changes"] if text.startswith("model=")), record["recipe"].split("-")[0])
        if record["budget"] == "smoke" or "accuracy" not in record or network not in by_network:
            continue
        load = by_network[network]
        row = next(row for row in load["rows"] if row["file"] == "float32")
        where = f"{record['dataset']}/{record['split']}" + (", leaks" if record["leaks"] else "")
        points.append(
            point(f"{record['system']} {record['row']}", record["accuracy"], where, row["latency"]["median_ms"], row["bytes"], load["macs"])
        )
    return points


def is_best(points: Sequence[dict[str, Any]], cost: str) -> list[bool]:
    """Return whether no other point of the same split is both cheaper and at least as accurate."""
    return [
        not any(
            other is not one
            and other["split"] == one["split"]
            and other["accuracy"] >= one["accuracy"]
            and other[cost] <= one[cost]
            and (other["accuracy"], -other[cost]) != (one["accuracy"], -one[cost])
            for other in points
        )
        for one in points
    ]


def draw_pareto(points: Sequence[dict[str, Any]], main_split: str) -> bytes:
    """Draw accuracy over time, size and work as a PNG; filled points are of ``main_split``, hollow ones of other test sets.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtraError("Drawing", "report") from error
    figure = Figure(figsize=(15, 5.2), layout="constrained")
    for axes, (cost, title) in zip(figure.subplots(1, len(COSTS), sharey=True), COSTS.items(), strict=True):
        best = is_best(points, cost)
        front = sorted(
            (one[cost], 100 * one["accuracy"]) for one, good in zip(points, best, strict=True) if good and one["split"] == main_split
        )
        axes.step(*np.transpose(front), where="post", color=INNER_COLOR, linewidth=1, alpha=0.5)
        for one in points:
            is_main = one["split"] == main_split
            color = PEER_COLOR if one["weights"] == "foreign" else INNER_COLOR if is_main else OTHER_COLOR
            axes.scatter(one[cost], 100 * one["accuracy"], s=40, color=color if is_main else "none", edgecolors=color, zorder=3)
            label = one["name"] if is_main else f"{one['name']} [{one['split'].partition('/')[2]}]"
            axes.annotate(label, (one[cost], 100 * one["accuracy"]), xytext=(5, 4), textcoords="offset points", fontsize=7.5, color=color)
        axes.set(xscale="log", xlabel=title)
        axes.margins(x=0.18, y=0.08)
        axes.grid(alpha=0.3, which="both")
    figure.axes[0].set_ylabel("accuracy, %")
    figure.suptitle(
        f"Filled: {main_split}, one crop (blue mien, orange peers). Hollow: trained by a paper's protocol, on the split in brackets."
    )
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    return content.getvalue()
