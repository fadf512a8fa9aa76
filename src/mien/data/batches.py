"""Batches of augmented, preprocessed faces, in an order that depends on the seed and the epoch alone."""

import queue
import threading
from collections.abc import Callable, Iterator

import numpy as np

from mien.data.augment import AugmentSpec, augment
from mien.data.manifest import Manifest
from mien.preprocess import Float32, PreprocessSpec, fit, normalize, to_color
from mien.types import Float, UInt8

Batch = tuple[Float32, Float]
"""(n, H, W, C) network input and (n, K) targets."""


def load_faces(manifest: Manifest, spec: PreprocessSpec) -> UInt8:
    """Return all pictures in the network's size and colour: (N, H, W) or (N, H, W, 3) uint8."""
    return np.stack([fit(to_color(sample.pixels(), spec.color), spec.side) for sample in manifest.samples])


def training_batches(
    faces: UInt8, targets: Float, preprocess: PreprocessSpec, spec: AugmentSpec, batch_size: int, seed: tuple[int, int]
) -> Iterator[Batch]:
    """Yield one epoch of full batches, each built while the previous one trains.

    Args:
        faces: From ``load_faces``.
        targets: (N, K) float32.
        seed: (run seed, epoch); the same pair gives the same batches, which is what makes resuming exact.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(faces))
    num_batches = len(faces) // batch_size

    def build(step: int) -> Batch:
        chosen = order[step * batch_size : (step + 1) * batch_size]
        changed = np.stack([augment(faces[index], spec, rng) for index in chosen])
        return normalize(changed, preprocess), targets[chosen]

    return _prefetch(build, num_batches)


def _prefetch(build: Callable[[int], Batch], num_batches: int, ahead: int = 4) -> Iterator[Batch]:
    """Run ``build`` in a thread, at most ``ahead`` batches early; its errors surface in the consumer."""
    ready: queue.Queue[Batch | BaseException] = queue.Queue(maxsize=ahead)
    stop = threading.Event()

    def put(item: Batch | BaseException) -> None:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def work() -> None:
        try:
            for step in range(num_batches):
                if stop.is_set():
                    return
                put(build(step))
        except BaseException as error:  # noqa: BLE001 - handed over, and raised again in the consumer
            put(error)

    worker = threading.Thread(target=work, name="mien-batches", daemon=True)
    worker.start()
    try:
        for _ in range(num_batches):
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        worker.join()
