"""The picture of a probe: accuracy per strength or condition, all models in one."""

import math
from typing import TYPE_CHECKING, Any

from mien.figure import new_figure, png_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_probe(result: dict[str, Any]) -> bytes:
    """Draw a probe's result as a PNG: for corruptions a small chart each, else one group of bars per model.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    is_graded = result["probe"] == "corruptions"
    figure = _draw_strengths(result) if is_graded else _draw_conditions(result)
    figure.suptitle(f"{result['probe']}: {result['dataset']}/{result['split']}, {result['n']} faces")
    return png_of(figure, 110)


def _draw_strengths(result: dict[str, Any]) -> "Figure":
    names = list(dict.fromkeys(name.partition("/")[0] for name in result["rows"][0]["conditions"]))
    columns = 4
    figure = new_figure(12, 2.6 * math.ceil(len(names) / columns))
    grid = figure.subplots(math.ceil(len(names) / columns), columns, sharex=True, sharey=True, squeeze=False)
    for axes, name in zip(grid.flat, names, strict=False):
        for row in result["rows"]:
            rates = [100 * rate for key, rate in row["conditions"].items() if key.startswith(f"{name}/")]
            axes.plot([0, *range(1, len(rates) + 1)], [100 * row["clean"], *rates], marker=".", label=row["model"])
        axes.set(title=name)
        axes.grid(alpha=0.3)
    for axes in grid.flat[len(names) :]:
        axes.axis("off")
    figure.legend(*grid.flat[0].get_legend_handles_labels(), loc="lower right")
    figure.supxlabel("strength (0: untouched)")
    figure.supylabel("accuracy, %")
    return figure


def _draw_conditions(result: dict[str, Any]) -> "Figure":
    names = list(result["rows"][0]["conditions"])
    figure = new_figure(max(7, 1.2 * len(names)), 4.2)
    axes = figure.subplots()
    width = 0.8 / len(result["rows"])
    for index, row in enumerate(result["rows"]):
        places = [place + (index - (len(result["rows"]) - 1) / 2) * width for place in range(len(names))]
        axes.bar(places, [100 * row["conditions"][name] for name in names], width, label=row["model"])
    axes.set_xticks(range(len(names)), names)
    axes.set(ylabel="accuracy, %")
    axes.grid(alpha=0.3, axis="y")
    axes.legend()
    return figure
