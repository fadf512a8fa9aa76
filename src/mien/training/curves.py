"""Loss, accuracy and learning rate over the epochs, as a picture."""

from collections.abc import Mapping, Sequence

import numpy as np

from mien.figure import new_figure, png_of

CURVES = ("loss", "accuracy", "learning_rate")
PARTS = ("training", "validation")


def draw_curves(history: Sequence[Mapping[str, float]]) -> bytes:
    """Draw loss, accuracy and learning rate per epoch into a PNG, each as far as the history holds it.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    epochs = [result["epoch"] for result in history]
    figure = new_figure(10, 3.2)
    for axes, quantity in zip(figure.subplots(1, len(CURVES)), CURVES, strict=True):
        names = [quantity] if quantity == "learning_rate" else [f"{part}_{quantity}" for part in PARTS]
        for name, part in zip(names, PARTS, strict=False):
            values = [result.get(name, np.nan) for result in history]
            axes.plot(epochs, values, label=part, marker="." if len(epochs) < 10 else "")
        axes.set(xlabel="epoch", title=quantity.replace("_", " "))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    return png_of(figure)
