"""The files a bundle may hold: what each is for, how it is made, and how far it may be from the trained network."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """One kind of file."""

    name: str
    path: str
    note: str
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
        # Rounding, nothing else.
        Format("float32", "float32.tflite", "as trained", max_difference=1e-3),
        Format("float16", "float16.tflite", "half-precision weights, half the size", max_difference=0.02),
        Format("dynamic", "dynamic.tflite", "int8 weights, ranges measured while it runs", mean_difference=0.05),
        Format("int8", "int8.tflite", "int8 throughout, float input and scores", mean_difference=0.05, has_ranges=True),
        Format("int8_io", "int8_io.tflite", "int8 throughout, int8 input and scores", mean_difference=0.05, has_ranges=True),
        Format("onnx", "model.onnx", "as trained, for ONNX Runtime", runtime="onnx", max_difference=1e-3),
        Format(
            "onnx_int8",
            "int8.onnx",
            "uint8 activations, int8 weights, for ONNX Runtime",
            runtime="onnx",
            mean_difference=0.05,
            has_ranges=True,
        ),
    )
}
DEFAULT_FILES = ("float32", "int8")
