"""The generated parts of docs/mobile.md: what the card, the model files and the test vectors say."""

import json
from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from mien.card import Bundle, open_bundle
from record_tables import ROOT, markdown

VECTORS = ROOT / "docs" / "vectors" / "vectors.json"
SNIPPETS = ROOT / "docs" / "mobile"


def files() -> str:
    """The model files: what they are, and how to know them."""
    bundle = described_bundle()
    card, folder = bundle.card, bundle.folder.relative_to(ROOT).as_posix()
    rows = [
        [f"`{folder}/{entry.path}`", f"{entry.bytes:,}", f"`{entry.sha256}`", f"{100 * entry.accuracy['fer2013/privatetest']:.2f}"]
        for entry in card.files.values()
    ]
    return markdown(["file", "bytes", "SHA-256", "FER2013 PrivateTest %"], rows)


def tensors() -> str:
    """What each file takes and gives, read from the file."""
    bundle = described_bundle()
    rows = []
    for file in bundle.card.files:
        takes, gives, inner = open_file(bundle.file(file))
        rows.append([file, "input 0", *tensor_cells(takes)])
        rows.append([file, "output 0", *tensor_cells(gives)])
        if inner is not None:
            rows.append([file, "inside, after the input", *tensor_cells(inner)])
    return markdown(["file", "tensor", "name", "shape", "type", "scale, zero point"], rows)


def constants() -> str:
    """The numbers that the steps use, by the names they have in the card."""
    card = described_bundle().card
    values = {
        "size_hw": " x ".join(map(str, card.preprocess.size_hw)),
        "eye_distances": card.alignment.eye_distances,
        "center_below_eyes": card.alignment.center_below_eyes,
        "eye_to_mouth_share": card.alignment.eye_to_mouth_share,
        "scale": f"{card.preprocess.scale!r} (1/255)",
        "mean": card.preprocess.mean[0],
        "std": card.preprocess.std[0],
        "temperature": card.calibration.temperature,
        "abstain_below": card.calibration.abstain_below,
    }
    labels = markdown(["index", "label"], [[str(index), label] for index, label in enumerate(card.labels)])
    return markdown(["name", "value"], [[f"`{name}`", str(value)] for name, value in values.items()]) + "\n" + labels


def snippet(language: str, suffix: str) -> Callable[[], str]:
    """Return a table function that shows a code snippet with the card's numbers in it."""

    def write() -> str:
        card = described_bundle().card
        quoted = ", ".join(f'"{label}"' for label in card.labels)
        numbers = {
            "side": card.preprocess.side,
            "num_labels": len(card.labels),
            "labels": quoted,
            "scale": f"{np.float32(card.preprocess.scale)!s}",
            "mean": card.preprocess.mean[0],
            "std": card.preprocess.std[0],
            "temperature": card.calibration.temperature,
            "abstain_below": card.calibration.abstain_below,
        }
        code = Template((SNIPPETS / f"classifier.{suffix}").read_text(encoding="utf-8")).substitute(numbers)
        return f"```{language}\n{code}```\n"

    return write


def vectors() -> str:
    """The pictures among the test vectors, and what comes out."""
    values = json.loads(VECTORS.read_text(encoding="utf-8"))
    card = described_bundle().card
    if values["files_sha256"] != {name: entry.sha256 for name, entry in card.files.items()}:
        raise SystemExit("docs/vectors are of other files than the shipped bundle's. Run: scripts/vectors")
    rows = []
    for picture in values["pictures"]:
        for file, answer in picture["files"].items():
            uncertain = ", uncertain" if answer["uncertain"] else ""
            scores = " ".join(f"{score:.4f}" for score in answer["scores"])
            rows.append([f"`{picture['picture']}`", f"{picture['square']['side']:.2f}", file, scores, answer["label"] + uncertain])
    tolerances = markdown(["tolerance", "of a port"], [[f"`{name}`", f"{value:g}"] for name, value in values["tolerances"].items()])
    return markdown(["picture", "side of the square, px", "file", "scores", "label"], rows) + "\n" + tolerances


def described_bundle() -> Bundle:
    """Return the shipped bundle, if it still is of the kind that the page's words describe."""
    bundle = open_bundle()
    spec, alignment = bundle.card.preprocess, bundle.card.alignment
    if (spec.color, spec.histogram, spec.center_share, alignment.kind) != ("gray", "keep", 1.0, "eyes_level"):
        raise SystemExit(
            "docs/mobile.md describes grey crops that are cut by the eyes and used whole; the card says otherwise. Rewrite it."
        )
    return bundle


def open_file(path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None]:
    """Return input, output, and the first tensor inside that is quantised from the input, or None."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES  # a delegate would hide the operations
    interpreter = Interpreter(model_path=str(path), experimental_op_resolver_type=plain)
    interpreter.allocate_tensors()
    takes, gives = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    details = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    first = interpreter._get_ops_details()[0]
    inner = details[first["outputs"][0]] if first["op_name"] == "QUANTIZE" else None
    return takes, gives, inner


def tensor_cells(tensor: dict[str, Any]) -> list[str]:
    scale, zero_point = tensor["quantization"]
    quantisation = f"{scale:.9g}, {zero_point}" if scale else "-"
    shape = "x".join(str(size) for size in tensor["shape"])
    return [f"`{tensor['name']}`", shape, np.dtype(tensor["dtype"]).name, quantisation]


TABLES: dict[str, Callable[[], str]] = {
    "mobile_files": files,
    "mobile_tensors": tensors,
    "mobile_constants": constants,
    "mobile_kotlin": snippet("kotlin", "kt"),
    "mobile_swift": snippet("swift", "swift"),
    "mobile_dart": snippet("dart", "dart"),
    "mobile_vectors": vectors,
}
