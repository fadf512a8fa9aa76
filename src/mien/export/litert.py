"""The float32 LiteRT file of a trained network; every other file is made from it."""

import contextlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

from mien.atomic import atomic_path
from mien.errors import ConfigError
from mien.quiet import quiet_stderr
from mien.runtime.batch import fix_batch

if TYPE_CHECKING:
    from keras import Model


def write_float32(model: "Model", path: Path, answers: str = "softmax") -> None:
    """Write ``path`` with batch 1, float32 in and float32 scores out.

    Args:
        model: From (N, H, W, C) float32 to (N, K) logits; the scores are added here.
        answers: ``softmax``, or ``sigmoid`` for a network trained with one sigmoid per label, whose answers are divided
            by their sum.

    Raises:
        ConfigError: Keras runs on another backend than TensorFlow.
        OutputError: the file cannot be written.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ConfigError(f"Export needs TensorFlow, and KERAS_BACKEND is {keras.backend.backend()!r}. Unset it; run folders are the same.")
    if answers == "sigmoid":
        each = keras.ops.sigmoid(model.output)
        scores = each / keras.ops.sum(each, axis=-1, keepdims=True)
    else:
        scores = keras.layers.Softmax(name="scores")(model.output)
    with_scores = keras.Model(model.input, scores)
    with atomic_path(path) as temporary, quiet_stderr(), contextlib.redirect_stdout(io.StringIO()):
        with_scores.export(temporary, format="litert", verbose=False)
        temporary.write_bytes(fix_batch(temporary.read_bytes()))
