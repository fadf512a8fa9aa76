"""A picture of accuracy against what it costs: time, size and work of everything whose accuracy was measured, peers among it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mien.figure import new_figure, png_of
from mien.training.recipe import load_recipe

COSTS = {"median_ms": "ms per face, one thread", "megabytes": "file, MB", "million_macs": "million multiply-accumulates"}
NUM_LABELS = 7
INNER_COLOR, PEER_COLOR, OTHER_COLOR = "#1f5fa8", "#b3541e", "#777777"


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


def points_of_records(
    measured: Sequence[dict[str, Any]], reproduced: Sequence[dict[str, Any]], loads: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Join records: everything of `benchmark accuracy`, and trained rows of `reproduce` whose network has a load record.

    Args:
        measured: Records of `mien benchmark accuracy`, oldest first; of a candidate and split the newest counts, unless it knows
            labels that were no answers.
        reproduced: Records of `mien reproduce`; left out are smoke runs, which tell nothing, runs that learned from test pictures, those
            of fewer labels, whose accuracy cannot be compared, and those that average ten crops, which take ten times as long.
        loads: Records of `mien benchmark load`; the time and size of a network do not depend on its weights.
    """
    newest = {(row["candidate"], f"{record['dataset']}/{record['split']}"): row for record in measured for row in record["rows"]}
    newest = {key: row for key, row in newest.items() if not row.get("barred_labels")}  # an easier question
    points = [
        point(name, row["accuracy"], split, row["median_ms"], row["bytes"], row["macs"], row["weights"])
        for (name, split), row in newest.items()
    ]
    by_network = {record["network"]: record for record in loads}
    for record in reproduced:
        network = next((text.partition("=")[2] for text in record["changes"] if text.startswith("model=")), record["recipe"].split("-")[0])
        is_one_pass = load_recipe(record["recipe"], record["changes"]).crops.per_test_face == 1
        is_comparable = is_one_pass and record["budget"] != "smoke" and not record["leaks"] and len(record.get("labels", ())) == NUM_LABELS
        if not is_comparable or network not in by_network:
            continue
        load = by_network[network]
        row = next(row for row in load["rows"] if row["file"] == "float32")
        where = f"{record['dataset']}/{record['split']}"
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
    figure = new_figure(15, 5.2)
    for axes, (cost, title) in zip(figure.subplots(1, len(COSTS), sharey=True), COSTS.items(), strict=True):
        best = is_best(points, cost)
        front = sorted(
            (one[cost], 100 * one["accuracy"]) for one, good in zip(points, best, strict=True) if good and one["split"] == main_split
        )
        axes.step(*np.transpose(front), where="post", color=INNER_COLOR, linewidth=1, alpha=0.5)
        low, high = np.log([min(one[cost] for one in points), max(one[cost] for one in points)])
        for number, one in enumerate(points):
            is_main = one["split"] == main_split
            color = PEER_COLOR if one["weights"] == "foreign" else INNER_COLOR if is_main else OTHER_COLOR
            axes.scatter(one[cost], 100 * one["accuracy"], s=40, color=color if is_main else "none", edgecolors=color, zorder=3)
            label = one["name"] if is_main else f"{one['name']} [{one['split'].partition('/')[2]}]"
            is_right = np.log(one[cost]) > low + 0.7 * (high - low)
            axes.annotate(
                label,
                (one[cost], 100 * one["accuracy"]),
                xytext=(-6 if is_right else 6, -11 if number % 2 else 5),
                textcoords="offset points",
                ha="right" if is_right else "left",
                fontsize=7.5,
                color=color,
            )
        axes.set(xscale="log", xlabel=title)
        axes.margins(x=0.18, y=0.08)
        axes.grid(alpha=0.3, which="both")
    figure.axes[0].set_ylabel("accuracy, %")
    figure.suptitle(
        f"Filled: {main_split}, one crop (blue mien, orange peers). Hollow: trained by a paper's protocol, on the split in brackets."
    )
    return png_of(figure, 110)
