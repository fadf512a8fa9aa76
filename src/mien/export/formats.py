"""The files a bundle may hold: what each is for, how it is made, and how far it may be from the trained network."""

from collections.abc import Iterable
from dataclasses import dataclass

from mien.errors import UnknownNameError


@dataclass(frozen=True)
class Format:
    """One kind of file."""

    name: str
    path: str
    runtime: str = "litert"
    max_difference: float = 1.0
    """Largest difference of any score from the reference that is allowed."""
    mean_difference: float = 1.0
    """Largest mean difference of scores that is allowed."""
    has_ranges: bool = False
    """Activations are integers too: representative faces set their ranges."""


FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format("float32", "float32.tflite", max_difference=1e-3),  # rounding, nothing else
        Format("float16", "float16.tflite", max_difference=0.02),  # half-precision weights, half the size
        Format("dynamic", "dynamic.tflite", mean_difference=0.05),  # int8 weights, ranges measured while it runs
        Format("int8", "int8.tflite", mean_difference=0.05, has_ranges=True),  # int8 throughout, float input and scores
        Format("int8_io", "int8_io.tflite", mean_difference=0.05, has_ranges=True),  # int8 input and scores, too
        Format("onnx", "model.onnx", "onnx", max_difference=1e-3),
        Format("onnx_int8", "int8.onnx", "onnx", mean_difference=0.05, has_ranges=True),  # uint8 activations, int8 weights
    )
}
DEFAULT_FILES = ("float32", "int8")


def check_formats(names: Iterable[str]) -> None:
    """Raise UnknownNameError where one of these is no file of a bundle."""
    for name in names:
        if name not in FORMATS:
            raise UnknownNameError("File", name, FORMATS)
