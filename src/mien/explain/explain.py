"""One page per model: what it looks at in each face, and what its first layer sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mien.atomic import atomic_path, write_text
from mien.errors import OutputError
from mien.evaluation.page import Gallery, Page, Picture, Section, Text, to_html
from mien.explain.draw import grid, overlay_heat, to_png
from mien.explain.first_layer import feature_maps, kernels
from mien.explain.networks import Explained
from mien.preprocess import fit, prepare
from mien.types import UInt8

WORDS = {
    "occlusion": "Occlusion: how much the answer falls when a patch is hidden.",
    "saliency": "Saliency: where a small change of a pixel changes the loss most.",
    "grad_cam": "Grad-CAM: where the last map speaks for the answer.",
}


@dataclass(frozen=True, eq=False)
class FaceToExplain:
    """A face that was found or given, whole; a network may see the middle of it alone."""

    name: str
    """For titles and file names."""
    crop: UInt8
    """(s, s) grey or (s, s, 3) RGB."""


def explain_faces(
    explained: Explained, faces: Sequence[FaceToExplain], methods: Sequence[str], with_layers: bool, out_dir: Path
) -> list[dict[str, object]]:
    """Write a PNG per face and method, grids of the first layer, and ``explain.html`` with all of them.

    Args:
        methods: Of ``explain.networks.METHODS``.
        with_layers: Also draw the first layer's kernels and feature maps.

    Returns:
        Per face: name, expression, its raw score (before calibration), and the files that were written.

    Raises:
        OutputError: the folder cannot be written.
        MissingExtraError: gradients and layers need the training framework.
    """
    results: list[dict[str, object]] = []
    sections = []
    if with_layers:
        learned = Picture("kernels.png", to_png(grid(kernels(explained.model))), "Kernels of the first convolution, each in its own range.")
        sections.append(Section("First layer", [learned]))
    for face in faces:
        section, result = _explain_face(explained, face, methods, with_layers)
        sections.append(section)
        results.append(result)
    page = Page(f"What {explained.name} looks at", [Section("Read with care", [Text(_CARE)]), *sections])
    for picture in page.pictures():
        with atomic_path(out_dir / picture.file_name) as temporary:
            temporary.write_bytes(picture.png)
    write_text(out_dir / "explain.html", to_html(page))
    return results


_CARE = (
    "A map shows what moved this network's answer, not why a person looks as they do. Whether maps mean anything is measured: "
    "`mien explain --check` takes pixels away in their order, and at random."
)


def _explain_face(
    explained: Explained, face: FaceToExplain, methods: Sequence[str], with_layers: bool
) -> tuple[Section, dict[str, object]]:
    spec = explained.preprocess
    values = prepare([face.crop], spec)[0]
    seen_crop = fit(face.crop, spec.side, spec.center_share)
    scores = explained.raw_scores(values[None])[0]
    column = int(scores.argmax())
    pictures = [Picture(f"{face.name}-face.png", to_png(overlay_heat(seen_crop, values[..., 0] * 0)), "The face as the network sees it.")]
    pictures += [
        Picture(f"{face.name}-{method}.png", to_png(overlay_heat(seen_crop, explained.heat(method, values, column))), WORDS[method])
        for method in methods
    ]
    seen = []
    if with_layers:
        maps = to_png(grid(feature_maps(explained.model, values)))
        seen = [Picture(f"{face.name}-maps.png", maps, "Feature maps of the first convolution, each in its own range.")]
    answer = f"{explained.labels[column]}, {scores[column]:.0%} before calibration"
    result = {
        "name": face.name,
        "expression": explained.labels[column],
        "raw_score": float(scores[column]),
        "files": [picture.file_name for picture in (*pictures, *seen)],
    }
    return Section(f"{face.name}: {answer}", [Gallery(pictures), *seen]), result


def check_out_dir(out_dir: Path) -> None:
    """Make sure that pictures can be written, before anything is computed.

    Raises:
        OutputError: the folder cannot be made.
    """
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out_dir}: cannot be made ({error.strerror}). Choose another folder with --out.") from error
