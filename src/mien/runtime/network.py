"""What every runtime offers: a loaded model file that answers one input at a time."""

from typing import Protocol

from mien.preprocess import Float32


class Network(Protocol):
    """A model file that is ready to run. Not safe to share between threads."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(1, H, W, C) as the file has it."""

    @property
    def output_shapes(self) -> list[tuple[int, ...]]:
        """One shape per output, in the file's order."""

    def __call__(self, values: Float32) -> list[Float32]:
        """Run once on (1, H, W, C) float32 and return copies of all outputs as float32."""
