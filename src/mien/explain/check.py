"""Measures whether maps mean something, over many faces: deletion and insertion against chance, and the share on the face by label."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mien.data.manifest import Manifest
from mien.data.sampling import draw_of_each_label
from mien.detection.mesh import FaceMesh
from mien.explain.faithfulness import curves
from mien.explain.networks import Explained
from mien.explain.region import face_mask, share_on
from mien.preprocess import fit, prepare, to_color
from mien.types import OnProgress

CHANCE = "random order"


def check_maps(
    explained: Explained,
    manifest: Manifest,
    methods: Sequence[str],
    max_faces: int,
    mesh: FaceMesh | None,
    on_progress: OnProgress,
    seed: int = 0,
) -> dict[str, Any]:
    """Return deletion, insertion and face shares of every method, on faces drawn evenly over the labels.

    Args:
        mesh: Finds the face in the crop; None leaves the shares out.

    Returns:
        Per method: mean ``deletion`` and ``insertion`` with standard errors; ``share_on_face`` per label and in all, beside the
        face's share of the picture's ``area``, which a map without preference would have.
    """
    rng = np.random.default_rng(seed)
    per_label = max(1, max_faces // len(manifest.labels))
    chosen = draw_of_each_label(manifest, per_label, rng)
    found: dict[str, list[tuple[float, float]]] = {method: [] for method in (*methods, CHANCE)}
    shares: dict[str, list[tuple[str, float]]] = {method: [] for method in methods}
    areas: list[tuple[str, float]] = []
    for number, index in enumerate(chosen):
        sample = manifest.samples[index]
        crop = fit(to_color(sample.pixels(), explained.preprocess.color), explained.preprocess.face_side)
        values = prepare([crop], explained.preprocess)[0]
        column = int(explained.raw_scores(values[None])[0].argmax())
        mask = face_mask(mesh, crop) if mesh else None
        if mask is not None and explained.preprocess.center_share < 1:
            mask = fit((255 * mask).astype(np.uint8), explained.preprocess.side, explained.preprocess.center_share) / 255
        if mask is not None:
            areas.append((sample.label, float(mask.mean())))
        for method in methods:
            heat = explained.heat(method, values, column)
            found[method].append(curves(explained.raw_scores, values, column, heat))
            if mask is not None:
                shares[method].append((sample.label, share_on(mask, heat)))
        found[CHANCE].append(curves(explained.raw_scores, values, column, rng.random(values.shape[:2])))
        on_progress(number + 1, len(chosen))
    return {
        "model": explained.name,
        "dataset": manifest.dataset,
        "split": manifest.samples[0].split,
        "n": len(chosen),
        "seed": seed,
        "faces_with_mesh": len(areas),
        "area": _by_label(areas, manifest.labels),
        "methods": {
            method: _summary(values) | ({"share_on_face": _by_label(shares[method], manifest.labels)} if method in shares else {})
            for method, values in found.items()
        },
    }


def _summary(values: Sequence[tuple[float, float]]) -> dict[str, float]:
    deleted, inserted = np.array(values).T
    error = np.sqrt(len(values))
    return {
        "deletion": float(deleted.mean()),
        "deletion_se": float(deleted.std(ddof=1) / error),
        "insertion": float(inserted.mean()),
        "insertion_se": float(inserted.std(ddof=1) / error),
    }


def _by_label(values: Sequence[tuple[str, float]], labels: Sequence[str]) -> dict[str, float]:
    """Return the mean per label and over all faces; labels without a face are left out."""
    means = {label: [value for name, value in values if name == label] for label in labels} | {"all": [value for _, value in values]}
    return {name: float(np.nanmean(group)) for name, group in means.items() if group}
