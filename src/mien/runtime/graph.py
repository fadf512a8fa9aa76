"""What a LiteRT file is made of: its operations in order, and their tensors."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien.quiet import quiet_stderr

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
"""LiteRT's names of the operations that hold weights: the kernel is their second input, the bias their third."""


@dataclass(frozen=True)
class Operation:
    """One step of a file."""

    name: str
    inputs: tuple[int, ...]
    """Numbers of tensors; what an operation may have and does not is left out."""
    outputs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Graph:
    """A file, taken apart."""

    operations: tuple[Operation, ...]
    tensors: dict[int, dict[str, Any]]
    """By number: ``name``, ``shape``, ``dtype`` and what else LiteRT tells."""
    input_indices: tuple[int, ...]
    interpreter: Any
    """Gives the values of constants: ``get_tensor(number)``."""


def read_graph(path: Path) -> Graph:
    """Return the operations and tensors of a LiteRT file."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    with quiet_stderr():
        # Without delegates, which would hide the operations they take over.
        interpreter: Any = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
        interpreter.allocate_tensors()
    return Graph(
        operations=tuple(
            Operation(step["op_name"], tuple(int(index) for index in step["inputs"] if index >= 0), tuple(map(int, step["outputs"])))
            for step in interpreter._get_ops_details()  # the interpreter has no public list of operations
        ),
        tensors={tensor["index"]: tensor for tensor in interpreter.get_tensor_details()},
        input_indices=tuple(tensor["index"] for tensor in interpreter.get_input_details()),
        interpreter=interpreter,
    )
