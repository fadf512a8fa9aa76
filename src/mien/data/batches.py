"""Batches of augmented, preprocessed faces, in an order that depends on the seed and the epoch alone."""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from mien.data.augment import AugmentSpec, augment, cover
from mien.data.crops import CropSpec, evaluation_crops, training_crops
from mien.data.faces import Faces, to_input_pixels
from mien.data.found import Found
from mien.data.sampling import Indices, SamplingSpec, epoch_length, epoch_order
from mien.preprocess import Float32, normalize
from mien.types import Float, UInt8

Batch = tuple[Float32, Float]
"""(n, H, W, C) network input and (n, K) targets."""
Item = TypeVar("Item")

TEST_FACES = 128
"""Faces that are predicted at once."""


@dataclass(frozen=True, eq=False)
class FaceFeed:
    """Training batches from pictures that are changed anew in every epoch."""

    faces: Faces
    targets: Float
    """(N, K) float32."""
    augment: AugmentSpec
    crops: CropSpec
    groups: Indices
    """(N,) what ``sampling`` evens out."""
    sampling: SamplingSpec
    batch_size: int
    """In views of faces; ten crops of each make ten times as many inputs."""
    seed: int
    views: int = 1
    """Of every face, each changed on its own; those of one face stand together."""
    found: Found = field(default_factory=dict)
    """Faces as detectors cut them."""
    found_probability: float = 0.0

    @property
    def num_steps(self) -> int:
        """Batches in an epoch."""
        return epoch_length(self.groups, self.sampling) // self._faces_per_batch

    @property
    def _faces_per_batch(self) -> int:
        return self.batch_size // self.views

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield one epoch of full batches, each built while the previous one trains.

        The same seed and epoch give the same batches, which is what makes resuming exact.
        """
        rng = np.random.default_rng((self.seed, epoch))
        order, is_repeat = epoch_order(self.groups, self.sampling, rng)

        def build(step: int) -> Batch:
            part = slice(step * self._faces_per_batch, (step + 1) * self._faces_per_batch)
            chosen = np.repeat(order[part], self.views)
            pictures: list[UInt8] = []
            for index, repeat in zip(chosen, np.repeat(is_repeat[part], self.views), strict=True):
                changes = repeat or not self.sampling.augment_only_repeats
                pictures += self._crops(int(index), bool(changes), rng)
            inputs = normalize(np.stack(pictures), self.faces.preprocess)
            targets = np.repeat(self.targets[chosen], self.crops.per_training_face, axis=0)
            return mix(inputs, targets, self.augment.mixup_alpha, rng) if self.augment.mixup_alpha else (inputs, targets)

        return prefetch(build, self.num_steps)

    def _face(self, index: int, rng: np.random.Generator) -> UInt8:
        """Return one face as the data set frames it, or as one of the detectors does."""
        if self.found_probability and rng.random() < self.found_probability and index in self.found:
            return self.found[index][rng.integers(len(self.found[index]))]
        return self.faces[index]

    def _crops(self, index: int, changes: bool, rng: np.random.Generator) -> list[UInt8]:
        """Return the network's pictures of one face."""
        preprocess = self.faces.preprocess
        face = self.faces.canvas(index) if self.crops.canvas_side else self._face(index, rng)
        if changes:
            face = augment(face, self.augment, rng)
        crops = training_crops(face, self.crops, preprocess.side, rng) if self.crops.canvas_side else [face]
        if changes:
            crops = [cover(crop, self.augment, rng) for crop in crops]
        return [to_input_pixels(crop, preprocess) for crop in crops]


def evaluation_batches(faces: Faces, crops: CropSpec) -> Iterator[Float32]:
    """Yield (n * crops, H, W, C) inputs of faces in order; the crops of one face stand together."""
    preprocess = faces.preprocess

    def build(step: int) -> Float32:
        pictures: list[UInt8] = []
        for index in range(step * TEST_FACES, min((step + 1) * TEST_FACES, len(faces))):
            parts = evaluation_crops(faces.canvas(index), crops, preprocess.side) if crops.canvas_side else [faces[index]]
            pictures += [to_input_pixels(part, preprocess) for part in parts]
        return normalize(np.stack(pictures), preprocess)

    return prefetch(build, -(-len(faces) // TEST_FACES))


def mix(inputs: Float32, targets: Float, alpha: float, rng: np.random.Generator) -> Batch:
    """Blend every input and target of a batch with another one of it (Zhang et al. 2018)."""
    share = np.float32(rng.beta(alpha, alpha))
    other = rng.permutation(len(inputs))
    return inputs * share + inputs[other] * (1 - share), (targets * share + targets[other] * (1 - share)).astype(targets.dtype)


def prefetch(build: Callable[[int], Item], num_items: int, ahead: int = 4) -> Iterator[Item]:
    """Run ``build`` in a thread, at most ``ahead`` items early; its errors surface in the consumer."""
    ready: queue.Queue[Item | BaseException] = queue.Queue(maxsize=ahead)
    stop = threading.Event()

    def put(item: Item | BaseException) -> None:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def work() -> None:
        try:
            for step in range(num_items):
                if stop.is_set():
                    return
                put(build(step))
        except BaseException as error:  # noqa: BLE001 - handed over, and raised again in the consumer
            put(error)

    worker = threading.Thread(target=work, name="mien-batches", daemon=True)
    worker.start()
    try:
        for _ in range(num_items):
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        worker.join()
