"""LiteRT files whose batch is one, and says so: LiteRT.js runs no others."""


def fix_batch(content: bytes) -> bytes:
    """Return a ``.tflite`` file in which every unknown size is 1; weights and arithmetic stay as they are.

    Keras exports leave the batch open in ``shape_signature``, beside a ``shape`` that says 1. Python's interpreter reads the
    latter, LiteRT.js the former.
    """
    from ai_edge_litert import schema_py_generated as schema

    fixed = bytearray(content)
    model = schema.Model.GetRootAs(fixed)
    for graph in map(model.Subgraphs, range(model.SubgraphsLength())):
        for tensor in map(graph.Tensors, range(graph.TensorsLength())):
            if tensor.ShapeSignatureLength():
                sizes = tensor.ShapeSignatureAsNumpy()  # a view: what is written here is written into the file
                sizes[sizes == -1] = 1
    return bytes(fixed)
